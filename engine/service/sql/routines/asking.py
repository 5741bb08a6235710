"""A function as what agents call by arguments of JSON: their schema, and the statement of a call.

Knows functions; not who calls. Values are parameters of the statement, never a part of its text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from engine.core.names import quoted_name
from engine.service.sql.routines.json_values import NESTED, WrongArgument, schema_of, value_of
from engine.service.sql.routines.routine import Field, Routine, type_of
from engine.service.sql.session import TypedText

OUTPUT = "output"  # the column of a function of one value


@dataclass(frozen=True)
class Call:
    """The statement of a call, and the values of its parameters by name."""

    statement: str
    parameters: dict[str, Any]


def arguments_schema(routine: Routine) -> dict[str, Any]:
    """The JSON schema of a function's arguments; those without a default are required.

    Raises:
        BadStatement: a parameter's type is none. NotSupported: JSON has no values of it.
    """
    properties = {field.name: _described(field) for field in routine.parameters}
    required = [field.name for field in routine.parameters if field.default is None]
    return {"type": "object", "properties": properties, "required": required}


def _described(field: Field) -> dict[str, Any]:
    default = None if field.default is None else f"Default: {field.default}"
    text = "\n".join(one for one in (field.comment, default) if one)
    return {**schema_of(_type(field)), **({"description": text} if text else {})}


def call_of(routine: Routine, arguments: Mapping[str, Any]) -> Call:
    """The call of a function with arguments by name; null is none, and others are not looked at.

    Raises:
        WrongArgument: one is missing, or no value of its parameter's type.
    """
    given: list[str] = []
    parameters: dict[str, Any] = {}
    for place, field in enumerate(routine.parameters):
        value = arguments.get(field.name)
        if value is None:
            if field.default is None:
                raise WrongArgument(f"Missing parameter value for {field.name}. {_listed(routine)}")
            continue
        said, values = _parameter(field, value, f"p{place}")
        given.append(f"{quoted_name(field.name)} => {said}")
        parameters |= values
    name = ".".join(map(quoted_name, routine.name.split(".")))
    call = f"{name}({', '.join(given)})"
    is_table = routine.columns is not None
    return Call(f"SELECT * FROM {call}" if is_table else f"SELECT {call} AS {OUTPUT}", parameters)


def _parameter(field: Field, value: object, name: str) -> tuple[str, dict[str, Any]]:
    """How a statement says an argument, and the values of the parameters in that."""
    kind = _type(field)
    read = value_of(kind, value, field.name)
    of_type = kind.sql("databricks")
    if kind.this in NESTED:
        text = json.dumps(read, ensure_ascii=False)
        return f"from_json(:{name}, :{name}_type)", {name: text, f"{name}_type": of_type}
    if isinstance(read, (str, bytes)) and kind.this != exp.DataType.Type.DECIMAL:
        return f":{name}", {name: read}
    text = str(read).lower() if isinstance(read, bool) else str(read)
    return f":{name}", {name: TypedText(text, of_type)}


def _type(field: Field) -> exp.DataType:
    return type_of(field.type or "STRING")


def _listed(routine: Routine) -> str:
    said = [f"{one.name} {one.type or ''}".strip() for one in routine.parameters]
    return f"The parameters of {routine.name} are: {', '.join(said)}."
