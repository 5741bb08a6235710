"""Fields of a request: their names, kinds, and how values that don't fit are refused.

Knows JSON; not what a field is for. Truth: the request bodies that the API's clients send.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.core.arrays import types_of
from engine.core.schema import suggestion
from engine.core.values import shown
from engine.doors.rest.bodies import MalformedRequest, parse_body
from engine.errors import InvalidParameterValue

Kind = Literal[
    "string", "integer", "number", "boolean", "scalar", "strings", "numbers", "scalars",
    "object", "objects", "any",
]  # fmt: skip
Values = dict[str, Any]
_INTEGER = re.compile("-?[0-9]{1,18}")


@dataclass(frozen=True)
class Field:
    """A field of a body, or a parameter of a query string.

    Attributes:
        kind: of its value; "scalar" is text or a number, "objects" a list of objects.
        required: a request without it is refused. null counts as absent.
        fields: of an object, or of each object of a list.
        ignored: the service takes it and does nothing with it.
    """

    name: str
    kind: Kind
    required: bool = False
    fields: tuple[Field, ...] = ()
    ignored: bool = False


def ignored(*names: str) -> tuple[Field, ...]:
    """Fields that the service takes, of any kind, and does nothing with."""
    return tuple(Field(name, "any", ignored=True) for name in names)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and types_of(value) <= {int, float}


def _each(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


# What a value of each kind is called, and whether one is of it.
CHECKS: dict[Kind, tuple[str, Callable[[object], bool]]] = {
    "string": ("a string", lambda value: isinstance(value, str)),
    "integer": ("an integer", _is_integer),
    "number": ("a number", _is_number),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "scalar": ("a string or a number", _is_scalar),
    "strings": ("a list of strings", _each(lambda value: isinstance(value, str))),
    "numbers": ("a list of numbers", _are_numbers),
    "scalars": ("a list of strings or numbers", _each(_is_scalar)),
    "object": ("an object", lambda value: isinstance(value, dict)),
    "objects": ("a list of objects", _each(lambda value: isinstance(value, dict))),
    "any": ("anything", lambda value: True),
}


def read_body(body: object, fields: Sequence[Field], strict: bool = False) -> Values:
    """The fields of a body that were given, checked; ignored and unknown ones left out.

    Args:
        body: JSON text, or the values that it stands for; None and empty text are an empty object.
        strict: refuse a field that is not among `fields`, which the service drops.

    Raises:
        MalformedRequest: no JSON object, or an unknown field where that is refused.
        InvalidParameterValue: a value of another kind, or a required field that is missing.
    """
    if isinstance(body, (str, bytes)):
        holds_keys = any(field.kind in ("scalar", "scalars") for field in fields)
        body = parse_body(body, holds_keys) if body.strip() else None
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise MalformedRequest(f"The body is {shown(body)}; expected a JSON object.")
    return read_object(body, fields, strict=strict)


def read_object(
    given: Mapping[str, Any], fields: Sequence[Field], path: str = "", strict: bool = False
) -> Values:
    """The fields of one object; see `read_body`.

    Args:
        path: where the object stands, with a full stop at the end, for messages.
    """
    if len(given) < len(fields) and not strict:
        # Most fields are left out of most requests; what is wrong is told of in the fields' order.
        fields = [field for field in fields if field.required or field.name in given]
    if strict:
        known = [field.name for field in fields]
        for name in given:
            if name not in known:
                raise MalformedRequest(_unknown(f"{path}{name}", str(name), known))
    out: Values = {}
    for field in fields:
        value = given.get(field.name)
        if field.ignored:
            continue
        if value is None:
            if field.required:
                raise InvalidParameterValue(f"{path}{field.name} is missing; it is required.")
            continue
        expected, fits = CHECKS[field.kind]
        if not fits(value):
            raise InvalidParameterValue(
                f"{path}{field.name} is {shown(value)}; expected {expected}."
            )
        out[field.name] = _inside(value, field, f"{path}{field.name}", strict)
    return out


def _inside(value: Any, field: Field, path: str, strict: bool) -> Any:
    if field.kind == "object" and field.fields:
        return read_object(value, field.fields, f"{path}.", strict)
    if field.kind == "objects" and field.fields:
        return [
            read_object(item, field.fields, f"{path}[{i}].", strict) for i, item in enumerate(value)
        ]
    return value


def _unknown(shown: str, name: str, known: Sequence[str]) -> str:
    taken = f"it takes {', '.join(known)}" if known else "it takes none"
    return f"Unknown field {shown!r:.200}; {taken}.{suggestion(name, known)}"


def read_query(
    given: Mapping[str, object], fields: Sequence[Field], strict: bool = False
) -> Values:
    """The parameters of a query string that were given, checked and turned to their kinds.

    Args:
        given: text, or a list of texts where a name is repeated. Empty texts count as absent.
        strict: as in `read_body`.

    Raises:
        MalformedRequest, InvalidParameterValue: as `read_body`.
    """
    kinds = {field.name: field.kind for field in fields}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name == "o":  # the workspace's number, which browsers' addresses carry
            continue
        texts = [str(text) for text in value] if isinstance(value, (list, tuple)) else [str(value)]
        kind = kinds.get(name)
        if kind is None:
            values[name] = texts  # dropped or refused below
        elif kind in ("strings", "scalars"):
            values[name] = texts
        elif len(texts) != 1:
            raise InvalidParameterValue(f"{name} is given {len(texts)} times; expected once.")
        else:
            values[name] = _from_text(texts[0], kind) if texts[0] else None
    return read_object(values, fields, strict=strict)


def _from_text(text: str, kind: Kind) -> object:
    """A parameter's value, or the text itself where it is not of that kind."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    return text
