"""What mem0 keeps and finds over HTTP: its memory, and its Databricks store with vectors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Found = dict[str, Any]


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], Found]) -> Found:
    return run_application("mem0")


def test_memories_are_kept_and_searched_by_user(found: Found) -> None:
    texts = [text for text, _ in found["search"]]
    assert {user for _, user in found["search"]} == {"anna"}
    assert texts[0] == "red summer dress"
    assert (
        sorted(texts) == found["all"] == ["red office bag", "red summer dress", "red winter dress"]
    )


def test_the_store_finds_by_meaning_and_by_word(found: Found) -> None:
    scores = [score for _, score in found["nearest"]]
    assert scores == sorted(scores, reverse=True)
    assert {text for text, _ in found["nearest"]} == set(found["keys"])
    assert {text for text, _ in found["nearest"][:2]} == {"red summer dress", "red winter dress"}
    assert found["keyword"] == ["black leather bag"]


def test_a_memory_is_read_by_its_key(found: Found) -> None:
    text, user, created = found["one"]
    assert (text, user) == ("black leather bag", "ben")
    assert created.startswith("20")


def test_a_change_keeps_quotes_and_what_it_does_not_name(found: Found) -> None:
    assert found["changed"]["shelf"] == "O'Hara's"
    assert found["changed"]["data"] == "black leather bag"
    assert found["changed"]["user_id"] == "ben"


def test_a_deleted_memory_is_gone_and_another_client_finds_the_rest(found: Found) -> None:
    blue_and_black = sorted(text for text in found["keys"] if not text.startswith("red"))
    assert found["after_delete"] == [text for text in blue_and_black if "leather" not in text]
    assert found["again"] == found["search"]


def test_a_reset_leaves_an_empty_store(found: Found) -> None:
    assert found["after_reset"] == []


def test_a_direct_access_index_without_a_schema_is_made(found: Found) -> None:
    made = found["direct"]
    schema = json.loads(made["direct_access_index_spec"]["schema_json"])
    assert schema == {"memory_id": "string", "memory": "string", "embedding": "array<float>"}
    assert made["status"]["ready"] is True
    assert found["collections"] == ["main.shop.memories_index", "main.shop.vectors_index"]


def test_the_table_beside_it_has_its_columns_key_and_rows(found: Found) -> None:
    columns = dict(found["columns"])
    assert columns["embedding"] == "array<float>"
    assert columns["created_at"] == "timestamp"
    key = {"name": "pk_vectors", "child_columns": ["memory_id"]}
    assert found["constraints"] == [{"primary_key_constraint": key}]
    rows = [[key, text, json.loads(vector)] for key, text, vector in found["rows"]]
    assert [key for key, _, _ in rows] == list("1345678")  # "2" was deleted
    assert rows[0] == ["1", "red summer dress", [0.5, 0.25]]  # updated
    assert rows[1] == ["3", "blue summer dress", [1.0, 45.0]]
