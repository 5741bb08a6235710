"""Texts in formats: numbers of digits and signs, lines of CSV, parts by an expression.

Knows expressions; what the formats mean is said in `columns/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.added import added, schema_type
from engine.service.sql.language.functions.calls import call, number, structure
from engine.service.sql.language.functions.casts import as_cast
from engine.service.sql.language.functions.columns.numbers import is_number_format, number_format
from engine.service.sql.language.functions.times import patterns

_OF_BYTES = {"hex": "hex", "base64": "to_base64", "utf-8": "decode"}


def to_char(value: exp.Expression, said: exp.Expression) -> exp.Expression:
    """A number, a time or bytes as a text; the format says which.

    Raises:
        NotSupported: a format that is no constant.
    """
    text = _constant(said, "to_char")
    if text.lower() in _OF_BYTES:
        return call(_OF_BYTES[text.lower()], value)
    if not is_number_format(text):
        return patterns.shown(value, text)
    return call("vitrine_to_char", exp.cast(value.copy(), "text"), said)


def to_number(value: exp.Expression, said: exp.Expression, lenient: bool = False) -> exp.Expression:
    """A text in a format as a decimal of as many digits as the format has."""
    form = number_format(_constant(said, "to_number"))
    found = call(
        "vitrine_to_number", exp.cast(value.copy(), "text"), said, exp.Boolean(this=lenient)
    )
    return exp.cast(found, f"decimal({form.digits}, {len(form.part or '')})")


def _constant(said: exp.Expression, function: str) -> str:
    if not isinstance(said, exp.Literal) or not said.is_string:
        raise NotSupported(f"{function} is supported with a constant format alone.")
    return str(said.name)


def from_csv(line: exp.Expression, schema: exp.Expression) -> exp.Expression:
    """A line of CSV as a structure: its fields in the types of a schema, null where they don't fit."""
    if not isinstance(schema, exp.Literal) or not schema.is_string:
        raise NotSupported("from_csv is supported with a constant schema, and without options.")
    kind = schema_type(schema.name, "from_csv")
    if kind.this != exp.DType.STRUCT:
        raise BadStatement(f"from_csv: {schema.name!r:.100} names no columns.")
    fields = exp.to_identifier("vitrine_fields")
    values = (
        (one.name, _field(call("list_extract", fields, number(place + 1)), one.args["kind"]))
        for place, one in enumerate(kind.expressions)
    )
    each = exp.Lambda(this=structure(values), expressions=[fields.copy()])
    parts = call("vitrine_csv_fields", line, exp.Literal.string(","))
    missing = exp.Is(this=line.copy(), expression=exp.Null())
    listed = exp.Array(expressions=[parts])
    found = call("list_extract", call("list_transform", listed, each), number(1))
    return exp.Case(ifs=[exp.If(this=missing, true=exp.Null())], default=found)


def _field(text: exp.Expression, kind: exp.DataType) -> exp.Expression:
    """A field in its type; one with blanks around it is a text alone."""
    if kind.is_type("text", "varchar"):
        return text
    if kind.is_type("float", "double"):
        return exp.TryCast(this=text.copy(), to=kind.copy())
    fits = exp.EQ(this=text.copy(), expression=call("trim", text))
    found = as_cast(exp.TryCast(this=text.copy(), to=kind.copy()))
    return exp.Case(ifs=[exp.If(this=fits, true=found)])


def _split(node: exp.Expression) -> exp.Expression:
    """`split` with a limit; that without one is DuckDB's own."""
    limit, by = node.args.get("limit"), node.expression
    if limit is None and not (isinstance(by, exp.Literal) and by.name and _finds_nothing(by.name)):
        return node
    limit = number(0) if limit is None else limit
    return call("vitrine_split", node.this, node.expression, exp.cast(limit.copy(), "int"))


def _finds_nothing(expression: str) -> bool:
    """Whether an expression also matches an empty text, of which DuckDB finds none at the end."""
    try:
        return re.compile(expression).match("") is not None
    except re.error:
        return False


def _sha2(node: exp.Expression) -> exp.Expression:
    """`sha2` of other sizes than DuckDB's own, 256 bits."""
    size = node.args.get("length")
    if size is None or (isinstance(size, exp.Literal) and size.name == "256"):
        return node
    return added("sha2", node.this, size)


def tried_time(value: exp.Expression, said: exp.Expression, kind: str) -> exp.Expression:
    """A text in a pattern as a time or a date; null where it is none."""
    return exp.cast(patterns.read(value, _constant(said, "try_to_timestamp"), lenient=True), kind)


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    exp.RegexpSplit: _split,
    exp.SHA2: _sha2,
    exp.ToChar: lambda node: to_char(node.this, node.args["format"]),
    exp.ToNumber: lambda node: to_number(node.this, node.args["format"]),
}
