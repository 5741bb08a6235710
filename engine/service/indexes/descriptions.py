"""An index as the API shows it, alone and in lists. Knows the API's words and states; not files.

What is not known is left out: clients read an empty list or a null as something.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from engine.core.schema import IndexSpec
from engine.service.indexes.direct_access import schema_json
from engine.service.indexes.endpoint_states import ONLINE, PROVISIONING, idle_message
from engine.service.indexes.endpoints import Endpoints
from engine.service.indexes.registry import (
    UNREADABLE,
    IndexRegistry,
    Unreadable,
    endpoint_gone,
    is_orphan,
)
from engine.service.pacing.passages import Passages
from engine.service.pacing.states import PENDING_CREATION, UPDATING, Phase, Way
from engine.service.sync.failures import SyncFailure, failure_of
from engine.service.sync.pipelines import Pipelines
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout


class Descriptions:
    """The indexes of a workspace as the API shows them."""

    def __init__(
        self,
        layout: Layout,
        registry: IndexRegistry,
        endpoints: Endpoints,
        pipelines: Pipelines,
        passages: Passages,
    ) -> None:
        """
        Args:
            pipelines: say whether an index is being synced. passages: where it is on its way, where
                that takes its time.
        """
        self._passages = passages
        self._layout, self._registry, self._endpoints = layout, registry, endpoints
        self._pipelines = pipelines

    def get(self, name: str, endpoint: str | None = None) -> dict[str, Any]:
        """One index with its status; of one that can't be read, why.

        Raises:
            NotFound: no such index, or not on this endpoint.
        """
        try:
            spec, versions = self._registry.open(name, endpoint)
        except UNREADABLE as error:
            return summary(self._registry.unreadable(name, error, endpoint))
        with contextlib.suppress(*UNREADABLE):
            kind = self._endpoints.type_of(spec.endpoint_name)
            spec = replace(spec, endpoint_type=kind)
        described = self._described(spec, versions)
        state = self._endpoints.states.of(spec.endpoint_name)
        if state not in (ONLINE, PROVISIONING):
            message = idle_message(spec.endpoint_name, state)
            described["status"] |= {"ready": False, "detailed_state": "OFFLINE", "message": message}
        return described

    def _described(self, spec: IndexSpec, versions: VersionStore) -> dict[str, Any]:
        try:
            # Asked first: where it is over, what it brought is seen below.
            way = self._way(spec, versions)
            phase = None
            if spec.pipeline_type == "TRIGGERED":
                phase = way.phase if way is not None else self._pipelines.phase_of(spec.name)
            is_over = phase is None and way is None
            failure = failure_of(self._layout, spec.name) if is_over else None
            return describe(spec, versions.visible(), failure, phase, way)
        except UNREADABLE as error:
            return {**describe(spec, None, None), "status": unreadable_status(error.message)}

    def _way(self, spec: IndexSpec, versions: VersionStore) -> Way | None:
        """How far an index is on its way; None where nothing is under way that takes its time."""
        passage = self._passages.of(spec.name)
        if passage is None:
            return None
        made = versions.current()
        rows = 0
        if made is not None and made.facts.get("visible_at") == passage.until:
            report = made.facts["report"]
            rows = report["inserted"] + report["updated"] if report is not None else made.rows
        number = versions.current_number()
        return Way(passage, self._passages.clock.now(), rows, number)

    def list(self, endpoint: str | None = None) -> list[dict[str, Any]]:
        """The indexes of an endpoint (None: of all), by name, without status.

        One that can't be read has a status, which says why. Where its endpoint is not known, it is
        in each endpoint's list. One whose endpoint was deleted is in the list of all, with a status.

        Raises:
            NotFound: no such endpoint.
        """
        if endpoint is None:
            return [summary(index) for index in self._registry.found()]
        self._endpoints.get(endpoint)
        found = self._registry.found()
        here = [index for index in found if index.endpoint_name in (endpoint, None)]
        return [summary(index) for index in here if not is_orphan(index)]


def describe(
    spec: IndexSpec,
    version: Version | None,
    failure: SyncFailure | None,
    phase: Phase | None = None,
    way: Way | None = None,
) -> dict[str, Any]:
    """The API's description of one index.

    Args:
        version: the one that queries read.
        failure: how its last sync failed, or None. phase: of the sync that runs, or None.
        way: how far it is, where that takes its time.
    """
    described = {**summary(spec), "id": spec.id, "endpoint_type": spec.endpoint_type}
    if spec.usage_policy_id is not None:
        described["budget_policy_id"] = spec.usage_policy_id
        described["effective_budget_policy_id"] = spec.usage_policy_id
    if spec.payload_logging_enabled is not None:
        described["payload_logging_enabled"] = spec.payload_logging_enabled
    if spec.vector_storage != "float32":
        described["vector_storage"] = spec.vector_storage  # an addition of this engine's
    if spec.is_direct_access:
        described["direct_access_index_spec"] = _direct(spec)
    else:
        described["delta_sync_index_spec"] = _delta_sync(spec)
    status = _status(spec, version, failure, phase)
    if way is not None:
        _show_way(status, spec, way)
    return {**described, "status": status}


def _show_way(status: dict[str, Any], spec: IndexSpec, way: Way) -> None:
    """Put into a status how far the index is on its way."""
    if not status["ready"]:
        status["detailed_state"] = way.provisioning_state(spec.is_direct_access)
        if spec.is_direct_access:
            status["message"] = "Direct Access Index creation is pending."
        elif status["detailed_state"] == "PROVISIONING_INITIAL_SNAPSHOT":
            status["provisioning_status"] = {"initial_pipeline_sync_progress": way.progress()}
    elif status["detailed_state"] == UPDATING["RUNNING"][0]:
        last = status.get("triggered_update_status", {})
        status["triggered_update_status"] = {**last, "triggered_update_progress": way.progress()}


def summary(index: IndexSpec | Unreadable) -> dict[str, Any]:
    """An index as lists show it, without status; one that can't be read, or an orphan, with it."""
    if isinstance(index, Unreadable):
        known = {} if index.endpoint_name is None else {"endpoint_name": index.endpoint_name}
        return {"name": index.name, **known, "status": unreadable_status(index.reason)}
    shown: dict[str, Any] = {
        "name": index.name,
        "endpoint_name": index.endpoint_name,
        "primary_key": index.primary_key,
        "index_type": "DIRECT_ACCESS" if index.is_direct_access else "DELTA_SYNC",
        "index_subtype": index.index_subtype,
        "creator": index.creator,
    }
    if is_orphan(index):
        shown["status"] = unreadable_status(endpoint_gone(index).message)
    return shown


