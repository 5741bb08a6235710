"""Names of a query's columns to which its user gave none, as the cloud says them. Knows expressions."""

from __future__ import annotations

from collections.abc import Collection

from sqlglot import exp

from engine.service.sql.language.functions.rows import generators, sessions, windows

_OF_THE_SESSION = (exp.CurrentCatalog, exp.CurrentDatabase, exp.CurrentSchema)
_SPANS = {sessions.NAME, windows.NAME}
_OPERATIONS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE,
    exp.And, exp.Or, exp.In, exp.Is, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor,
)  # fmt: skip
# Functions whose names Spark says in capital letters.
_CAPITAL = {
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh", "cot",
    "csc", "degrees", "e", "exp", "expm1", "floor", "hypot", "log10", "log1p", "log2", "pi", "power",
    "radians", "sec", "signum", "sin", "sinh", "sqrt", "tan", "tanh",
}  # fmt: skip
_OF_NOW: dict[type[exp.Expression], str] = {
    exp.CurrentDate: "current_date()",
    exp.CurrentTimestamp: "current_timestamp()",
    exp.CurrentUser: "current_user()",
}
# Operations, from which on a name is the expression as it was written: each is said within the next.
_MANY = 30
# What reads the rows of what stands in it.
_READING = (exp.From, exp.Join, exp.Lateral, exp.Merge)
# What has a name already, or several.
_NAMED = (exp.Alias, exp.Aliases, exp.Column, exp.Star, exp.Posexplode, exp.Dot)


def with_names(tree: exp.Expression) -> exp.Expression:
    """Name a query's columns as the cloud does where its user gave no name; changes the tree."""
    if isinstance(tree, exp.Values):
        tree = _as_query(tree)
    for select in _selects(tree):
        _name_columns(select)
    return tree


def with_inner_names(tree: exp.Expression) -> exp.Expression:
    """The same for the queries within a query, and for rows that are written out; changes the tree."""
    for node in list(tree.find_all(exp.Values, exp.Subquery, exp.CTE)):
        if isinstance(node, exp.Values):
            if isinstance(node.parent, _READING):
                _name_rows(node)
        elif isinstance(node, exp.CTE) or isinstance(node.parent, (*_READING, exp.In)):
            node.set("this", with_names(node.this))
    return tree


def _as_query(rows: exp.Values) -> exp.Select:
    """Rows that are written out alone, with the order and the number that are said behind them."""
    select = exp.select("*")
    for name in ("order", "limit", "offset"):
        said = rows.args.get(name)
        rows.set(name, None)
        select.set(name, said)
    bare = exp.Values(expressions=rows.expressions, alias=rows.args.get("alias"))
    _name_rows(bare)
    return select.from_(bare)


def _name_rows(rows: exp.Values) -> None:
    if rows.alias_column_names or not rows.expressions:
        return
    first = rows.expressions[0]
    width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
    names = [exp.to_identifier(f"col{place}") for place in range(1, width + 1)]
    table = rows.args["alias"].this if rows.args.get("alias") else exp.to_identifier("vitrine_rows")
    rows.set("alias", exp.TableAlias(this=table, columns=names))


def _selects(tree: exp.Expression) -> list[exp.Select]:
    """The queries of which a query is made, by UNION and its like."""
    found, left = [], [tree]
    while left:
        one = left.pop()
        if isinstance(one, exp.SetOperation):
            left += [one.expression, one.this]
        elif isinstance(one, exp.Subquery):
            left.append(one.this)
        elif isinstance(one, exp.Select):
            found.append(one)
    return found


def _has_name(node: exp.Expression) -> bool:
    """Whether a result has a name already, or several; a call by a name of several parts has none."""
    is_call = isinstance(node, exp.Dot) and node.find(exp.Anonymous) is not None
    return isinstance(node, _NAMED) and not is_call


def _name_columns(select: exp.Select) -> None:
    unnamed = [
        node
        for node in select.expressions
        if not _has_name(node) and not generators.many_columns(node)
    ]
    if unnamed:
        sources = {one.alias_or_name.lower() for one in select.find_all(exp.Table, exp.Subquery)}
        for node in unnamed:
            node.replace(exp.alias_(node.copy(), _name_of(node, sources), quoted=True))


