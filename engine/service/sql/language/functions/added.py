"""Functions that DuckDB lacks, or means otherwise: calls of the macros that it is given, and others.

Knows expressions and DuckDB's words; not tables. `tests/spark/test_answers_of_spark.py` holds them
against Spark's own answers.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

from sqlglot import exp
from sqlglot.errors import ParseError

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.bodies import BODIES, PREFIX
from engine.service.sql.language.functions.calls import (
    as_json,
    call,
    innermost,
    is_surrounded,
    number,
    structure,
    typed_call,
)

_WORDS = {  # of DuckDB's types that the cloud calls otherwise
    exp.DType.TIMESTAMPTZ: "timestamp",
    exp.DType.TIMESTAMP: "timestamp_ntz",
    exp.DType.INT128: "bigint",
    exp.DType.NULL: "void",
}
_BY_TYPE = {"base64", "crc32", "sha2", "octet_length", "reverse", "whole"}
KNOWN = BODIES.keys() - {"whole"}


@functools.lru_cache(maxsize=1024)
def type_text(duck: str) -> str:
    """A type in the cloud's words: `array<struct<a:int>>`.

    Args:
        duck: in DuckDB's.
    """
    return "void" if duck == '"NULL"' else _said(exp.DataType.build(duck, dialect="duckdb"))


def _said(kind: exp.Expression) -> str:
    if isinstance(kind, exp.ColumnDef):
        return f"{kind.name}:{_said(kind.args['kind'])}"
    inner = ",".join(
        _said(one) for one in kind.expressions if not isinstance(one, exp.DataTypeParam)
    )
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST, exp.DType.STRUCT, exp.DType.MAP):
        word = "array" if kind.this == exp.DType.LIST else kind.this.value.lower()
        return f"{word}<{inner}>"
    return _WORDS.get(kind.this) or str(kind.sql(dialect="databricks")).lower().replace(" ", "")


def added(name: str, *arguments: exp.Expression) -> exp.Expression:
    """A call of one of `KNOWN`. Raises BadStatement: so many arguments are of none of its forms."""
    counts = {form.count(",") + bool(form.strip()) for form in _forms(BODIES[name])}
    if len(arguments) not in counts:
        wanted = " or ".join(map(str, sorted(counts)))
        raise BadStatement(
            f"[WRONG_NUM_ARGS] The function {name} takes {wanted} arguments; it is given "
            f"{len(arguments)}."
        )
    if name in _BY_TYPE:
        return typed_call(PREFIX + name, *arguments)
    return call(PREFIX + name, *arguments)


def _forms(body: str) -> list[str]:
    """The parameters of each form of a macro."""
    return re.findall(r"\(([^()]*)\) AS ", body)


def _of_class(name: str, *parts: str) -> Callable[[exp.Expression], exp.Expression]:
    """What a node of a class is changed to: a call with these of its parts."""
    return lambda node: added(name, *(node.args[part] for part in parts or ("this",)))


# ------------------------------------------------------------------ aggregates
def _aggregate(name: str) -> Callable[[exp.Expression], exp.Expression]:
    def change(node: exp.Expression) -> exp.Expression:
        given = [one.copy() for one in (node.this, node.args.get("expression")) if one is not None]
        return exp.AnonymousAggFunc(this=name, expressions=given)

    return change


def skewness(node: exp.Expression) -> exp.Expression | None:
    """`skewness` with the window and the filter around it, of a list of its values; else None."""
    inner = innermost(node)
    if is_surrounded(node) or not isinstance(inner, exp.Skewness):
        return None
    listed = exp.AnonymousAggFunc(this="list", expressions=[exp.cast(inner.this.copy(), "double")])
    if inner is node:
        return call("vitrine_skewness", listed)
    inner.replace(listed)
    return call("vitrine_skewness", node)


def _count(node: exp.Expression) -> exp.Expression:
    """`count(a, b)`: the rows in which all are there."""
    more = node.expressions
    if not more:
        return node
    there = exp.and_(
        *(
            exp.Not(this=exp.Is(this=one.copy(), expression=exp.Null()))
            for one in (node.this, *more)
        )
    )
    return exp.Count(this=exp.Case(ifs=[exp.If(this=there, true=number(1))]), big_int=True)


def _first(name: str) -> Callable[[exp.Expression], exp.Expression]:
    """`first_value` of a group, without a window."""

    def change(node: exp.Expression) -> exp.Expression:
        within = node.parent
        while isinstance(within, (exp.IgnoreNulls, exp.RespectNulls, exp.Filter)):
            within = within.parent
        return node if isinstance(within, exp.Window) else _aggregate(name)(node)

    return change


def _without_nulls(node: exp.Expression) -> exp.Expression:
    """`first(x) IGNORE NULLS` of a group, by a filter; that of a window is DuckDB's own."""
    around = node.parent
    if isinstance(around.parent if isinstance(around, exp.Filter) else around, exp.Window):
        return node
    aggregate = node.this
    value = aggregate.expressions[0] if aggregate.expressions else aggregate.this
    there = exp.Is(this=exp.paren(value.copy()), expression=exp.Null()).not_()
    if isinstance(around, exp.Filter):
        condition = exp.and_(around.expression.this.copy(), there)
        around.set("expression", exp.Where(this=condition))
        return aggregate.copy()
    return exp.Filter(this=aggregate.copy(), expression=exp.Where(this=there))


