"""Group commit: nothing is lost, doubled or reordered, and each hears of its own."""

from __future__ import annotations

import contextlib
import linecache
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import pytest

from engine.store.indexes import group_commit
from engine.store.indexes.group_commit import GroupCommit


class Log:
    """What was committed, group by group; the gate is the turn among processes."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = threading.Lock()
        self.refused: set[int] = set()

    @contextlib.contextmanager
    def turn(self, waited: float) -> Iterator[None]:
        assert waited >= 0
        with self.gate:
            yield

    def commit(self, items: Sequence[int]) -> None:
        if self.refused & set(items):
            raise ValueError(f"refused {sorted(self.refused & set(items))}")
        self.groups.append(list(items))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def queued(
    log: Log, group: GroupCommit[int], write: Callable[[int], None], items: Sequence[int]
) -> None:
    """Let each item be written by its own thread, all waiting before the turn is free, in this order."""
    threads = [threading.Thread(target=write, args=(item,)) for item in items]
    with log.gate:
        for place, thread in enumerate(threads):
            thread.start()
            until(lambda: group.waiting == place + 1)  # noqa: B023  (asked at once)
    for thread in threads:
        thread.join(30)


def together(log: Log, items: Sequence[int]) -> dict[int, str]:
    """Write all items while the turn is taken, each from its own thread; what each heard."""
    group: GroupCommit[int] = GroupCommit()
    heard: dict[int, str] = {}

    def write(item: int) -> None:
        try:
            group.write(item, log.turn, log.commit)
            heard[item] = "done"
        except ValueError as error:
            heard[item] = str(error)

    queued(log, group, write, items)
    assert group.waiting == 0
    return heard


def test_what_waits_for_a_turn_is_written_at_once_in_the_order_of_arrival() -> None:
    log = Log()
    assert together(log, [5, 3, 9, 1]) == dict.fromkeys([5, 3, 9, 1], "done")
    assert log.groups == [[5, 3, 9, 1]]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is expected is waited for without end."""
    monkeypatch.setattr(group_commit, "PATIENCE", 1e9)
    monkeypatch.setattr(group_commit, "MOST_SECONDS", 1e6)


@pytest.mark.usefixtures("patient")
def test_the_next_leader_waits_for_those_who_wrote_with_the_last_group() -> None:
    log, group = Log(), GroupCommit[int]()

    def write(item: int) -> None:
        group.write(item, log.turn, log.commit)

    queued(log, group, write, (1, 2, 3))
    threads = [threading.Thread(target=write, args=(item,)) for item in (4, 5, 6)]
    for place, thread in enumerate(threads):
        thread.start()
        until(lambda: group.waiting == place + 1 or log.groups[1:] != [])  # noqa: B023
    for thread in threads:
        thread.join(30)
    assert log.groups == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.usefixtures("patient")
def test_a_thread_that_writes_alone_waits_for_nobody() -> None:
    log, group = Log(), GroupCommit[int]()
    for item in (1, 2, 3):
        group.write(item, log.turn, log.commit)
    assert log.groups == [[1], [2], [3]]


def test_who_does_not_come_again_is_not_waited_for_long() -> None:
    log, group = Log(), GroupCommit[int]()
    queued(log, group, lambda item: group.write(item, log.turn, log.commit), (1, 2, 3))
    for item in (4, 5):
        group.write(item, log.turn, log.commit)
    assert log.groups == [[1, 2, 3], [4], [5]]


def test_one_refused_write_among_others_is_refused_alone() -> None:
    log = Log()
    log.refused = {3}
    heard = together(log, [5, 3, 9])
    assert heard == {5: "done", 3: "refused [3]", 9: "done"}
    assert log.groups == [[5], [9]]


def test_a_turn_that_is_refused_is_told_to_each_in_its_own_thread() -> None:
    log = Log()

    @contextlib.contextmanager
    def refused(waited: float) -> Iterator[None]:
        with log.gate:
            raise ValueError("not your turn")
        yield

    log.turn = refused  # type: ignore[method-assign]
    assert set(together(log, [1, 2, 3]).values()) == {"not your turn"}
    assert log.groups == []


def test_a_leader_that_is_interrupted_leaves_the_others_writes_to_the_next() -> None:
    log, group = Log(), GroupCommit[int]()
    heard: list[str] = []
    interrupted = iter([True])

    def commit(items: Sequence[int]) -> None:
        if next(interrupted, False):
            raise KeyboardInterrupt
        log.commit(items)

    def write(item: int) -> None:
        try:
            group.write(item, log.turn, commit)
            heard.append(f"{item} done")
        except KeyboardInterrupt:
            heard.append(f"{item} interrupted")

    queued(log, group, write, (1, 2, 3))
    assert sorted(heard) == ["1 interrupted", "2 done", "3 done"]
    assert log.groups == [[2, 3]]


