"""Any sequence of writes, syncs, compactions and reopenings, against a dict and numpy."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from reliability.world import garbage

from engine import Workspace

DIRECT, SYNCED, SOURCE = "main.default.direct", "main.default.synced", "main.default.rows"
DIMENSION = 3
SCHEMA = {"id": "long", "color": "string", "size": "int", "v": "array<float>"}
TYPES = {"id": pa.int64(), "color": pa.string(), "size": pa.int32(), "v": pa.list_(pa.float32())}
LONG = float(os.environ.get("VITRINE_SOAK_SECONDS", "10")) >= 60

# So that few rows reach what is meant for many: several segments, deletions in files, compactions.
SMALL = {
    "engine.store.indexes.changes.TAIL_NUMBERS": 4 * DIMENSION,
    "engine.store.indexes.changes.HELD_NUMBERS": 2 * DIMENSION,
    "engine.store.indexes.compaction.SMALL_NUMBERS": 8 * DIMENSION,
    "engine.store.indexes.delete_bitmaps._LISTED_ROWS": 2,
}

Row = dict[str, Any]
# Small whole numbers, so that distances are exact, ties are many, and the order is certain.
vectors = st.lists(st.integers(-2, 2), min_size=DIMENSION, max_size=DIMENSION)
rows = st.builds(
    lambda key, color, size, vector: {"id": key, "color": color, "size": size, "v": vector},
    st.integers(0, 25),
    st.none() | st.sampled_from(["red", "green", "blue"]),
    st.none() | st.integers(0, 5),
    vectors,
)
batches = st.lists(rows, min_size=1, max_size=12)
FILTERS = {
    "": lambda row: True,
    '{"color": "red"}': lambda row: row["color"] == "red",
    '{"size <": 3}': lambda row: row["size"] is not None and row["size"] < 3,
    '{"color NOT": "red"}': lambda row: row["color"] is not None and row["color"] != "red",
    '{"id >=": 12}': lambda row: row["id"] >= 12,
}
filters = st.sampled_from(sorted(FILTERS))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for place, value in SMALL.items():
        monkeypatch.setattr(place, value)
    yield


def nearest(model: dict[int, Row], query: list[int], wanted: int, condition: str) -> list[Row]:
    """What the engine must answer: by distance, then by key."""
    matching = [row for row in model.values() if FILTERS[condition](row)]
    if not matching:
        return []
    keys = np.array([row["id"] for row in matching])
    matrix = np.array([row["v"] for row in matching], dtype=np.float64)
    squared = ((matrix - np.array(query)) ** 2).sum(axis=1)
    order = np.lexsort((keys, squared))[:wanted]
    return [{**matching[place], "score": 1 / (1 + squared[place])} for place in order]


def as_table(held: list[Row]) -> pa.Table:
    columns = [pa.array([row[name] for row in held], kind) for name, kind in TYPES.items()]
    return pa.table(columns, names=list(TYPES))


class Engine(RuleBasedStateMachine):
    """A direct access index, and one synced from a table; each with its model."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="stateful-"))
        self.workspace = Workspace(self.folder)
        self.source: dict[int, Row] = {}
        self.models: dict[str, dict[int, Row]] = {}

    @initialize(held=batches)
    def create(self, held: list[Row]) -> None:
        self.create_direct()
        self.write_source(held)
        self.workspace.create_index(
            SYNCED, source_table=SOURCE, vector_column="v", primary_key="id", dimension=DIMENSION
        )
        self.models[SYNCED] = dict(self.source)

    @precondition(lambda self: self.models and DIRECT not in self.models)
    @rule()
    def create_direct(self) -> None:
        self.workspace.create_direct_access_index(
            DIRECT,
            dimension=DIMENSION,
            vector_column="v",
            schema=SCHEMA,
            primary_key="id",
            create_endpoint=True,
        )
        self.models[DIRECT] = {}

    @precondition(lambda self: DIRECT in self.models)
    @rule(sure=st.integers(0, 5))
    def drop(self, sure: int) -> None:
        if sure == 0:  # seldom
            self.settle()
            self.workspace.delete_index(DIRECT)
            del self.models[DIRECT]

    @precondition(lambda self: DIRECT in self.models)
    @rule(held=batches)
    def upsert(self, held: list[Row]) -> None:
        reply = self.workspace.upsert(DIRECT, held)
        assert reply == {"status": "SUCCESS", "result": {"success_row_count": len(held)}}
        self.models[DIRECT] |= {row["id"]: row for row in held}

    @precondition(lambda self: DIRECT in self.models)
    @rule(keys=st.lists(st.integers(0, 30), min_size=1, max_size=20))
    def delete(self, keys: list[int]) -> None:
        self.workspace.delete_rows(DIRECT, keys)
        for key in keys:
            self.models[DIRECT].pop(key, None)

    @rule(held=batches)
    def change_source(self, held: list[Row]) -> None:
        self.write_source([*self.source.values(), *held])

    @rule(keys=st.sets(st.integers(0, 25), max_size=15))
    def shrink_source(self, keys: set[int]) -> None:
        self.write_source([row for row in self.source.values() if row["id"] not in keys])

    def write_source(self, held: list[Row]) -> None:
        self.source = {row["id"]: row for row in held}
        self.workspace.write_table(SOURCE, as_table(list(self.source.values())))

    @rule()
    def sync(self) -> None:
        before = self.models[SYNCED]
        report = self.workspace.sync(SYNCED)
        assert report.indexed == len(self.source)
        assert report.inserted == len(self.source.keys() - before.keys())
        assert report.deleted == len(before.keys() - self.source.keys())
        assert report.updated == sum(
            before[key] != row for key, row in self.source.items() if key in before
        )
        self.models[SYNCED] = dict(self.source)

    @rule(name=st.sampled_from([DIRECT, SYNCED]))
    def compact(self, name: str) -> None:
        if name in self.models:
            self.workspace.compact_index(name)

    @rule()
    def reopen(self) -> None:
        self.settle()
        self.workspace = Workspace(self.folder)

    @rule(query=vectors, wanted=st.integers(1, 40), condition=filters, exact=st.booleans())
    def search(self, query: list[int], wanted: int, condition: str, exact: bool) -> None:
        for name, model in self.models.items():
            reply = self.workspace.query_index(
                name,
                columns=list(SCHEMA),
                query_vector=query,
                num_results=wanted,
                filters=json.loads(condition) if condition else None,
                exact=exact,
            )
            found = [
                dict(zip([*SCHEMA, "score"], row)) for row in reply["result"].get("data_array", [])
            ]
            assert found == nearest(model, query, wanted, condition)

    @invariant()
    def counts_agree(self) -> None:
        for name, model in self.models.items():
            assert self.workspace.get_index(name)["status"]["indexed_row_count"] == len(model)

    def settle(self) -> None:
        """Wait for compactions in threads."""
        for thread in threading.enumerate():
            if thread.name.startswith("compact "):
                thread.join()

    def teardown(self) -> None:
        self.settle()
        for name in self.models:
            assert Workspace(self.folder).check_index(name) == []
        if DIRECT in self.models:
            self.workspace.upsert(DIRECT, [{"id": 99, "v": [9] * DIMENSION}])
            self.settle()
        self.write_source([{"id": 99, "color": None, "size": None, "v": [9] * DIMENSION}])
        self.workspace.sync(SYNCED)
        assert garbage(self.folder) == []
        shutil.rmtree(self.folder)


TestEngine = pytest.mark.usefixtures("small")(Engine.TestCase)
TestEngine.settings = settings(
    max_examples=300 if LONG else 40,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