def _set_of(node: exp.Expression) -> exp.Expression:
    """`collect_set(DISTINCT x)`, whose values are distinct anyway."""
    if isinstance(node.this, exp.Distinct) and len(node.this.expressions) == 1:
        node.set("this", node.this.expressions[0])
    return node


def _within_group(node: exp.Expression) -> exp.Expression:
    """`percentile_disc`, a DOUBLE whatever it is of."""
    if isinstance(node.this, exp.PercentileDisc):
        for one in node.expression.expressions:
            one.set("this", exp.cast(one.this.copy(), "double"))
    return node


# ------------------------------------------------------------------ texts
def _replace(node: exp.Expression) -> exp.Expression:
    if node.args.get("replacement") is None:
        node.set("replacement", exp.Literal.string(""))
    return node


def _collated(node: exp.Expression) -> exp.Expression:
    """Texts that are compared by their bytes, or without regard to capital letters."""
    name = node.expression.name.upper()
    if name in ("UTF8_BINARY", "UNICODE"):
        return node.this
    if name in ("UTF8_LCASE", "UNICODE_CI"):
        node.set("expression", exp.var("NOCASE"))
        return node
    raise NotSupported(
        f"The collation {name:.40} is not supported; known are UTF8_BINARY, UTF8_LCASE, UNICODE and "
        "UNICODE_CI."
    )


_SPECIFIED = re.compile(r"%(?:%|([-+ 0#,(]*)(\d*)(?:\.(\d+))?([a-zA-Z]))")


def formatted(pattern: exp.Expression, *values: exp.Expression) -> exp.Expression:
    """`format_string` and `printf`. Raises NotSupported: a pattern that is no constant, or of others."""
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise NotSupported("format_string is supported with a constant pattern alone.")
    given: list[exp.Expression] = []
    for found in _SPECIFIED.finditer(pattern.name):
        flags, kind = found[1], found[4]
        if kind is None:
            continue
        if "," in flags or "(" in flags or kind not in "sdxXofeEgG" or len(given) == len(values):
            raise NotSupported(
                f"format_string: {found[0]!r} in {pattern.name!r:.60} is not supported."
            )
        value = values[len(given)].copy()
        if kind == "s":
            text = call("vitrine_text", value)
            given.append(exp.Coalesce(this=text, expressions=[exp.Literal.string("null")]))
        else:
            given.append(exp.cast(value, "bigint" if kind in "dxXo" else "double"))
    return call("printf", pattern, *given)


def _format(node: exp.Expression) -> exp.Expression:
    return formatted(node.this, *node.expressions)


def _elt(node: exp.Expression) -> exp.Expression:
    return call("list_extract", exp.Array(expressions=node.expressions), node.this)


def _log(node: exp.Expression) -> exp.Expression:
    base, value = node.this, node.expression
    return added("ln", base) if value is None else added("log", base, value)


def _parse_url(node: exp.Expression) -> exp.Expression:
    given = (node.args.get(one) for one in ("this", "part_to_extract", "key"))
    return added("parse_url", *(one for one in given if one is not None))


# ------------------------------------------------------------------ JSON
def _json_part(node: exp.Expression) -> exp.Expression:
    """`get_json_object`: null where a text isn't JSON; of a wildcard, all that it finds."""
    node.set("this", as_json(node.this))
    if node.expression.find(exp.JSONPathWildcard) is None:
        return node
    return call("vitrine_json_found", call("json_extract", node.this, node.expression))


def _from_json(node: exp.Expression) -> exp.Expression:
    """A text's JSON in the types of a schema; null where it isn't JSON."""
    schema = node.expression
    if not isinstance(schema, exp.Literal) or not schema.is_string or node.args.get("options"):
        raise NotSupported("from_json is supported with a constant schema, and without options.")
    kind = schema_type(schema.name, "from_json")
    for inner in kind.find_all(exp.DataType):
        if inner.this == exp.DType.TIMESTAMP:
            inner.set("this", exp.DType.TIMESTAMPTZ)
    return exp.paren(exp.TryCast(this=as_json(node.this), to=kind))


