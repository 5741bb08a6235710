"""A bare folder of pictures as a source: the path is the key, the folder the category, the file's name
the title. Knows names of files; not what is in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from engine.errors import BadSourceFile
from engine.shop.catalogue.pictures.folders import picture_paths
from engine.shop.catalogue.sources.source import Source, SourceRow

ID, TITLE, IMAGE = "id", "title", "image"
_LEVELS = ("category", "subcategory")
_BLANKS = re.compile(r"[\s_\-.+]+")


def open_picture_folder(path: Path) -> Source:
    """Every picture of a folder and of those in it as a product.

    Columns: `id` (the path below the folder, without its ending), `title`, `category` (the first folder)
    and `subcategory` (the last, where there are two), `image` (the path).

    Raises:
        BadSourceFile: no picture is there.
    """
    found = picture_paths(path)
    if not found:
        raise BadSourceFile(
            "no picture, CSV, JSON or Parquet file and no Delta table is in this folder",
            file=str(path),
        )
    depth = max(name.count("/") for name in found)
    names = (ID, TITLE, *_LEVELS[: min(depth, 2)], IMAGE)
    return Source(
        path,
        path,
        names,
        lambda: _rows(found, names),
        how=(f"a folder of {len(found):,} pictures",),
        unit="row",
    )


def _rows(found: list[str], names: tuple[str, ...]) -> Iterator[SourceRow]:
    stems = [name.rpartition(".")[0] for name in found]
    twice = {stem for stem, count in Counter(stems).items() if count > 1}
    for number, (name, stem) in enumerate(zip(found, stems), 1):
        *folders, last = stem.split("/")
        values: dict[str, str | None] = {
            ID: name if stem in twice else stem,
            TITLE: _BLANKS.sub(" ", last).strip() or last,
            IMAGE: name,
        }
        if _LEVELS[0] in names:
            values[_LEVELS[0]] = _BLANKS.sub(" ", folders[0]).strip() if folders else None
        if _LEVELS[1] in names:
            values[_LEVELS[1]] = _BLANKS.sub(" ", folders[-1]).strip() if len(folders) > 1 else None
        yield SourceRow(number, values)
