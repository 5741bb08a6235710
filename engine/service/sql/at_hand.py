"""Rows at hand that a query takes as they are, which need no database, whose result would be a copy.

Knows trees and types; not what is done with the rows.
"""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from engine.service.sql.relations import is_cte
from engine.service.sql.session import Session


def taken_as_they_are(query: exp.Expression, session: Session) -> tuple[str, pa.Table] | None:
    """The name of rows at hand, and their columns of `SELECT * | columns FROM name`.

    None for any other query.
    """
    if not isinstance(query, exp.Select) or not _has_only(query, "expressions", "from_"):
        return None
    start = query.args.get("from_")
    node = start.this if start is not None else None
    if not isinstance(node, exp.Table) or not _has_only(node, "this", "alias") or is_cte(node):
        return None
    held = session.rows_of(node.name)
    columns = None if held is None else _columns(query, held)
    return None if held is None or columns is None else (node.name, held.select(columns))


def _has_only(node: exp.Expression, *parts: str) -> bool:
    return not any(value for part, value in node.args.items() if part not in parts)


def _columns(query: exp.Select, held: pa.Table) -> list[str] | None:
    """Which columns a query takes; None where it makes others of them."""
    first = query.expressions[0]
    if len(query.expressions) == 1 and type(first) is exp.Star and _has_only(first):
        names = list(held.column_names)
    else:
        names = [one.name for one in query.expressions if type(one) is exp.Column]
        if len(names) < len(query.expressions):
            return None
    return names if all(held.column_names.count(one) == 1 for one in names) else None


def fits(held: pa.Schema, wanted: pa.Schema) -> bool:
    """Whether columns of one schema are those of another by their places but for names: no value
    changes, nor its form in memory."""
    return len(held) == len(wanted) and all(map(_is_same, held.types, wanted.types))


def _is_same(held: pa.DataType, wanted: pa.DataType) -> bool:
    if pa.types.is_list(held) and pa.types.is_list(wanted):
        return _is_same(held.value_type, wanted.value_type)
    if pa.types.is_map(held) and pa.types.is_map(wanted):
        pairs = ((held.key_type, wanted.key_type), (held.item_type, wanted.item_type))
        return all(_is_same(one, other) for one, other in pairs)
    if pa.types.is_struct(held) and pa.types.is_struct(wanted):
        names = [[one.name for one in kind] for kind in (held, wanted)]
        inner = zip(held, wanted)
        return names[0] == names[1] and all(_is_same(a.type, b.type) for a, b in inner)
    return bool(held == wanted)
