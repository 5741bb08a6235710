"""Pages of a query: joined they are one exact ranking; their tokens hold, and can't be forged."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import InvalidParameterValue, VectorSearchClient, Workspace
from engine.core.assumptions import MAX_HYBRID_WORDS, MAX_TEXT
from engine.core.query import MAX_RANKED_RESULTS, MAX_RESULTS, PAGE_ROWS
from engine.core.reply import encode_token
from engine.service.search import answer as answers
from engine.service.search import paging
from engine.service.search.hits import Hit
from engine.service.search.paging import Ranking, Rankings
from engine.store.secret import workspace_secret

STEADY = settings(derandomize=True, deadline=None, max_examples=60)
ENDPOINT = "shop"
TABLE = "main.shop.products"
INDEX = "main.shop.vs"
OTHER = "main.shop.other"
LARGE = 10_400  # rows; some are left after the most that a query gives
DIMENSION = 3
QUERY = [0.3, -0.2, 0.5]


def products(rows: int, seed: int = 5) -> pa.Table:
    """Products in no order of keys, many of them as near as others, with repeated values."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-8, 9, size=(rows, DIMENSION)) / 8
    return pa.table(
        {
            "id": pa.array(rng.permutation(rows) + 1, pa.int64()),
            "size": pa.array([None if i % 11 == 0 else i % 7 for i in range(rows)], pa.int32()),
            "color": pa.array([("Red", "Blue", "Green")[i % 3] for i in range(rows)]),
            "day": pa.array([date(2024, 1, 1) + timedelta(days=i % 30) for i in range(rows)]),
            "vector": pa.array(vectors.tolist(), pa.list_(pa.float32())),
        }
    )


def made_index(root: Path, table: pa.Table, *names: str) -> Workspace:
    client = VectorSearchClient(workspace=root)
    client.workspace.write_table(TABLE, table)
    client.create_endpoint(ENDPOINT)
    for name in names:
        client.create_delta_sync_index(
            ENDPOINT, name, "id", TABLE, "TRIGGERED", DIMENSION, "vector"
        )
    return client.workspace


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return made_index(tmp_path_factory.mktemp("large"), products(LARGE), INDEX)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return made_index(tmp_path_factory.mktemp("small"), products(90), INDEX)


def exact(table: pa.Table, query: list[float], k: int, color: str | None = None) -> list[Any]:
    """(key, score) of the k nearest rows by plain arithmetic; ties by key."""
    given = np.array(query, dtype=np.float32).astype(np.float64)
    ranked = []
    for row in table.to_pylist():
        if color is None or row["color"] == color:
            squared = float(((np.array(row["vector"], dtype=np.float64) - given) ** 2).sum())
            ranked.append((squared, row["id"]))
    return [(key, 1 / (1 + squared)) for squared, key in sorted(ranked)[:k]]


def first_page(workspace: Workspace, **changed: Any) -> dict[str, Any]:
    question: dict[str, Any] = {"columns": ["id"], "query_vector": QUERY, "num_results": 2500}
    return workspace.query_index(**{"name": INDEX, **question, **changed})


def pages(workspace: Workspace, first: dict[str, Any]) -> Iterator[dict[str, Any]]:
    page = first
    yield page
    while page["next_page_token"]:
        page = workspace.query_next_page(INDEX, page["next_page_token"])
        yield page


def joined(workspace: Workspace, first: dict[str, Any]) -> list[list[Any]]:
    return [row for page in pages(workspace, first) for row in page["result"].get("data_array", [])]


def refused(workspace: Workspace, token: Any, name: str = INDEX) -> bool:
    """Whether a token is refused in the service's words."""
    with pytest.raises(InvalidParameterValue) as caught:
        workspace.query_next_page(name, token)
    assert caught.value.status_code == 400
    return caught.value.message == (
        f"Invalid page token: {token}, please use the page token returned from previous page."
    )


# ------------------------------------------------------------------ joined pages
def test_limits_are_the_documented_ones() -> None:
    assert (MAX_RESULTS, PAGE_ROWS, MAX_RANKED_RESULTS) == (10_000, 1000, 200)
    assert (MAX_TEXT, MAX_HYBRID_WORDS) == (32_764, 1024)


