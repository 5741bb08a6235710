"""Functions and operators whose meaning differs between Databricks and DuckDB, put into DuckDB's terms.

What is on no list is refused by its name. Knows expressions; not tables.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.authorship import user_name
from engine.service.sql.language.functions import (
    added,
    casts,
    conditions,
    formats,
    lists,
)
from engine.service.sql.language.functions.calls import (
    FAILED,
    argument_of,
    call,
    cast,
    failure,
    innermost,
    is_larger,
    may_fail,
    number,
)
from engine.service.sql.language.functions.rows import generators, sessions, windows
from engine.service.sql.language.functions.times import spans
from engine.service.sql.language.functions.types import decimals
from engine.service.sql.language.functions.types.results import with_type
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
    for node in reversed(list(tree.walk(bfs=False))):  # what is within comes first
        if isinstance(node, exp.Select):
            node.set("hint", None)  # how, not what
        if isinstance(node, _REFUSED):
            raise NotSupported(f"{_named(node)} is not supported in SQL here.")
        changed = with_type(node, _changed(node, session))
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return tree


def _changed(node: exp.Expression, session: Session) -> exp.Expression:
    if isinstance(node, exp.Anonymous):
        return _anonymous(node)
    if isinstance(node, exp.Literal):
        return _constant(node)
    if isinstance(node, exp.Filter):
        _guard(node)
    aggregate = decimals.aggregated(node) or added.skewness(node)
    if aggregate is not None:
        return aggregate
    if decimals.RECKONING in node.meta and not isinstance(node, _MARKED_LATER):
        return decimals.reckoned(_division(node) if isinstance(node, _DIVISIONS) else node)
    change = next((_CHANGES[kind] for kind in type(node).__mro__ if kind in _CHANGES), None)
    if change is not None:
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


# ------------------------------------------------------------------ constants and filters
_LARGEST, _DIGITS = 1 << 63, 38  # of a BIGINT, of a decimal


def _constant(node: exp.Literal) -> exp.Expression:
    """A whole number beyond BIGINT is a decimal. Raises BadStatement: it has too many digits."""
    if node.is_string or not node.is_int or int(node.this) < _LARGEST:
        return node
    digits = len(str(int(node.this)))
    if digits > _DIGITS:
        raise BadStatement(
            f"[DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION] {node.this:.60} has {digits} digits; a DECIMAL "
            f"has at most {_DIGITS}."
        )
    if isinstance(node.parent, exp.Neg) and int(node.this) == _LARGEST:
        return node  # the least BIGINT
    return exp.cast(node.copy(), f"decimal({digits}, 0)")


def _guard(node: exp.Filter) -> None:
    """Have an aggregate's argument, where it may fail, computed for the rows of its filter alone."""
    argument = argument_of(innermost(node))
    if argument is None or not (may_fail(argument) or casts.casts(argument)):
        return
    condition = node.expression.this if isinstance(node.expression, exp.Where) else node.expression
    guarded = exp.Case(ifs=[exp.If(this=condition.copy(), true=argument.copy())])
    argument.replace(guarded)


# ------------------------------------------------------------------ operators
_SHORT = 20  # parts of a divisor that is said once more
_REST_BY_ZERO = "[REMAINDER_BY_ZERO] Remainder by zero. Use try_mod to have null instead."
_BY_ZERO = "[DIVIDE_BY_ZERO] Division by zero. Use try_divide to have null instead."


def _division(node: exp.Expression) -> exp.Expression:
    """A quotient that fails for a zero, as the cloud's does, where it is no null that is divided."""
    dividend, divisor = node.this, node.expression
    if isinstance(divisor, exp.Literal) and not divisor.is_string and float(divisor.this) != 0:
        return node
    zero = exp.EQ(this=exp.paren(divisor.copy()), expression=exp.Literal.number(0))
    # Of quotients of quotients each would be there twice as often as the one around it.
    if dividend.find(*_DIVISIONS) is None:
        known = exp.Is(this=exp.paren(dividend.copy()), expression=exp.Null()).not_()
        zero = exp.and_(zero, known)
    message = _REST_BY_ZERO if isinstance(node, exp.Mod) else _BY_ZERO
    failed = failure(_never_folded(exp.Literal.string(message), divisor))
    guard = exp.Case(ifs=[exp.If(this=zero, true=failed)], default=divisor.copy())
    node.set("expression", guard)
    return node


