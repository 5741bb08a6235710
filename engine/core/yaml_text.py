"""The yaml wall: a YAML text as values, with the line of each. The only file with yaml.

Values are read as YAML 1.2 has them, and more carefully: only true and false are booleans, and what is
not written as JSON writes numbers stays a text: `no`, `2024-01-31`, `007`, `1_000`, `12:30`. Tags of
programs are refused, and so is what grows beyond bounds by anchors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

Place = tuple[str | int, ...]  # names and numbers from the top: ("tables", 0, "name")
DEEPEST = 40  # levels
MOST_VALUES = 2_000_000  # with those that anchors repeat
_STANDARD = "tag:yaml.org,2002:"
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLEANS = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {".nan": "nan", ".inf": "inf", "-.inf": "-inf", "+.inf": "inf"}


@dataclass(frozen=True)
class Problem:
    """Something in a file that is not as it must be."""

    place: Place
    reason: str


class NotYaml(Exception):
    """A text that can't be read; says where and why."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason, self.line = reason, line


class _Known(NamedTuple):
    """What an anchor stands for, and of how many values it consists."""

    value: Any
    size: int


def read_yaml(text: str, *, as_texts: bool = False) -> tuple[Any, dict[Place, int], list[Problem]]:
    """The value of a text, the line of each place, and names that stand twice.

    Args:
        as_texts: every value that is no list or mapping is a text, as it is written.

    Raises:
        NotYaml: no YAML, several documents, a tag or a key that has no meaning, too deep or too much.
    """
    try:
        return _Reader(text, as_texts).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(one) for one in (error.context, error.problem) if one)
        raise NotYaml(f"this is not YAML: {reason}", mark.line + 1 if mark else None) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow
        place = getattr(error, "position", None)
        line = text.count("\n", 0, place) + 1 if isinstance(place, int) else None
        raise NotYaml(f"this is not YAML: {getattr(error, 'reason', error)}", line) from None


class _Reader:
    """Reads one text."""

    def __init__(self, text: str, as_texts: bool) -> None:
        self._as_texts = as_texts
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=loader))
        self._lines: dict[Place, int] = {}
        self._problems: list[Problem] = []
        self._anchors: dict[str, _Known] = {}
        self._count = 0

    def read(self) -> tuple[Any, dict[Place, int], list[Problem]]:
        next(self._events)  # the stream's start
        event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            return None, {}, []
        value = self._value(next(self._events), ())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise NotYaml(
                "there is a second document; expected one, without a line `---` in it",
                event.start_mark.line + 1,
            )
        return value, self._lines, self._problems

    def _value(self, event: Any, place: Place) -> Any:
        line = event.start_mark.line + 1
        if len(place) > DEEPEST:
            raise NotYaml(f"it nests deeper than {DEEPEST} levels", line)
        self._lines[place] = line
        before = self._count
        self._add(1, line)
        if isinstance(event, yaml.AliasEvent):
            known = self._anchors.get(event.anchor)
            if known is None:
                raise NotYaml(f"*{event.anchor} stands for nothing that came before it", line)
            self._add(known.size, line)
            return known.value
        if isinstance(event, yaml.ScalarEvent):
            value = event.value if self._as_texts else _scalar(event, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._list(event, place)
        else:
            value = self._mapping(event, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Known(value, self._count - before)
        return value

    def _add(self, size: int, line: int) -> None:
        self._count += size
        if self._count > MOST_VALUES:
            raise NotYaml(f"it stands for more than {MOST_VALUES:,} values, with its anchors", line)

    def _list(self, event: Any, place: Place) -> list[Any]:
        _check_tag(event, "seq")
        values: list[Any] = []
        while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(inner, (*place, len(values))))
        return values

    def _mapping(self, event: Any, place: Place) -> dict[str, Any]:
        _check_tag(event, "map")
        values: dict[str, Any] = {}
        merged: list[dict[str, Any]] = []
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarEvent):
                raise NotYaml("a name is a list or a mapping; expected a text", line)
            inner = (*place, key.value)
            if key.value == "<<" and key.implicit[0]:
                merged += self._merged(place, line)
                continue
            if key.value in values:
                at = f" It was named in line {self._lines[inner]} before."
                self._problems.append(Problem(inner, f"{key.value!r:.80} stands here twice.{at}"))
            values[key.value] = self._value(next(self._events), inner)
            self._lines[inner] = line  # of the name: its value may start below
        for each in merged:
            values = {**each, **values}
        return values

    def _merged(self, place: Place, line: int) -> list[dict[str, Any]]:
        """What `<<` brings: a mapping, or a list of them of which the first counts most."""
        value = self._value(next(self._events), (*place, "<<"))
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise NotYaml("<< brings something that is no mapping", line)
        return parts


def _check_tag(event: Any, kind: str) -> None:
    if event.tag not in (None, "!", _STANDARD + kind):
        shown = event.tag.replace(_STANDARD, "!!")
        raise NotYaml(f"the tag {shown:.80} is not allowed here", event.start_mark.line + 1)


def _scalar(event: Any, line: int) -> Any:
    text: str = event.value
    if event.tag is not None and event.tag != "!":
        return _tagged(text, event.tag, line)
    if not event.implicit[0]:  # in quotes
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    if text.lower() in _SPECIAL:
        return float(_SPECIAL[text.lower()])
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _tagged(text: str, tag: str, line: int) -> Any:
    """A value whose type is written before it."""
    try:
        if tag == f"{_STANDARD}str":
            return text
        if tag == f"{_STANDARD}int":
            return int(text)
        if tag == f"{_STANDARD}float":
            return float(_SPECIAL.get(text.lower(), text))
        if tag == f"{_STANDARD}bool":
            return _BOOLEANS[text]
        if tag == f"{_STANDARD}null":
            return None
    except (ValueError, KeyError):
        raise NotYaml(f"{text!r:.80} is no {tag.removeprefix(_STANDARD)}", line) from None
    raise NotYaml(f"the tag {tag.replace(_STANDARD, '!!'):.80} is not allowed here", line)
