"""Word lists and query sets in `datasets/`: their format; nothing that is tested was trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DATASETS = Path(__file__).parents[2] / "datasets"
WORDS = sorted((DATASETS / "shopping_words").glob("*.jsonl"))
QUERIES = sorted((DATASETS / "queries").glob("*.jsonl"))
PARTS = {"noun", "colour", "person", "style", "occasion", "season", "material", "pattern", "whole"}
ATTRIBUTES = {
    "articleType",
    "baseColour",
    "gender",
    "usage",
    "season",
    "subCategory",
    "masterCategory",
}
FIELDS = ATTRIBUTES | {"name", "not_name"}


def lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text("utf-8").splitlines():
        yield json.loads(line)


def singular(text: str) -> str:
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return " ".join(w[:-1] if w.endswith("s") and len(w) > 3 else w for w in words)


def check_rule(where: Any) -> None:
    for condition in where if isinstance(where, list) else [where]:
        assert set(condition) <= FIELDS
        assert all(
            values and all(isinstance(v, str) for v in values) for values in condition.values()
        )


@pytest.mark.parametrize("file", WORDS, ids=lambda f: f.name)
def test_a_word_list_holds_parts_texts_and_rules(file: Path) -> None:
    seen: set[str] = set()
    for entry in lines(file):
        assert set(entry) == {"part", "texts", "where"} and entry["part"] in PARTS
        assert entry["texts"] and not seen & set(entry["texts"])
        seen |= set(entry["texts"])
        check_rule(entry["where"])


@pytest.mark.parametrize("file", QUERIES, ids=lambda f: f.name)
def test_a_query_set_holds_texts_and_rules(file: Path) -> None:
    entries = list(lines(file))
    assert len({e["text"] for e in entries}) == len(entries)
    for entry in entries:
        assert set(entry) == {"text", "where"} and entry["where"]
        check_rule(entry["where"])


def test_the_development_sets_are_as_large_as_their_card_says() -> None:
    counts = {file.stem: len(list(lines(file))) for file in QUERIES}
    assert counts == {"other_words": 100, "descriptions": 50, "shop": 5}


def test_no_development_query_stands_in_a_word_list() -> None:
    asked = {singular(entry["text"]) for file in QUERIES for entry in lines(file)}
    trained = {singular(text) for file in WORDS for entry in lines(file) for text in entry["texts"]}
    assert asked and trained and not asked & trained


def test_the_card_of_the_word_lists_counts_right() -> None:
    card = (DATASETS / "shopping_words" / "README.md").read_text("utf-8")
    for file in WORDS:
        entries = list(lines(file))
        texts = sum(len(e["texts"]) for e in entries)
        assert f"| `{file.name}` | {len(entries)} | {texts:,} |" in card
