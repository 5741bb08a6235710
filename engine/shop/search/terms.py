"""The parts that a query is composed of, each with its weight. Knows forms; not vectors.

[("green shirt", 1), ("short sleeves", 0.5), {"product": 15970, "weight": -0.7}]
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

from engine.core.query_request import check_text
from engine.core.reply import json_value
from engine.core.values import shown
from engine.errors import InvalidParameterValue

TermKind = Literal["text", "image", "product", "user", "direction"]
KINDS: tuple[TermKind, ...] = get_args(TermKind)
MAX_TERMS = 32
DIRECTION_WEIGHT = 0.3  # where none is given: enough to change a style, too little to change a kind
_FORMS = (
    'expected ("a text", weight), or a dict with one of text, image, product, user and direction, '
    "and with weight"
)


@dataclass(frozen=True)
class Term:
    """One part of a composed query.

    Attributes:
        value: a text; a path, bytes or PIL image; a product's primary key; a user's id; the name of a
            direction, such as `formal` or `color=red` (`engine/shop/latent/directions.py`).
        weight: any finite number; below 0 leads away from it.
    """

    kind: TermKind
    value: Any
    weight: float = 1.0

    def in_words(self) -> str:
        """What it is, for headings."""
        if self.kind == "text":
            return f"“{self.value}”"
        if self.kind == "image":
            return f"photo {self.value}" if isinstance(self.value, str) else "a photo"
        return f"{self.kind} {json_value(self.value, integers_as_floats=False)}"


def terms_of(given: object) -> tuple[Term, ...]:
    """The terms of a composed query as it was asked: texts, pairs and dicts in any mix.

    Raises:
        InvalidParameterValue: no list, too long, or an entry that is none of these; says which.
    """
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence) or not given:
        raise InvalidParameterValue(
            f"compose is {shown(given)}; expected a list of terms: {_FORMS}."
        )
    if len(given) > MAX_TERMS:
        raise InvalidParameterValue(
            f"compose has {len(given)} terms; expected at most {MAX_TERMS}."
        )
    terms = tuple(_term(place, entry) for place, entry in enumerate(given))
    if not any(term.weight for term in terms):
        raise InvalidParameterValue("compose: every weight is 0, so that nothing is searched for.")
    return terms


def in_words(terms: Sequence[Term]) -> str:
    """A composed query as one line: `“green shirt” + 0.5 × “short sleeves” - 0.7 × “buttons”`."""
    out = ""
    for term in terms:
        sign = "-" if term.weight < 0 else "+"
        size = "" if abs(term.weight) == 1 else f"{abs(term.weight):g} × "
        lead = f" {sign} " if out else ("-" if term.weight < 0 else "")
        out += f"{lead}{size}{term.in_words()}"
    return out


def _term(place: int, entry: object) -> Term:
    where = f"compose[{place}]"
    if isinstance(entry, Term):
        return Term(
            entry.kind, _value(where, entry.kind, entry.value), _weight(where, entry.weight)
        )
    if isinstance(entry, str):
        entry = {"text": entry}
    if isinstance(entry, (tuple, list)) and len(entry) == 2:
        value, weight = entry
        entry = {**(value if isinstance(value, Mapping) else {"text": value}), "weight": weight}
    if not isinstance(entry, Mapping):
        raise InvalidParameterValue(f"{where} is {shown(entry)}; {_FORMS}.")
    kinds = [kind for kind in KINDS if entry.get(kind) is not None]
    strange = [str(name) for name in entry if name not in (*KINDS, "weight")]
    if len(kinds) != 1 or strange:
        raise InvalidParameterValue(
            f"{where} has {', '.join(kinds + strange) or 'nothing to search for'}; {_FORMS}."
        )
    weight = entry.get("weight")
    return Term(
        kinds[0],
        _value(where, kinds[0], entry[kinds[0]]),
        _weight(where, _usual_weight(kinds[0]) if weight is None else weight),
    )


def _usual_weight(kind: TermKind) -> float:
    return DIRECTION_WEIGHT if kind == "direction" else 1.0


def _value(where: str, kind: TermKind, value: Any) -> Any:
    if kind == "text" and (not check_text(value) or not value.strip()):
        raise InvalidParameterValue(f"{where}.text is {shown(value)}; expected words.")
    if kind == "direction" and (not isinstance(value, str) or not value.strip()):
        raise InvalidParameterValue(
            f"{where}.direction is {shown(value)}; expected its name, such as 'formal'."
        )
    if kind == "user" and not isinstance(value, str):
        raise InvalidParameterValue(
            f"{where}.user is {shown(value)}; expected a user's id, a text."
        )
    return value


def _weight(where: str, weight: object) -> float:
    if isinstance(weight, Real) and not isinstance(weight, bool):  # numpy's numbers too
        with contextlib.suppress(OverflowError):
            if math.isfinite(float(weight)):
                return float(weight)
    raise InvalidParameterValue(
        f"{where}.weight is {shown(weight)}; expected a number, below 0 to lead away from it."
    )
