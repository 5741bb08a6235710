"""Files of JSON objects, one a line, that people write: read, and what is wrong in them named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import BadSourceFile


@dataclass(frozen=True)
class JsonLine:
    """One object of a file, and where it stands."""

    file: Path
    number: int
    entry: dict[str, Any]

    def bad(self, reason: str) -> BadSourceFile:
        """The error that names this line."""
        return BadSourceFile(f"{reason}.", file=str(self.file), line=self.number)

    def texts(self, name: str, given: Any) -> tuple[str, ...]:
        """What stands at `name`, as texts.

        Raises:
            BadSourceFile: it is no list of texts, or holds none.
        """
        if (
            isinstance(given, list)
            and given
            and all(isinstance(text, str) and text.strip() for text in given)
        ):
            return tuple(given)
        raise self.bad(f"{name} is {given!r:.80}; expected a list of texts")


def json_lines(path: str | Path, needed: Sequence[str], expected: str) -> Iterator[JsonLine]:
    """The objects of a file in order; blank lines are passed over.

    Args:
        needed: names that every object must have. expected: what a line should be, for people.

    Raises:
        BadSourceFile: no such file, no text in UTF-8, a line that is no JSON object with these names.
    """
    file = Path(path)
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    except UnicodeDecodeError:
        raise BadSourceFile("it is not text in UTF-8", file=str(file)) from None
    for number, text in enumerate(lines, 1):
        if text.strip():
            yield _line(file, number, text, needed, expected)


def _line(file: Path, number: int, text: str, needed: Sequence[str], expected: str) -> JsonLine:
    line = JsonLine(file, number, {})
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise line.bad(f"this is not JSON ({error})") from None
    if not isinstance(entry, dict) or not set(needed) <= set(entry):
        raise line.bad(f"expected an object with {expected}")
    if not _is_whole(entry):
        raise line.bad("a text in it holds half of a character (a lone surrogate)")
    return JsonLine(file, number, entry)


def _is_whole(entry: dict[str, Any]) -> bool:
    try:
        json.dumps(entry, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
