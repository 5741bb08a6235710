"""Rows that many threads write at the same time: one version, and each caller's own reply."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from engine import Workspace

INDEX = "main.a.direct"
ALL_SUCCEEDED = {"status": "SUCCESS", "result": {"success_row_count": 1}}
Call = Callable[[], Any]


@pytest.fixture
def written(workspace: Workspace) -> Workspace:
    """A workspace with an empty index."""
    workspace.create_direct_access_index(
        INDEX,
        dimension=2,
        vector_column="v",
        schema={"id": "integer", "v": "array<float>", "small": "short"},
        primary_key="id",
        create_endpoint=True,
    )
    return workspace


def all_waiting(workspace: Workspace, calls: list[Call]) -> list[Any]:
    """What each call returned, made in this order, in a thread of its own, while nobody may write."""
    group = workspace.registry.open(INDEX)[1].group
    with ThreadPoolExecutor(len(calls)) as pool, ExitStack() as held:
        held.enter_context(workspace._layout.writing(f"index-{INDEX}"))
        made, end = [], time.monotonic() + 30
        for call in calls:
            made.append(pool.submit(call))
            while group.waiting < len(made):
                assert time.monotonic() < end
                time.sleep(0.001)
        held.close()
        return [one.result(30) for one in made]


def held_by(workspace: Workspace) -> dict[int, int | None]:
    reply = workspace.query_index(
        INDEX, columns=["id", "small"], query_vector=[0, 0], num_results=50
    )
    rows = reply["result"].get("data_array", [])
    return {int(key): None if small is None else int(small) for key, small, _ in rows}


def upsert(workspace: Workspace, key: int, small: int) -> Call:
    return partial(workspace.upsert, INDEX, [{"id": key, "v": [0, small], "small": small}])


def test_rows_of_many_threads_become_one_version(written: Workspace) -> None:
    versions = written.registry.open(INDEX)[1]
    before = versions.current_number()
    calls = [upsert(written, key, key) for key in range(8)]
    assert all_waiting(written, calls) == [ALL_SUCCEEDED] * 8
    assert versions.current_number() == before + 1
    assert held_by(written) == {key: key for key in range(8)}


def test_of_a_key_that_several_threads_write_the_last_ones_word_counts(written: Workspace) -> None:
    written.upsert(INDEX, [{"id": key, "v": [0, 0]} for key in (1, 5)])
    calls = [
        upsert(written, 1, 1),
        upsert(written, 2, 1),
        partial(written.delete_rows, INDEX, [1, 2, 5]),
        upsert(written, 1, 2),
        upsert(written, 3, 1),
        upsert(written, 3, 2),
    ]
    assert {reply["status"] for reply in all_waiting(written, calls)} == {"SUCCESS"}
    assert held_by(written) == {1: 2, 3: 2}


def test_each_of_many_threads_hears_of_its_own_bad_rows(written: Workspace) -> None:
    good, bad = {"id": 1, "v": [0, 1]}, {"id": 2, "v": [0, 1, 2]}
    calls: list[Call] = [partial(written.upsert, INDEX, [good, bad]), upsert(written, 3, 3)]
    first, second = all_waiting(written, calls)
    assert first["status"] == "PARTIAL_SUCCESS"
    assert first["result"]["failed_primary_keys"] == ["2"]
    assert second == ALL_SUCCEEDED
    assert held_by(written) == {1: None, 3: 3}
