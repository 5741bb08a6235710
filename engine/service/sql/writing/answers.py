"""What writes answer and what a table's history says of them; and which table a write means."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import BadStatement
from engine.service.authorship import user_name
from engine.service.sql.queries import QueryRunner
from engine.service.sql.shown.partitions import files_of
from engine.store.tables.table import Table

NOTHING = pa.table({})


def written_table(runner: QueryRunner, node: exp.Expression) -> ThreePartName:
    """The name of the table that a statement writes. Raises NotFound; BadStatement for a view."""
    inner = node.this if isinstance(node, exp.Schema) else node
    if not isinstance(inner, exp.Table):
        raise BadStatement("[PARSE_SYNTAX_ERROR] The name of a table was expected.")
    if inner.args.get("version"):
        raise BadStatement(
            f"{inner.sql(dialect='databricks'):.80}: an earlier version is only read."
        )
    name = runner.relations.name_of(inner, runner.session)
    found = runner.relations.found(name)
    is_temporary = len(inner.parts) == 1 and runner.session.view(inner.name) is not None
    if is_temporary or (found is not None and runner.relations.views.exists(found)):
        raise BadStatement(f"{inner.name} is a view; only tables are written.")
    if found is None:
        raise runner.relations.missing(name)
    return found


def entry(operation: str, parameters: dict[str, Any], **metrics: int) -> dict[str, Any]:
    """An entry of a table's history."""
    return {
        "operation": operation,
        "user": user_name(),
        "parameters": parameters,
        "metrics": {name: str(count) for name, count in metrics.items()},
    }


def predicate(tree: exp.Expression) -> dict[str, Any]:
    """The condition of a write, for its table's history."""
    where = tree.args.get("where")
    where = tree.args.get("replace_on") if where is None else where
    if where is None:
        return {}
    condition = where.this if isinstance(where, exp.Where) else where  # of REPLACE WHERE
    return {"predicate": condition.sql(dialect="databricks")}


def counts_of(affected: int, **more: int) -> pa.Table:
    """What a write answers: `num_affected_rows`, and the kinds of change where it has several."""
    named = {"num_affected_rows": affected}
    named |= {f"num_{kind}_rows": count for kind, count in more.items()}
    return pa.table({name: pa.array([count], pa.int64()) for name, count in named.items()})


def copied(source: Table, copy: Table) -> pa.Table:
    """What a CLONE answers. Files are never shared here, so that a shallow clone is a deep one."""
    size = sum(file.stat().st_size for file in copy.files)
    files, held = files_of(source)
    named = {
        "source_table_size": held,
        "source_num_of_files": files,
        "num_removed_files": 0,
        "num_copied_files": len(copy.files),
        "removed_files_size": 0,
        "copied_files_size": size,
    }
    return pa.table({name: pa.array([count], pa.int64()) for name, count in named.items()})
