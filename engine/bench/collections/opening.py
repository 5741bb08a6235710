"""A standard set by its path: the layout is named, or recognised by what lies there."""

from __future__ import annotations

from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.layouts.beir import BEIR
from engine.bench.collections.layouts.cirr import CIRR
from engine.bench.collections.layouts.coco_captions import COCO_CAPTIONS
from engine.bench.collections.layouts.csv_pairs import CSV_PAIRS
from engine.bench.collections.layouts.fashion200k import FASHION200K
from engine.bench.collections.layouts.fashion_iq import FASHION_IQ
from engine.bench.collections.layouts.karpathy import KARPATHY
from engine.bench.collections.layouts.webdataset import WEBDATASET
from engine.bench.collections.leaving_out import with_pictures_that_open
from engine.bench.collections.part import Part
from engine.errors import InvalidParameterValue, NotFound

# The order in which a path is held against them: those that are told apart by more come first.
LAYOUTS: tuple[Layout, ...] = (
    KARPATHY,
    COCO_CAPTIONS,
    FASHION200K,
    CIRR,
    FASHION_IQ,
    BEIR,
    WEBDATASET,
    CSV_PAIRS,
)


def open_collection(path: Path, kind: str | None = None, part: Part | None = None) -> Collection:
    """Read a test collection where it lies; nothing is unpacked or copied.

    Pictures that are missing or can't be opened are left out with the queries that only they answer;
    `more["left out"]` names them. Who finds more trouble while decoding calls `leaving_out`.

    Args:
        path: the set's folder, or its file (a JSON of captions, a tar, a CSV).
        kind: one of `kinds()`; None to recognise it.
        part: which split, direction, fold and category; None for what papers report.

    Raises:
        NotFound: nothing lies there.
        InvalidParameterValue: an unknown kind, none that is recognised, or a part that it lacks.
        BadSourceFile: a file of the set that can't be read; names file and place.
    """
    if not path.exists():
        raise NotFound(f"{path} does not exist; give the folder or the file of a test collection")
    layout = _recognised(path) if kind is None else _named(kind)
    return with_pictures_that_open(layout.read(path, layout.fitting(part or Part())))


def kinds() -> dict[str, str]:
    """Every layout that can be read, and what lies there."""
    return {layout.kind: layout.expected for layout in LAYOUTS}


def _named(kind: str) -> Layout:
    for layout in LAYOUTS:
        if layout.kind == kind:
            return layout
    raise InvalidParameterValue(f"no layout {kind!r}; there are: {', '.join(kinds())}")


def _recognised(path: Path) -> Layout:
    for layout in LAYOUTS:
        if layout.recognises(path):
            return layout
    known = "\n".join(f"  {kind}: {expected}" for kind, expected in kinds().items())
    raise InvalidParameterValue(
        f"{path} has no layout that is known here. Expected one of:\n{known}\n"
        "Give the set's own folder, or say which it is by its kind."
    )
