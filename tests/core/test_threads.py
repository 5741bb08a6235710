"""Locks of threads are locks, and free in a fork, whoever held them in the parent."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

from engine import Workspace
from engine.threads import ThreadLock, side_by_side

ROWS = {"id": "long", "t": "string", "v": "array<float>"}


def status_of_a_fork(work: Callable[[], object]) -> int | None:
    """How a child ended that did something; None where it did not end in time."""
    pid = os.fork()
    if not pid:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return None


def test_one_thread_holds_it_as_often_as_it_likes() -> None:
    lock = ThreadLock()
    got: list[bool] = []
    with lock, lock:
        other = threading.Thread(target=lambda: got.append(lock.acquire(blocking=False)))
        other.start()
        other.join()
    assert got == [False]
    assert lock.acquire(blocking=False)
    lock.release()
    with pytest.raises(RuntimeError):
        lock.release()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_answers_queries_though_another_thread_held_each_lock_of_the_index(
    workspace: Workspace,
) -> None:
    """A pool of processes that fork hung in one of its workers."""
    workspace.create_direct_access_index(
        "a.b.i",
        dimension=2,
        vector_column="v",
        schema=ROWS,
        primary_key="id",
        create_endpoint=True,
    )
    workspace.upsert("a.b.i", [{"id": n, "t": f"w{n}", "v": [float(n), 1.0]} for n in range(300)])
    versions = workspace.registry.open("a.b.i")[1]
    version = versions.current()
    assert version is not None
    (part,) = version.parts
    segment = part.segment
    locks = [versions._lock, version.masks._lock, segment._lazily, segment.metadata._lock]
    locks.append(segment.texts._lock)
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        held.set()
        may_end.wait(60)
        for lock in locks:
            lock.release()

    def ask() -> None:
        for more in ({}, {"filters": {"t": "w7"}}, {"query_text": "w7", "query_type": "HYBRID"}):
            reply = workspace.query_index(
                "a.b.i", columns=["id", "t"], query_vector=[7.0, 1.0], num_results=3, **more
            )
            assert reply["result"]["data_array"][0][:2] == [7.0, "w7"]

    holding = threading.Thread(target=hold)
    holding.start()
    try:
        assert held.wait(30)
        assert status_of_a_fork(ask) == 0
    finally:
        may_end.set()
        holding.join()
    ask()


# ------------------------------------------------------------------ side by side
def test_results_come_in_the_order_of_their_items() -> None:
    seen: set[int] = set()

    def work(item: int) -> int:
        seen.add(threading.get_ident())
        time.sleep(0.002 * (item % 3))
        return 10 * item

    for count in (1, 2, 9):
        assert side_by_side(work, range(count)) == [10 * item for item in range(count)]
    assert len(seen) > 1


def test_nobody_waits_for_threads_that_are_busy() -> None:
    """As many callers as like to share the threads; a call inside a call is done by its caller."""

    def inner(item: int) -> int:
        return sum(side_by_side(lambda each: each + item, [1, 2, 3]))

    assert side_by_side(inner, [0, 10, 20, 30, 40, 50]) == [6, 36, 66, 96, 126, 156]


@pytest.mark.parametrize("bad", range(4))
def test_what_one_item_raises_comes_out(bad: int) -> None:
    def work(item: int) -> int:
        if item == bad:
            raise KeyError(item)
        return item

    with pytest.raises(KeyError, match=str(bad)):
        side_by_side(work, range(4))
    assert side_by_side(work, [7, 8]) == [7, 8]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_has_threads_of_its_own() -> None:
    def work(item: int) -> int:
        time.sleep(0.01)
        return item

    assert side_by_side(work, range(4)) == [0, 1, 2, 3]
    assert status_of_a_fork(lambda: side_by_side(work, range(4)) == [0, 1, 2, 3] or 1 / 0) == 0
