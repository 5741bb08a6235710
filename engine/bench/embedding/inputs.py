"""The photos and texts of a run: equal bytes for everyone, chosen by the seed, each known to be good."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.encode.images import decode
from engine.errors import BadImage, BadSourceFile
from engine.photo_files import read_photo
from engine.shop.demo import sample_dir

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
NAMES = "productDisplayName"  # in the sample's table
WARM = 4  # inputs of each contestant's first, uncounted run


@dataclass(frozen=True)
class Inputs:
    """Absolute paths of photos, in `folder` and named in their order; texts, also as files of one.

    Attributes:
        photo_bytes: of all photos together, on disk.
    """

    folder: str
    photos: list[str]
    text_folder: str
    texts: list[str]
    photo_bytes: int

    def write(self, file: Path) -> Path:
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")
        return file


@dataclass(frozen=True)
class Chosen:
    """What all contestants are given. `broken`: names of photos that were passed over, and why."""

    whole: Inputs
    warm: Inputs
    broken: dict[str, str]


def choose(
    photos: Path | None,
    texts: Sequence[str] | None,
    folder: Path,
    *,
    count: int,
    text_count: int,
    seed: int,
) -> Chosen:
    """Photos and texts of a run, put into a folder.

    Args:
        photos: a folder; None for the bundled sample's. texts: None for the sample's names of products.
        count, text_count: how many at most; broken photos are passed over, and others taken.

    Raises:
        BadSourceFile: there is no usable photo, or no text.
    """
    source = photos or sample_dir() / "images"
    files = sorted(file for file in source.rglob("*") if file.suffix.lower() in ENDINGS)
    random.Random(seed).shuffle(files)
    good: list[Path] = []
    broken: dict[str, str] = {}
    for file in files:
        if len(good) == count:
            break
        try:
            decode(read_photo(file))
            good.append(file)
        except BadImage as error:
            broken[file.name] = error.message.replace(str(file), file.name)
    if not good:
        why = next(iter(broken.values()), f"no file ends in {', '.join(sorted(ENDINGS))}")
        raise BadSourceFile(f"{source} has no photo that can be used: {why}", file=str(source))
    words = list(dict.fromkeys(filter(None, sample_names() if texts is None else texts)))
    random.Random(seed).shuffle(words)
    if not words:
        raise BadSourceFile("there is no text to encode", file=str(source))
    whole = _placed(good, words[:text_count], folder / "inputs")
    warm = _placed(good[:WARM], words[:WARM], folder / "warm")
    return Chosen(whole, warm, broken)


def sample_names() -> list[str]:
    """The bundled sample's names of products."""
    return names_in(sample_dir() / "styles.csv", NAMES)


def names_in(file: Path, column: str | None = None) -> list[str]:
    """Texts of a file: a column of a CSV, or a line each where no column is named.

    Raises:
        BadSourceFile: it can't be read, or lacks the column.
    """
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            if column is None:
                return [line.strip() for line in opened if line.strip()]
            rows = csv.DictReader(opened)
            if column not in (rows.fieldnames or []):
                raise BadSourceFile(
                    f"{file} has no column {column!r}; it has: {', '.join(rows.fieldnames or [])}.",
                    file=str(file),
                )
            return [row[column] for row in rows if row[column]]
    except (OSError, UnicodeDecodeError) as error:
        raise BadSourceFile(f"{file} can't be read: {error}", file=str(file)) from error


def _placed(photos: Sequence[Path], texts: Sequence[str], folder: Path) -> Inputs:
    """Photos under names in their order: links, or copies where the system makes none."""
    place, words = folder / "photos", folder / "texts"
    place.mkdir(parents=True)
    words.mkdir()
    placed = []
    for number, photo in enumerate(photos):
        target = place / f"{number:06}{photo.suffix.lower()}"
        try:
            os.symlink(photo.resolve(), target)
        except OSError:
            shutil.copyfile(photo, target)
        placed.append(target)
    for number, text in enumerate(texts):
        (words / f"{number:06}.txt").write_text(text, encoding="utf-8")
    size = sum(file.stat().st_size for file in placed)
    return Inputs(str(place), list(map(str, placed)), str(words), list(texts), size)