def unreadable_status(reason: str) -> dict[str, Any]:
    """The status of an index that can't be read, or not be found any more."""
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
    spec: IndexSpec, version: Version | None, failure: SyncFailure | None, phase: Phase | None
) -> dict[str, Any]:
    status: dict[str, Any] = {"ready": version is not None}
    if version is None:
        status["detailed_state"] = "OFFLINE_FAILED" if failure else "PROVISIONING_INDEX"
        status["message"] = PENDING_CREATION
        if failure:
            status["message"] = f"Index creation failed. {failure.message}"
    else:
        status["detailed_state"], status["message"] = _online(spec, phase)
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
    rows = version.rows if version else 0
    status |= {"indexed_row_count": rows, "num_indexed_rows": rows}
    if version is not None and not spec.is_direct_access:
        if not rows and not failure and phase is None:
            status["message"] += _unused(spec, version)
        status |= _last_sync(version)
    return status


def _unused(spec: IndexSpec, version: Version) -> str:
    """Why an index that answers has no row, where its source table has some; else nothing."""
    listed = version.facts["report"].get("failures")
    if not listed:
        return ""
    key, reason = listed[0]
    table = spec.source_table
    return f" No row of source table {table} can be used, such as that of key {key}: {reason}."


def _last_sync(version: Version) -> dict[str, Any]:
    """What the last sync that changed something read and did."""
    report = version.facts["report"]
    counts = ("inserted", "updated", "deleted", "failed", "zero_vectors", "seconds")
    return {
        "triggered_update_status": {
            "last_processed_commit_version": version.number,
            "last_processed_commit_timestamp": _iso(version.facts["created_at"]),
        },
        # An addition of this engine's. Releases before 0.5 kept no row that fails.
        "last_sync": {**{name: report[name] for name in counts}, "kept": report.get("kept", 0)},
    }


def _online(spec: IndexSpec, phase: Phase | None) -> tuple[str, str]:
    """State and message of an index that answers; it does while a sync brings it up to date."""
    if phase is not None:
        return UPDATING[phase]
    state = "ONLINE_NO_PENDING_UPDATE"
    if spec.is_direct_access:
        state = "ONLINE_DIRECT_ACCESS"
    elif spec.pipeline_type == "CONTINUOUS":
        state = "ONLINE_CONTINUOUS_UPDATE"
    return state, "Index creation succeeded."


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
