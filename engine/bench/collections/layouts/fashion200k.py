"""Fashion200k: descriptions of garments, and a photo with one word of its description replaced.

    labels/dress_test_detect_all.txt    a line a photo: path<TAB>score of the detection<TAB>description;
                                        also jacket, pants, skirt, top, and `train`
    women/dresses/casual_and_day_dresses/51727804/51727804_0.jpeg
    test_queries.txt                    a line a query: path of the reference, path of a target

Composed queries say "replace beige with multicolor", from the words in which the two descriptions
differ, and every photo with the target's description is right, but for the reference. Text to image
asks each description once. The group is the label file's category.

Source: Han et al., Automatic Spatially-Aware Fashion Concept Discovery, ICCV 2017; test_queries.txt
and its words by Vo et al., TIRG, CVPR 2019 (google/tirg, datasets.py; its test_retrieval.py takes the
reference out of the ranking).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.layouts.composed import Change, Changes
from engine.bench.collections.pairs import Pairs, Places
from engine.bench.collections.part import COMPOSED, IMAGE_TO_TEXT, TEXT_TO_IMAGE, Part
from engine.bench.collections.source_files import one_token, read_lines
from engine.errors import BadSourceFile

ENDING = "_detect_all.txt"
QUERIES = "test_queries.txt"
SAME_WORDS = (
    "Photos of one garment share a description; those of others that fit it count as wrong."
)


def _read(path: Path, part: Part) -> Collection:
    split = part.split or "test"
    described, category_of = _photos(path, split)
    places = Places([path, path / "images"])
    if part.direction == COMPOSED:
        return _composed(path, part, described, category_of, places)
    pairs = Pairs()
    ids: dict[str, str] = {}
    for photo, text in described.items():
        pairs.pictures[one_token(photo)] = places.find(photo)
        if not text:
            pairs.left_out[one_token(photo)] = "it has no description"
            continue
        id = ids.setdefault(text, f"description-{len(ids)}")
        pairs.texts[id] = text
        pairs.together.append((one_token(photo), id))
        pairs.group_of[one_token(photo)] = category_of[photo]
        pairs.group_of.setdefault(id, category_of[photo])
    return pairs.collection(
        f"Fashion200k {split}", part, source="Fashion200k's labels", limits=SAME_WORDS
    )


def _photos(path: Path, split: str) -> tuple[dict[str, str], dict[str, str]]:
    """The description and the category of each photo of a split, by its path."""
    files = sorted((path / "labels").glob(f"*_{split}{ENDING}"))
    if not files:
        there = sorted(one.name for one in (path / "labels").glob(f"*{ENDING}"))
        raise BadSourceFile(f"no labels/*_{split}{ENDING}; there are: {there}", file=str(path))
    described: dict[str, str] = {}
    category_of: dict[str, str] = {}
    for file in files:
        category = file.name.removesuffix(f"_{split}{ENDING}")
        for number, line in enumerate(read_lines(file), 1):
            if not line.strip():
                continue
            fields = line.split("\t")
            if len(fields) != 3:
                raise BadSourceFile(
                    f"{line[:80]!r}; expected path, score and description, separated by tabs",
                    file=str(file),
                    line=number,
                )
            described.setdefault(fields[0], " ".join(fields[2].split()))
            category_of.setdefault(fields[0], category)
    return described, category_of


def _composed(
    path: Path, part: Part, described: dict[str, str], category_of: dict[str, str], places: Places
) -> Collection:
    file = path / QUERIES
    if not file.is_file():
        raise BadSourceFile(
            f"no {QUERIES}, which TIRG brings; without it take the direction {TEXT_TO_IMAGE}",
            file=str(path),
        )
    changes = Changes({one_token(photo): places.find(photo) for photo in described})
    same: dict[str, set[str]] = {}
    for photo, text in described.items():
        same.setdefault(text, set()).add(one_token(photo))
    asked = list(_queries(file))
    for id, reference, target in asked:
        for photo in (reference, target):
            if photo not in described:
                changes.left_out[id] = f"the labels have no photo {photo}"
    known = [
        Change(
            id,
            one_token(reference),
            replacement(described[reference], described[target]),
            frozenset(same[described[target]] - {one_token(reference)}),
            group=category_of[target],
        )
        for id, reference, target in asked
        if id not in changes.left_out
    ]
    changes.add(known, reference_counts=False)
    return changes.collection(
        "Fashion200k composed",
        part,
        source=f"Fashion200k's labels and TIRG's {QUERIES}",
        limits=SAME_WORDS,
    )


def _queries(file: Path) -> Iterator[tuple[str, str, str]]:
    for number, line in enumerate(read_lines(file), 1):
        if not line.strip():
            continue
        fields = line.split()
        if len(fields) != 2:
            raise BadSourceFile(
                f"{line[:80]!r}; expected the paths of a reference and a target",
                file=str(file),
                line=number,
            )
        yield f"query-{number}", fields[0], fields[1]


def replacement(source: str, target: str) -> str:
    """The change in words: the first word of each description that the other lacks."""
    before, after = source.split(), target.split()
    gone = next((word for word in before if word not in after), before[-1] if before else "")
    new = next((word for word in after if word not in before), after[-1] if after else "")
    return f"replace {gone} with {new}"


FASHION200K = Layout(
    kind="fashion200k",
    expected="labels/dress_test_detect_all.txt, women/ and, for composed queries, test_queries.txt",
    directions=(COMPOSED, TEXT_TO_IMAGE, IMAGE_TO_TEXT),
    takes=frozenset({"split"}),
    recognises=lambda path: any((path / "labels").glob(f"*{ENDING}")),
    read=_read,
)
