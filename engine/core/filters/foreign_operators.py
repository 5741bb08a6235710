"""Operators of other databases' filters, such as `{"price": {"$gte": 10}}`: what to write instead.

Knows the dict dialect's own forms; not columns or values. Only refusals are made here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from engine.core.values import shown
from engine.errors import BadRequest

# What follows the column in a key, by the operator's name without its `$`.
_SUFFIXES = {
    **{"eq": "", "=": "", "==": "", "in": "", "contains": "", "any": ""},
    **{"ne": " NOT", "!=": " NOT", "<>": " NOT", "nin": " NOT", "not": " NOT", "not_in": " NOT"},
    **{"gt": " >", ">": " >", "gte": " >=", ">=": " >="},
    **{"lt": " <", "<": " <", "lte": " <=", "<=": " <="},
    **{"like": " LIKE", "ilike": " LIKE", "regex": " LIKE"},
}
_GROUPS = {
    "and": "conditions of one dict are joined by AND; write "
    '{"price >=": 10, "color": "red"}, or a list of dicts',
    "or": "columns of an OR stand in one key with a value each; write "
    '{"color OR brand": ["red", "Acme"]}, and several values of one column as a list',
    "not": 'NOT stands behind the column; write {"color NOT": "red"}',
    "nor": 'NOT stands behind the column; write {"color NOT": ["red", "blue"]}',
}


def refused_key(key: str, value: object) -> BadRequest:
    """The refusal of a key such as `$and`."""
    hint = _GROUPS.get(key[1:].lower(), 'a key is a column and an operator; write {"price >=": 10}')
    return BadRequest(f"Filter {key!r} is not known; {hint}, not {key} with {shown(value)}.")


def refused_value(key: str, column: str, value: Mapping[object, object]) -> BadRequest:
    """The refusal of a dict as a value: the same conditions in the dialect's own form."""
    given = (
        f"Filter {key!r} has {shown(dict(value))} of type dict for column {column!r}; expected a "
        "value or a list of values."
    )
    own: dict[str, object] = {}
    for name, operand in value.items():
        suffix = _SUFFIXES.get(str(name).lstrip("$").lower())
        if suffix is None:
            own = {}
            break
        own[f"{column}{suffix}"] = operand
    form = _json(own) if own else f'{{"{column} >=": 10}}'
    return BadRequest(f"{given} The operator stands in the key: write {form}.")


def _json(own: Mapping[str, object]) -> str:
    try:
        return f"{json.dumps(own, default=str, ensure_ascii=False):.300}"
    except (ValueError, TypeError, RecursionError):
        return shown(dict(own))
