"""Columns that can't be named: there are none, nothing has them, or two are alike. Knows no rows."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import BadStatement

_MOST = 5  # columns that are suggested, as the cloud does


def unresolved_column(
    tree: exp.Expression, columns: Sequence[str], hidden: str
) -> BadStatement | None:
    """What to raise for the first column that nothing has; None where all may be there.

    Args:
        tree: a query that could not be bound.
        columns: those of the tables that it was shown. hidden: one that no user knows, and is not told.
    """
    if any(_is_unnamed(node) for node in tree.find_all(exp.Values, exp.Table)):
        return None
    known = {name.lower() for name in (*columns, hidden, *_named(tree))}
    relations = {name.lower() for name in _relations(tree)}
    told = [name for name in columns if name != hidden]
    for node in tree.find_all(exp.Column):
        if isinstance(node.this, exp.Star):
            continue
        above = [part.name.lower() for part in node.parts[:-1]]
        if above and above[0] in known - relations:  # a field of a struct
            continue
        if node.name.lower() not in known or (above and above[-1] not in relations | known):
            name = ".".join(f"`{p.name:.80}`" for p in node.parts)
            return BadStatement(_text(name, _seen_from(node) or told))
    return None


def _seen_from(node: exp.Column) -> list[str]:
    """The columns that a column's query can see; none where not all of its relations list theirs."""
    select = node.find_ancestor(exp.Select)
    start = select.args.get("from_") if select is not None else None
    if select is None or start is None:
        return []
    seen: list[str] = []
    for relation in [start.this, *(join.this for join in select.args.get("joins") or [])]:
        query = relation.this if isinstance(relation, exp.Subquery) else _cte(relation)
        if not isinstance(query, exp.Query) or query.is_star:
            return []
        seen += query.named_selects
    return seen


def _cte(relation: exp.Expression) -> exp.Expression | None:
    """The query of the common table expression that a relation may be."""
    named = [one for one in relation.root().find_all(exp.CTE) if one.alias == relation.name]
    return named[0].this if len(named) == 1 and isinstance(relation, exp.Table) else None


def _text(name: str, columns: Sequence[str]) -> str:
    wanted = name.rpartition(".")[2].strip("`").lower()
    likeness = {
        one: difflib.SequenceMatcher(None, wanted, one.lower()).ratio()
        for one in dict.fromkeys(columns)
    }
    likeliest = sorted(likeness, key=lambda one: -likeness[one])[:_MOST]
    kind = "WITH_SUGGESTION" if likeliest else "WITHOUT_SUGGESTION"
    hint = f" Did you mean one of the following? [{', '.join(f'`{c}`' for c in likeliest)}]."
    return (
        f"[UNRESOLVED_COLUMN.{kind}] A column, variable, or function parameter with name {name} "
        f"cannot be resolved.{hint if likeliest else ''}"
    )


def _is_unnamed(node: exp.Expression) -> bool:
    """Whether it is a relation whose columns the database names by itself."""
    is_own = isinstance(node, exp.Values) or isinstance(node.this, exp.Func)
    alias = node.args.get("alias")
    return is_own and not (isinstance(alias, exp.TableAlias) and alias.columns)


def _named(tree: exp.Expression) -> list[str]:
    """Names that a query gives by itself: to columns of relations and results, and in lambdas."""
    out = [node.alias for node in tree.find_all(exp.Alias)]
    for several in tree.find_all(exp.Aliases, exp.Lambda):
        out += [one.name for one in several.expressions]
    for alias in tree.find_all(exp.TableAlias):
        out += [column.name for column in alias.columns]
    return out


def _relations(tree: exp.Expression) -> list[str]:
    """Names of the relations of a query."""
    return [
        *(node.name for node in tree.find_all(exp.TableAlias)),
        *(node.name for node in tree.find_all(exp.Table)),
    ]


# ------------------------------------------------------------------ of a table
def refuse_unread(table: ThreePartName, names: Sequence[str]) -> None:
    """Raises BadStatement for a table without columns, which waits for files that bring them."""
    if not names:
        raise BadStatement(
            f"[DELTA_READ_TABLE_WITHOUT_COLUMNS] Table {table} has no columns to be read. Load files "
            "into it: COPY INTO with COPY_OPTIONS ('mergeSchema' = 'true'), or add columns."
        )


def refuse_twins(table: ThreePartName, names: Iterable[str]) -> None:
    """Raises BadStatement where two names differ in letter case alone: DuckDB gives one for both."""
    spelt: dict[str, str] = {}
    for name in names:
        other = spelt.setdefault(name.lower(), name)
        if other != name:
            raise BadStatement(
                f"[AMBIGUOUS_REFERENCE] Table {table} has the columns `{other}` and `{name}`, which SQL "
                "does not tell apart. Name other columns than these, or write the table anew with other "
                f"names: workspace.read_table({str(table)!r}).rename_columns(...)."
            )
