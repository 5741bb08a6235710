"""The cache of filtered rows: bounded in bytes, the least recently used goes first."""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Workspace
from engine.core.rows import RowSet
from engine.store.indexes.mask_cache import MaskCache
from engine.store.segments.metadata import RowTable


def set_of_bytes(size: int) -> RowSet:
    made = RowSet.of_mask(np.ones(8 * size, dtype=np.bool_))
    assert made.nbytes == size
    return made


def test_a_set_is_made_once() -> None:
    cache, made = MaskCache(), []

    def make() -> RowSet:
        made.append(1)
        return set_of_bytes(3)

    first, seen = cache.get("a", make)
    again, seen_again = cache.get("a", make)
    assert (seen, seen_again, len(made)) == (False, True, 1)
    assert again is first


@settings(deadline=None)
@given(
    most=st.integers(0, 60),
    asked=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 20)), max_size=40),
)
def test_it_keeps_what_a_plain_list_of_recent_sets_would(
    most: int, asked: list[tuple[str, int]]
) -> None:
    """Against a list, least recent first; a set that is larger than everything is not kept."""
    cache = MaskCache(most)
    recent: list[tuple[str, int]] = []
    for key, size in asked:
        held = dict(recent)
        found, seen = cache.get(key, lambda size=size: set_of_bytes(size))
        assert seen == (key in held)
        assert found.nbytes == held.get(key, size)
        recent = [entry for entry in recent if entry[0] != key]
        if held.get(key, size) <= most:
            recent.append((key, held.get(key, size)))
        while sum(bytes_ for _, bytes_ in recent) > most:
            recent.pop(0)
        assert cache.nbytes == sum(bytes_ for _, bytes_ in recent) <= most


def test_threads_get_right_sets_and_the_bound_holds() -> None:
    cache = MaskCache(100)
    wrong = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for size in rng.integers(1, 30, 300).tolist():
            found, _ = cache.get(size, lambda size=size: set_of_bytes(size))
            if found.nbytes != size or cache.nbytes > 100 + 30:
                wrong.append(size)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert cache.nbytes <= 100


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The conditions that DuckDB is asked about."""
    conditions: list[object] = []
    mask = RowTable.mask

    def counted(self: RowTable, condition: object) -> object:
        conditions.append(condition)
        return mask(self, condition)  # type: ignore[arg-type]

    monkeypatch.setattr(RowTable, "mask", counted)
    return conditions


def test_the_same_filter_twice_is_answered_from_memory(
    workspace: Workspace, asked: list[object]
) -> None:
    table = pa.table({"product_id": [1, 2, 3], "x": [5, 6, 7], "v": [[1.0], [2.0], [3.0]]})
    workspace.write_table("t", table)
    workspace.create_index("main.a.i", source_table="t", vector_column="v", create_endpoint=True)
    for times in (1, 1):
        found = workspace.search(vector=[0.0], index="main.a.i", filters={"x >": 5}, k=3)
        assert [row["product_id"] for row in found] == [2, 3]
        assert len(asked) == times
    workspace.search(vector=[0.0], index="main.a.i", filters={"x >": 6}, k=3)
    assert len(asked) == 2


def test_a_deletion_does_not_make_a_filter_be_evaluated_again(
    workspace: Workspace, asked: list[object]
) -> None:
    workspace.create_direct_access_index(
        "main.a.i",
        dimension=1,
        vector_column="v",
        schema={"product_id": "int", "x": "int", "v": "array<float>"},
        create_endpoint=True,
    )
    workspace.upsert("main.a.i", [{"product_id": n, "x": n, "v": [n]} for n in range(10)])

    def found() -> list[int]:
        hits = workspace.search(vector=[0.0], index="main.a.i", filters={"x >=": 4}, k=9)
        return [row["product_id"] for row in hits]

    assert found() == [4, 5, 6, 7, 8, 9]
    workspace.delete_rows("main.a.i", [5, 1])
    assert found() == [4, 6, 7, 8, 9]
    assert len(asked) == 1
