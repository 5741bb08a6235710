"""What a layout of a standard set is: how it is recognised, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.part import Part


@dataclass(frozen=True)
class Layout:
    """One way in which a standard set lies on disk.

    Attributes:
        kind: its name, as `open_collection` takes it.
        expected: what lies there, for people whose folder is not recognised.
        recognises: whether a file or a folder is one, told from names alone; raises nothing.
        read: the collection of a part of it.
    """

    kind: str
    expected: str
    recognises: Callable[[Path], bool]
    read: Callable[[Path, Part], Collection]
