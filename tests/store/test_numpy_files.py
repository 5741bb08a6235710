"""NumPy's files: read whole, by several threads, and damaged."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.store.numpy_files import read_array, read_arrays


@pytest.fixture
def other_threads_go_on_at_any_step() -> Iterator[None]:
    """Whatever Python makes, another thread gets its turn."""
    before = gc.get_threshold()

    def step_aside(*_: object) -> None:
        time.sleep(0)

    gc.callbacks.append(step_aside)
    gc.set_threshold(1)
    yield
    gc.set_threshold(*before)
    gc.callbacks.remove(step_aside)


@pytest.mark.usefixtures("other_threads_go_on_at_any_step")
def test_threads_that_read_at_once_do_not_end_each_other(tmp_path: Path) -> None:
    """An index of several large segments could not be opened: a SystemError of Python's own parser."""
    one, several = tmp_path / "one.npy", tmp_path / "several.npz"
    np.save(one, np.arange(3))
    np.savez(several, a=np.arange(2), b=np.float64(7))
    read: list[tuple[list[int], list[int], dict[str, object]]] = []

    def at_depth(depth: int) -> None:
        if depth:
            at_depth(depth - 1)
            return
        for _ in range(60):
            arrays = {name: array.tolist() for name, array in read_arrays(several).items()}
            read.append((read_array(one).tolist(), read_array(one, mapped=True).tolist(), arrays))

    threads = [threading.Thread(target=at_depth, args=(40 * number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [([0, 1, 2], [0, 1, 2], {"a": [0, 1], "b": 7.0})] * 180


@pytest.mark.parametrize("left", [0, 1, 5, 100, -1])
def test_what_is_cut_short_is_no_array(tmp_path: Path, left: int) -> None:
    one, several = tmp_path / "one.npy", tmp_path / "several.npz"
    np.save(one, np.arange(3))
    np.savez(several, a=np.arange(2), b=np.float64(7))
    for file, read in ((one, read_array), (several, read_arrays)):
        file.write_bytes(file.read_bytes()[:left])
        with pytest.raises((OSError, ValueError, EOFError)):
            read(file)
