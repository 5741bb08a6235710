"""FashionIQ: a photo of a garment and what should be different, to a photo; three categories.

    captions/cap.dress.val.json         [{"candidate": "B005X4PL1G", "target": "B00...",
        "captions": ["is shiny and silver", "is darker"]}, ...]; also shirt, toptee
    image_splits/split.dress.val.json   ["B005X4PL1G", ...]
    images/B005X4PL1G.jpg               also .png

A query's two captions are one text, with "and" between. Its group is the category, and `among` are
the category's own pictures, over which papers rank (R@10 and R@50 of each category, and their mean).
The test split's right answers are not published.

Source: Wu et al., Fashion IQ, CVPR 2021 (arXiv:1905.12794); XiaoxiaoGuo/fashion-iq, whose start_kit
ranks the candidate with the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.layouts.composed import Change, Changes, joined
from engine.bench.collections.pairs import Places
from engine.bench.collections.part import COMPOSED, Part
from engine.bench.collections.source_files import one_token, read_entries, read_names, split_file

CATEGORIES = ("dress", "shirt", "toptee")


def _read(path: Path, part: Part) -> Collection:
    split = part.split or "val"
    places = Places([path / "images", path])
    galleries: dict[str, dict[str, Path]] = {}
    for category in CATEGORIES if part.category is None else (part.category,):
        names = read_names(split_file(path / "image_splits", f"split.{category}.*.json", split))
        galleries[category] = {
            one_token(name): places.find(f"{name}.jpg", f"{name}.png") for name in names
        }
    changes = Changes({id: file for gallery in galleries.values() for id, file in gallery.items()})
    for category, gallery in galleries.items():
        file = split_file(path / "captions", f"cap.{category}.*.json", split)
        changes.add(_changes(file, category, frozenset(gallery)), reference_counts=True)
    return changes.collection(
        f"FashionIQ {split}" + (f", {part.category}" if part.category else ""),
        part,
        source="FashionIQ's captions and image_splits",
        limits="One picture counts as right for each change; others that fit as well count as wrong."
        + ("" if any(changes.relevance.values()) else " Its right answers are not published."),
    )


def _changes(file: Path, category: str, gallery: frozenset[str]) -> Iterator[Change]:
    for number, entry in enumerate(read_entries(file)):
        targets = {one_token(entry.text("target"))} if entry.has("target") else set()
        yield Change(
            f"{category}-{number}",
            one_token(entry.text("candidate")),
            joined(entry.texts("captions")),
            frozenset(targets),
            group=category,
            among=gallery,
        )


FASHION_IQ = Layout(
    kind="fashion-iq",
    expected="captions/cap.dress.val.json, image_splits/split.dress.val.json and images/",
    directions=(COMPOSED,),
    takes=frozenset({"split", "category"}),
    recognises=lambda path: any(
        any((path / "captions").glob(f"cap.{category}.*.json")) for category in CATEGORIES
    ),
    read=_read,
)
