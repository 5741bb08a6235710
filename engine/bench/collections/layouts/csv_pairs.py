"""Pictures with captions in a table of text, as open_clip is trained on and clip_benchmark tests on.

    filepath<TAB>title                open_clip's csv: a header, then a picture's path and its caption
    image,caption                     clip_benchmark's flickr30k_test_karpathy.txt, where captions have
                                      commas and no quotes

A picture with several captions has several lines. Paths are below the table's folder, or absolute.
Other columns may stand beside these two where values with the separator are quoted.

Source: open_clip's --dataset-type csv with its --csv-img-key and --csv-caption-key
(open_clip_train/data.py, params.py); clip_benchmark/datasets/flickr.py.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.pairs import Pairs, Places
from engine.bench.collections.part import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.bench.collections.source_files import read_lines
from engine.errors import BadSourceFile, InvalidParameterValue

PICTURES = ("filepath", "image", "file_name", "image_path")
CAPTIONS = ("title", "caption", "text")
ENDINGS = (".csv", ".tsv", ".txt")


Columns = tuple[str, int, int, int]  # separator, places of picture and caption, number of columns


def _tables(path: Path) -> list[tuple[Path, Columns]]:
    files = [path] if path.is_file() else sorted(path.iterdir())
    tables = [one for one in files if one.suffix.lower() in ENDINGS]
    return [(one, columns) for one in tables if (columns := _columns(one)) is not None]


def _columns(file: Path) -> Columns | None:
    """What the header says; None where it is no such table's."""
    try:
        header = next(read_lines(file), "")
    except BadSourceFile:
        return None
    separator = "\t" if "\t" in header else ","
    names = [name.strip().strip('"').lower() for name in header.split(separator)]
    picture = next((names.index(name) for name in PICTURES if name in names), None)
    caption = next((names.index(name) for name in CAPTIONS if name in names), None)
    return None if picture is None or caption is None else (separator, picture, caption, len(names))


def _read(path: Path, part: Part) -> Collection:
    tables = _tables(path)
    if not tables:
        raise BadSourceFile(
            f"no table with a header of {' or '.join(PICTURES)} and {' or '.join(CAPTIONS)}, "
            "separated by tabs or commas",
            file=str(path),
        )
    if len(tables) > 1:
        raise InvalidParameterValue(
            f"{path} holds several tables ({', '.join(one.name for one, _ in tables)}); give one of them"
        )
    file, columns = tables[0]
    captions: dict[str, list[str]] = {}
    for picture, caption in _rows(file, columns):
        captions.setdefault(picture, []).append(caption)
    places = Places([file.parent, file.parent / "images"])
    pairs = Pairs()
    for picture, own in captions.items():
        pairs.add(picture, places.find(picture), own)
    return pairs.collection(file.stem, part, source=f"table {file.name}")


def _rows(file: Path, columns: Columns) -> Iterator[tuple[str, str]]:
    separator, picture, caption, count = columns
    reader = csv.reader(read_lines(file), delimiter=separator)
    next(reader)
    for row in reader:
        if not row:
            continue
        if count == 2 and picture == 0 and len(row) > 2:
            row = [row[0], separator.join(row[1:])]
        if len(row) != count or not row[picture]:
            raise BadSourceFile(
                f"{len(row)} values; expected {count}, with the picture's path; "
                "quote values that hold the separator",
                file=str(file),
                line=reader.line_num,
            )
        yield row[picture], row[caption]


CSV_PAIRS = Layout(
    kind="csv",
    expected="a table with a header `filepath<TAB>title` (open_clip) or `image,caption`",
    directions=(TEXT_TO_IMAGE, IMAGE_TO_TEXT),
    takes=frozenset(),
    recognises=lambda path: bool(_tables(path)),
    read=_read,
)
