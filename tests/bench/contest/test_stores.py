"""What is kept of a run answers for its own data alone, and one run has a folder at a time."""

from __future__ import annotations

import dataclasses
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.bench.contest.products import Products
from engine.bench.scale.measuring import apart
from engine.bench.vectors.npy import write_npy
from engine.doors.cli.bench.options.contestants import stores_in
from engine.errors import InvalidParameterValue, StorageFailed


def test_other_products_are_kept_elsewhere() -> None:
    vectors = np.eye(3, 4, dtype=np.float32)
    products = Products(pa.table({"key": [1, 2, 3]}), vectors, vectors)
    others = (
        dataclasses.replace(products, columns=pa.table({"key": [1, 2, 4]})),
        dataclasses.replace(products, vectors=vectors[::-1]),
        dataclasses.replace(products, queries=vectors[:2]),
    )
    assert len({one.digest for one in (products, *others)}) == 4
    chunked = pa.concat_tables([products.columns[:1], products.columns[1:]])
    assert dataclasses.replace(products, columns=chunked).digest == products.digest


def test_a_folder_of_stores_is_one_runs_at_a_time(tmp_path: Path) -> None:
    refused = pytest.raises(InvalidParameterValue, match="another run")
    with stores_in(tmp_path), refused, stores_in(tmp_path):
        pass
    with stores_in(tmp_path) as folder:
        assert folder == tmp_path


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    def parts() -> Iterator[np.ndarray]:
        yield np.zeros((1, 2), np.float32)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageFailed, match="room"):
        write_npy(tmp_path / "vectors.npy", (2, 2), parts())


def test_a_process_that_is_ended_is_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="terminated abruptly"):
        apart(os._exit, 9)
