"""The way to answer a query, at the extremes where only one choice is right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.service.search.planner import plan

MILLION = 1_000_000


def kind(**changed: Any) -> str:
    asked: dict[str, Any] = {
        "rows": MILLION, "dimension": 512, "k": 10, "allowed": None, "index": "compressed",
        "exact": False,
    }  # fmt: skip
    return plan(**{**asked, **changed}).kind


@pytest.mark.parametrize("index", ["compressed", "graph"])
def test_an_approximate_index_answers_a_plain_query(index: str) -> None:
    assert kind(index=index) == index
    assert kind(index=index, allowed=MILLION) == index


def test_where_no_row_passes_nothing_is_read() -> None:
    assert kind(allowed=0) == "nothing"
    assert kind(allowed=0, exact=True, index=None) == "nothing"
    assert kind(rows=0) == "nothing"


def test_exactness_that_was_asked_for_is_given() -> None:
    assert kind(exact=True) == "exact scan"
    assert kind(exact=True, allowed=100) == "exact gather"
    assert kind(exact=True, allowed=MILLION) == "exact scan"
    assert kind(exact=True, allowed=MILLION, index="graph") == "exact scan"


def test_without_an_approximate_index_all_is_exact() -> None:
    assert kind(index=None) == "exact scan"
    assert kind(index=None, allowed=10) == "exact gather"


@pytest.mark.parametrize("index", ["compressed", "graph"])
def test_the_few_rows_of_a_selective_filter_are_read_alone(index: str) -> None:
    assert kind(allowed=1, index=index) == "exact gather"
    assert kind(allowed=MILLION // 1000, index=index) == "exact gather"


def test_a_graph_is_not_walked_where_few_rows_pass() -> None:
    assert kind(index="graph", allowed=MILLION // 5).startswith("exact")
    assert kind(index="compressed", allowed=MILLION // 5) == "compressed"


@pytest.mark.parametrize("index", ["compressed", "graph"])
def test_results_that_are_a_large_part_of_the_rows_are_ranked_exactly(index: str) -> None:
    assert kind(k=10_000, rows=20_000, index=index) == "exact scan"
    assert kind(k=10_000, allowed=15_000, index=index).startswith("exact")


def test_a_small_segment_is_scanned() -> None:
    assert kind(rows=100, dimension=64) == "exact scan"


@settings(deadline=None)
@given(
    rows=st.integers(0, 10**8),
    dimension=st.integers(1, 4096),
    k=st.integers(1, 10_000),
    share=st.none() | st.floats(0, 1),
    index=st.sampled_from([None, "compressed", "graph"]),
    exact=st.booleans(),
)
def test_a_plan_is_never_one_that_can_not_be_followed(
    rows: int, dimension: int, k: int, share: float | None, index: Any, exact: bool
) -> None:
    allowed = None if share is None else int(share * rows)
    made = plan(rows, dimension, k, allowed, index, exact)
    considered = rows if allowed is None else allowed
    assert (made.kind == "nothing") == (considered == 0)
    if made.kind in ("compressed", "graph"):
        assert made.kind == index
        assert not exact
        assert k < considered
    if made.kind == "exact gather":
        assert allowed is not None
        assert allowed <= rows
    assert f"{rows}" in made.reason