def _never_folded(message: exp.Expression, divisor: exp.Expression) -> exp.Expression:
    """A message that DuckDB doesn't try whether it fails before there are rows, which takes time."""
    if is_larger(divisor, _SHORT):
        return message
    nothing = call("left", cast(divisor, "text"), number(0))
    return call("concat", message, nothing)


def _reckoned(node: exp.Expression) -> exp.Expression:
    """A sum or a difference, where it is no time that was moved."""
    return added.with_whole_numbers(node) if isinstance(node, (exp.Add, exp.Sub)) else node


def _like(node: exp.Expression) -> exp.Expression:
    """A pattern in which a backslash takes the meaning from the next character; numbers are texts."""
    if not isinstance(node.this, exp.Literal):
        node.set("this", call("vitrine_text", node.this))
    if isinstance(node.expression, exp.Literal):
        node.set("expression", exp.Literal.string(node.expression.this))
    if isinstance(node.parent, exp.Escape):
        return node
    return exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))


def _grouped(node: exp.Expression) -> exp.Expression:
    """`GROUP BY a, b WITH ROLLUP`, and `GROUPING SETS` behind the columns that stand in them."""
    for name in ("rollup", "cube"):
        for one in node.args.get(name) or []:
            if not one.expressions:
                one.set("expressions", node.expressions)
                node.set("expressions", [])
    if node.args.get("grouping_sets"):
        node.set("expressions", [])
    select, sets = node.parent, (exp.Rollup, exp.Cube, exp.GroupingSets)
    if isinstance(select, exp.Select) and any(
        isinstance(one, sets) for one in node.iter_expressions()
    ):
        some = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0))
        select.having(some, copy=False)  # of no rows there is no group, that of all is none either
    return node


def _any(node: exp.Expression) -> exp.Expression:
    """`any(condition)`, an aggregate; that of a comparison stays."""
    if isinstance(node.parent, exp.Binary) and node.arg_key == "expression":
        return node
    return exp.LogicalOr(this=node.this.copy())


def _by_place(node: exp.Expression) -> exp.Expression:
    """A comparison in which structures that are written out have no names: places count alone."""
    for side in list(node.iter_expressions()):
        if isinstance(side, exp.Struct):
            side.replace(call("row", *(_value_of(one) for one in side.expressions)))
    return node


def _value_of(field: exp.Expression) -> exp.Expression:
    return field.expression if isinstance(field, exp.PropertyEQ) else field.unalias()


def _median(node: exp.Expression) -> exp.Expression:
    """A DOUBLE, whatever it is of."""
    value = argument_of(node)
    if value is not None:
        value.replace(exp.cast(value.copy(), "double"))
    return node


_MARKED_LATER = (exp.AggFunc, exp.GenerateSeries)  # these have their own ways
_DIVISIONS = (exp.Div, exp.IntDiv, exp.Mod)
_CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    **dict.fromkeys(_DIVISIONS, _division),
    exp.Like: _like,
    exp.ILike: _like,
    exp.Median: _median,
    exp.Quantile: lambda node: call(
        "quantile_cont", exp.cast(node.this.copy(), "double"), node.args["quantile"]
    ),
    exp.ApproxQuantile: lambda node: call("quantile_disc", node.this, node.args["quantile"]),
    **added.CHANGES,
    **casts.CHANGES,
    **conditions.CHANGES,
    **formats.CHANGES,
    **generators.CHANGES,
    **lists.CHANGES,
    **spans.CHANGES,
    exp.Add: lambda node: _reckoned(spans.shifted(node)),
    exp.Sub: lambda node: _reckoned(spans.shifted(node)),
    exp.Mul: added.with_whole_numbers,
    exp.Any: _any,
    exp.Group: _grouped,
    exp.Select: lambda node: sessions.with_sessions(
        windows.with_windows(generators.with_views(node))
    ),
    **dict.fromkeys(
        (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.In), _by_place
    ),
}


