"""The adapter does what VectorDBBench's runners ask; with its own classes where installed."""

from __future__ import annotations

import copy
import importlib
import importlib.util
import pickle
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import vectordb_bench_replica as replica

FOLDER = Path(__file__).parents[3] / "benchmarks" / "adapters" / "vectordbbench"
REAL = importlib.util.find_spec("vectordb_bench") is not None
ROWS, DIMENSION, BATCH = 260, 12, 100
PLACE = "vectordbbench_client"  # its folder, as a package


@pytest.fixture(params=["replica", "real"] if REAL else ["replica"])
def adapter(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Any]:
    """Modules of the adapter (`client`, `config`) and of the filters that it is asked with."""
    monkeypatch.setenv("LOG_FILE", str(tmp_path / "logs" / "vectordb_bench.log"))
    if request.param == "replica":
        for name in [one for one in sys.modules if one.split(".")[0] == "vectordb_bench"]:
            monkeypatch.delitem(sys.modules, name)
        replica.install(monkeypatch)
    package = types.ModuleType(PLACE)
    package.__path__ = [str(FOLDER)]
    monkeypatch.setitem(sys.modules, PLACE, package)
    try:
        yield types.SimpleNamespace(
            client=importlib.import_module(f"{PLACE}.client"),
            config=importlib.import_module(f"{PLACE}.config"),
            filters=importlib.import_module("vectordb_bench.backend.filter"),
            api=importlib.import_module("vectordb_bench.backend.clients.api"),
        )
    finally:
        for name in ("client", "config"):
            sys.modules.pop(f"{PLACE}.{name}", None)


def vectors(count: int) -> np.ndarray:
    drawn = np.random.default_rng(0).standard_normal((count, DIMENSION))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def made(adapter: Any, folder: Path, *, exact: bool = False, **more: Any) -> Any:
    """As `CaseRunner.init_db` makes it."""
    config = adapter.config.VitrineConfig(db_label="here", path=str(folder))
    case = adapter.config.VitrineIndexConfig(metric_type=adapter.api.MetricType.COSINE, exact=exact)
    return adapter.client.Vitrine(
        dim=DIMENSION, db_config=config.to_dict(), db_case_config=case, **more
    )


def filled(client: Any, data: np.ndarray, labels: list[str] | None = None) -> None:
    """As the runners of insertion do: batches of lists, by a copy in another thread or process."""
    with client.init():
        for start in range(0, len(data), BATCH):
            part = slice(start, start + BATCH)
            count, error = client.insert_embeddings(
                embeddings=data[part].tolist(),
                metadata=list(range(len(data)))[part],
                labels_data=None if labels is None else labels[part],
            )
            assert (count, error) == (len(data[part]), None)
    with client.init():
        client.optimize(data_size=len(data))


def test_a_case_runs_from_insertion_to_search(adapter: Any, tmp_path: Path) -> None:
    data = vectors(ROWS + 5)
    stored, asked = data[:ROWS], data[ROWS:]
    client = made(adapter, tmp_path / "workspace", drop_old=True)
    assert client.need_normalize_cosine()
    filled(client, stored)
    right = np.argsort(-(asked @ stored.T), axis=1)
    for one in (copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
        with one.init():
            one.prepare_filter(adapter.filters.Filter(type=adapter.filters.FilterOp.NonFilter))
            for query, wanted in zip(asked, right):
                assert one.search_embedding(query.tolist(), 10) == wanted[:10].tolist()
    with client.init():
        assert len(client.search_embedding(asked[0].tolist())) == 100
        assert len(client.search_embedding(asked[0].tolist(), 1000)) == ROWS


def test_filters_on_the_id_and_on_labels(adapter: Any, tmp_path: Path) -> None:
    data = vectors(ROWS + 1)
    stored, query = data[:ROWS], data[ROWS]
    labels = ["label_10p" if row % 10 == 3 else "other" for row in range(ROWS)]
    client = made(adapter, tmp_path / "w", drop_old=True, exact=True, with_scalar_labels=True)
    filled(client, stored, labels)
    order = np.argsort(-(stored @ query)).tolist()
    by_id = adapter.filters.IntFilter(int_value=200)
    by_label = adapter.filters.LabelFilter(label_percentage=0.1)
    assert client.filter_supported(by_id) and client.filter_supported(by_label)
    with client.init():
        client.prepare_filter(by_id)
        assert client.search_embedding(query.tolist(), 20) == [r for r in order if r >= 200][:20]
        client.prepare_filter(by_label)
        wanted = [row for row in order if row % 10 == 3]
        assert client.search_embedding(query.tolist(), 200) == wanted


def test_what_was_there_is_dropped_or_kept_as_asked(adapter: Any, tmp_path: Path) -> None:
    data = vectors(20)
    filled(made(adapter, tmp_path / "w", drop_old=True), data)
    for drop_old, expected in ((False, 20), (True, 0)):
        client = made(adapter, tmp_path / "w", drop_old=drop_old)
        with client.init():
            assert len(client.search_embedding(data[0].tolist(), 50)) == expected


def test_a_batch_that_is_refused_says_why(adapter: Any, tmp_path: Path) -> None:
    client = made(adapter, tmp_path / "w", drop_old=True)
    with client.init():
        count, error = client.insert_embeddings([*vectors(2).tolist(), [1.0, 2.0]], [1, 2, 3])
        assert client.search_embedding(vectors(1)[0].tolist(), 5) == [1, 2]
    assert count == 2 and "3" in str(error) and error.non_retryable


def test_measures_that_are_no_angles_are_refused(adapter: Any, tmp_path: Path) -> None:
    case = adapter.config.VitrineIndexConfig(metric_type=adapter.api.MetricType.L2)
    with pytest.raises(ValueError, match="COSINE"):
        adapter.client.Vitrine(DIMENSION, {"path": str(tmp_path)}, case)


def test_a_client_that_was_not_opened_says_so(adapter: Any, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="init"):
        made(adapter, tmp_path / "w", drop_old=True).search_embedding([0.0] * DIMENSION)
