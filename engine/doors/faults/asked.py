"""Rules as JSON describes them: each kind with the arguments of its method. Knows fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping

from engine.doors.faults.faults import Faults, Rule
from engine.errors import InvalidInputException
from engine.service.near_names import meant

KINDS: Mapping[str, Callable[..., Rule]] = {
    "fail": Faults.fail,
    "slow": Faults.slow,
    "reset": Faults.reset,
    "expire_token": Faults.expire_token,
    "partial_upsert": Faults.partial_upsert,
}


def ask(faults: Faults, values: object) -> list[Rule]:
    """The rules that values of JSON stand for, asked for in order; none where one is refused.

    Args:
        values: an object such as `{"kind": "fail", "operation": "query_index", "status": 429}`, or a
            list of them; beside `kind`, the arguments of that method of `Faults`.

    Raises:
        InvalidInputException: an unknown kind or field, one that is missing, or a value that means
            nothing.
    """
    given = values if isinstance(values, list) else [values]
    for one in given:
        _apply(Faults(), one)
    return [_apply(faults, one) for one in given]


def _apply(faults: Faults, values: object) -> Rule:
    if not isinstance(values, dict):
        raise InvalidInputException(
            f"a fault is {values!r:.80}; expected an object, such as "
            '{"kind": "fail", "operation": "query_index", "status": 429}.'
        )
    kind = values.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise InvalidInputException(f"kind is {kind!r:.80}; expected one of {', '.join(KINDS)}.")
    fields = {name: value for name, value in values.items() if name != "kind"}
    parameters = list(inspect.signature(KINDS[kind]).parameters.values())[1:]
    known = [parameter.name for parameter in parameters]
    for name in fields:
        if name not in known:
            near = meant(name, known)
            hint = f"Did you mean {near[0]}?" if near else f"It takes {', '.join(known)}."
            raise InvalidInputException(f"{kind} takes no field {name!r:.80}. {hint}")
    for parameter in parameters:
        if parameter.default is parameter.empty and parameter.name not in fields:
            raise InvalidInputException(f"{kind}: the field {parameter.name} is missing.")
    if not isinstance(fields.get("keys"), (list, type(None))):
        raise InvalidInputException(f"keys is {fields['keys']!r:.80}; expected a list of keys.")
    return KINDS[kind](faults, **fields)