def test_ten_thousand_results_in_pages_of_a_thousand_are_one_exact_ranking(
    large: Workspace,
) -> None:
    first = first_page(large, num_results=10_000)
    sizes = [page["result"]["row_count"] for page in pages(large, first)]
    assert sizes == [1000] * 10
    rows = joined(large, first)
    plain = exact(products(LARGE), QUERY, 10_000)
    assert [int(key) for key, _ in rows] == [key for key, _ in plain]
    assert [score for _, score in rows] == pytest.approx([score for _, score in plain], rel=1e-12)


@pytest.mark.parametrize("k", [999, 1000, 1001, 2000])
def test_the_last_page_has_no_token(large: Workspace, k: int) -> None:
    all_pages = list(pages(large, first_page(large, num_results=k)))
    assert len(all_pages) == -(-k // 1000)
    assert [bool(page["next_page_token"]) for page in all_pages][-1] is False
    assert sum(page["result"]["row_count"] for page in all_pages) == k


def test_rows_that_end_with_a_page_have_no_empty_page_after_it(large: Workspace) -> None:
    table = products(LARGE)
    threshold = exact(table, QUERY, 1000)[-1][1]
    many = sum(score >= threshold for _, score in exact(table, QUERY, LARGE))
    found = list(pages(large, first_page(large, num_results=5000, score_threshold=threshold)))
    assert sum(page["result"]["row_count"] for page in found) == many
    assert all(page["result"]["row_count"] for page in found)


@pytest.mark.parametrize("descending", [False, True])
def test_sorted_pages_are_sorted_over_all_and_stable(large: Workspace, descending: bool) -> None:
    clause = f"size {'DESC' if descending else 'ASC'}"
    first = first_page(large, columns=["id", "size"], num_results=3500, sort_columns=[clause])
    rows = joined(large, first)
    table = products(LARGE)
    size = dict(zip(table["id"].to_pylist(), table["size"].to_pylist()))
    nearest = [key for key, _ in exact(table, QUERY, 3500)]
    known = sorted((key for key in nearest if size[key] is not None), key=lambda key: size[key],
                   reverse=descending)  # fmt: skip
    plain = known + [key for key in nearest if size[key] is None]
    assert [int(row[0]) for row in rows] == plain
    assert [row[1] for row in rows] == [size[key] for key in plain]


def test_facets_count_the_rows_of_all_pages(large: Workspace) -> None:
    first = first_page(large, num_results=2500, facets=["color"])
    nearest = {key for key, _ in exact(products(LARGE), QUERY, 2500)}
    colors = [row["color"] for row in products(LARGE).to_pylist() if row["id"] in nearest]
    plain = sorted({(-colors.count(color), color) for color in colors})
    expected = [["color", color, -less] for less, color in plain]
    assert first["facet_result"]["facet_array"] == expected


@STEADY
@given(
    query=st.lists(st.integers(-8, 8), min_size=DIMENSION, max_size=DIMENSION),
    k=st.integers(1, 100),
    page_rows=st.integers(1, 40),
    color=st.sampled_from([None, "Red", "Mauve"]),
    sort=st.sampled_from([None, ["size ASC"], ["color DESC", "day ASC"]]),
    threshold=st.sampled_from([None, 0.3, 0.6]),
)
def test_joined_pages_of_any_size_are_the_one_big_page(
    small: Workspace,
    query: list[int],
    k: int,
    page_rows: int,
    color: str | None,
    sort: list[str] | None,
    threshold: float | None,
) -> None:
    question: dict[str, Any] = {
        "columns": ["id", "day", "vector"],
        "query_vector": [number / 8 for number in query],
        "filters": {"color": color} if color else None,
        "num_results": k,
        "sort_columns": sort,
        "score_threshold": threshold,
    }
    whole = first_page(small, **question)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paging, "PAGE_ROWS", page_rows)
        found = list(pages(small, first_page(small, **question)))
    rows = [row for page in found for row in page["result"].get("data_array", [])]
    assert rows == whole["result"].get("data_array", [])
    assert all(page["result"]["row_count"] == page_rows for page in found[:-1])
    assert all(page["manifest"] == whole["manifest"] for page in found)
    plain = exact(products(90), question["query_vector"], k, color)
    kept = [key for key, score in plain if score >= (threshold or 0.0)]
    assert (sorted if sort else list)(int(row[0]) for row in rows) == (
        sorted(kept) if sort else kept
    )


