"""A journal's lines as they are read: each field is what the rest of the bench takes it for.

Others write such lines too: what isn't one is refused where it stands, by field, and not where a plot
or a test of significance trips over it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from engine.bench.records.floors import Floors
from engine.bench.records.line import BETTER
from engine.bench.records.machine import Machine
from engine.errors import InvalidParameterValue

Check = Callable[[Any], bool]


def documents(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each object stands, and the object; empty lines are skipped.

    A last line that breaks off, as a machine's crash leaves one, is refused too.

    Raises:
        InvalidParameterValue: a line that is no JSON object in UTF-8, or has a number that JSON lacks;
            says which.
    """
    content = file.read_bytes().removeprefix(b"\xef\xbb\xbf")
    for number, text in enumerate(content.split(b"\n"), 1):
        if not text.strip():
            continue
        place = f"{file}, line {number}"
        try:
            document = json.loads(text.decode(), parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            raise InvalidParameterValue(f"{place}: not JSON: {error}") from error
        if not isinstance(document, dict):
            raise InvalidParameterValue(f"{place}: expected an object, got {text[:80].decode()}")
        yield place, document


def _refused(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON's")


def check(document: Mapping[str, Any]) -> None:
    """Refuse a field that is something else than its name says; what is missing is not its business.

    Raises TypeError: says the field, what stands there, and what was expected.
    """
    for name, (is_right, expected) in FIELDS[document["kind"]].items():
        if name in document and not is_right(document[name]):
            raise TypeError(f"{name} is {document[name]!r:.80}; expected {expected}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    if not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _is_object(value: Any, is_right: Check = lambda _: True) -> bool:
    return isinstance(value, dict) and all(map(is_right, value.values()))


def _is_setting(value: Any) -> bool:
    return value is None or isinstance(value, (str, bool)) or _is_number(value)


def _is_floor(value: Any) -> bool:
    if value is None:
        return True
    return _is_object(value) and _is_text(value.get("of")) and _is_number(value.get("value"))


def _is_machine(value: Any) -> bool:
    if not _is_object(value) or set(value) != {one.name for one in fields(Machine)}:
        return False
    memory = value["memory_gib"]
    texts = (value[name] for name in ("processor", "system", "python"))
    return (
        all(map(_is_text, texts))
        and _is_number(value["cores"])
        and (memory is None or _is_number(memory))
    )


def _are_floors(value: Any) -> bool:
    names = {one.name for one in fields(Floors)}
    return value is None or (_is_object(value, _is_number) and set(value) == names)


_TEXT = (_is_text, "a text")
_SETTINGS = (
    lambda value: _is_object(value, _is_setting),
    "an object of texts, numbers, true, false and null",
)
FIELDS: dict[str, dict[str, tuple[Check, str]]] = {
    "run": {
        **dict.fromkeys(("id", "command", "started"), _TEXT),
        "machine": (_is_machine, f"an object of {', '.join(one.name for one in fields(Machine))}"),
        "floors": (
            _are_floors,
            f"null or numbers: {', '.join(one.name for one in fields(Floors))}",
        ),
        "versions": (lambda value: _is_object(value, _is_text), "an object of texts"),
        "commit": (lambda value: value is None or _is_text(value), "a text or null"),
        "seed": (_is_number, "a number"),
    },
    "line": {
        **dict.fromkeys(("run", "case", "contestant", "what", "unit"), _TEXT),
        "values": (
            lambda value: isinstance(value, list) and bool(value) and all(map(_is_number, value)),
            "an array of numbers, one at least",
        ),
        "settings": _SETTINGS,
        "better": (lambda value: value in BETTER, f"one of {', '.join(BETTER)}"),
        "floor": (_is_floor, "null or an object of a text `of` and a number `value`"),
        "more": (_is_object, "an object"),
    },
    "left_out": {
        **dict.fromkeys(("run", "case", "contestant", "reason"), _TEXT),
        "settings": _SETTINGS,
    },
}
