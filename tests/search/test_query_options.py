"""Facets, sorting, thresholds, debug levels and limits of a query, against plain Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest

from engine import BadRequest, InvalidParameterValue, VectorSearchIndex

QUERY = [0.25] * 16
Nearest = Callable[..., list[tuple[Any, float]]]
Rows = list[dict[str, Any]]


def search(index: VectorSearchIndex, **changed: Any) -> dict[str, Any]:
    question: dict[str, Any] = {"columns": ["product_id"], "query_vector": QUERY, "num_results": 60}
    return index.similarity_search(**{**question, **changed})


def refusal(index: VectorSearchIndex, kind: type[Exception], **changed: Any) -> str:
    with pytest.raises(kind) as caught:
        search(index, **changed)
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.fixture(scope="module")
def ranked(products: pa.Table, nearest: Nearest) -> Rows:
    """All products, nearest first."""
    rows = {row["product_id"]: row for row in products.to_pylist()}
    return [rows[key] for key, _ in nearest(products, QUERY, 60)]


def counted(rows: Rows, column: str, top: int = 10) -> list[list[Any]]:
    """The plain count of a column: most frequent first, then by value."""
    values = [row[column] for row in rows]
    flat = [v for value in values for v in (value if isinstance(value, list) else [value])]
    pairs = Counter(v for v in flat if v is not None).items()
    shown = sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:top]
    return [[column, _sent(value), count] for value, count in shown]


def _sent(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat()
    return value.isoformat() if isinstance(value, date) else value


# ------------------------------------------------------------------ facets
@pytest.mark.parametrize(
    "column",
    ["article_type", "base_color", "year", "price", "in_stock", "tags", "added_on", "updated_at"],
)
@pytest.mark.parametrize("num_results", [60, 7])
def test_a_facet_counts_the_rows_that_were_found(
    index: VectorSearchIndex, ranked: Rows, column: str, num_results: int
) -> None:
    reply = search(index, facets=[column], num_results=num_results)
    entries = counted(ranked[:num_results], column)
    found = reply["facet_result"]
    assert found == {"facet_row_count": len(entries), "facet_array": entries}
    assert [type(entry[1]) for entry in found["facet_array"]] == [type(e[1]) for e in entries]
    assert all(type(entry[2]) is int for entry in found["facet_array"])


def test_top_and_buckets_follow_the_order_of_the_facets(
    index: VectorSearchIndex, ranked: Rows
) -> None:
    reply = search(
        index, facets=["year top 2", "price BUCKETS [[0,100],[100,200.5],[900,1000]]", "base_color"]
    )
    prices = [row["price"] for row in ranked if row["price"] is not None]
    assert reply["facet_result"]["facet_array"] == [
        *counted(ranked, "year", 2),
        ["price", "[0, 100]", sum(0 <= price <= 100 for price in prices)],
        ["price", "[100, 200.5]", sum(100 <= price <= 200.5 for price in prices)],
        ["price", "[900, 1000]", 0],
        *counted(ranked, "base_color"),
    ]
    assert reply["manifest"]["facet_column_count"] == 3
    names = [column["name"] for column in reply["manifest"]["facet_columns"]]
    assert names == ["facet_column_name", "facet_value", "facet_count"]
    json.dumps(reply, allow_nan=False)


def test_a_facet_sees_filter_and_threshold(
    index: VectorSearchIndex, ranked: Rows, products: pa.Table, nearest: Nearest
) -> None:
    men = [row for row in ranked if row["gender"] == "Men"]
    reply = search(index, facets=["gender", "base_color"], filters={"gender": "Men"})
    assert reply["facet_result"]["facet_array"] == [
        ["gender", "Men", len(men)],
        *counted(men, "base_color"),
    ]
    threshold = nearest(products, QUERY, 20)[-1][1]
    near = search(index, facets=["year"], score_threshold=threshold - 1e-12)
    assert near["result"]["row_count"] == 20
    assert near["facet_result"]["facet_array"] == counted(ranked[:20], "year")


def test_facets_of_no_rows_are_empty_and_buckets_count_zero(index: VectorSearchIndex) -> None:
    reply = search(index, facets=["year", "price BUCKETS [[0,1]]"], filters={"gender": "Nobody"})
    assert reply["result"] == {"row_count": 0}
    assert reply["facet_result"] == {
        "facet_row_count": 1,
        "facet_array": [["price", "[0, 1]", 0]],
    }


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_no_facets_leave_no_trace(index: VectorSearchIndex, nothing: Any) -> None:
    reply = search(index, facets=nothing)
    assert set(reply) == {"manifest", "result"}
    assert set(reply["manifest"]) == {"column_count", "columns"}


def test_facets_do_not_change_the_rows(index: VectorSearchIndex) -> None:
    assert search(index, facets=["year"])["result"] == search(index)["result"]


def test_facets_that_can_not_be_counted_are_refused(index: VectorSearchIndex) -> None:
    assert "'colour'" in refusal(index, BadRequest, facets=["colour"])
    assert "'image_embedding'" in refusal(index, BadRequest, facets=["image_embedding"])
    assert "'score'" in refusal(index, BadRequest, facets=["score"])
    assert "twice" in refusal(index, InvalidParameterValue, facets=["year", "year TOP 2"])
    assert "TOP" in refusal(index, InvalidParameterValue, facets=["year TOP 0"])


# ------------------------------------------------------------------ sorting
def in_order(rows: Rows, clauses: Sequence[tuple[str, bool]]) -> list[Any]:
    """Keys of rows in the order of (column, descending); nulls last; equal rows as they were."""
    placed = list(rows)
    for column, descending in reversed(clauses):
        known = [row for row in placed if row[column] is not None]
        nulls = [row for row in placed if row[column] is None]
        placed = sorted(known, key=lambda row: row[column], reverse=descending) + nulls
    return [row["product_id"] for row in placed]


def keys(reply: dict[str, Any]) -> list[int]:
    return [int(row[0]) for row in reply["result"]["data_array"]]


@pytest.mark.parametrize(
    ("clauses", "plain"),
    [
        (["price ASC"], [("price", False)]),
        (["price DESC"], [("price", True)]),
        (["price"], [("price", False)]),
        (["base_color desc"], [("base_color", True)]),
        (["in_stock ASC", "year DESC"], [("in_stock", False), ("year", True)]),
        (["article_type ASC", "added_on DESC"], [("article_type", False), ("added_on", True)]),
        (["updated_at DESC"], [("updated_at", True)]),
        (["product_id ASC"], [("product_id", False)]),
        (["season ASC"], [("season", False)]),
    ],
    ids=str,
)
@pytest.mark.parametrize("num_results", [60, 11])
def test_the_nearest_rows_come_in_the_order_asked_for(
    index: VectorSearchIndex, ranked: Rows, clauses: Any, plain: Any, num_results: int
) -> None:
    reply = search(index, sort_columns=clauses, num_results=num_results)
    assert keys(reply) == in_order(ranked[:num_results], plain)


def test_a_sorted_row_keeps_its_score(index: VectorSearchIndex) -> None:
    scores = {row[0]: row[1] for row in search(index)["result"]["data_array"]}
    for key, score in search(index, sort_columns=["price DESC"])["result"]["data_array"]:
        assert score == scores[key]


def test_sorting_facets_and_filter_go_together(index: VectorSearchIndex, ranked: Rows) -> None:
    men = [row for row in ranked if row["gender"] == "Men"][:9]
    reply = search(
        index, num_results=9, filters={"gender": "Men"}, sort_columns=["price ASC"], facets=["year"]
    )
    assert keys(reply) == in_order(men, [("price", False)])
    assert reply["facet_result"]["facet_array"] == counted(men, "year")


def test_sorting_no_rows_is_no_error(index: VectorSearchIndex) -> None:
    reply = search(index, filters={"gender": "Nobody"}, sort_columns=["price ASC"])
    assert reply["result"] == {"row_count": 0}


def test_clauses_that_can_not_be_sorted_by_are_refused(index: VectorSearchIndex) -> None:
    assert "'colour'" in refusal(index, BadRequest, sort_columns=["colour ASC"])
    assert "'score'" in refusal(index, BadRequest, sort_columns=["score ASC"])
    assert "'tags'" in refusal(index, BadRequest, sort_columns=["tags ASC"])
    assert "'price UP'" in refusal(index, InvalidParameterValue, sort_columns=["price UP"])
    assert "sort_columns is" in refusal(index, InvalidParameterValue, sort_columns="price ASC")


# ------------------------------------------------------------------ thresholds
def test_rows_below_the_threshold_are_left_out(
    index: VectorSearchIndex, products: pa.Table, nearest: Nearest
) -> None:
    scores = [score for _, score in nearest(products, QUERY, 60)]
    for threshold in (scores[0] + 1e-9, scores[20] - 1e-12, 0.0, -5.0, None, 1.0, 2.0):
        found = search(index, score_threshold=threshold)["result"]
        assert found["row_count"] == sum(score >= (threshold or 0.0) for score in scores)


def test_a_row_at_the_threshold_stays(index: VectorSearchIndex) -> None:
    rows = search(index)["result"]["data_array"]
    assert search(index, score_threshold=rows[30][1])["result"]["data_array"] == [
        row for row in rows if row[1] >= rows[30][1]
    ]


# ------------------------------------------------------------------ debug levels
@pytest.mark.parametrize("level", [1, 2, 99])
def test_a_debug_level_adds_times_in_milliseconds(index: VectorSearchIndex, level: int) -> None:
    info = search(index, debug_level=level)["debug_info"]
    times = {name: value for name, value in info.items() if name.endswith("_time")}
    assert set(times) == {"response_time", "ann_time", "filter_time", "fetch_time"}
    assert all(type(value) is float and 0 <= value < 60_000 for value in times.values())
    parts = sum(value for name, value in times.items() if name != "response_time")
    assert times["response_time"] == pytest.approx(parts)
    assert len(info["plan"]) == 1
    assert "warnings" not in info


@pytest.mark.parametrize("level", [0, -1])
def test_no_debug_level_adds_nothing(index: VectorSearchIndex, level: int) -> None:
    assert "debug_info" not in search(index, debug_level=level)


# ------------------------------------------------------------------ limits
@pytest.mark.parametrize("value", [0, -1, True, False, 10_001, 10**30, 5.0, "5"])
def test_a_number_of_results_out_of_range_is_refused(index: VectorSearchIndex, value: Any) -> None:
    message = refusal(index, InvalidParameterValue, num_results=value)
    assert f"num_results is {value!r}; expected an integer from 1 to 10000" in message


@pytest.mark.parametrize(
    ("kind", "vector"), [("HYBRID", QUERY), ("FULL_TEXT", None), ("hybrid", QUERY)]
)
def test_queries_by_words_give_up_to_two_hundred(
    index: VectorSearchIndex, kind: str, vector: Any
) -> None:
    for value in (201, 10_000, 0):
        message = refusal(
            index, InvalidParameterValue, query_type=kind, query_text="shirt", query_vector=vector,
            num_results=value,
        )  # fmt: skip
        assert "from 1 to 200" in message


def test_texts_beyond_the_documented_lengths_are_refused(index: VectorSearchIndex) -> None:
    message = refusal(
        index, InvalidParameterValue, query_type="FULL_TEXT", query_vector=None, num_results=5,
        query_text="a" * 32_765,
    )  # fmt: skip
    assert "expected at most 32764" in message
    message = refusal(
        index, InvalidParameterValue, query_type="HYBRID", num_results=5, query_text="a " * 1025
    )
    assert "expected at most 1024" in message


def test_more_results_than_rows_give_all_rows(index: VectorSearchIndex) -> None:
    assert search(index, num_results=10_000)["result"]["row_count"] == 60
