"""Functions and operators whose meaning differs between Databricks and DuckDB, put into DuckDB's terms.

What is on no list is refused by its name. Knows expressions; not tables.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.authorship import user_name
from engine.service.sql.session import Session

OWN_FUNCTIONS = {"vector_search", "ai_query", "ai_similarity"}  # carried out by this engine
# Parts of a statement that would write, lock, or read settings.
_REFUSED: tuple[type[exp.Expression], ...] = (
    exp.Into, exp.Lock, exp.Command, exp.Parameter, exp.SessionParameter, exp.Placeholder,
    exp.Pragma, exp.MatchRecognize, exp.ReadCSV, exp.ReadParquet,
)  # fmt: skip


def translate(tree: exp.Expression, session: Session) -> exp.Expression:
    """A tree whose functions and operators mean in DuckDB what they mean to its user; changes it.

    Raises:
        NotSupported: a function, or another part, that isn't known; names it.
        BadStatement: a function with a wrong number of arguments.
    """
    for node in list(tree.walk(bfs=False)):
        if isinstance(node, _REFUSED):
            raise NotSupported(f"{_named(node)} is not supported in SQL here.")
        changed = _changed(node, session)
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return tree


def _changed(node: exp.Expression, session: Session) -> exp.Expression:
    if isinstance(node, exp.Anonymous):
        return _anonymous(node)
    if isinstance(node, exp.Lateral):
        return _lateral(node)
    for kind, change in _CHANGES.items():
        if isinstance(node, kind):
            return change(node)
    if isinstance(node, (exp.CurrentUser,)):
        return exp.Literal.string(user_name())
    if isinstance(node, exp.CurrentCatalog):
        return exp.Literal.string(session.catalog)
    if isinstance(node, (exp.CurrentSchema, exp.CurrentDatabase)):
        return exp.Literal.string(session.schema)
    return node


def _named(node: exp.Expression) -> str:
    return f"{type(node).__name__} ({node.sql(dialect='databricks'):.60})"


# ------------------------------------------------------------------ operators
def _division(node: exp.Expression) -> exp.Expression:
    """A quotient that fails for a zero, as the cloud's does; DuckDB answers infinity."""
    divisor = node.expression
    if isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.this) != 0:
        return node
    zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
    message = "[DIVIDE_BY_ZERO] Division by zero. Use try_divide to have null instead."
    failure = exp.Anonymous(this="error", expressions=[exp.Literal.string(message)])
    guard = exp.Case(ifs=[exp.If(this=zero, true=failure)], default=divisor.copy())
    node.set("expression", guard)
    return node


def _like(node: exp.Expression) -> exp.Expression:
    """A pattern in which a backslash takes the meaning from the next character."""
    if isinstance(node.parent, exp.Escape) or node.meta.get("escaped"):
        return node
    node.meta["escaped"] = True
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))


def _date(node: exp.Expression) -> exp.Expression:
    """A date some days later or earlier, which is a date; DuckDB's is a time."""
    unit = node.args.get("unit")
    if node.meta.get("dated") or (unit is not None and unit.name.upper() not in ("DAY", "DAYS")):
        return node
    node.meta["dated"] = True
    return exp.cast(node.copy(), "date")


_CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.Div: _division,
    exp.Mod: _division,
    exp.Like: _like,
    exp.ILike: _like,
    exp.TsOrDsAdd: _date,
    exp.AddMonths: _date,
}


def _lateral(node: exp.Lateral) -> exp.Expression:
    """`LATERAL explode(x)` beside other relations, and `LATERAL VIEW OUTER`, which keeps empty lists."""
    if not isinstance(node.this, exp.Explode):
        return node
    if node.args.get("outer"):
        of = node.this.this
        filled = exp.Case(
            ifs=[exp.If(this=exp.GT(this=exp.ArraySize(this=of.copy()), expression=_number(0)),
                        true=of.copy())],
            default=exp.Array(expressions=[exp.Null()]),
        )  # fmt: skip
        node.this.set("this", filled)
        node.set("outer", False)
    if node.args.get("view"):
        return node
    return exp.Unnest(
        expressions=[node.this.this.copy()], alias=_columns_alias(node.args.get("alias"))
    )


def _columns_alias(alias: exp.Expression | None) -> exp.TableAlias:
    """The alias of an unnested list: the name of its table, and of its column."""
    table = alias.this if isinstance(alias, exp.TableAlias) and alias.this else None
    columns = list(alias.columns) if isinstance(alias, exp.TableAlias) else []
    return exp.TableAlias(
        this=table or exp.to_identifier("explode"), columns=columns or [exp.to_identifier("col")]
    )


# ------------------------------------------------------------------ functions without a class
def _number(value: int) -> exp.Literal:
    return exp.Literal.number(value)


def _pmod(a: exp.Expression, b: exp.Expression) -> exp.Expression:
    inner = exp.paren(exp.Add(this=exp.paren(exp.Mod(this=a, expression=b)), expression=b.copy()))
    return exp.Mod(this=inner, expression=b.copy())


_KNOWN: dict[str, tuple[int, Callable[..., exp.Expression]]] = {
    "cardinality": (1, lambda a: exp.ArraySize(this=a)),
    "isnull": (1, lambda a: exp.paren(exp.Is(this=a, expression=exp.Null()))),
    "isnotnull": (1, lambda a: exp.paren(exp.Not(this=exp.Is(this=a, expression=exp.Null())))),
    "pmod": (2, _pmod),
    "every": (1, lambda a: exp.LogicalAnd(this=a)),
    "mean": (1, lambda a: exp.Avg(this=a)),
    "user": (0, lambda: exp.Literal.string(user_name())),
    "session_user": (0, lambda: exp.Literal.string(user_name())),
    "version": (0, lambda: exp.Literal.string("vitrine")),
}
_MADE_HERE = {"error"}


def _anonymous(node: exp.Anonymous) -> exp.Expression:
    name = str(node.this).lower()
    if name in OWN_FUNCTIONS or name in _TABLE_FUNCTIONS or name in _MADE_HERE:
        if name in _MADE_HERE and not node.args.get("expressions"):
            raise NotSupported(f"The function {name} is not supported in SQL here.")
        return node
    if name not in _KNOWN:
        raise NotSupported(f"The function {name:.60} is not supported in SQL here.")
    count, make = _KNOWN[name]
    given = [argument.copy() for argument in node.expressions]
    if len(given) != count:
        raise BadStatement(
            f"[WRONG_NUM_ARGS] The function {name} takes {count} arguments; it is given {len(given)}."
        )
    return make(*given)


_TABLE_FUNCTIONS = {"range"}


# ------------------------------------------------------------------ names of the results
def with_names(tree: exp.Expression) -> exp.Expression:
    """Name a query's columns as the cloud does where its user gave no name; changes the tree."""
    select = tree
    while isinstance(select, (exp.SetOperation, exp.Subquery)):
        select = select.this
    if not isinstance(select, exp.Select):
        return tree
    for node in select.expressions:
        if isinstance(node, (exp.Alias, exp.Aliases, exp.Column, exp.Star)):
            continue
        if isinstance(node, (exp.Posexplode, exp.Dot)):
            continue
        node.replace(exp.alias_(node.copy(), _name_of(node), quoted=True))
    return tree


def _name_of(node: exp.Expression) -> str:
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        return "count(1)"
    if isinstance(node, exp.Explode):
        return "col"
    if isinstance(node, exp.CurrentUser):
        return "current_user()"
    return str(node.sql(dialect="databricks", normalize_functions="lower"))
