"""Types of expressions, as the cloud gives them, where they can be told without running anything.

What can't be told for sure has none. Knows expressions and the columns of tables; not DuckDB.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope, walk_in_scope

from engine.core.types import is_list, parse_sql_type
from engine.errors import NotSupported
from engine.service.sql.language.functions import lists
from engine.service.sql.language.functions.rows import generators
from engine.service.sql.language.functions.types import coercion, decimals, nested
from engine.service.sql.language.functions.types.results import known_type, said_type
from engine.service.sql.language.functions.types.sources import ColumnsOf, Output, Sources, widest
from engine.service.sql.language.functions.types.wanted import is_text

_Kinds = list[pa.DataType | None]
_is = pa.types
_TRANSPARENT = (
    exp.Abs, exp.Alias, exp.AnyValue, exp.ArgMax, exp.ArgMin, exp.Distinct, exp.Filter, exp.First,
    exp.FirstValue, exp.IgnoreNulls, exp.Lag, exp.Last, exp.LastValue, exp.Lead, exp.Max, exp.Min,
    exp.Neg, exp.NthValue, exp.Nullif, exp.Paren, exp.RespectNulls, exp.Window,
)  # fmt: skip
_SAME = {"mean": exp.Avg, "try_avg": exp.Avg, "try_sum": exp.Sum}  # but for a failure's answer
_RECKONED = (
    exp.Add, exp.Avg, exp.Cast, exp.Ceil, exp.Div, exp.Floor, exp.GenerateSeries, exp.IntDiv, exp.Length,
    exp.Mod, exp.Mul, exp.Round, exp.SafeDivide, exp.Sub, exp.Sum,
)  # fmt: skip
_JOINED = (exp.Concat, exp.DPipe)
# Of binary values such values, and of lists lists.
_PARTS = (exp.Left, exp.Pad, exp.Reverse, exp.Right, exp.Substring)
_OF_TYPES = (
    *coercion.CLASSES, *_RECKONED, exp.Anonymous, exp.Bracket, exp.Explode, exp.SetOperation,
)  # fmt: skip


def mark_types(tree: exp.Expression, columns_of: ColumnsOf) -> None:
    """Let the nodes whose types decide how they are carried out carry a `decimals.Reckoning`.

    Texts that are taken for numbers, days or times are cast in their places.

    Args:
        columns_of: the columns of a table; None where they aren't known.
    """
    for call in list(tree.find_all(exp.Anonymous)):
        kind = _SAME.get(str(call.this).lower())
        if kind is not None and len(call.expressions) == 1:
            made = kind(this=call.expressions[0].copy())
            made.meta[decimals.TRIED] = str(call.this).lower() == "try_sum"
            call.replace(made)
    if not isinstance(tree, exp.Query):
        return
    given_stars = any(map(_is_given, tree.find_all(exp.Star)))
    if not given_stars and tree.find(*_OF_TYPES) is None:
        return
    known = _Types(columns_of)
    scopes = traverse_scope(tree)
    for scope in scopes:
        if isinstance(scope.expression, exp.UDTF):  # its own query is walked through it
            if isinstance(scope.expression.this, exp.Explode):
                known.judge(scope.expression.this, scope)
            continue
        if given_stars:
            known.spread_stars(scope)
        for node in reversed(_nodes(scope.expression)):  # what is within comes first
            known.judge(node, scope)
        known.settle(scope)
    for scope in scopes:
        if isinstance(scope.expression, exp.SetOperation):
            known.unite(scope)


def _nodes(query: exp.Expression) -> list[exp.Expression]:
    """The nodes of a query, without those of the queries in it."""
    parts = [query]
    if isinstance(query, exp.SetOperation):
        parts = [query.args[one] for one in ("order", "limit") if query.args.get(one)]
    return [node for part in parts for node in walk_in_scope(part)]


def _is_given(node: exp.Expression) -> bool:
    """Whether a node is the star of all columns that a function is given; `count(*)` is of rows."""
    if not isinstance(node, exp.Star):
        return False
    around = node.parent.parent if isinstance(node.parent, exp.Column) else node.parent
    return not isinstance(around, (exp.Select, exp.Count) if around is node.parent else exp.Select)


class _Types:
    def __init__(self, columns_of: ColumnsOf) -> None:
        self._sources = Sources(columns_of, self.of)
        # With each node, which may be replaced, and whose number no other may have then.
        self._known: dict[int, tuple[exp.Expression, pa.DataType | None]] = {}

    def judge(self, node: exp.Expression, scope: Scope) -> None:
        """Mark a node, and cast the values in it that are taken for others."""
        if isinstance(node, exp.Explode):
            kind = self.of(node.this, scope)
            is_map = kind is not None and _is.is_map(kind)
            node.meta[generators.OF_MAP] = is_map or generators.is_of_map(node)
        if isinstance(node, exp.Bracket):
            kind = self.of(node.this, scope)
            node.meta[lists.OF_LIST] = kind is not None and is_list(kind)
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            self._judge_in(node, scope)
            return
        if isinstance(node, (exp.Add, exp.Sub)) and self._moves_text(node, scope):
            return
        if not (coercion.is_judged(node) or isinstance(node, _RECKONED)):
            return
        given, of, meant = self._taken(node, scope)
        coercion.cast_where_meant(given, of, meant)
        reckoned = isinstance(node, _RECKONED) and meant and None not in meant
        reckoning = decimals.reckoning(node, meant) if reckoned else None
        if reckoning is not None:
            node.meta[decimals.RECKONING] = reckoning

    def spread_stars(self, scope: Scope) -> None:
        """Put columns in the place of a star that a function is given: `struct(*)`, `hash(t.*)`."""
        for star in [one for one in _nodes(scope.expression) if _is_given(one)]:
            whole = star.parent if isinstance(star.parent, exp.Column) else star
            around = whole.parent
            columns = self._sources.spread(whole, scope)
            if not columns:
                raise NotSupported(
                    f"{around.sql(dialect='databricks'):.80}: which columns * is of is not known here; "
                    "name them."
                )
            if whole.arg_key == "this":  # the first of several, which have a place of their own
                around.set("expressions", [*columns[1:], *around.expressions])
                whole.replace(columns[0])
            else:
                whole.replace(columns)

    def _moves_text(self, node: exp.Binary, scope: Scope) -> bool:
        """Have a text that an interval moves be a time, of which comes a text; whether it is one."""
        sides = (node.this, node.expression)
        if not any(isinstance(one, exp.Interval) for one in sides):
            return False
        kinds = [self.of(one, scope) for one in sides]
        text = next((one for one, kind in zip(sides, kinds) if kind and is_text(kind)), None)
        if text is None:
            return False
        text.replace(exp.cast(text.copy(), "timestamp"))
        moved = exp.paren(node.copy())
        made = exp.cast(moved, "string")
        self._known[id(made)] = made, pa.string()
        node.replace(made)
        return True

    def _taken(
        self, node: exp.Expression, scope: Scope
    ) -> tuple[list[exp.Expression], _Kinds, _Kinds]:
        """The operands of a node, their types, and the types that they are taken for."""
        given = coercion.operands(node)
        of = [self.of(one, scope) for one in given]
        return given, of, coercion.taken(node, of)

    def _judge_in(self, node: exp.In, scope: Scope) -> None:
        """Cast what is looked for among a query's rows, or the rows, where one of them is a text."""
        query = node.args["query"]
        inner = next((one for one in scope.subquery_scopes if one.expression is query.this), None)
        columns = None if inner is None else self._sources.listed(inner)
        values = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
        if columns is None or len(columns) != len(values):
            return
        found = [self.of(one, scope) for one in values]
        both = [coercion.taken(node, [one, kind]) for one, (_, kind) in zip(found, columns)]
        coercion.cast_where_meant(values, found, [left for left, _ in both])
        query.set("this", _with_casts(query.this, columns, [right for _, right in both]))

    def settle(self, scope: Scope) -> None:
        """Have the columns of a UNION known, those of its queries before, so that each is asked once."""
        if isinstance(scope.expression, exp.SetOperation):
            self._sources.listed(scope)

    def unite(self, scope: Scope) -> None:
        """Cast the columns of a UNION's queries, and its like's, that are taken for other types."""
        both = self._sources.of_both(scope) if len(scope.set_operation_scopes) == 2 else None
        if both is None:
            return
        meant = [coercion.chosen([left[1], right[1]]) for left, right in both]
        for place, arg in enumerate(("this", "expression")):
            columns = [pair[place] for pair in both]
            kinds = [pair[place] for pair in meant]
            scope.expression.set(arg, _with_casts(scope.expression.args[arg], columns, kinds))

    # ------------------------------------------------------------------ of an expression
    def of(self, node: exp.Expression, scope: Scope) -> pa.DataType | None:
        """The type of an expression; None where it can't be told."""
        if id(node) not in self._known:
            self._known[id(node)] = node, None  # for a name that means itself
            self._known[id(node)] = node, self._found(node, scope)
        return self._known[id(node)][1]

    def _found(self, node: exp.Expression, scope: Scope) -> pa.DataType | None:
        if isinstance(node, exp.Column):
            return self._sources.type_of_column(node, scope)
        if isinstance(node, exp.Literal):
            return decimals.literal_type(node)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal):
            return decimals.literal_type(node.this, is_negative=True)
        if isinstance(node, exp.Cast):
            return parse_sql_type(node.args["to"].sql(dialect="databricks"))
        if isinstance(node, _RECKONED) and not isinstance(node, exp.Length):
            of = self._taken(node, scope)[2]
            return None if None in of else decimals.result_type(node, of)
        if isinstance(node, (*coercion.COMPARISONS, exp.Connector, exp.Is, exp.Not)):
            return pa.bool_()
        if nested.is_nested(node):
            return nested.type_of_nested(node, lambda one: self.of(one, scope))
        if isinstance(node, exp.Identifier):
            return nested.type_in_lambda(node, lambda one: self.of(one, scope))
        if isinstance(node, _TRANSPARENT) and said_type(node) is None:
            inner = node.expressions[0] if isinstance(node, exp.Distinct) else node.this
            return coercion.taken(node, [self.of(inner, scope)])[0]
        if isinstance(node, exp.Subquery):
            return self._of_subquery(node, scope)
        if isinstance(node, exp.TsOrDsAdd):
            unit = node.args.get("unit")
            return pa.date32() if unit is None or unit.name.upper() in ("DAY", "DAYS") else None
        branches = coercion.branches(node)
        if branches is not None:
            kind = widest([self.of(one, scope) for one in branches])
            return pa.list_(kind) if isinstance(node, exp.Array) and kind is not None else kind
        said = said_type(node)
        return self._of_function(node, scope) if said is None else parse_sql_type(said)

    def _of_function(self, node: exp.Expression, scope: Scope) -> pa.DataType | None:
        if isinstance(node, (*_JOINED, *_PARTS)):
            parts = node.expressions if isinstance(node, exp.Concat) else [node.this]
            of = [self.of(one, scope) for one in parts]
            return of[0] if any(one is None or _has_parts(one) for one in of) else pa.string()
        return known_type(node)

    def _of_subquery(self, node: exp.Subquery, scope: Scope) -> pa.DataType | None:
        inner = next((one for one in scope.subquery_scopes if one.expression is node.this), None)
        columns = None if inner is None else self._sources.outputs(inner)
        return next(iter(columns.values())) if columns and len(columns) == 1 else None


