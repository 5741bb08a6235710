"""Indexes of a file: what would be wrong with them, and making them or bringing them up to date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.core.names import table_name
from engine.core.schema import EndpointType, IndexSpec, SyncReport
from engine.doors.seeding.file.columns import paths_of, row_format
from engine.doors.seeding.file.resources import Resource
from engine.doors.seeding.setting import Setting
from engine.errors import RowsFailed, VitrineError
from engine.service.indexes.checks import check_offered
from engine.service.indexes.direct_access import schema_json
from engine.service.sync.run import SyncRunning
from engine.service.table_files.reading import rows_of_file


def index_problem(setting: Setting, resource: Resource) -> str | None:
    """Why an index can't become what the file says; None where it can."""
    request = resource.request
    assert request is not None  # the file was checked
    missing = _missing(setting, request)
    if missing is not None:
        return missing
    if setting.workspace.tables.exists(table_name(resource.name)):
        return f"{resource.name} is a table; choose another name for the index."
    if isinstance(request, IndexRequest):
        check_offered(_type_of_endpoint(setting, request.endpoint), request)
    if not setting.workspace.index_exists(resource.name) or setting.recreate:
        return None
    spec, _ = setting.workspace.registry.open(resource.name)
    differing = [
        f"{field} is {_shown(now)}, the file says {_shown(wanted)}"
        for field, now, wanted in differences(spec, request)
    ]
    if differing:
        return (
            f"index {resource.name} is another one: {'; '.join(differing)}. Indexes don't change in "
            "that: give --recreate to delete it and make it anew, or choose another name."
        )
    return None


def _missing(setting: Setting, request: IndexRequest | DirectAccessRequest) -> str | None:
    """What an index needs and is neither in the file nor in the workspace."""
    workspace = setting.workspace
    endpoint = request.endpoint
    is_named = setting.named("vector_search_endpoints", endpoint) is not None
    if not is_named and not workspace.endpoint_exists(endpoint):
        return f"endpoint {endpoint!r} is neither in the file nor in the workspace."
    if isinstance(request, IndexRequest):
        table = table_name(request.source_table)
        if setting.named("tables", str(table)) is None and not workspace.tables.exists(table):
            return f"source_table {request.source_table!r} is neither in the file nor in the workspace."
    for model in _models(request):
        if setting.named("model_serving_endpoints", model) is None:
            try:
                workspace.get_serving_endpoint(model)
            except VitrineError as error:
                return error.message
    return None


def _models(request: IndexRequest | DirectAccessRequest) -> list[str]:
    models = [request.model_endpoint]
    if isinstance(request, IndexRequest):
        models.append(request.query_model_endpoint)
    return [model for model in models if model is not None]


def _type_of_endpoint(setting: Setting, name: str) -> EndpointType:
    named = setting.named("vector_search_endpoints", name)
    if named is None:
        return setting.workspace.endpoints.type_of(name)
    kind = str(named.fields.get("endpoint_type", "STANDARD")).upper()
    return "STORAGE_OPTIMIZED" if kind == "STORAGE_OPTIMIZED" else "STANDARD"


def differences(
    spec: IndexSpec, request: IndexRequest | DirectAccessRequest
) -> Iterator[tuple[str, Any, Any]]:
    """In what an index is not as it is asked for, of what can't be changed: field, now, wanted."""
    is_direct = isinstance(request, DirectAccessRequest)
    kinds = ("DELTA_SYNC", "DIRECT_ACCESS")
    fields: list[tuple[str, Any, Any]] = [
        ("index_type", kinds[spec.is_direct_access], kinds[is_direct]),
        ("endpoint_name", spec.endpoint_name, request.endpoint),
        ("primary_key", spec.primary_key, request.primary_key),
    ]
    if spec.is_direct_access == is_direct:
        fields += _of_direct(spec, request) if is_direct else _of_delta_sync(spec, request)  # type: ignore[arg-type]
    yield from ((field, now, wanted) for field, now, wanted in fields if now != wanted)


def _of_direct(spec: IndexSpec, request: DirectAccessRequest) -> list[tuple[str, Any, Any]]:
    return [
        ("embedding_vector_columns", spec.vector_column, request.vector_column),
        ("embedding_dimension", spec.dimension, request.dimension),
        ("schema_json", schema_json(spec.schema or {}), schema_json(request.schema)),
        ("embedding_model_endpoint_name", spec.model_endpoint, request.model_endpoint),
    ]


def _of_delta_sync(spec: IndexSpec, request: IndexRequest) -> list[tuple[str, Any, Any]]:
    own = None if spec.is_managed else spec.vector_column or None
    fields: list[tuple[str, Any, Any]] = [
        ("source_table", spec.source_table, str(table_name(request.source_table))),
        ("pipeline_type", spec.pipeline_type, request.pipeline),
        ("index_subtype", spec.index_subtype, request.subtype),
        ("embedding_vector_columns", own, request.vector_column),
        ("embedding_source_columns", spec.source_column, request.source_column),
        ("embedding_model_endpoint_name", spec.model_endpoint, request.model_endpoint),
        ("model_endpoint_name_for_query", spec.query_model_endpoint, request.query_model_endpoint),
        (
            "embedding_writeback_table",
            spec.writeback_table is not None,
            request.sync_computed_embeddings,
        ),
        ("columns_to_sync", _sorted(spec.columns_to_sync), _sorted(request.columns_to_sync)),
    ]
    if own is not None and request.vector_column is not None and request.dimension is not None:
        fields.append(("embedding_dimension", spec.dimension, request.dimension))
    return fields


