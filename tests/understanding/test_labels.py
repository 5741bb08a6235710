"""Labels in Python and in files: what is taken, and what is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import BadSourceFile, InvalidInputException
from engine.shop.classification.label_files import read_labels
from engine.shop.classification.labels import Label, labels_of


def test_a_list_describes_labels_by_their_names() -> None:
    assert labels_of(["red ", "blue"]) == (Label("red", ("red",)), Label("blue", ("blue",)))


def test_a_dict_holds_one_or_several_descriptions() -> None:
    found = labels_of(
        {"formal": "business wear", "casual": ["jeans", "a tee"], "other": [], "plain": ""}
    )
    assert [label.descriptions for label in found] == [
        ("business wear",),
        ("jeans", "a tee"),
        ("other",),
        ("plain",),
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("red", "'red'"),
        ([], "0 labels"),
        (["a", "a"], "'a' is given twice"),
        (["a", 3], "3"),
        (["a", " "], "' '"),
        ({"a": 3}, "'a' is described by 3"),
        ({"a": ["x", None]}, "None"),
        (7, "7"),
    ],
)
def test_what_is_no_label_is_named(given: object, said: str) -> None:
    with pytest.raises(InvalidInputException) as caught:
        labels_of(given)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "no: a refusal\non: [switched, lit]\n2012: a year\n"),
        ("a.json", '{"no": "a refusal", "on": ["switched", "lit"], "2012": "a year"}'),
    ],
)
def test_a_file_holds_labels_and_every_word_stays_a_word(
    tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8-sig")
    assert read_labels(file) == (
        Label("no", ("a refusal",)),
        Label("on", ("switched", "lit")),
        Label("2012", ("a year",)),
    )


def test_a_label_without_a_description_in_a_file_is_described_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "labels.yml"
    file.write_text("formal:\ncasual: ~\n")
    assert read_labels(file)[0] == Label("formal", ("formal",))


def test_a_text_file_holds_a_label_a_line(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("# styles\n\nformal\n casual \n")
    assert [label.name for label in read_labels(file)] == ["formal", "casual"]


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.yaml", b"a: [b", "not YAML"),
        ("a.yaml", b"!!python/object:os.system {}", "labels"),
        ("a.json", b"{", "not JSON"),
        ("a.txt", b"\xff\xfe\xff", "UTF-8"),
        ("a.yaml", b"", "labels is None"),
        ("a.txt", b"", "0 labels"),
        ("a.json", b"[1]", "1"),
    ],
)
def test_what_is_no_file_of_labels_is_named(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(BadSourceFile) as caught:
        read_labels(file)
    assert str(file) in caught.value.in_words
    assert said in caught.value.in_words


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"none\.yaml"):
        read_labels(tmp_path / "none.yaml")
    with pytest.raises(BadSourceFile, match="can't be read"):
        read_labels(tmp_path)
