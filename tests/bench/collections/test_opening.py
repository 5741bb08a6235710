"""A set by its path: named, recognised, or refused with what would have been expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.standard_sets import beir, write_json

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.collections.leaving_out import leaving_out
from engine.bench.collections.opening import kinds, open_collection
from engine.bench.collections.part import Part
from engine.errors import BadSourceFile, InvalidParameterValue, NotFound


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowhere does not exist"):
        open_collection(tmp_path / "nowhere")


def test_a_folder_of_no_kind_is_told_what_is_expected(tmp_path: Path) -> None:
    write_json(tmp_path / "some.json", [])
    with pytest.raises(InvalidParameterValue) as raised:
        open_collection(tmp_path)
    for kind, expected in kinds().items():
        assert f"{kind}: {expected}" in raised.value.message


def test_an_unknown_kind_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidParameterValue, match="no layout 'flickr'; there are: karpathy, coco"
    ):
        open_collection(tmp_path, "flickr")


@pytest.mark.parametrize("kind", kinds())
def test_a_folder_that_is_not_of_its_kind_says_what_is_missing(tmp_path: Path, kind: str) -> None:
    with pytest.raises((BadSourceFile, InvalidParameterValue)) as raised:
        open_collection(tmp_path, kind)
    assert str(tmp_path) in raised.value.message


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Part(direction="image-to-text"), r"no direction 'image-to-text'; .*\['text-to-text'\]"),
        (Part(fold=1), "fold 1: a set of kind 'beir' has no fold"),
        (Part(category="dress"), "category 'dress': a set of kind 'beir' has no category"),
    ],
)
def test_a_part_that_means_nothing_to_a_set_is_refused(
    tmp_path: Path, part: Part, said: str
) -> None:
    beir(tmp_path / "x", [{"_id": "1", "text": "a"}], {"q": "b"}, [("q", "1", 1)])
    with pytest.raises(InvalidParameterValue, match=said):
        open_collection(tmp_path / "x", part=part)


def test_a_part_that_no_set_has_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="direction 'sideways'"):
        Part(direction="sideways")
    with pytest.raises(InvalidParameterValue, match="fold -1"):
        Part(fold=-1)


def test_of_much_that_is_left_out_the_first_are_named() -> None:
    documents = [Document(str(number), text="a") for number in range(300)]
    less = leaving_out(Collection("x", documents, [], {}), {one.id: "bad" for one in documents})
    told = less.more["left out"].splitlines()
    assert told[0] == "0: bad" and told[99:] == ["99: bad", "and 200 more"]


def test_leaving_out_takes_along_what_needs_it_and_says_so() -> None:
    whole = Collection(
        "x",
        [Document("a", text="a"), Document("b", text="b"), Document("c", text="c")],
        [Query("only a"), Query("a and b"), Query("graded"), Query("unjudged")],
        {"only a": {"a": 1}, "a and b": {"a": 1, "b": 1}, "graded": {"a": 2, "b": 0}},
        more={"left out": "z: gone before"},
    )
    less = leaving_out(whole, {"a": "broken"}, {"unjudged": "unreadable"})
    assert [one.id for one in less.documents] == ["b", "c"]
    assert [one.id for one in less.queries] == ["a and b"]
    assert less.relevance == {"a and b": {"b": 1}}
    assert less.more["left out"].splitlines() == [
        "z: gone before",
        "a: broken",
        "unjudged: unreadable",
        "queries that only they answer: 2",
    ]
    assert leaving_out(whole, {}) is whole
    assert [one.id for one in leaving_out(whole, {"c": "broken"}).queries] == [
        one.id for one in whole.queries
    ]
