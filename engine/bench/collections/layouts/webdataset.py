"""Pictures with captions or classes in tars, as img2dataset and clip_benchmark write them.

    00000.tar, 00001.tar, ...           samples of one key: 000000012.jpg, .txt (a caption), .json
                                        (img2dataset's, with "caption")
    test/0.tar, test/nshards.txt        clip_benchmark's splits; beside them dataset_type.txt:
                                        `retrieval` (.txt holds a caption a line), `multilabel` (.npy,
                                        a mark for each class) or none (.cls, the class's number), and
                                        classnames.txt, zeroshot_classification_templates.txt with {c}

Members are read where they lie; nothing is unpacked.

Source: webdataset/tariterators.py; clip_benchmark/webdataset_builder.py and `build_wds_dataset` in
clip_benchmark/datasets/builder.py; img2dataset's README, "Output format".
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.pairs import ONE_RIGHT_ANSWER, Pairs
from engine.bench.collections.part import IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.bench.collections.shards import Member, Sample, samples
from engine.bench.collections.source_files import one_token, read_lines
from engine.errors import BadSourceFile

PICTURES = ("webp", "png", "jpg", "jpeg")
TYPE, CLASSES = "dataset_type.txt", "classnames.txt"
TEMPLATES = "zeroshot_classification_templates.txt"


def _read(path: Path, part: Part) -> Collection:
    tars, home = _shards(path, part.split), _home(path)
    pairs = Pairs()
    if (home / CLASSES).is_file():
        limits = _read_classes(pairs, tars, home)
    else:
        several = _lines(home / TYPE) == ["retrieval"]
        for id, picture, sample in _samples(tars, pairs):
            captions = _captions(sample)
            pairs.add(id, picture, captions.splitlines() if several else [captions])
        limits = ONE_RIGHT_ANSWER
    name = path.stem if part.split is None else f"{path.stem} {part.split}"
    return pairs.collection(name, part, source=f"{len(tars)} tars of a webdataset", limits=limits)


def _shards(path: Path, split: str | None) -> list[Path]:
    """The tars of a split, in the order of their numbers."""
    if path.is_file():
        return [path]
    folder = path if split is None and any(path.glob("*.tar")) else path / (split or "test")
    tars = sorted(folder.glob("*.tar"), key=lambda one: (len(one.name), one.name))
    if not tars:
        there = sorted({one.parent.name for one in path.glob("*/*.tar")})
        raise BadSourceFile(
            f"no tar of the split {folder.name!r}; there are: {there}", file=str(path)
        )
    return tars


def _home(path: Path) -> Path:
    """The folder with the files that say what a set is: the one given, or the one above a split's."""
    folder = path.parent if path.is_file() else path
    described = (
        one for one in (folder, folder.parent) for name in (TYPE, CLASSES) if (one / name).is_file()
    )
    return next(described, folder)


def _samples(tars: list[Path], pairs: Pairs) -> Iterator[tuple[str, Member, Sample]]:
    """Id, picture and sample of each that has one; ids hold the shard's name if there are several."""
    for tar in tars:
        for sample in samples(tar, pairs.left_out):
            id = one_token(sample.key if len(tars) == 1 else f"{tar.stem}/{sample.key}")
            picture = sample.first(*PICTURES)
            if picture is None:
                pairs.left_out[id] = f"no picture ({', '.join(PICTURES)}) in the sample"
                continue
            yield id, picture, sample


def _captions(sample: Sample) -> str:
    """The text of a sample; empty where it has none."""
    text = sample.first("txt")
    if text is not None:
        return text().decode("utf-8", "replace")
    described = sample.first("json")
    if described is None:
        return ""
    try:
        caption = json.loads(described()).get("caption")
    except (ValueError, AttributeError):  # no JSON, or no object
        return ""
    return caption if isinstance(caption, str) else ""


def _read_classes(pairs: Pairs, tars: list[Path], home: Path) -> str:
    """Collects pictures with the classes that are right for them; returns what it can't say."""
    names = [name for name in _lines(home / CLASSES) if name]
    templates = [one for one in _lines(home / TEMPLATES) if "{c}" in one] or ["{c}"]
    ids = [f"class-{number}" for number in range(len(names))]
    pairs.texts.update(zip(ids, (templates[0].replace("{c}", name) for name in names)))
    several = _lines(home / TYPE) == ["multilabel"]
    for id, picture, sample in _samples(tars, pairs):
        numbers = _marked(sample) if several else _number(sample)
        if not numbers or not all(0 <= number < len(names) for number in numbers):
            pairs.left_out[id] = (
                f"its classes {numbers} are not among the {len(names)} of {CLASSES}"
            )
            continue
        pairs.pictures[id] = picture
        pairs.together += [(id, ids[number]) for number in numbers]
        if len(numbers) == 1:
            pairs.group_of[id] = one_token(names[numbers[0]])
    return "A class is asked by one text" + (
        "." if len(templates) == 1 else f": the first of the set's {len(templates)} templates."
    )


def _number(sample: Sample) -> list[int]:
    """The class's number in a sample's `.cls`; none where it has none."""
    member = sample.first("cls")
    try:
        return [] if member is None else [int(member())]
    except ValueError:
        return []


def _marked(sample: Sample) -> list[int]:
    """The classes that a sample's `.npy` marks; none where it has none."""
    member = sample.first("npy")
    try:
        marks = np.load(io.BytesIO(b"" if member is None else member()), allow_pickle=False)
    except (ValueError, EOFError):
        return []
    return [int(number) for number in np.flatnonzero(marks)]


def _lines(file: Path) -> list[str]:
    return [line.strip() for line in read_lines(file)] if file.is_file() else []


WEBDATASET = Layout(
    kind="webdataset",
    expected="tars of pictures (.jpg, .png, .webp) with .txt, .json or .cls, in one folder or in test/",
    directions=(TEXT_TO_IMAGE, IMAGE_TO_TEXT),
    takes=frozenset({"split"}),
    recognises=lambda path: (
        path.suffix == ".tar"
        if path.is_file()
        else any(path.glob("*.tar")) or any(path.glob("*/*.tar"))
    ),
    read=_read,
)
