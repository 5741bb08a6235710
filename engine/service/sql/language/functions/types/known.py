"""Types of expressions, as the cloud gives them, where they can be told without running anything.

What can't be told for sure has none. Knows expressions and the columns of tables; not DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa
from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope, walk_in_scope

from engine.core.types import parse_sql_type
from engine.service.sql.language.functions.types import coercion, decimals, nested
from engine.service.sql.language.functions.types.results import said_type

Columns = dict[str, pa.DataType | None]  # by name in small letters
ColumnsOf = Callable[[exp.Table], Columns | None]
_Kinds = list[pa.DataType | None]
_is = pa.types
_TRANSPARENT = (
    exp.Abs, exp.Alias, exp.AnyValue, exp.ArgMax, exp.ArgMin, exp.Distinct, exp.Filter, exp.First,
    exp.FirstValue, exp.IgnoreNulls, exp.Lag, exp.Last, exp.LastValue, exp.Lead, exp.Max, exp.Min,
    exp.Neg, exp.NthValue, exp.Nullif, exp.Paren, exp.RespectNulls, exp.Window,
)  # fmt: skip
_DOUBLES = (
    exp.Exp, exp.Ln, exp.Median, exp.Pow, exp.Sqrt, exp.Stddev, exp.StddevPop, exp.StddevSamp,
    exp.Variance, exp.VariancePop,
)  # fmt: skip
_OF_CLASS = {
    **dict.fromkeys(_DOUBLES, pa.float64()),
    exp.AddMonths: pa.date32(),
    exp.Boolean: pa.bool_(),
    exp.Count: pa.int64(),
    exp.CurrentDate: pa.date32(),
    exp.CurrentTimestamp: pa.timestamp("us", "UTC"),
    exp.Encode: pa.binary(),
    exp.FromBase64: pa.binary(),
    exp.LastDay: pa.date32(),
    exp.Null: pa.null(),
    exp.TsOrDsToDate: pa.date32(),
    exp.Unhex: pa.binary(),
}
_SAME = {"mean": exp.Avg, "try_avg": exp.Avg, "try_sum": exp.Sum}  # but for a failure's answer
_RECKONED = (
    *coercion.ARITHMETIC, exp.Avg, exp.Cast, exp.Ceil, exp.Floor, exp.GenerateSeries, exp.Length,
    exp.Round, exp.Sum,
)  # fmt: skip
_JUDGED = (*_RECKONED, *coercion.COMPARISONS, *coercion.OF_A_NUMBER, *coercion.OF_DAYS)


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
    if not isinstance(tree, exp.Query) or tree.find(*_JUDGED) is None:
        return
    known = _Types(columns_of)
    for scope in traverse_scope(tree):
        if isinstance(scope.expression, exp.UDTF):
            continue  # its own query is walked through it
        for node in [one for one in walk_in_scope(scope.expression) if isinstance(one, _JUDGED)]:
            known.judge(node, scope)


class _Types:
    def __init__(self, columns_of: ColumnsOf) -> None:
        self._columns_of = columns_of
        self._known: dict[int, pa.DataType | None] = {}
        self._columns: dict[int, Columns | None] = {}

    def judge(self, node: exp.Expression, scope: Scope) -> None:
        """Mark a node, and cast the texts in it that are taken for other values."""
        given, of, meant = self._taken(node, scope)
        coercion.cast_where_meant(given, of, meant)
        reckoned = isinstance(node, _RECKONED) and None not in meant
        reckoning = decimals.reckoning(node, meant) if reckoned else None
        if reckoning is not None:
            node.meta[decimals.RECKONING] = reckoning

    def _taken(
        self, node: exp.Expression, scope: Scope
    ) -> tuple[list[exp.Expression], _Kinds, _Kinds]:
        """The operands of a node, their types, and the types that they are taken for."""
        given = coercion.operands(node)
        of = [self.of(one, scope) for one in given]
        return given, of, coercion.taken(node, of)

    def of(self, node: exp.Expression, scope: Scope) -> pa.DataType | None:
        """The type of an expression; None where it can't be told."""
        if id(node) not in self._known:
            self._known[id(node)] = None  # for a name that means itself
            self._known[id(node)] = self._found(node, scope)
        return self._known[id(node)]

    def _found(self, node: exp.Expression, scope: Scope) -> pa.DataType | None:
        if isinstance(node, exp.Column):
            return self._of_column(node, scope)
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
        if isinstance(node, nested.PARTS):
            return nested.type_of_part(node, lambda one: self.of(one, scope))
        if isinstance(node, nested.MADE):
            return nested.type_made(node, lambda one: self.of(one, scope))
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
        branches = _branches(node)
        if branches is not None:
            return decimals.common_type([self.of(one, scope) for one in branches])
        said = said_type(node)
        return _OF_CLASS.get(type(node)) if said is None else parse_sql_type(said)

    def _of_subquery(self, node: exp.Subquery, scope: Scope) -> pa.DataType | None:
        inner = next((one for one in scope.subquery_scopes if one.expression is node.this), None)
        columns = None if inner is None else self._outputs(inner)
        return next(iter(columns.values())) if columns and len(columns) == 1 else None

    # ------------------------------------------------------------------ columns
    def _of_column(self, node: exp.Column, scope: Scope | None) -> pa.DataType | None:
        name, table = node.name.lower(), node.table.lower()
        while scope is not None:
            sources = _sources(scope)
            if table and table in sources:
                return (self._of_source(*sources[table]) or {}).get(name)
            columns = [self._of_source(*one) for one in sources.values()]
            if None in columns and not table:
                return None
            first = table or name  # a structure, of which a field is named
            found = [one[first] for one in columns if one is not None and first in one]
            if found:
                kind = found[0] if all(one == found[0] for one in found) else None
                return nested.type_of_field(kind, name) if table else kind
            if not table and isinstance(scope.expression, exp.Select):
                for one in scope.expression.expressions:
                    if isinstance(one, exp.Alias) and one.alias.lower() == name:
                        return self.of(one.this, scope)
            scope = scope.parent
        return None

    def _of_source(self, node: exp.Expression, source: exp.Expression | Scope) -> Columns | None:
        if id(node) not in self._columns:
            self._columns[id(node)] = None
            if isinstance(node, exp.UDTF):
                self._columns[id(node)] = self._of_listed(node, source)
                return self._columns[id(node)]
            renamed = node.args.get("alias") and node.args["alias"].args.get("columns")
            if not node.args.get("pivots") and not renamed:
                inner = self._outputs(source) if isinstance(source, Scope) else None
                is_table = isinstance(source, exp.Table) and not isinstance(source.this, exp.Func)
                self._columns[id(node)] = self._columns_of(source) if is_table else inner
        return self._columns[id(node)]

    def _of_listed(self, node: exp.UDTF, source: exp.Expression | Scope) -> Columns | None:
        """The columns of rows that are written out; of lists that become rows their names alone."""
        names = [name.lower() for name in node.alias_column_names]
        rows = [row.expressions for row in node.expressions] if isinstance(node, exp.Values) else []
        if (
            not names
            or not isinstance(source, Scope)
            or any(len(row) != len(names) for row in rows)
        ):
            return None
        if not rows:
            listed = node.this if isinstance(node, exp.Lateral) and len(names) == 1 else None
            kind = self.of(listed, source) if isinstance(listed, exp.Explode) else None
            return {**dict.fromkeys(names), **({names[0]: kind} if kind is not None else {})}
        return {
            name: decimals.common_type([self.of(row[place], source) for row in rows])
            for place, name in enumerate(names)
        }

    def _outputs(self, scope: Scope) -> Columns | None:
        """The columns of a query; None where not all names are known."""
        query = scope.expression
        if isinstance(query, exp.SetOperation) and len(scope.set_operation_scopes) == 2:
            return self._of_both(*scope.set_operation_scopes)
        if not isinstance(query, exp.Select):
            return None
        out: Columns = {}
        for one in query.expressions:
            if isinstance(one, exp.Star) or (isinstance(one, exp.Column) and one.is_star):
                columns = self._of_star(one, scope)
                if columns is None:
                    return None
                out.update({name: kind for name, kind in columns if name not in out})
            else:
                out[one.alias_or_name.lower()] = self.of(one, scope)
        return out

    def _of_both(self, first: Scope, second: Scope) -> Columns | None:
        """The columns of a UNION and its like, which have the names of the first query's."""
        left, right = self._outputs(first), self._outputs(second)
        if left is None or right is None or len(left) != len(right):
            return None
        kinds = zip(left.values(), right.values())
        return dict(zip(left, map(decimals.common_type, kinds)))

    def _of_star(
        self, star: exp.Expression, scope: Scope
    ) -> Iterable[tuple[str, pa.DataType | None]] | None:
        whole = star.this if isinstance(star, exp.Column) else star
        if any(whole.args.get(one) for one in ("replace", "rename")):
            return None
        left_out = {one.name.lower() for one in whole.args.get("except_") or []}
        wanted = star.table.lower() if isinstance(star, exp.Column) else ""
        out: list[tuple[str, pa.DataType | None]] = []
        for alias, one in scope.selected_sources.items():
            if wanted in ("", alias.lower()):
                columns = self._of_source(*one)
                if columns is None:
                    return None
                out += [(name, kind) for name, kind in columns.items() if name not in left_out]
        return out


def _sources(scope: Scope) -> dict[str, tuple[exp.Expression, exp.Expression | Scope]]:
    """What a query reads by names in small letters; of LATERAL, what stands before it."""
    if not isinstance(scope.expression, exp.UDTF):
        return {alias.lower(): one for alias, one in scope.selected_sources.items()}
    return {
        alias.lower(): (one.expression if isinstance(one, Scope) else one, one)
        for alias, one in scope.sources.items()
    }


def _branches(node: exp.Expression) -> list[exp.Expression] | None:
    """The values of which an expression is one; None for other expressions."""
    if isinstance(node, (exp.Coalesce, exp.Greatest, exp.Least)):
        return [node.this, *node.expressions]
    if isinstance(node, (exp.Case, exp.If, exp.Nvl2)):
        ifs = [one.args["true"] for one in node.args.get("ifs") or []]
        more = [node.args.get(one) for one in ("true", "false", "default")]
        return ifs + [one for one in more if one is not None]
    return None
