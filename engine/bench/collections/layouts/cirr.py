"""CIRR: a photo and a sentence that changes it, to a photo; subsets of six that look alike.

    captions/cap.rc2.val.json           [{"pairid": 12063, "reference": "dev-147-1-img1",
        "target_hard": "dev-83-0-img1", "target_soft": {"dev-83-0-img1": 1.0}, "caption": "...",
        "img_set": {"id": 1, "members": [six names], ...}}, ...]
    image_splits/split.rc2.val.json     {"dev-147-1-img1": "./dev/dev-147-1-img1.png", ...}
    img_raw/dev/dev-147-1-img1.png      the pictures of NLVR2; also beside the folder, as `../dev/`

A query's `without` is its reference. In the direction `composed-in-subset`, `among` are the other five
of its subset: recall is then the set's Recall_subset. The right answer is `target_hard`; the test
split's is known to the set's server only.

Source: Liu et al., Image Retrieval on Real-life Images, ICCV 2021; README.md of Cuberick-Orion/CIRR;
pictures beside the folder as in ABaldrati/CLIP4Cir.
"""

from __future__ import annotations

from pathlib import Path

from engine.bench.collections.collection import Collection
from engine.bench.collections.layout import Layout
from engine.bench.collections.layouts.composed import Change, Changes
from engine.bench.collections.pairs import Places
from engine.bench.collections.part import COMPOSED, SUBSET, Part
from engine.bench.collections.source_files import (
    Entry,
    one_token,
    read_entries,
    read_object,
    split_file,
)

CAPTIONS, PICTURES = "cap.rc2.*.json", "split.rc2.*.json"


def _read(path: Path, part: Part) -> Collection:
    split = part.split or "val"
    file = split_file(path / "captions", CAPTIONS, split)
    paths = read_object(split_file(path / "image_splits", PICTURES, split))
    places = Places([path / "img_raw", path, path.parent])
    pictures = {one_token(name): places.find(paths.text(name)) for name in paths.values}
    changes = Changes(pictures)
    in_subset = part.direction == SUBSET
    changes.add((_change(one, in_subset) for one in read_entries(file)), reference_counts=False)
    return changes.collection(
        f"CIRR {split}" + (", subsets" if in_subset else ""),
        part,
        source=f"CIRR's {file.name}",
        limits="One picture counts as right for each sentence; others that fit as well count as wrong."
        + ("" if any(changes.relevance.values()) else " Its right answers are not published."),
    )


def _change(entry: Entry, in_subset: bool) -> Change:
    reference = one_token(entry.text("reference"))
    targets = {one_token(entry.text("target_hard"))} if entry.has("target_hard") else set()
    members = {one_token(name) for name in entry.entry("img_set").texts("members")}
    return Change(
        entry.key("pairid"),
        reference,
        entry.text("caption"),
        frozenset(targets),
        among=frozenset(members - {reference}) if in_subset else None,
    )


CIRR = Layout(
    kind="cirr",
    expected="captions/cap.rc2.val.json, image_splits/split.rc2.val.json and img_raw/",
    directions=(COMPOSED, SUBSET),
    takes=frozenset({"split"}),
    recognises=lambda path: any((path / "captions").glob(CAPTIONS)),
    read=_read,
)