def _sorted(names: object) -> list[str] | None:
    return sorted(set(names)) if isinstance(names, (list, tuple)) and names else None


def _shown(value: object) -> str:
    return "not given" if value is None else str(value)


def unmade_needs(setting: Setting, resource: Resource) -> str | None:
    """What an index needs of this file and could not be made; None where it has all."""
    request = resource.request
    assert request is not None
    needs = [("vector_search_endpoints", request.endpoint)]
    if isinstance(request, IndexRequest):
        needs.append(("tables", str(table_name(request.source_table))))
    needs += [("model_serving_endpoints", model) for model in _models(request)]
    return next(
        (name for section, name in needs if setting.came(section, name) in ("failed", "skipped")),
        None,
    )


def carry_out_index(setting: Setting, resource: Resource) -> tuple[str, str]:
    """Make an index or bring it up to date; what was done, and how many rows it has.

    Raises:
        RowsFailed: rows of a direct access index don't fit it. Otherwise as creating and syncing.
    """
    workspace, name = setting.workspace, resource.name
    request = resource.request
    assert request is not None
    action = "create"
    if workspace.index_exists(name):
        spec, _ = workspace.registry.open(name)
        if not list(differences(spec, request)):
            return _brought_up(setting, resource, spec)
        action = "recreate"
    if setting.dry_run:
        return action, ""
    if action == "recreate":
        workspace.delete_index(name)
    if isinstance(request, IndexRequest):
        return action, _counted(workspace.indexes.create(request))
    workspace.indexes.create_direct_access(request)
    rows = _rows(setting, resource)
    _upsert(setting, resource, rows)
    return action, f"{len(rows):,} rows"


def _brought_up(setting: Setting, resource: Resource, spec: IndexSpec) -> tuple[str, str]:
    changed = _settings(setting, resource, spec)
    if spec.is_direct_access:
        rows = changed_rows = _rows(setting, resource)
        if rows:
            changed_rows = setting.workspace.indexes.changed_rows(resource.name, rows)
        if changed_rows and not setting.dry_run:
            _upsert(setting, resource, changed_rows)
        if changed_rows:
            return "upsert", f"{len(changed_rows):,} of {len(rows):,} rows"
        return ("change" if changed else "unchanged"), f"{len(rows):,} rows"
    source = str(spec.source_table)
    if setting.dry_run:
        follows = setting.came("tables", source) not in (None, "unchanged", "change")
        return ("sync" if follows else "change" if changed else "unchanged"), ""
    if spec.pipeline_type == "CONTINUOUS":
        before = _version(setting, resource.name)
        rows_now = setting.workspace.get_index(resource.name)["status"]["indexed_row_count"]
        synced = before != _version(setting, resource.name)
        return ("sync" if synced else "change" if changed else "unchanged"), f"{rows_now:,} rows"
    report = _synced(setting, resource.name)
    action = "sync" if report.changed else "change" if changed else "unchanged"
    return action, _counted(report)


def _synced(setting: Setting, name: str) -> SyncReport:
    """What a sync does; of somebody else's that is running, when that is over."""
    try:
        return setting.workspace.sync(name)
    except SyncRunning:
        with setting.workspace.registry.open(name)[1].writing():
            pass  # our turn
        return setting.workspace.sync(name)


def _version(setting: Setting, name: str) -> int | None:
    version = setting.workspace.registry.open(name)[1].current()
    return None if version is None else version.number


def _settings(setting: Setting, resource: Resource, spec: IndexSpec) -> bool:
    """Change what can change of an index; whether anything differed."""
    request, changes = resource.request, {}
    for name in ("payload_logging_enabled", "usage_policy_id"):
        wanted = getattr(request, name, None)
        if wanted not in (None, getattr(spec, name)):
            changes[name] = wanted
    if changes and not setting.dry_run:
        setting.workspace.update_index(resource.name, **changes)
    return bool(changes)


def _rows(setting: Setting, resource: Resource) -> list[dict[str, Any]]:
    """The rows that a file lists of a direct access index."""
    schema = getattr(resource.request, "schema", None) or {}
    how = replace(row_format(resource.fields), schema=schema)
    rows: list[dict[str, Any]] = list(resource.fields.get("rows", []))
    for path in paths_of(setting.document, resource.fields.get("from")):
        rows += rows_of_file(path, how)
    return rows


def _upsert(setting: Setting, resource: Resource, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    reply = setting.workspace.upsert(resource.name, rows)
    if reply["status"] != "SUCCESS":
        failed = reply["failures"]
        shown = "; ".join(f"{one['primary_key']}: {one['reason']}" for one in failed[:3])
        raise RowsFailed(f"{len(failed):,} of {len(rows):,} rows were refused. {shown}")


def _counted(report: SyncReport) -> str:
    text = f"{report.indexed:,} rows"
    if report.failed:
        shown = "; ".join(f"{key}: {reason}" for key, reason in report.failures[:2])
        text += f", {report.failed:,} left out ({shown})"
    return text