# ------------------------------------------------------------------ functions without a class
def _pmod(a: exp.Expression, b: exp.Expression) -> exp.Expression:
    """The rest of a division, which is not below zero where the divisor isn't either."""
    rest = _division(exp.Mod(this=exp.paren(a), expression=exp.paren(b.copy())))
    return call("vitrine_pmod", exp.paren(rest), b)


def _numbered() -> exp.Expression:
    rows = exp.Window(this=exp.RowNumber())
    return exp.paren(exp.Sub(this=rows, expression=exp.Literal.number(1)))


_KNOWN: dict[str, tuple[int, Callable[..., exp.Expression]]] = {
    "window_time": (1, windows.window_time),
    "from_csv": (2, formats.from_csv),
    "to_varchar": (2, formats.to_char),
    "try_to_number": (2, lambda a, said: formats.to_number(a, said, lenient=True)),
    "array_union": (2, lambda a, b: call("vitrine_union", a, b)),
    "date_part": (2, spans.date_part),
    "forall": (2, lists.forall),
    "zip_with": (3, lists.zip_with),
    "weekday": (1, spans.weekday),
    "cardinality": (1, lambda a: exp.cast(call("cardinality", a), "int")),
    "isnull": (1, lambda a: exp.paren(exp.Is(this=a, expression=exp.Null()))),
    "isnotnull": (1, lambda a: exp.paren(exp.Not(this=exp.Is(this=a, expression=exp.Null())))),
    "pmod": (2, _pmod),
    "raise_error": (1, lambda a: failure(call("concat", exp.Literal.string(_RAISED), a))),
    "every": (1, lambda a: exp.LogicalAnd(this=a)),
    "some": (1, lambda a: exp.LogicalOr(this=a)),
    "map_filter": (2, lambda m, each: lists.of_entries("map_filter", m, each)),
    "transform_keys": (2, lambda m, each: lists.of_entries("transform_keys", m, each)),
    "transform_values": (2, lambda m, each: lists.of_entries("transform_values", m, each)),
    "monotonically_increasing_id": (0, _numbered),
    "spark_partition_id": (0, lambda: exp.cast(number(0), "int")),
    "user": (0, lambda: exp.Literal.string(user_name())),
    "session_user": (0, lambda: exp.Literal.string(user_name())),
    "version": (0, lambda: exp.Literal.string("vitrine")),
}
_OF_ANY_NUMBER = {"hash": "vitrine_hash", "xxhash64": "vitrine_xxhash64"}
_OF_FORMATS = {"try_to_date": "date", "try_to_timestamp": "timestamptz"}  # with two arguments
_RAISED = "[USER_RAISED_EXCEPTION] "
_MADE_HERE = {FAILED, sessions.NAME, windows.NAME}


def own_functions(tree: exp.Expression) -> frozenset[str]:
    """Functions in a tree that only this engine carries out, in small letters."""
    called = (str(call.this).lower() for call in tree.find_all(exp.Anonymous))
    return frozenset(name for name in called if name in OWN_FUNCTIONS)


def is_known(name: str) -> bool:
    """Whether the language brings a function of this name that the parser has no class for."""
    lowered = name.lower()
    return any(
        lowered in known
        for known in (
            OWN_FUNCTIONS, _TABLE_FUNCTIONS, _MADE_HERE, generators.NAMES, _OF_ANY_NUMBER, _OF_FORMATS,
            added.KNOWN, _KNOWN, ("printf", "table", "identifier", "read_files"),
        )
    )  # fmt: skip


def _anonymous(node: exp.Anonymous) -> exp.Expression:
    name = str(node.this).lower()
    if name in OWN_FUNCTIONS or name in _TABLE_FUNCTIONS or name in _MADE_HERE:
        if name in _MADE_HERE and not node.args.get("expressions"):
            raise NotSupported(f"The function {name} is not supported in SQL here.")
        return node
    if name in generators.NAMES:
        return generators.generator(node)
    if name in _OF_ANY_NUMBER and node.expressions:
        return call(_OF_ANY_NUMBER[name], *node.expressions)
    if name in _OF_FORMATS and len(node.expressions) == 2:
        value, said = node.expressions
        return formats.tried_time(value, said, _OF_FORMATS[name])
    if name == "printf" and node.expressions:
        return added.formatted(*node.expressions)
    if name in added.KNOWN:
        return added.added(name, *node.expressions)
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