def signals_come_at(step: int) -> tuple[Callable[..., Any], Callable[[], bool]]:
    """A trace function that ends a thread at a step within the file; and whether it has done so."""
    left, came = [step], [False]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != group_commit.__file__:
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        # The interpreter looks for signals before a `with` or within it, but not on its way out.
        if event in ("call", "line") and not line.startswith("with "):
            left[0] -= 1
            if left[0] == 0:
                came[0] = True
                raise KeyboardInterrupt
        return trace

    return trace, lambda: came[0]


@pytest.mark.parametrize("first", [True, False])
def test_a_signal_at_any_step_leaves_nobody_waiting_and_no_write_undone(
    monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    monkeypatch.setattr(group_commit, "_UNTOLD_SECONDS", 0.01, raising=False)
    monkeypatch.setattr(group_commit, "PATIENCE", 0.0)
    step, came = 0, True
    while came:
        step += 1
        log, group = Log(), GroupCommit[int]()
        trace, has_come = signals_come_at(step)
        heard: set[int] = set()

        def write(item: int) -> None:
            if item == 1:
                sys.settrace(trace)  # noqa: B023  (asked at once)
            with contextlib.suppress(KeyboardInterrupt):
                group.write(item, log.turn, log.commit)  # noqa: B023
                heard.add(item)  # noqa: B023

        items = (1, 2, 3) if first else (2, 3, 1)
        threads = [threading.Thread(target=write, args=(item,), daemon=True) for item in items]
        with log.gate:
            for place, thread in enumerate(threads):
                thread.start()
                until(
                    lambda: (
                        group.waiting + (not threads[items.index(1)].is_alive()) > place  # noqa: B023
                        or place == items.index(1)  # noqa: B023
                    )
                )
        for thread in threads:
            thread.join(5)
        assert heard >= {2, 3}, f"others wait after a signal at step {step}"
        write(4)
        came = has_come()
        written = [item for items in log.groups for item in items]
        assert 4 in heard and set(written) >= heard
        assert group.waiting == 0
    assert step > 20


def test_a_write_that_the_next_leader_carries_out_forgets_the_refusal_before() -> None:
    log, group = Log(), GroupCommit[int]()
    heard: list[str] = []
    # All together are refused, then 1 is written, 2 is refused, and the leader is interrupted at 3.
    troubles = iter([ValueError("full"), None, ValueError("full"), KeyboardInterrupt()])

    def commit(items: Sequence[int]) -> None:
        trouble = next(troubles, None)
        if trouble is not None:
            raise trouble
        log.commit(items)

    def write(item: int) -> None:
        try:
            group.write(item, log.turn, commit)
            heard.append(f"{item} done")
        except (KeyboardInterrupt, ValueError) as error:
            heard.append(f"{item} {error!r}")

    queued(log, group, write, (1, 2, 3))
    assert log.groups == [[1], [2, 3]]
    assert sorted(heard) == ["1 KeyboardInterrupt()", "2 done", "3 done"]


def test_many_threads_write_each_item_once_and_a_threads_own_in_order() -> None:
    log, group = Log(), GroupCommit[int]()
    start = threading.Barrier(8)

    def write(first: int) -> None:
        start.wait(30)
        for item in range(first, first + 200):
            group.write(item, log.turn, log.commit)

    threads = [threading.Thread(target=write, args=(1000 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    written = [item for items in log.groups for item in items]
    assert len(written) == len(set(written)) == 1600
    for number in range(8):
        own = [item for item in written if item // 1000 == number]
        assert own == sorted(own)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_made_while_somebody_writes_does_not_wait_for_that_thread() -> None:
    log, group = Log(), GroupCommit[int]()
    thread = threading.Thread(target=group.write, args=(1, log.turn, log.commit))
    with log.gate:
        thread.start()
        until(lambda: group.waiting == 1)
        pid = os.fork()
        if not pid:  # its own gate, which nobody holds
            log.gate = threading.Lock()
            group.write(2, log.turn, log.commit)
            os._exit(0 if log.groups == [[2]] else 1)
        ended = [0, 0]
        until(
            lambda: (ended.__setitem__(slice(None), os.waitpid(pid, os.WNOHANG)), ended[0])[1] > 0
        )
        assert ended[1] == 0
    thread.join(30)
    assert log.groups == [[1]]