def schema_type(schema: str, function: str) -> exp.DataType:
    """A type, or columns with types, that a function is given. Raises BadStatement: neither."""
    for text in (schema, f"struct<{schema}>"):
        try:
            kind = exp.DataType.build(text, dialect="databricks")
        except (ParseError, ValueError):
            continue
        if all(map(_is_whole_type, kind.find_all(exp.DataType))):
            return kind
    raise BadStatement(f"[PARSE_SYNTAX_ERROR] {function}: {schema!r:.100} is no schema.")


def _is_whole_type(kind: exp.DataType) -> bool:
    if kind.this != exp.DType.STRUCT:
        return bool(kind.this != exp.DType.USERDEFINED)
    fields = kind.expressions
    return bool(fields) and all(
        isinstance(one, exp.ColumnDef) and isinstance(one.args.get("kind"), exp.DataType)
        for one in fields
    )


def _to_json(node: exp.Expression) -> exp.Expression:
    """Fields that are null are left out."""
    if node.args.get("options"):
        raise NotSupported("to_json is supported without options.")
    return call("vitrine_json", node.this)


# ------------------------------------------------------------------ lists
def _zipped(node: exp.Expression) -> exp.Expression:
    """`arrays_zip`: fields have the names of columns, others their number; of empty lists nothing."""
    lists = [one for one in (node.args.get("this"), *node.expressions) if one is not None]
    entry = exp.to_identifier("vitrine_entry")
    row = structure(
        (
            one.name if isinstance(one, exp.Column) else str(place),
            call("struct_extract", entry, number(place + 1)),
        )
        for place, one in enumerate(lists)
    )
    zipped = call(
        "list_transform", call("list_zip", *lists), exp.Lambda(this=row, expressions=[entry])
    )
    missing = exp.or_(*(exp.Is(this=one.copy(), expression=exp.Null()) for one in lists))
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=zipped)


# ------------------------------------------------------------------ arithmetic
def with_whole_numbers(node: exp.Expression) -> exp.Expression:
    """A column and a whole number: of TINYINT and SMALLINT columns an INT, as the number is one."""
    for one, other in ((node.this, node.expression), (node.expression, node.this)):
        is_whole = isinstance(other, exp.Literal) and other.is_int
        if isinstance(one, exp.Column) and is_whole and not _is_named_beside(one):
            one.replace(typed_call(PREFIX + "whole", one.copy()))
        elif isinstance(one, exp.Literal) and one.is_string and isinstance(other, exp.Literal):
            one.replace(exp.cast(one.copy(), "double" if "." in one.name else "bigint"))
    return node


def _is_named_beside(column: exp.Column) -> bool:
    """Whether it may be another column of the same SELECT, whose type comes too late."""
    select = column.find_ancestor(exp.Select)
    named = () if select is None else select.named_selects
    return not column.table and column.name.lower() in {name.lower() for name in named}


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.ArgMax: _aggregate("arg_max_null"),
    exp.ArgMin: _aggregate("arg_min_null"),
    exp.ArrayContains: _of_class("array_contains", "this", "expression"),
    exp.ArraysZip: _zipped,
    exp.Count: _count,
    exp.DateFromUnixDate: _of_class("date_from_unix_date"),
    exp.Dayname: _of_class("dayname"),
    exp.Elt: _elt,
    exp.FirstValue: _first("first"),
    exp.Format: _format,
    exp.ArrayUniqueAgg: _set_of,
    exp.Collate: _collated,
    exp.FromJson: _from_json,
    exp.IgnoreNulls: _without_nulls,
    exp.JSONExtractScalar: _json_part,
    exp.Replace: _replace,
    exp.WithinGroup: _within_group,
    exp.JSONFormat: _to_json,
    exp.Kurtosis: _aggregate("kurtosis_pop"),
    exp.LastValue: _first("last"),
    exp.Ln: _of_class("ln"),
    exp.Log: _log,
    exp.MapContainsKey: _of_class("map_contains_key", "this", "key"),
    exp.Monthname: _of_class("monthname"),
    exp.Nanvl: _of_class("nanvl", "this", "expression"),
    exp.Rand: lambda node: exp.Rand(),
    exp.RegexpSubstr: _of_class("regexp_substr", "this", "expression"),
    exp.Reverse: _of_class("reverse"),
    exp.Rint: _of_class("rint"),
    exp.StrToMap: _of_class("str_to_map", "this", "pair_delim", "key_value_delim"),
    exp.ToBase64: _of_class("base64"),
    exp.Csc: _of_class("csc"),
    exp.Sec: _of_class("sec"),
    exp.Shuffle: _of_class("shuffle"),
    exp.Soundex: _of_class("soundex"),
    exp.Getbit: _of_class("getbit", "this", "expression"),
    exp.Negative: _of_class("negative"),
    exp.ParseUrl: _parse_url,
    exp.Typeof: _of_class("typeof"),
    exp.WidthBucket: _of_class("width_bucket", "this", "min_value", "max_value", "num_buckets"),
}
