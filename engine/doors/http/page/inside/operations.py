"""The view of an operator: tables, indexes, endpoints, requests; what may be started there."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from engine.doors.http.page.inside.latencies import latencies
from engine.doors.http.page.views import HEADERS, Visit, shown, view
from engine.errors import VitrineError
from engine.service.inspection.indexes import IndexState
from engine.shop.names import FAILURES, IMPORT_FAILURES, INTERACTION_FAILURES
from engine.shop.page.inside.pages import pager
from engine.workspace import Workspace

ROWS = 50  # of a list that are shown at once
_MOST = 1 << 31
_FAILURES = tuple(
    name.rpartition(".")[2] for name in (FAILURES, IMPORT_FAILURES, INTERACTION_FAILURES)
)


def routes(workspace: Workspace) -> list[BaseRoute]:
    """The operations, one index, failures by key, and the steps of an index's care."""
    post = ("POST",)
    return [
        view("/inside", "page_inside", _operations, workspace),
        view("/inside/failures", "page_failures", _failures, workspace),
        view("/inside/index/{name}", "page_index", _index, workspace),
        view("/inside/index/{name}/jobs", "page_jobs", _jobs, workspace),
        view("/inside/index/{name}/{kind}", "page_start_job", _start, workspace, post),
    ]


def _operations(visit: Visit) -> Response:
    inspection = visit.workspace.inspection
    tables_from = visit.number("tables", 0, 0, _MOST)
    indexes_from = visit.number("indexes", 0, 0, _MOST)
    find, damaged = visit.given("find").strip(), bool(visit.given("damaged"))
    tables = inspection.tables(tables_from, ROWS, find, damaged)
    indexes, total = inspection.indexes(indexes_from, ROWS)
    items = visit.items
    values = {
        "tables": tables,
        "tables_pager": pager("/inside", items, "tables", tables_from, ROWS, tables.total),
        "find": find,
        "damaged": damaged,
        "indexes": [(one, inspection.jobs(one)) for one in indexes],
        "indexes_pager": pager("/inside", items, "indexes", indexes_from, ROWS, total),
        "volumes": inspection.volumes(),
        "endpoints": _listed(visit.workspace.list_endpoints),
        "serving": _listed(visit.workspace.list_serving_endpoints),
        "process": inspection.process(),
        "disk": inspection.disk(),
        "latencies": latencies(),
        "all_tables": inspection.tables(0, 0).total if find or damaged else tables.total,
        "address": _address(visit),
    }
    return shown("inside/operations.html", values, visit)


def _address(visit: Visit) -> str:
    url = visit.request.url
    return f"{url.path}?{url.query}" if url.query else url.path


def _listed(ask: Any) -> dict[str, Any]:
    """A list of endpoints, or why there is none: not the other lists' trouble."""
    try:
        return {"rows": ask(), "fault": None}
    except VitrineError as error:
        return {"rows": [], "fault": error.message}


def _index(visit: Visit) -> Response:
    state = _state(visit)
    start = visit.number("from", 0, 0, _MOST)
    failures = state.failures
    values = {
        "index": state,
        "jobs": visit.workspace.inspection.jobs(state),
        "address": _address(visit),
        "failures": failures[start : start + ROWS],
        "failures_pager": pager(
            visit.request.url.path, visit.items, "from", start, ROWS, len(failures)
        ),
    }
    return shown("inside/index.html", values, visit)


def _state(visit: Visit) -> IndexState:
    return visit.workspace.inspection.index(visit.request.path_params["name"])


def _jobs(visit: Visit) -> Response:
    state = _state(visit)
    if not visit.is_part:
        return RedirectResponse(f"/inside/index/{state.name}", 303, HEADERS)
    return _shown_jobs(visit, state)


def _start(visit: Visit) -> Response:
    name, kind = visit.request.path_params["name"], visit.request.path_params["kind"]
    visit.workspace.inspection.start(kind, name)
    if not visit.is_part:
        return RedirectResponse(f"/inside/index/{name}", 303, HEADERS)
    return _shown_jobs(visit, _state(visit))


def _shown_jobs(visit: Visit, state: IndexState) -> Response:
    jobs = visit.workspace.inspection.jobs(state)
    runs = any(job.state == "running" for job in jobs)
    headers = {} if runs else {"HX-Trigger": "insideChanged"}
    return shown("inside/jobs.html", {"index": state, "jobs": jobs}, visit, headers=headers)


def _failures(visit: Visit) -> Response:
    inspection = visit.workspace.inspection
    table, start = visit.given("table"), visit.number("from", 0, 0, _MOST)
    names = [name for name in visit.workspace.list_tables() if name.rpartition(".")[2] in _FAILURES]
    values: dict[str, Any] = {
        "sources": [inspection.tables(0, 1, name).tables[0] for name in names],
        "indexes": [one for one in inspection.indexes(0, _MOST)[0] if one.report.get("failed")],
        "table": table,
        "rows": [],
        "columns": [],
        "rows_pager": None,
    }
    if table:
        rows, total = inspection.table_rows(table, start, ROWS)
        values["rows"] = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
        values["columns"] = list(rows[0]) if rows else []
        values["rows_pager"] = pager("/inside/failures", visit.items, "from", start, ROWS, total)
    return shown("inside/failures.html", values, visit)
