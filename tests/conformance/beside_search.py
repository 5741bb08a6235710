"""Coverage of databricks-sdk beside search: which calls of SQL and Unity Catalog a route takes, and how.

A call that no route takes is not offered. Nothing is carried out, as in `coverage`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from conformance.coverage import SAME, Line, of_service
from databricks.sdk.service import catalog, sql

from engine.doors.rest import ROUTES

SERVICES = (
    catalog.CatalogsAPI,
    catalog.SchemasAPI,
    catalog.TablesAPI,
    catalog.TableConstraintsAPI,
    catalog.VolumesAPI,
    catalog.FunctionsAPI,
    catalog.RegisteredModelsAPI,
    sql.StatementExecutionAPI,
    sql.WarehousesAPI,
)
# The routes that nothing else may be missing of: what test suites and drivers call.
OFFERED = {
    "CatalogsAPI": {"create", "delete", "get", "list", "update"},
    "SchemasAPI": {"create", "delete", "get", "list", "update"},
    "TablesAPI": {"create", "delete", "exists", "get", "list", "update"},
    "TableConstraintsAPI": {"create", "delete"},
    "VolumesAPI": {"create", "delete", "list", "read", "update"},
    "FunctionsAPI": {"create", "delete", "get", "list", "update"},
    "RegisteredModelsAPI": {"create", "delete", "get", "list", "update"},
    "StatementExecutionAPI": {
        "cancel_execution", "execute_statement", "get_statement", "get_statement_result_chunk_n",
    },
    "WarehousesAPI": {
        "get", "get_permission_levels", "get_permissions", "list", "set_permissions", "start", "stop",
        "update_permissions",
    },
}  # fmt: skip


def table() -> list[Line]:
    """A line for each call and each of its arguments."""
    return [line for service in SERVICES for line in of_service(service, ROUTES)]


def written(lines: Sequence[Line]) -> str:
    """The table as Markdown: a row for each call that a route takes, and what is not offered."""
    out = [
        "## SQL and Unity Catalog",
        "",
        "| call | arguments | taken without effect, or in part |",
    ]
    out += ["| --- | --- | --- |"]
    missing: list[str] = []
    for _, of_call in itertools.groupby(lines, key=lambda line: (line.owner, line.method)):
        head, *arguments = of_call
        name = f"{head.owner}.{head.method}"
        if head.here != SAME:
            missing.append(f"`{name}`")
            continue
        read = ", ".join(f"`{one.argument}`" for one in arguments if one.here == SAME)
        rest = ", ".join(_otherwise(one) for one in arguments if one.here != SAME)
        out.append(f"| {name} ({head.route}) | {read} | {rest} |")
    return "\n".join([*out, "", f"Not offered: {', '.join(missing)}.", ""])


def _otherwise(line: Line) -> str:
    """An argument, with why where it is refused."""
    is_partly = line.here.startswith("not read")
    return f"`{line.argument}`" if is_partly else f"`{line.argument}` (refused)"


def offered(lines: Sequence[Line]) -> Iterator[tuple[str, str]]:
    """The calls that a route takes."""
    return ((line.owner, line.method) for line in lines if not line.argument and line.here == SAME)