def _has_parts(kind: pa.DataType) -> bool:
    return bool(_is.is_nested(kind) or _is.is_binary(kind))


def _with_casts(query: exp.Expression, columns: Sequence[Output], meant: _Kinds) -> exp.Expression:
    """A query whose columns are cast to other types, where these differ from theirs."""
    if not any(kind is not None and kind != was for (_, was), kind in zip(columns, meant)):
        return query
    names = [name for name, _ in columns]
    is_plain = len({name.lower() for name in names}) == len(names)
    places = [exp.to_identifier(f"c{place}") for place in range(len(names))]
    whole = query if isinstance(query, exp.Subquery) else exp.Subquery(this=query)
    alias = exp.TableAlias(this=exp.to_identifier("vitrine_rows"))
    if not is_plain:  # columns of one name are told apart by their places
        alias.set("columns", places)
    whole.set("alias", alias)
    selected, replaced = [], []
    for name, place, (_, was), kind in zip(names, places, columns, meant):
        column: exp.Expression = exp.column(
            exp.to_identifier(name, quoted=True) if is_plain else place.copy()
        )
        if kind is not None and kind != was:
            column = exp.cast(column, coercion.said(kind))
            replaced.append(exp.alias_(column, name, quoted=True))
        selected.append(exp.alias_(column, name, quoted=True))
    star = exp.Star(replace=replaced)
    return exp.select(*([star] if is_plain else selected)).from_(whole)
