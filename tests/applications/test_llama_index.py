"""What an application written with LlamaIndex's Databricks store finds over HTTP.

The store pins databricks-vectorsearch 0.21, so this shows a client of 2023 too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ASK = "red summer dress"
Found = dict[str, Any]
Nearest = Callable[..., list[list[Any]]]


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], Found]) -> Found:
    return run_application("llama_index")


def close(pairs: list[list[Any]]) -> list[list[Any]]:
    return [[key, pytest.approx(score)] for key, score in pairs]


def test_nodes_are_added_and_retrieved_with_their_scores(found: Found, nearest: Nearest) -> None:
    assert found["all"] == close(nearest(ASK))
    assert found["nearest"] == found["all"][:3]


def test_a_node_keeps_text_metadata_and_document(found: Found) -> None:
    metadata = {"color": "blue", "price": 45.0, "doc_id": "blue", "id": "3"}
    assert found["node"] == ["3", "blue summer dress", metadata]


def test_filters_of_equality_narrow_a_query(found: Found, nearest: Nearest) -> None:
    dark = ("red", "black")
    assert found["equal"] == close(nearest(ASK, lambda note: note["color"] == "blue"))
    assert found["among"] == close(nearest(ASK, lambda note: note["color"] in dark))
    assert found["not_among"] == close(nearest(ASK, lambda note: note["color"] not in dark))
    assert found["none"] == []


def test_a_range_comes_as_a_list_of_one(found: Found, nearest: Nearest) -> None:
    assert found["between"] == close(nearest(ASK, lambda note: 30 <= note["price"] < 80))


def test_columns_of_an_or_come_as_lists_of_one(found: Found, nearest: Nearest) -> None:
    either = nearest(ASK, lambda note: note["color"] == "blue" or note["price"] < 30)
    assert found["either"] == close(either)


def test_a_deleted_document_takes_its_nodes_along(found: Found, nearest: Nearest) -> None:
    assert found["after_delete"] == close(nearest(ASK, lambda note: note["color"] != "red"))


def test_a_query_by_text_of_an_old_client_names_it_twice(found: Found) -> None:
    assert found["managed"][0] == "1"  # the cheaper of the two red dresses
    assert found["managed_scores"] == sorted(found["managed_scores"], reverse=True)
    assert "2" not in found["managed"]  # its price is not under 80
