"""Sets of composed queries: Fashion200k, CIRR with its subsets, FashionIQ with its categories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.standard_sets import cirr, fashion200k, fashion_iq

from engine.bench.collections.layouts.composed import joined
from engine.bench.collections.layouts.fashion200k import replacement
from engine.bench.collections.opening import open_collection
from engine.bench.collections.part import COMPOSED, IMAGE_TO_TEXT, SUBSET, TEXT_TO_IMAGE, Part
from engine.errors import BadSourceFile

RED, BLUE = "red floral dress", "blue floral dress"
PHOTOS = [
    ("women/dresses/casual/1/1_0.jpeg", RED),
    ("women/dresses/casual/1/1_1.jpeg", RED),
    ("women/dresses/casual/2/2_0.jpeg", BLUE),
    ("women/dresses/casual/2/2_1.jpeg", BLUE),
    ("women/skirts/mini/3/3_0.jpeg", "blue mini skirt"),
]
PATHS = [path for path, _ in PHOTOS]


@pytest.fixture
def garments(tmp_path: Path) -> Path:
    return fashion200k(tmp_path, PHOTOS, [f"{PATHS[0]} {PATHS[2]}", f"{PATHS[3]} {PATHS[4]}"])


# ------------------------------------------------------------------ Fashion200k


def test_fashion200k_replaces_a_word_and_every_photo_of_the_description_is_right(
    garments: Path,
) -> None:
    found = open_collection(garments)
    assert found.more["direction"] == COMPOSED
    first, second = found.queries
    assert first.text == "replace red with blue" and first.picture == garments / PATHS[0]
    assert first.without == {PATHS[0]} and first.among is None
    assert found.relevance[first.id] == {PATHS[2]: 1, PATHS[3]: 1}
    assert (first.group, second.group) == ("dresses", "skirts")
    assert {one.id for one in found.documents} == set(PATHS)


def test_fashion200k_asks_each_description_once(garments: Path) -> None:
    (garments / "test_queries.txt").unlink()
    there = open_collection(garments, part=Part(direction=TEXT_TO_IMAGE))
    assert [one.text for one in there.queries] == [RED, BLUE, "blue mini skirt"]
    assert there.relevance[there.queries[0].id] == {PATHS[0]: 1, PATHS[1]: 1}
    assert [one.group for one in there.queries] == ["dresses", "dresses", "skirts"]
    back = open_collection(garments, part=Part(direction=IMAGE_TO_TEXT))
    assert [one.text for one in back.documents] == [RED, BLUE, "blue mini skirt"]
    assert len(back.queries) == 5
    with pytest.raises(BadSourceFile, match=r"no test_queries\.txt.*direction text-to-image"):
        open_collection(garments)


def test_fashion200ks_trouble_is_that_things_own(garments: Path) -> None:
    with (garments / "test_queries.txt").open("a") as file:
        file.write(f"{PATHS[0]} women/gone.jpeg\n\n")
    (garments / PATHS[4]).write_bytes(b"no picture")
    found = open_collection(garments)
    assert [one.id for one in found.queries] == ["query-1"]
    told = dict(line.split(": ", 1) for line in found.more["left out"].splitlines())
    assert told["query-3"] == "the labels have no photo women/gone.jpeg"
    assert "no image" in told[PATHS[4]] and told["queries that only they answer"] == "1"


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("labels/dresses_test_detect_all.txt", "women/x.jpeg no tabs", "expected path, score"),
        ("test_queries.txt", "one/path.jpeg", "expected the paths of a reference and a target"),
    ],
)
def test_a_line_of_another_shape_is_an_error_with_its_place(
    garments: Path, file: str, line: str, said: str
) -> None:
    count = len((garments / file).read_text().splitlines())
    with (garments / file).open("a") as opened:
        opened.write(f"{line}\n")
    with pytest.raises(BadSourceFile, match=said) as raised:
        open_collection(garments)
    assert raised.value.file == str(garments / file) and raised.value.line == count + 1


def test_a_split_without_labels_names_the_files_there_are(garments: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"no labels/\*_train_detect_all.*dresses_test_detect"):
        open_collection(garments, part=Part(split="train"))


def test_the_words_of_a_replacement() -> None:
    assert replacement("beige long coat", "black long coat") == "replace beige with black"
    assert replacement("long coat", "long coat") == "replace coat with coat"
    assert replacement("coat", "long coat") == "replace coat with long"


# ------------------------------------------------------------------ CIRR

NAMES = [f"dev-{number}" for number in range(8)]
PAIR = {
    "reference": "dev-0",
    "target_hard": "dev-3",
    "caption": "without the dog",
    "members": NAMES[:6],
}


def test_cirr_ranks_all_pictures_but_the_reference(tmp_path: Path) -> None:
    found = open_collection(cirr(tmp_path, [PAIR], NAMES))
    assert found.name == "CIRR val" and len(found.documents) == 8
    (query,) = found.queries
    assert (query.id, query.text) == ("100", "without the dog")
    assert query.picture == tmp_path / "img_raw" / "dev" / "dev-0.png"
    assert query.without == {"dev-0"} and query.among is None
    assert found.relevance == {"100": {"dev-3": 1}}


def test_cirr_ranks_in_the_subset_where_asked(tmp_path: Path) -> None:
    found = open_collection(cirr(tmp_path, [PAIR], NAMES), part=Part(direction=SUBSET))
    (query,) = found.queries
    assert query.among == set(NAMES[1:6]) and found.relevance == {"100": {"dev-3": 1}}
    assert found.name == "CIRR val, subsets" and len(found.documents) == 8


def test_cirrs_test_split_has_no_right_answers(tmp_path: Path) -> None:
    pair = {key: value for key, value in PAIR.items() if key != "target_hard"}
    found = open_collection(cirr(tmp_path, [pair], NAMES, "test1"), part=Part(split="test1"))
    assert len(found.queries) == 1 and found.relevance == {"100": {}}
    assert "not published" in found.limits
    with pytest.raises(BadSourceFile, match="no split 'val': there are: test1"):
        open_collection(tmp_path)


def test_cirrs_pictures_may_lie_beside_the_folder(tmp_path: Path) -> None:
    folder = cirr(tmp_path / "cirr", [PAIR], NAMES)
    (folder / "img_raw" / "dev").rename(tmp_path / "dev")
    assert open_collection(folder).documents[0].picture == tmp_path / "dev" / "dev-0.png"


def test_cirrs_queries_of_unknown_or_broken_pictures_are_left_out(tmp_path: Path) -> None:
    pairs = [PAIR, {**PAIR, "target_hard": "dev-99"}, {**PAIR, "reference": "dev-7"}]
    folder = cirr(tmp_path, pairs, NAMES)
    (folder / "img_raw" / "dev" / "dev-7.png").write_bytes(b"")
    found = open_collection(folder)
    assert [one.id for one in found.queries] == ["100"]
    told = dict(line.split(": ", 1) for line in found.more["left out"].splitlines())
    assert told == {
        "101": "the split has no picture dev-99",
        "dev-7": "the file dev-7.png is empty",
        "102": "the file dev-7.png is empty",
    }


# ------------------------------------------------------------------ FashionIQ


def changed(candidate: str, target: str, *captions: str) -> dict[str, Any]:
    return {"candidate": candidate, "target": target, "captions": list(captions)}


@pytest.fixture
def wardrobe(tmp_path: Path) -> Path:
    dresses = (["B1", "B2", "B3"], [changed("B1", "B2", "is darker.", "has  sleeves")])
    shirts = (["B4", "B3"], [changed("B4", "B3", "is red", "")])
    tops = (
        ["B6", "B7"],
        [changed("B6", "B7", "is long", "is blue"), changed("B6", "B1", "x", "y")],
    )
    return fashion_iq(tmp_path, {"dress": dresses, "shirt": shirts, "toptee": tops})


def test_fashion_iqs_categories_are_groups_over_their_own_pictures(wardrobe: Path) -> None:
    found = open_collection(wardrobe)
    assert [one.id for one in found.documents] == ["B1", "B2", "B3", "B4", "B6", "B7"]
    assert [one.group for one in found.queries] == ["dress", "shirt", "toptee", "toptee"]
    assert [one.among for one in found.queries][:2] == [{"B1", "B2", "B3"}, {"B4", "B3"}]
    assert [one.text for one in found.queries][:2] == ["is darker and has  sleeves", "is red"]
    assert all(not one.without for one in found.queries)
    assert found.relevance["dress-0"] == {"B2": 1}


def test_one_category_is_ranked_over_its_own_pictures(wardrobe: Path) -> None:
    found = open_collection(wardrobe, part=Part(category="toptee"))
    assert [one.id for one in found.documents] == ["B6", "B7"]
    assert [one.id for one in found.queries] == ["toptee-0"]
    assert found.more["left out"] == "toptee-1: the split has no picture B1"
    with pytest.raises(BadSourceFile, match="no split 'val'"):
        open_collection(wardrobe, part=Part(category="hat"))
    with pytest.raises(BadSourceFile, match="no split 'test': there are: val"):
        open_collection(wardrobe, part=Part(split="test"))


def test_captions_are_joined_without_marks_at_their_ends() -> None:
    assert joined(["Is darker.", " ", "has a belt, "]) == "Is darker and has a belt"
