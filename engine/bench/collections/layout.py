"""What a layout of a standard set is: how it is recognised, what can be asked of it, what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.part import Part
from engine.errors import InvalidParameterValue


@dataclass(frozen=True)
class Layout:
    """One way in which a standard set lies on disk.

    Attributes:
        kind: its name, as `open_collection` takes it.
        expected: what lies there, for people whose folder is not recognised.
        directions: those that it has; the first is the usual one.
        takes: the fields of a `Part` that mean something here, beside the direction.
        recognises: whether a file or a folder is one, told from names alone.
        read: the collection of a part, whose direction is given.
    """

    kind: str
    expected: str
    directions: tuple[str, ...]
    takes: frozenset[str]
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Part], Collection]

    def fitting(self, part: Part) -> Part:
        """The part with its direction filled in.

        Raises InvalidParameterValue: a direction that the set lacks, or a field that means nothing here.
        """
        direction = part.direction or self.directions[0]
        if direction not in self.directions:
            raise InvalidParameterValue(
                f"a set of kind {self.kind!r} has no direction {direction!r}; "
                f"expected one of {list(self.directions)}"
            )
        given = {"split": part.split, "fold": part.fold, "category": part.category}
        for name, value in given.items():
            if value is not None and name not in self.takes:
                raise InvalidParameterValue(
                    f"{name} {value!r}: a set of kind {self.kind!r} has no {name}; leave it away"
                )
        return replace(part, direction=direction)
