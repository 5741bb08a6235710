"""Calls that come together are one batch, and each gets what it would have got alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.children import wait_until

from engine.core.arrays import Matrix
from engine.service.serving.micro_batching import MAX_ITEMS, MicroBatching


def row(item: int) -> list[float]:
    return [item, item**0.5, -item]


class Model:
    """Rows drawn from the items; slow, and it fails on negative ones. Sees whether it runs twice."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.batches: list[int] = []
        self._busy = threading.Lock()

    def __call__(self, items: list[int]) -> Matrix:
        assert self._busy.acquire(blocking=False), "it ran twice at a time"
        try:
            self.batches.append(len(items))
            time.sleep(self.seconds)
            bad = [item for item in items if item < 0]
            if bad:
                raise RuntimeError(f"can't encode {bad}")
            return np.array([row(item) for item in items], dtype=np.float32)
        finally:
            self._busy.release()


def together(calls: Sequence[Callable[[], Matrix]]) -> list[Matrix | Exception]:
    """What many threads get that start at once; none may hang."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], Matrix]) -> Matrix | Exception:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result(60) for future in [threads.submit(one, call) for call in calls]]


def test_fifty_calls_at_once_need_few_batches() -> None:
    batching, model = MicroBatching(), Model()

    def when_all_have_come(items: list[int]) -> Matrix:
        wait_until(lambda: batching.calls == 50)
        return model(items)

    found = together([lambda i=i: batching.run("m", [i], when_all_have_come) for i in range(50)])
    for number, rows in enumerate(found):
        np.testing.assert_array_equal(rows, np.array([row(number)], np.float32))
    assert sum(model.batches) == 50
    assert len(model.batches) <= 6
    assert (batching.calls, batching.batches) == (50, len(model.batches))


def test_a_lone_call_is_a_batch_of_its_own_at_once() -> None:
    batching, model = MicroBatching(), Model()
    for number in range(3):
        batching.run("m", [number, 7], model)
    assert model.batches == [2, 2, 2]


def test_a_bad_item_fails_alone() -> None:
    batching, model = MicroBatching(), Model(0.03)
    calls = [lambda i=i: batching.run("m", [i if i != 13 else -13], model) for i in range(30)]
    for number, rows in enumerate(together(calls)):
        if number == 13:
            assert isinstance(rows, RuntimeError) and str(rows) == "can't encode [-13]"
        else:
            np.testing.assert_array_equal(rows, np.array([row(number)], np.float32))


def test_a_call_that_fails_alone_is_not_tried_again() -> None:
    batching, model = MicroBatching(), Model()
    with pytest.raises(RuntimeError, match="-1"):
        batching.run("m", [1, -1], model)
    assert model.batches == [2]
    np.testing.assert_array_equal(batching.run("m", [4], model), [row(4)])  # nothing is stuck


def test_models_do_not_wait_for_each_other() -> None:
    batching, release = MicroBatching(), threading.Event()

    def held(items: list[int]) -> Matrix:
        assert release.wait(30)
        return np.zeros((len(items), 1), np.float32)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(batching.run, "slow", [1], held)
        batching.run("fast", [1], Model())
        assert not waiting.done()
        release.set()
        waiting.result(30)


def test_a_batch_is_no_larger_than_the_most_unless_one_call_is() -> None:
    batching, model = MicroBatching(), Model(0.05)
    together([lambda i=i: batching.run("m", [i] * 20, model) for i in range(12)])
    assert sum(model.batches) == 240 and max(model.batches) <= MAX_ITEMS
    batching.run("m", list(range(MAX_ITEMS + 1)), model)
    assert model.batches[-1] == MAX_ITEMS + 1


def test_a_model_that_answers_with_too_few_rows_is_an_error() -> None:
    batching = MicroBatching()
    with pytest.raises(ValueError, match="2 items with 1 rows"):
        batching.run("m", [1, 2], lambda items: np.zeros((1, 3), np.float32))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(-2, 40), min_size=1, max_size=30), min_size=1, max_size=12),
    st.sampled_from([0.0, 0.003]),
)
def test_each_call_gets_what_it_would_have_got_alone(
    calls: list[list[int]], seconds: float
) -> None:
    batching, model = MicroBatching(), Model(seconds)
    found = together([lambda c=c: batching.run("m", c, model) for c in calls])
    for items, rows in zip(calls, found):
        bad = [item for item in items if item < 0]
        if bad:
            assert isinstance(rows, RuntimeError) and str(rows) == f"can't encode {bad}"
        else:
            expected = np.array([row(item) for item in items], np.float32)
            np.testing.assert_array_equal(rows, expected)
