"""Threads share an index without waiting for each other: one is held inside a query, others go on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from engine import Workspace
from engine.service.search import answer, batch, nearest
from engine.service.search.checking.checked import CheckedQueries
from engine.store.segments.metadata import RowTable
from engine.store.segments.segment import Segment

INDEX, ROWS = "main.a.i", 60
SECONDS = 60.0  # after which a thread counts as one that waits
SEEN, NEW = {"x <": 3}, {"x <": 7, "name": "red thing"}
PLACES: dict[str, tuple[Any, str]] = {
    "the request is checked": (CheckedQueries, "of"),
    "a new filter's rows are found": (RowTable, "mask"),
    "the nearest rows are found": (nearest, "shortlist"),
    "values are fetched": (Segment, "fetch_rows"),
    "the reply is made": (answer, "reply"),
}


@pytest.fixture
def shared(workspace: Workspace) -> Workspace:
    """An index that has answered one query of each kind."""
    vectors = np.random.default_rng(0).standard_normal((ROWS, 4)).astype(np.float32)
    table = pa.table(
        {
            "id": np.arange(ROWS),
            "x": np.arange(ROWS) % 10,
            "name": ["red thing", "blue thing"] * (ROWS // 2),
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 4),
        }
    )
    workspace.write_table("t", table)
    workspace.create_index(
        INDEX, source_table="t", vector_column="v", primary_key="id", create_endpoint=True
    )
    asked_by_others(workspace)
    return workspace


def query(workspace: Workspace, **more: Any) -> Any:
    asked = {"columns": ["id", "x"], "query_vector": [1.0, 0.5, 0.0, -1.0], "num_results": 5}
    return workspace.query_index(INDEX, **{**asked, **more})["result"]


def asked_by_others(workspace: Workspace) -> list[Any]:
    """Answers of all that other threads ask meanwhile."""
    several = {"query_vectors": np.eye(4), "columns": ["id"], "filters": SEEN}
    return [
        query(workspace),
        query(workspace, filters=SEEN),
        query(workspace, query_text="red", query_type="HYBRID"),
        query(workspace, query_vector=None, query_text="thing", query_type="FULL_TEXT"),
        workspace.similarity_search_batch(INDEX, **several),
        workspace.scan_index(INDEX),
        workspace.get_index(INDEX)["status"]["ready"],
    ]


@pytest.mark.parametrize("where", PLACES)
def test_a_query_that_takes_long_holds_up_no_other(
    shared: Workspace, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    owner, name = PLACES[where]
    own, is_inside, may_go_on = getattr(owner, name), threading.Event(), threading.Event()

    def held(*given: Any, **named: Any) -> Any:
        if threading.current_thread().name.startswith("held"):
            is_inside.set()
            assert may_go_on.wait(3 * SECONDS)
        return own(*given, **named)

    expected, alone = asked_by_others(shared), query(Workspace(shared.path), filters=NEW)
    monkeypatch.setattr(owner, name, held)
    with (
        ThreadPoolExecutor(1, thread_name_prefix="held") as one,
        ThreadPoolExecutor(8, thread_name_prefix="other") as others,
    ):
        try:
            slow = one.submit(query, shared, filters=NEW)
            assert is_inside.wait(SECONDS)
            quick = [others.submit(asked_by_others, shared) for _ in range(8)]
            assert [future.result(SECONDS) for future in quick] == [expected] * 8
            assert not slow.done()
        finally:
            may_go_on.set()
        assert slow.result(SECONDS) == alone


def test_a_long_batch_holds_up_no_query(shared: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    own, is_inside, may_go_on = batch.fetch, threading.Event(), threading.Event()

    def held(*given: Any) -> Any:
        is_inside.set()
        assert may_go_on.wait(3 * SECONDS)
        return own(*given)

    expected = query(shared)
    monkeypatch.setattr(batch, "fetch", held)
    with ThreadPoolExecutor(2) as threads:
        try:
            asked = {"query_vectors": np.eye(4), "columns": ["id"]}
            slow = threads.submit(shared.similarity_search_batch, INDEX, **asked)
            assert is_inside.wait(SECONDS)
            assert threads.submit(query, shared).result(SECONDS) == expected
            assert not slow.done()
        finally:
            may_go_on.set()
        assert len(slow.result(SECONDS)) == 4
