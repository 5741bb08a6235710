"""A file's values, with the place of each. Knows places; not what the values mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.core.yaml_text import Place, Problem
from engine.errors import InvalidInputException


@dataclass(frozen=True)
class Document:
    """What a file holds.

    Attributes:
        file: None for values that were made by a program.
        folder: where relative paths start.
        lines: the line of each place, counted from 1, as far as the format tells.
    """

    file: Path | None
    folder: Path
    values: Any
    lines: Mapping[Place, int] = field(default_factory=dict)

    def where(self, place: Place) -> str:
        """A place in words: `line 7, tables[0].name`."""
        line = self.line(place)
        words = [f"line {line}"] if line else []
        return ", ".join([*words, shown_place(place)] if place else words)

    def line(self, place: Place) -> int:
        """The line of a place, or of what it is in; 0 where that is not known."""
        above = (place[:n] for n in range(len(place), 0, -1))
        return next((self.lines[one] for one in above if one in self.lines), 0)

    def path(self, text: str) -> Path:
        """A path of the file's, which starts in its folder unless it is absolute."""
        return self.folder / Path(text).expanduser()


def shown_place(place: Place) -> str:
    """A place as messages write it."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


class SeedRefused(InvalidInputException):
    """A file that was not applied, because of what is wrong in it; nothing was changed.

    Attributes:
        problems: all of them, each with its place.
    """

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda one: document.line(one.place))
        what = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = []
        for one in self.problems:
            where = document.where(one.place)
            lines.append(f"\n  {where}: {one.reason}" if where else f"\n  {one.reason}")
        super().__init__(
            f"{document.file or 'resources'}: {what}; nothing was changed.{''.join(lines)}"
        )
