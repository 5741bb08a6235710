"""What an application written with databricks-langchain finds over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

ASK = "red summer dress"
Found = dict[str, Any]
Nearest = Callable[..., list[list[Any]]]


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], Found]) -> Found:
    return run_application("langchain")


def ids(pairs: list[list[Any]]) -> list[str]:
    return [pair[0] for pair in pairs]


def test_texts_are_added_and_found_with_their_scores(found: Found, nearest: Nearest) -> None:
    assert found["added"] == list("12345678")
    assert found["scores"] == [[key, pytest.approx(score)] for key, score in nearest(ASK)]
    assert found["by_vector"] == found["scores"][:3]
    assert found["async"] == ids(found["scores"])[:3]


def test_documents_carry_text_and_metadata(found: Found) -> None:
    first = ["red summer dress", {"color": "red", "price": 30.0, "id": "1"}]
    assert found["documents"][0] == first
    assert len(found["documents"]) == 2


def test_filters_narrow_a_search(found: Found, nearest: Nearest) -> None:
    assert found["cheap"] == ids(nearest(ASK, lambda note: note["price"] < 50))
    chosen = nearest(ASK, lambda note: note["color"] != "blue" and note["price"] >= 30)
    assert found["two_filters"] == ids(chosen)
    assert found["not_red"] == ids(nearest(ASK, lambda note: note["color"] != "red"))
    assert found["none"] == []


def test_a_filter_on_an_unknown_column_raises_the_clients_error(found: Found) -> None:
    kind, text = found["bad_filter"]
    assert kind == "BadRequest"
    assert "colour" in text


def test_a_search_for_diverse_rows_sends_text_beside_its_vector(found: Found) -> None:
    # of the five nearest (1, 2, 3, 8, 5) the most unlike the first is the one that shares no word
    assert found["diverse"] == ["1", "5"]
    assert len(set(found["diverse_hybrid"])) == 2
    assert "1" in found["diverse_hybrid"]


def test_a_hybrid_search_finds_a_word_that_vectors_miss(found: Found) -> None:
    assert found["hybrid"][0] == "5"  # the one leather bag; no vector counts that word
    assert found["managed_hybrid"] == ["5"]


def test_a_retriever_takes_its_filter(found: Found, nearest: Nearest) -> None:
    blue = nearest("blue shoes", lambda note: note["color"] == "blue")
    assert found["retriever"] == ids(blue)[:2]


def test_a_deleted_text_is_gone(found: Found) -> None:
    assert found["deleted"] is True
    assert found["after_delete"] == [key for key in ids(found["scores"]) if key != "1"]


def test_managed_embeddings_are_those_of_the_serving_endpoint(found: Found) -> None:
    assert ids(found["managed"]) == ids(found["own_call"])
    scores = [score for _, score in found["own_call"]]
    assert [score for _, score in found["managed"]] == pytest.approx(scores, abs=1e-6)
    assert len(set(scores)) == 8
    assert found["managed_documents"][0][1]["color"] == "blue"


def test_a_retriever_tool_reads_the_tables_columns_and_filters(found: Found) -> None:
    assert "id (STRING), text (STRING), color (STRING), price (DOUBLE)" in found["tool_columns"]
    assert json.loads(found["tool_columns"])["required"] == ["query"]
    assert "red winter dress" in found["tool"]
    assert "blue" not in found["tool"]


def test_a_service_principal_finds_the_same(found: Found) -> None:
    assert found["principal"] == ids(found["managed"])


# ------------------------------------------------------------------ managed MCP
def test_an_agent_finds_rows_by_the_tool_of_an_index(found: Found) -> None:
    assert found["agent_tools"] == ["main__shop__by_text"]  # the only one with managed embeddings
    turns = ["HumanMessage", "AIMessage", "ToolMessage", "AIMessage"]
    assert found["agent_turns"] == turns
    assert [row["id"] for row in found["agent_rows"]] == ids(found["managed"])[:5]
    assert set(found["agent_rows"][0]) == {"id", "text", "color", "price"}


def test_a_service_principal_has_the_same_tool(found: Found) -> None:
    assert found["principals_tools"] == found["agent_tools"]


def test_a_search_that_fails_is_an_error_of_the_tool(found: Found) -> None:
    assert "query_text" in found["tool_error"]["text"]


@pytest.mark.parametrize("who", ["token", "principal"])
def test_the_vendors_client_lists_calls_and_names_the_index(found: Found, who: str) -> None:
    rows, resources = found[f"vendors_client_{who}"]
    assert rows == ids(found["managed"])[:5]
    assert resources == [{"vector_search_index": [{"name": "main.shop.by_text"}]}]


def test_a_function_is_a_tool_that_searches(found: Found) -> None:
    name, description, arguments = found["function_tool"]
    assert (name, description) == ("main__shop__alike", "Notes alike")
    assert arguments["wanted"]["description"] == "words"
    answer = found["function_rows"]
    assert answer["columns"] == ["id", "price"]
    assert [row[0] for row in answer["rows"]] == ids(found["managed"])[:2]


def test_the_vendors_client_names_the_function(found: Found) -> None:
    assert found["function_resources"] == [{"function": [{"name": "main.shop.alike"}]}]
