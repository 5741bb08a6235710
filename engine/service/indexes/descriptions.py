"""An index as the API shows it. Knows the API's words and states; not files.

What is not there is left out: clients read an empty list or a null as something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from engine.core.schema import IndexSpec
from engine.service.indexes.direct_access import schema_json
from engine.service.sync.failures import SyncFailure
from engine.store.indexes.versions import Version


@dataclass(frozen=True)
class Unreadable:
    """An index whose description can't be read.

    Attributes:
        endpoint_name: None where even that is not known.
        reason: what is wrong, and what to do.
    """

    name: str
    endpoint_name: str | None
    reason: str


def describe(
    spec: IndexSpec, version: Version | None, failure: SyncFailure | None
) -> dict[str, Any]:
    """The reply to a look at one index.

    Args:
        failure: how its last sync failed, or None.
    """
    described = {**summary(spec), "id": spec.id, "endpoint_type": spec.endpoint_type}
    if spec.usage_policy_id is not None:
        described["budget_policy_id"] = spec.usage_policy_id
        described["effective_budget_policy_id"] = spec.usage_policy_id
    if spec.payload_logging_enabled is not None:
        described["payload_logging_enabled"] = spec.payload_logging_enabled
    if spec.is_direct_access:
        described["direct_access_index_spec"] = _direct(spec)
    else:
        described["delta_sync_index_spec"] = _delta_sync(spec)
    return {**described, "status": _status(spec, version, failure)}


def summary(spec: IndexSpec | Unreadable) -> dict[str, Any]:
    """An index as lists show it, without status; one that can't be read with its status."""
    if isinstance(spec, Unreadable):
        known = {} if spec.endpoint_name is None else {"endpoint_name": spec.endpoint_name}
        return {"name": spec.name, **known, "status": unreadable_status(spec.reason)}
    return {
        "name": spec.name,
        "endpoint_name": spec.endpoint_name,
        "primary_key": spec.primary_key,
        "index_type": "DIRECT_ACCESS" if spec.is_direct_access else "DELTA_SYNC",
        "index_subtype": spec.index_subtype,
        "creator": spec.creator,
    }


def unreadable_status(reason: str) -> dict[str, Any]:
    """The status of an index that can't be read."""
    return {
        "ready": False,
        "detailed_state": "OFFLINE_FAILED",
        "message": reason,
        "failed_status": {"error_message": reason},
        "indexed_row_count": 0,
        "num_indexed_rows": 0,
    }


def _direct(spec: IndexSpec) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "embedding_vector_columns": _vector_columns(spec),
        "schema_json": schema_json(spec.schema or {}),
    }
    if spec.model_endpoint is not None:
        # Without a name: the model serves the texts of queries only.
        shown["embedding_source_columns"] = [{"embedding_model_endpoint_name": spec.model_endpoint}]
    return shown


def _delta_sync(spec: IndexSpec) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "source_table": spec.source_table,
        "pipeline_type": spec.pipeline_type,
        "pipeline_id": spec.id,
    }
    if spec.is_managed:
        source = {
            "name": spec.source_column,
            "embedding_model_endpoint_name": spec.model_endpoint,
        }
        if spec.query_model_endpoint is not None:
            source["model_endpoint_name_for_query"] = spec.query_model_endpoint
        shown["embedding_source_columns"] = [source]
    elif spec.has_vectors:
        shown["embedding_vector_columns"] = _vector_columns(spec)
    if spec.writeback_table is not None:
        shown["embedding_writeback_table"] = spec.writeback_table
    if spec.columns_to_sync:
        shown["columns_to_sync"] = list(spec.columns_to_sync)
    return shown


def _vector_columns(spec: IndexSpec) -> list[dict[str, Any]]:
    return [{"name": spec.vector_column, "embedding_dimension": spec.dimension}]


def _status(
    spec: IndexSpec, version: Version | None, failure: SyncFailure | None
) -> dict[str, Any]:
    rows = version.rows if version else 0
    status: dict[str, Any] = {"ready": version is not None}
    if version is None:
        status["detailed_state"] = "OFFLINE_FAILED" if failure else "PROVISIONING_INDEX"
        status["message"] = "Delta sync Index creation is pending."
        if failure:
            status["message"] = f"Index creation failed. {failure.message}"
    else:
        status["detailed_state"] = _online(spec)
        status["message"] = "Index creation succeeded."
        if failure:
            status["detailed_state"] = "ONLINE_PIPELINE_FAILED"
            status["message"] = (
                f"The last sync failed, and what was there before is served. {failure.message}"
            )
    if failure:
        status["failed_status"] = {
            "error_code": failure.error_code,
            "error_message": failure.message,
        }
        if version is not None:
            status["failed_status"]["last_processed_commit_version"] = version.number
    status |= {"indexed_row_count": rows, "num_indexed_rows": rows}
    if version is not None and not spec.is_direct_access:
        status["triggered_update_status"] = {
            "last_processed_commit_version": version.number,
            "last_processed_commit_timestamp": _iso(version.facts["created_at"]),
        }
        # An addition of this engine's: what the last sync that changed something did.
        status["last_sync"] = {
            name: version.facts["report"][name]
            for name in ("inserted", "updated", "deleted", "failed", "zero_vectors", "seconds")
        }
        # Releases before 0.5 kept no row that fails.
        status["last_sync"]["kept"] = version.facts["report"].get("kept", 0)
    return status


def _online(spec: IndexSpec) -> str:
    if spec.is_direct_access:
        return "ONLINE_DIRECT_ACCESS"
    continuous = spec.pipeline_type == "CONTINUOUS"
    return "ONLINE_CONTINUOUS_UPDATE" if continuous else "ONLINE_NO_PENDING_UPDATE"


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
