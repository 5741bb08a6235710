"""The adapter does what the runner of ann-benchmarks asks of an algorithm, in its order.

ann-benchmarks is no package that can be installed: its base class is stood in for by one with the same
methods, and the loop here is that of `run_individual_query` and `build_index` in its `runner.py`.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import types
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

FOLDER = Path(__file__).parents[3] / "benchmarks" / "adapters" / "ann_benchmarks" / "vitrine"
PACKAGE = "ann_benchmarks.algorithms"
ROWS, QUERIES, DIMENSION = 300, 12, 10


class BaseANN:
    """What the algorithms of ann-benchmarks inherit."""

    def done(self) -> None: ...

    def get_memory_usage(self) -> float | None:
        return 1.0

    def fit(self, vectors: np.ndarray) -> None: ...

    def query(self, q: np.ndarray, n: int) -> Any:
        return []

    def batch_query(self, queries: np.ndarray, n: int) -> None:
        self.res = ThreadPool().map(lambda q: self.query(q, n), queries)

    def get_batch_results(self) -> Any:
        return self.res

    def get_additional(self) -> dict[str, Any]:
        return {}

    def __str__(self) -> str:
        return self.name  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def definition(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The adapter's own configuration, with its module where the configuration says it is."""
    for name in ("ann_benchmarks", PACKAGE, f"{PACKAGE}.base", f"{PACKAGE}.base.module"):
        module = types.ModuleType(name)
        module.__path__ = []
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules[f"{PACKAGE}.base.module"].BaseANN = BaseANN  # type: ignore[attr-defined]
    one = yaml.safe_load((FOLDER / "config.yml").read_text())["float"]["angular"][0]
    package = types.ModuleType(one["module"])
    package.__path__ = [str(FOLDER)]
    monkeypatch.setitem(sys.modules, one["module"], package)
    yield one
    sys.modules.pop(f"{one['module']}.module", None)


def instantiate(definition: dict[str, Any], metric: str = "angular") -> Any:
    """As `instantiate_algorithm` does: the module `module` of the package, with `base_args`."""
    module = importlib.import_module(f"{definition['module']}.module")
    arguments = [metric if one == "@metric" else one for one in definition["base_args"]]
    return getattr(module, definition["constructor"])(*arguments)


def candidates(algorithm: Any, test: np.ndarray, count: int, batch: bool) -> list[list[int]]:
    if batch:
        algorithm.batch_query(test, count)
        results = algorithm.get_batch_results()
        assert len(results) == len(test)
    else:
        results = [algorithm.query(one, count) for one in test]
    found = [[int(index) for index in one] for one in results]
    assert all(len(one) == len(set(one)) <= count for one in found)
    return found


def test_the_runners_calls_find_what_is_nearest(
    definition: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rng = np.random.default_rng(0)
    train = (rng.standard_normal((ROWS, DIMENSION)) * 7).astype(np.float32)
    test = rng.standard_normal((QUERIES, DIMENSION)).astype(np.float32)
    train[5] = 0  # no direction
    lengths = np.linalg.norm(train, axis=1)
    cosines = test @ train.T / np.where(lengths > 0, lengths, np.inf)
    cosines[:, 5] = -2
    right = np.argsort(-cosines, axis=1)[:, :10].tolist()
    algorithm = instantiate(definition)
    assert algorithm.get_memory_usage() is not None
    algorithm.fit(train)
    try:
        names = set()
        (group,) = definition["run_groups"].values()
        for argument in group["query_args"][0]:
            algorithm.set_query_arguments(argument)
            names.add(str(algorithm))
            for batch in (False, True):
                assert candidates(algorithm, test, 10, batch) == right
        assert len(names) == 2  # results of different arguments are told apart by name
        assert len(algorithm.query(test[0], ROWS + 50)) == ROWS - 1
        assert algorithm.get_additional()["disk_bytes"] > train.nbytes
    finally:
        algorithm.done()
    assert not list(tmp_path.iterdir())


def test_distances_that_are_no_angles_are_refused(definition: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match="euclidean"):
        instantiate(definition, "euclidean")


def test_the_folder_is_in_the_layout_of_ann_benchmarks(definition: dict[str, Any]) -> None:
    assert {one.name for one in FOLDER.iterdir() if one.is_file()} >= {
        "module.py",
        "config.yml",
        "Dockerfile",
    }
    assert definition["docker_tag"] == f"ann-benchmarks-{FOLDER.name}"
    assert (FOLDER / "Dockerfile").read_text().startswith("FROM ann-benchmarks\n")
    assert definition["module"] == f"{PACKAGE}.{FOLDER.name}"
