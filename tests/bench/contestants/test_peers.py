"""Every peer answers right at its dearest setting: all kinds of filters, nulls, odd words, writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.needs import needs

from engine.bench.contest.catalogue import Catalogue, write_catalogue
from engine.bench.contest.entrants import entrants
from engine.bench.contest.filters import Filters
from engine.bench.contest.schema import SCORE, Row, Schema
from engine.bench.contest.truth import Truth, make_truth, mask
from engine.bench.contest.worker import Facts, Turn, Worker
from engine.core.arrays import Matrix

needs("bench")

PEERS = entrants([str(Path(__file__).parents[3] / "benchmarks" / "contestants")])
ROWS, DIMENSION, QUERIES, K, LIMIT_S = 300, 16, 12, 10, 60.0
SCHEMA = Schema(
    "id",
    "v",
    DIMENSION,
    {"id": "long", "kind": "string", "price": "double", "year": "long", "note": "string"},
    ("kind", "price", "year"),
)
# Many threads build their graphs at once, and now and then leave a row where no walk comes by.
GRAPHS = {"chroma", "hnswlib", "lancedb_hnsw", "milvus_lite", "qdrant_edge", "usearch", "zvec"}
WORDS = ("a", "b'c", 'say "é"', "x% _")
FILTERS: dict[str, Filters] = {
    "equal": {"kind": "a"},
    "equal, with a quote in it": {"kind": "b'c"},
    "equal, with other marks in it": {"kind": 'say "é"'},
    "any of a list": {"kind": ["a", "x% _"]},
    "any of numbers": {"year": [2011, 2012]},
    "a number": {"year": 2012},
    "below": {"price <": 30.0},
    "below zero too": {"year <": 2012},
    "from": {"price >=": 30.0},
    "a range": {"price >=": 20.0, "price <": 60.0},
    "all at once": {"kind": ["a", "b'c"], "price >=": 20.0, "year <": 2013},
    "a few rows": {"price >=": 50.0, "price <": 53.0},
    "nothing": {"kind": "nobody"},
    "nothing, by number": {"year <": -10_000},
}


def made(folder: Path) -> Catalogue:
    rng = np.random.default_rng(0)
    vectors, queries = (unit(rng.standard_normal((n, DIMENSION))) for n in (ROWS, QUERIES))
    columns = pa.table(
        {
            "id": np.arange(ROWS) * 7 + 1,
            "kind": [None if n % 11 == 3 else WORDS[n % 4] for n in range(ROWS)],
            "price": [None if n % 13 == 5 else round(n * 7919 % 1000 / 10, 2) for n in range(ROWS)],
            "year": pa.array(
                [None if n % 17 == 2 else 2010 + n % 5 if n % 19 else -3 for n in range(ROWS)],
                pa.int64(),
            ),
            "note": [None if n % 5 else f"said '{n}'" for n in range(ROWS)],
        }
    )
    catalogue = write_catalogue(folder, SCHEMA, columns, vectors, queries, FILTERS)
    make_truth(catalogue, QUERIES)
    return catalogue


def unit(matrix: np.ndarray) -> Matrix:
    scaled: Matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
    return scaled


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return made(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module", params=PEERS, ids=lambda one: one.name)
def peer(
    request: pytest.FixtureRequest, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Worker, Facts]]:
    """A peer with a filled store, opened in another process than the one that filled it."""
    store = tmp_path_factory.mktemp(request.param.name) / "store"
    builder = Worker(request.param, SCHEMA)
    writes = builder.facts.writes
    builder.call("build", store, catalogue.folder, writes)
    builder.close()
    worker = Worker(request.param, SCHEMA)
    worker.call("open", store, writes)
    yield worker, worker.facts
    worker.close()


def asked(worker: Worker, queries: Matrix, filters: Filters | None, method: str = "answer") -> Turn:
    found: Turn = worker.call(method, queries, K, [filters] * len(queries), LIMIT_S)
    return found


@pytest.mark.parametrize("name", [None, *FILTERS], ids=str)
def test_the_dearest_setting_finds_all(
    peer: tuple[Worker, Facts], catalogue: Catalogue, name: str | None
) -> None:
    worker, facts = peer
    least = 0.98 if worker.name in GRAPHS else 1.0
    one, truth = None if name is None else FILTERS[name], Truth(catalogue)
    worker.call("tune", facts.settings[-1])
    turn = asked(worker, catalogue.queries, one)
    recall = truth.recall(K, range(QUERIES), [one] * QUERIES, turn.keys)
    assert recall.mean() >= least and recall.min() >= least - 0.1
    truth.check_rows(turn.rows)
    assert len(turn.rows) == min(K, int(mask(catalogue, one or {}).sum()))
    # The rows of one answer, drawn by lot.
    query = catalogue.queries[turn.keys.index([int(row["id"]) for row in turn.rows])]
    rows = [catalogue.vectors[truth.places([row["id"]])[0]] for row in turn.rows]
    for row, vector in zip(turn.rows, rows):
        assert row[SCORE] == pytest.approx(float(vector @ query), abs=1e-4)
    alone = asked(worker, catalogue.queries, one, "nearest")
    assert truth.recall(K, range(QUERIES), [one] * QUERIES, alone.keys).mean() >= least


def test_every_setting_answers(peer: tuple[Worker, Facts], catalogue: Catalogue) -> None:
    worker, facts = peer
    truth, one = Truth(catalogue), FILTERS["all at once"]
    for setting in facts.settings:
        worker.call("tune", setting)
        turn = asked(worker, catalogue.queries, one)
        assert (truth.recall(K, range(QUERIES), [one] * QUERIES, turn.keys) >= 0).all()


def test_many_queries_at_once_are_answered_as_one_by_one(
    peer: tuple[Worker, Facts], catalogue: Catalogue
) -> None:
    worker, facts = peer
    if not facts.batches:
        return  # it says that it has none
    worker.call("tune", facts.settings[-1])
    turn: Turn = worker.call("batch", catalogue.queries, K)
    found = Truth(catalogue).recall(K, range(QUERIES), [None] * QUERIES, turn.keys)
    assert found.tolist() == [1.0] * QUERIES


def test_what_is_written_is_found_and_what_is_deleted_is_not(
    peer: tuple[Worker, Facts], catalogue: Catalogue
) -> None:
    worker, facts = peer
    if not facts.writes:
        return  # it says that it has none
    worker.call("tune", facts.settings[-1])
    new: Row = {"id": 5, "kind": "new", "price": None, "year": 2030, "note": None}
    target = unit(np.ones((1, DIMENSION)))
    worker.call("upsert", [new], target)
    turn = asked(worker, target, {"kind": "new"})
    assert {name: turn.rows[0][name] for name in SCHEMA.names} == new and turn.keys == [[5]]
    changed = {**new, "price": 9.5, "kind": "newer"}
    worker.call("upsert", [changed], -target)
    assert asked(worker, target, {"kind": "new"}, "nearest").keys == [[]]
    turn = asked(worker, -target, {"kind": "newer", "price <": 10.0})
    assert {name: turn.rows[0][name] for name in SCHEMA.names} == changed
    assert turn.rows[0][SCORE] == pytest.approx(1, abs=1e-4)
    worker.call("delete", [5])
    assert asked(worker, -target, {"kind": "newer"}, "nearest").keys == [[]]
    everything = asked(worker, catalogue.queries, None)
    found = Truth(catalogue).recall(K, range(QUERIES), [None] * QUERIES, everything.keys)
    assert found.tolist() == [1.0] * QUERIES
