"""Which tables a text names, and where; so that another engine may run it under other names.

Knows grammar; not what a name stands for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from sqlglot import exp

from engine.core.names import quoted_name
from engine.errors import VitrineError
from engine.service.sql.language.dialect import parse, version_end
from engine.service.sql.language.functions.translation import own_functions
from engine.service.sql.relations import is_cte
from engine.service.sql.session import Session

ColumnName: TypeAlias = tuple[str, ...]  # a column's name behind those of what it is a column of


@dataclass(frozen=True)
class NamedTable:
    """A table's name in a text: its one to three parts, and `text[start:end]`, which spells it.

    Attributes:
        said: the version that stands behind the name, `VERSION` or `TIMESTAMP` and the expression that
            says which; None for the newest.
        is_bare: it has such a version and no alias, so that its columns are named by its own name.
    """

    parts: tuple[str, ...]
    start: int
    end: int
    said: tuple[str, str] | None = None
    is_bare: bool = False


@dataclass(frozen=True)
class NamedTables:
    """What a text names.

    Attributes:
        tables: in the order of the text, each time that it is named.
        prefixes: stretches of the text that say a table's catalog and schema before a column.
        own_functions: functions in it that only this engine carries out.
        is_write: it is no query, though it may begin as one, by WITH.
    """

    tables: tuple[NamedTable, ...] = ()
    prefixes: tuple[tuple[int, int], ...] = ()
    own_functions: frozenset[str] = frozenset()
    is_write: bool = False

    def renamed(self, text: str, names: Mapping[NamedTable, str | None]) -> str:
        """The text with other names for tables, None as they are; all else stays as it was written."""
        changes = [
            (one.start, one.end, f"{name} AS {quoted_name(one.parts[-1])}" if one.is_bare else name)
            for one in self.tables
            if (name := names.get(one)) is not None
        ]
        changes += [(start, end, "") for start, end in self.prefixes]
        edges = [(0, 0, ""), *sorted(changes), (len(text), len(text), "")]
        return "".join(
            put + text[end:following] for (_, end, put), (following, _, _) in pairwise(edges)
        )


def tables_named(text: str, session: Session) -> NamedTables:
    """The tables that one statement reads or writes; what a CREATE makes is not among them.

    A text that can't be read names none: whoever runs it says what is wrong with it.

    Args:
        session: whose catalog and schema names have that lack them.
    """
    try:
        statement = parse(text)
    except VitrineError:
        return NamedTables()
    tree = statement.tree
    if tree is None:
        return NamedTables()
    made = tree.find(exp.Table) if isinstance(tree, exp.Create) else None
    tables = [
        _named(node, statement.text)
        for node in tree.find_all(exp.Table)
        if node is not made and _is_named(node) and not is_cte(node)
    ]
    return NamedTables(
        tuple(sorted(tables, key=lambda one: one.start)),
        tuple(_prefixes(tree, {_in_full(one.parts, session) for one in tables})),
        own_functions(tree),
        not isinstance(tree, (exp.Query, exp.Values)),
    )


def _is_named(node: exp.Table) -> bool:
    return all(isinstance(part, exp.Identifier) and "start" in part.meta for part in node.parts)


def _named(node: exp.Table, text: str) -> NamedTable:
    parts = node.parts
    names = tuple(part.name for part in parts)
    start, end, version = parts[0].meta["start"], parts[-1].meta["end"], node.args.get("version")
    if version is None or version.expression is None:
        return NamedTable(names, start, end + 1)
    said = (str(version.this).upper(), version.expression.sql(dialect="databricks", comments=False))
    is_bare = not node.alias and not node.args.get("sample")
    return NamedTable(names, start, version_end(text, end, version) + 1, said, is_bare)


def _in_full(parts: tuple[str, ...], session: Session) -> tuple[str, ...]:
    return (session.catalog, session.schema)[: max(0, 3 - len(parts))] + parts


def _prefixes(tree: exp.Expression, names: set[tuple[str, ...]]) -> list[tuple[int, int]]:
    """Where columns are named with a table's catalog and schema, of which the table is enough."""
    known = {tuple(part.lower() for part in name[place:]) for name in names for place in range(2)}
    found = []
    for column in tree.find_all(exp.Column):
        above = tuple(part.name.lower() for part in column.parts[:-1])
        if len(above) > 1 and above in known and "start" in column.parts[0].meta:
            found.append((column.parts[0].meta["start"], column.parts[-2].meta["start"]))
    return found


def values_tested(condition: str, names: Mapping[ColumnName, ColumnName]) -> list[str]:
    """The values that a condition `(a IS NULL) AND (b IS NULL) ...` tests, with other names for columns.

    Args:
        names: of each column its name there, in small letters, and the one that it is given. What stands
            behind a name are fields of a struct.

    Raises:
        BadStatement: it can't be read.
    """
    tree = parse(f"SELECT {condition}").tree
    assert isinstance(tree, exp.Select)  # as it was said
    values = [one.this.unnest() for one in _operands(tree.expressions[0].copy())]
    out = []
    for value in values:
        holder = exp.Paren(this=value)
        for column in list(holder.find_all(exp.Column)):
            parts = [part.name for part in column.parts]
            ends = (n for n in range(len(parts), 0, -1) if _lowered(parts[:n]) in names)
            end = next(ends, None)
            if end is not None:
                named = [*names[_lowered(parts[:end])], *parts[end:]]
                column.replace(_column(named))
        out.append(holder.this.sql(dialect="databricks"))
    return out


def _lowered(parts: Sequence[str]) -> ColumnName:
    return tuple(part.lower() for part in parts)


def _column(parts: Sequence[str]) -> exp.Expression:
    """A column behind a table's name, and fields of it."""
    found: exp.Expression = exp.column(parts[1], table=parts[0], quoted=True)
    for field in parts[2:]:
        found = exp.Dot(this=found, expression=exp.to_identifier(field, quoted=True))
    return found


def _operands(tree: exp.Expression) -> list[exp.Expression]:
    """What a chain of AND joins, in order."""
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        return [*_operands(tree.this), *_operands(tree.expression)]
    return [tree]