def _name_of(node: exp.Expression, sources: Collection[str]) -> str:
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Column):
        return str(node.this.name)
    if isinstance(node, exp.Explode):
        return generators.UNNAMED
    if isinstance(node, exp.Subquery):
        return "scalarsubquery()"
    if isinstance(node, exp.Anonymous) and str(node.this).lower() in _SPANS:
        return str(node.this).lower()
    if sum(1 for _ in node.find_all(*_OPERATIONS)) > _MANY:
        return _said(node)
    said = _said(_plain(node.copy(), sources)) or "''"  # DuckDB knows no empty name
    return said.lower() if isinstance(node, _OF_THE_SESSION) else said


def _said(node: exp.Expression) -> str:
    return str(node.sql(dialect="databricks", normalize_functions="lower", comments=False))


def _plain(node: exp.Expression, sources: Collection[str]) -> exp.Expression:
    """An expression in which each operation has parentheses, and texts and names have no quotes."""
    whole = exp.Tuple(expressions=[node])  # so that all that is changed stands in something
    for one in reversed(list(whole.walk(bfs=False))):  # what is within comes first
        if one is not whole:
            made = _changed(one, sources)
            if made is not one:
                one.replace(made)
    plain: exp.Expression = whole.expressions[0]
    return plain


def _changed(node: exp.Expression, sources: Collection[str]) -> exp.Expression:
    if isinstance(node, exp.Paren):
        return node.this
    if isinstance(node, exp.Column) and node.table.lower() in sources:
        return exp.column(exp.to_identifier(node.name))
    if isinstance(node, exp.Identifier) and node.quoted:
        return exp.to_identifier(node.name, quoted=False)
    if isinstance(node, exp.Not):
        return _negated(node)
    text = _text_of(node)
    if text is not None:
        return exp.Var(this=text)
    return exp.Paren(this=node.copy()) if isinstance(node, _OPERATIONS) else node


def _text_of(node: exp.Expression) -> str | None:
    """What is said otherwise than the parser says it; None for the rest."""
    if isinstance(node, exp.Literal):
        return (
            str(node.name) if node.is_string and not isinstance(node.parent, exp.Interval) else None
        )
    if isinstance(node, exp.Boolean):
        return str(node).lower()
    if isinstance(node, exp.DataType):
        return _said(node).replace(", ", ",")
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return "count(1)"
    if isinstance(node, exp.Neg):
        return None if isinstance(node.this, exp.Literal) else f"(- {_said(node.this)})"
    if isinstance(node, (exp.Subquery, exp.Binary)):
        return _of_two(node)
    if isinstance(node, exp.Between):
        return f"between({', '.join(_said(node.args[one]) for one in ('this', 'low', 'high'))})"
    if isinstance(node, exp.If) and not isinstance(node.parent, exp.Case):
        parts = (node.args.get(one) for one in ("this", "true", "false"))
        return f"(IF({', '.join(_said(one) for one in parts if one is not None)}))"
    if isinstance(node, exp.Filter):
        return f"{_said(node.this)} FILTER (WHERE {_said(node.expression.this)})"
    if type(node) in _OF_NOW:
        return _OF_NOW[type(node)]
    if isinstance(node, exp.Round) and node.args.get("decimals") is None:
        return f"round({_said(node.this)}, 0)"  # as if it had been given
    return _of_function(node)


def _of_two(node: exp.Expression) -> str | None:
    if isinstance(node, exp.Subquery):
        return "scalarsubquery()"
    sides = (node.this, node.expression)
    if isinstance(node, exp.NEQ):
        return "(NOT ({} = {}))".format(*map(_said, sides))
    if isinstance(node, exp.DPipe):
        return "concat({}, {})".format(*map(_said, sides))
    sign = {exp.IntDiv: "div", exp.NullSafeEQ: "<=>"}.get(type(node))
    return None if sign is None else f"({_said(node.this)} {sign} {_said(node.expression)})"


def _of_function(node: exp.Expression) -> str | None:
    """A call whose name Spark says in capital letters; None for others."""
    if not isinstance(node, exp.Func):
        return None
    said = _said(node)
    name, mark, rest = said.partition("(")
    return f"{name.upper()}({rest}" if mark and name in _CAPITAL else None


def _negated(node: exp.Not) -> exp.Expression:
    inner = node.this.this if isinstance(node.this, exp.Paren) else node.this
    if isinstance(inner, exp.Is) and isinstance(inner.expression, exp.Null):
        return exp.Var(this=f"({_said(inner.this)} IS NOT NULL)")
    return exp.Var(this=f"(NOT {_said(node.this)})")
