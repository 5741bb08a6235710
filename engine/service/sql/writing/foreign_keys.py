"""FOREIGN KEY as a statement says it: which columns refer to which table. Knows names; enforces nothing.

Nor does the cloud: a key says what is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import BadStatement
from engine.service.catalogs.constraints import Constraints
from engine.service.sql.queries import QueryRunner


def foreign_keys(
    runner: QueryRunner,
    constraints: Constraints,
    said: Sequence[tuple[str, exp.ForeignKey]],
    name: ThreePartName,
    columns: Sequence[str],
    own_key: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Foreign keys of a table, each as `Constraints.create` takes it.

    Args:
        said: as the statement has them, with their names or none. name, columns: of the table.
        own_key: its primary key, which a key of the table may refer to.

    Raises:
        NotFound: no such table to refer to. BadStatement: it has no primary key, or others than the
            columns that are named; a column that the table lacks.
    """
    out = []
    for key_name, key in said:
        node = key.args["reference"].this
        inner = node.this if isinstance(node, exp.Schema) else node
        asked = runner.relations.name_of(inner, runner.session)
        is_own = str(asked).lower() == str(name).lower()
        parent = name if is_own else runner.relations.found(asked)
        if parent is None:
            raise runner.relations.missing(asked)
        primary = list(own_key) if is_own else constraints.primary_key(str(parent))
        listed = [one.name for one in node.expressions] if isinstance(node, exp.Schema) else []
        children = [_spelled(one.name, columns, name) for one in key.expressions]
        facts = {
            "name": key_name or f"{name.name}_{parent.name}_fk",
            "child_columns": children,
            "parent_table": str(parent),
            "parent_columns": _parents(parent, primary, listed, children),
        }
        out.append({"foreign_key_constraint": facts})
    return out


def _spelled(column: str, known: Sequence[str], table: ThreePartName) -> str:
    found = next((one for one in known if one.lower() == column.lower()), None)
    if found is None:
        raise BadStatement(
            f"[UNRESOLVED_COLUMN] FOREIGN KEY names {column!r:.80}; table {table} has "
            f"{', '.join(known)}."
        )
    return found


def _parents(
    parent: ThreePartName, primary: Sequence[str], listed: Sequence[str], children: Sequence[str]
) -> list[str]:
    """The columns that a key refers to: all of its parent's primary key."""
    wanted = [_spelled(one, primary, parent) for one in listed] if primary else []
    if not primary or (listed and sorted(wanted) != sorted(primary)):
        held = f"({', '.join(primary)})" if primary else "none"
        raise BadStatement(
            f"FOREIGN KEY ... REFERENCES {parent} needs the primary key of that table, which has "
            f"{held}. A key is made by ALTER TABLE {parent} ADD CONSTRAINT name PRIMARY KEY (columns)."
        )
    found = wanted or list(primary)
    if len(found) != len(children):
        raise BadStatement(
            f"FOREIGN KEY names {len(children)} columns ({', '.join(children)}); {parent} has a primary "
            f"key of {len(found)} ({', '.join(found)})."
        )
    return found