@pytest.mark.parametrize("day", [date(2024, 1, 10), "2024-01-10"])
def test_a_filter_by_day_holds_on_later_pages(
    small: Workspace, monkeypatch: pytest.MonkeyPatch, day: Any
) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 4)
    rows = joined(small, first_page(small, num_results=90, filters={"day <": day}))
    table = products(90).to_pylist()
    wanted = {row["id"] for row in table if row["day"] < date(2024, 1, 10)}
    assert {int(row[0]) for row in rows} == wanted


# ------------------------------------------------------------------ one ranking for all pages
@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for each ranking."""
    rankings: list[int] = []
    rank = answers.ranked

    def counting(*given: Any) -> Any:
        rankings.append(1)
        return rank(*given)

    monkeypatch.setattr(answers, "ranked", counting)
    return rankings


@pytest.mark.parametrize(
    "question", [{}, {"sort_columns": ["size DESC"]}, {"facets": ["color"], "debug_level": 1}]
)
def test_all_pages_of_a_query_cost_one_ranking(
    large: Workspace, counted: list[int], question: dict[str, Any]
) -> None:
    workspace = Workspace(large.path)
    given = {"num_results": 10_000, "columns": ["id", "size"], **question}
    first = first_page(workspace, **given)
    found = list(pages(workspace, first))
    assert len(found) == 10 and len(counted) == 1
    # Whoever has no ranking at hand, such as a process that started just now, ranks again, once.
    again = list(pages(Workspace(large.path), first))
    assert len(counted) == 2
    for page in [*found, *again]:
        page.pop("debug_info", None)
    assert again == found


def test_pages_of_many_queries_in_turn_cost_one_ranking_each(
    large: Workspace, counted: list[int]
) -> None:
    workspace = Workspace(large.path)
    queries = [[float(n), 1.0, 0.0] for n in range(5)]
    turns = [first_page(workspace, query_vector=query) for query in queries]
    plain = [exact(products(LARGE), query, 2500) for query in queries]
    for number in range(3):
        for page, rows in zip(turns, plain):
            keys = [int(row[0]) for row in page["result"]["data_array"]]
            assert keys == [key for key, _ in rows[1000 * number : 1000 * (number + 1)]]
        if number < 2:
            turns = [workspace.query_next_page(INDEX, page["next_page_token"]) for page in turns]
    assert len(counted) == len(queries)


def test_a_ranking_is_of_its_query_and_version_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 10)
    workspace = made_index(tmp_path, products(40), INDEX)
    questions = [{}, {"filters": {"color": "Red"}}, {"sort_columns": ["size ASC"]}]
    before = [joined(workspace, first_page(workspace, **question)) for question in questions]
    workspace.write_table(TABLE, products(35, seed=6))
    workspace.sync(INDEX)
    after = [joined(workspace, first_page(workspace, **question)) for question in questions]
    assert after == [
        joined(Workspace(tmp_path), first_page(Workspace(tmp_path), **question))
        for question in questions
    ]
    everything = [*before, *after]
    assert all(one != other for one, other in itertools.combinations(everything, 2))


def test_rankings_take_bounded_memory_and_those_used_last_stay() -> None:
    hits = [Hit(0, row, row, 0.5, None) for row in range(1000)]
    ranking = Ranking.of(hits, None, ("exact",), ())
    kept = Rankings(max_bytes=3 * ranking.nbytes)
    for number in range(3):
        kept.put(str(number), ranking)
    kept.put("1", ranking)
    assert kept.get("0") is ranking
    kept.put("3", ranking)
    assert [kept.get(str(number)) is ranking for number in range(4)] == [True, True, False, True]
    assert kept.nbytes == 3 * ranking.nbytes
    kept.put("large", Ranking.of(hits * 10, None, (), ()))
    assert kept.nbytes == 0 and kept.get("large") is None
    assert 24 * len(hits) <= ranking.nbytes <= 48 * len(hits)


# ------------------------------------------------------------------ tokens
def test_a_token_survives_a_restart(large: Workspace) -> None:
    first = first_page(large)
    again = Workspace(large._layout.root)
    rest = [row for page in pages(again, first) for row in page["result"]["data_array"]]
    assert rest == joined(large, first)
    assert len(rest) == 2500


def test_a_token_may_be_used_twice_and_by_many(large: Workspace) -> None:
    token = first_page(large)["next_page_token"]
    expected = large.query_next_page(INDEX, token)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(large.query_next_page(INDEX, token)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_a_token_with_any_byte_changed_is_refused(large: Workspace) -> None:
    token = first_page(large)["next_page_token"]
    for place in range(len(token)):
        changed = token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :]
        assert refused(large, changed)


@STEADY
@given(st.data())
def test_a_token_with_any_bit_of_its_bytes_changed_is_refused(
    large: Workspace, data: st.DataObject
) -> None:
    raw = bytearray(base64.urlsafe_b64decode(first_page(large)["next_page_token"]))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert refused(large, base64.urlsafe_b64encode(bytes(raw)).decode())


def test_an_unsigned_token_is_refused(large: Workspace) -> None:
    raw = base64.urlsafe_b64decode(first_page(large)["next_page_token"])
    state = raw[16:]
    assert json.loads(state)["offset"] == 1000
    for signature in (b"", bytes(16)):
        assert refused(large, base64.urlsafe_b64encode(signature + state).decode())


def test_a_token_of_another_workspace_is_refused(large: Workspace, small: Workspace) -> None:
    token = first_page(large)["next_page_token"]
    raw = base64.urlsafe_b64decode(token)
    assert refused(small, token)
    # Even one that names this workspace's index and version, signed elsewhere.
    state = json.loads(raw[16:])
    elsewhere = workspace_secret(small._layout)
    assert refused(large, encode_token(state, elsewhere))
    assert encode_token(state, workspace_secret(large._layout)) == token


def test_a_token_of_another_index_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 10)
    workspace = made_index(tmp_path, products(30), INDEX, OTHER)
    token = first_page(workspace, num_results=30)["next_page_token"]
    assert workspace.query_next_page(INDEX, token)["result"]["row_count"] == 10
    assert refused(workspace, token, OTHER)
    workspace.delete_index(INDEX)
    workspace.create_index(
        INDEX, source_table=TABLE, vector_column="vector", primary_key="id", endpoint=ENDPOINT
    )
    assert refused(workspace, token)


@pytest.mark.parametrize("token", ["", "x", None, 5, "AAAA", "=" * 8, "ä", "A" * 5000])
def test_what_is_no_token_is_refused(large: Workspace, token: Any) -> None:
    assert refused(large, token)


def test_a_page_is_of_the_version_that_was_queried_until_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 10)
    workspace = made_index(tmp_path, products(40), INDEX)
    whole = joined(workspace, first_page(workspace, num_results=40))
    first = first_page(workspace, num_results=40)
    workspace.write_table(TABLE, products(35, seed=6))
    workspace.sync(INDEX)
    assert joined(workspace, first) == whole
    assert joined(Workspace(tmp_path), first) == whole
    workspace.write_table(TABLE, products(30, seed=7))
    workspace.sync(INDEX)
    for opened in (workspace, Workspace(tmp_path)):
        with pytest.raises(InvalidParameterValue) as caught:
            opened.query_next_page(INDEX, first["next_page_token"])
        assert caught.value.status_code == 400
        assert caught.value.message == (
            f"Invalid page token: the index {INDEX} changed since that page, whose version 1 is not "
            "kept any more. Ask the query again, from its first page."
        )
