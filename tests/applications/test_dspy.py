"""What DSPy's DatabricksRM retrieves over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from applications.conftest import NOTES

ASK = "red summer dress"
Found = dict[str, Any]
Nearest = Callable[..., list[list[Any]]]
TEXTS = {note["id"]: note["text"] for note in NOTES}


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], Found]) -> Found:
    return run_application("dspy")


def test_a_vector_retrieves_documents_with_their_columns_and_scores(
    found: Found, nearest: Nearest
) -> None:
    wanted = nearest(ASK)
    assert found["ids"] == [key for key, _ in wanted]
    assert found["docs"] == [TEXTS[key] for key, _ in wanted]
    assert [extra["score"] for extra in found["extra"]] == pytest.approx([s for _, s in wanted])
    assert {**found["extra"][0], "score": 1} == {"color": "red", "price": 30.0, "score": 1}


def test_filters_narrow_a_retrieval(found: Found, nearest: Nearest) -> None:
    assert found["cheap"] == [key for key, _ in nearest(ASK, lambda note: note["price"] < 50)]
    assert found["none"] == []
    blue = {note["text"] for note in NOTES if note["color"] == "blue"}
    assert set(found["filtered"]) == blue


def test_a_text_is_encoded_by_the_indexs_endpoint(found: Found) -> None:
    assert set(found["by_text"][:2]) == {"red summer dress", "red winter dress"}
    assert found["module"] == found["by_text"][0]


def test_a_hybrid_retrieval_finds_a_word(found: Found) -> None:
    assert found["hybrid"][0] == "black leather bag"


def test_a_column_serves_as_the_documents_address(found: Found) -> None:
    assert found["uris"] == ["red", "red"]


def test_a_service_principal_retrieves_the_same(found: Found) -> None:
    assert found["principal"] == found["by_text"]
