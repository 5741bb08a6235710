"""Photos decoded by processes are those that threads decode: same pixels, reasons and order."""

from __future__ import annotations

import errno
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.decoding import (
    POISON,
    RULE,
    SLOW,
    STARTER,
    Threads,
    always,
    assert_all_free,
    assert_same,
    photo,
    ugly,
    up,
)

from engine.encode.photos import bounds
from engine.encode.photos.preprocessing import Decoded
from engine.encode.photos.workers import crew as crew_module
from engine.encode.photos.workers import decoding as decoding_module
from engine.encode.photos.workers.blocks import SIZE, Blocks
from engine.encode.photos.workers.decoding import Decoding, close_idle, usual_processes

pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"),
    reason="threads decode where memory has no files without a name",
)


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Threads]:
    """Also ends the processes after the test, and forgets that there were any."""
    monkeypatch.setenv(STARTER, str(os.getpid()))
    monkeypatch.setattr(decoding_module._crews, "_is_begun", False)
    made = Threads()
    yield made
    lines, decoding_module._crews._lines = decoding_module._crews._lines, 0
    close_idle()
    made.close()
    assert not lines, "a line was left open"


def decoding(takes: Any = always, processes: int = 2) -> Decoding:
    return Decoding(RULE, takes, processes=processes, pays_from=0)


def check(threads: Threads, files: list[bytes | None], outcomes: Any) -> None:
    expected = [threads.one(data) for data in files]
    assert len(outcomes) == len(files)
    for one, other in zip(outcomes, expected):
        assert_same(one, other)


def check_any(threads: Threads, files: list[Any], outcomes: Any) -> None:
    """Photos of a size that was not yet known to be wanted are fitted: that comes to the same."""
    for data, one in zip(files, outcomes, strict=True):
        assert_same(one, RULE.as_bytes(data) if isinstance(one, np.ndarray) else threads.one(data))


@pytest.mark.parametrize("wanted", [True, False])
def test_ugly_photos_are_as_threads_make_them(threads: Threads, wanted: bool) -> None:
    takes = lambda height, width: wanted  # noqa: E731
    threads = Threads(RULE, takes)
    made = decoding(takes)
    crew = up(made)
    line = threads.line(made)
    files = ugly() * 2
    for _ in range(3):  # what sizes are wanted is learned with the first
        batch = line.begin(files)
        assert batch is not None
        outcomes = batch.outcomes()
    check(threads, files, outcomes)
    assert any(isinstance(one, Decoded) for one in outcomes) == wanted
    assert threads.count == 3 * 6  # without bytes or with too many: two kinds of nothing, and one
    line.close()
    del batch, outcomes
    assert_all_free(crew)


def test_any_photos_in_any_order(threads: Threads) -> None:
    made, all_files = decoding(), ugly()
    up(made)
    line = threads.line(made)

    @given(
        picks=st.lists(st.lists(st.integers(0, 28), min_size=1, max_size=40), max_size=5),
        step=st.integers(1, 16),
    )
    @settings(max_examples=20)
    def any_photos(picks: list[list[int]], step: int) -> None:
        batches = []
        for rows in picks:
            files = [all_files[row] for row in rows]
            made.learned.step = step
            batches.append((files, line.begin(files)))
        for files, batch in batches:
            if batch is not None:  # else all are empty
                check_any(threads, files, batch.outcomes())

    any_photos()
    line.close()


def test_photos_that_fill_blocks_lie_side_by_side(threads: Threads) -> None:
    made = decoding()
    crew = up(made)
    line = threads.line(made)
    files: list[Any] = [photo(n, (640, 480), "JPEG") for n in range(30)]
    for _ in range(3):
        batch = line.begin(files)
        assert batch is not None
        outcomes = batch.outcomes()
    check(threads, files, outcomes)
    places = [one.place for one in outcomes if isinstance(one, Decoded)]
    assert len(places) == 30
    assert made.learned.step == SIZE // (640 * 480 * 4) == 13
    assert len({place.block.number for place in places if place}) == 3
    assert sorted({place.at for place in places if place}) == [n * 640 * 480 * 4 for n in range(13)]
    line.close()
    del batch, outcomes, places
    assert_all_free(crew)


def test_a_photo_that_needs_more_memory_than_a_workers_part_is_left_to_threads(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "MAX_MEMORY", 2 * 8 * 100 * 100)
    made = decoding()
    up(made)
    line = threads.line(made)
    files: list[Any] = [photo(1, (100, 100)), photo(2, (101, 100)), photo(3, (90, 100))]
    line.begin(files).outcomes()  # type: ignore[union-attr]
    outcomes = line.begin(files).outcomes()  # type: ignore[union-attr]
    check(threads, files, outcomes)
    assert threads.count == 2
    assert bounds.memory is not None  # the starter's own bound is as before
    line.close()


# ---------------------------------------------------------------------- ends of processes
def test_processes_that_are_killed_in_the_middle_change_nothing(threads: Threads) -> None:
    made = decoding()
    crew = up(made)
    line = threads.line(made)
    files: list[Any] = [photo(n) for n in range(20)] + [SLOW] * 4 + [b"broken"]
    begun = []
    for round_ in range(4):
        begun.append(line.begin(files))
        if round_ % 2:
            time.sleep(0.05)
            os.kill(crew.processes[0], signal.SIGKILL)
    for batch in begun:
        assert batch is not None
        check_any(threads, files, batch.outcomes())
    assert len(crew.processes) == 2
    line.close()
    del begun, batch
    assert_all_free(crew)


def test_a_photo_that_ends_its_process_fails_alone(threads: Threads) -> None:
    made = decoding()
    crew = up(made)
    line = threads.line(made)
    files: list[Any] = [photo(1), POISON, photo(2), b"broken", photo(3)]
    for _ in range(2):
        batch = line.begin(files)
        assert batch is not None
        outcomes = batch.outcomes()
    assert outcomes[1] == "6 bytes: decoding it ended the process that did (signal 11)"
    check(threads, files[:1] + files[2:], outcomes[:1] + outcomes[2:])
    assert crew.is_ready
    line.close()


def test_processes_that_keep_ending_are_not_replaced_for_ever(
    threads: Threads, caplog: pytest.LogCaptureFixture
) -> None:
    made = decoding()
    crew = up(made)
    line = threads.line(made)
    files: list[Any] = [POISON + bytes([n]) for n in range(40)] + [photo(1)]
    batch = line.begin(files)
    assert batch is not None
    outcomes = batch.outcomes()
    ended = [one for one in outcomes[:-1] if "ended the process" in one]
    assert 0 < len(ended) <= 16
    assert sum("no image in a format" in one for one in outcomes[:-1]) == 40 - len(ended)
    check(threads, files[-1:], [RULE.decoded(files[-1], always)])
    assert crew.is_broken
    assert made.crew(0) is None
    assert line.begin(files) is None
    assert [each.message for each in caplog.records] == [
        "photos are decoded by threads from here on: 16 processes that decoded photos have ended"
    ]
    line.close()


def test_a_python_that_is_not_there_leaves_photos_to_threads(
    threads: Threads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    made = decoding()
    line = threads.line(made)
    assert line.begin([photo(1)]) is None
    while not caplog.records:
        time.sleep(0.01)
    assert line.begin([photo(1)]) is None
    assert "No such file" in caplog.text
    line.close()


# ---------------------------------------------------------------------- memory
def test_no_memory_to_share_leaves_photos_to_threads(
    threads: Threads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    made = decoding()
    line = threads.line(made)
    assert line.begin([photo(1)]) is None
    while not caplog.records:
        time.sleep(0.01)
    assert line.begin([photo(1)]) is None
    assert [each.levelno for each in caplog.records] == [logging.WARNING]
    line.close()


def small_memory(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(decoding_module, "Blocks", lambda pinning: Blocks(count, pinning))


def test_memory_that_comes_to_its_end_leaves_some_to_threads(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_memory(monkeypatch, 2)
    made = decoding()
    up(made)
    line = threads.line(made)
    large: list[Any] = [photo(n, (1024, 900), "JPEG", quality=20) for n in range(16)]
    line.begin(large[:1]).outcomes()  # type: ignore[union-attr]
    made.learned.step = 8  # two blocks, each with room for four
    batch = line.begin(large)
    assert batch is not None
    check(threads, large, batch.outcomes())
    assert threads.count == 8
    del batch
    assert line.begin(large * 2) is None  # more than there ever will be
    line.close()


def test_a_line_waits_for_its_own_batches_and_never_for_anothers(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_memory(monkeypatch, 2)
    made = decoding()
    up(made)
    one, other = threads.line(made), threads.line(made)
    made.learned.step = 4
    files: list[Any] = [photo(n) for n in range(8)]
    first = one.begin(files)
    assert first is not None
    held = [first.outcomes()]
    assert other.begin(files) is None  # nobody says when the first line goes on

    def take() -> None:
        time.sleep(0.2)
        held.clear()

    taker = threading.Thread(target=take)
    taker.start()
    made.learned.step = 4
    second = one.begin(files)
    assert second is not None
    assert not held
    taker.join()
    check_any(threads, files, second.outcomes())
    for line in (one, other):
        line.close()


def test_waiting_ends_when_nobody_wants_the_batches(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_memory(monkeypatch, 1)
    made = decoding()
    up(made)
    over = threading.Event()
    line = threads.line(made, over.is_set)
    first = line.begin([photo(1)])
    assert first is not None
    kept = first.outcomes()
    threading.Timer(0.2, over.set).start()
    assert line.begin([photo(2)]) is None
    assert over.is_set()
    assert len(kept) == 1
    line.close()


# ---------------------------------------------------------------------- beginning and end
def test_few_photos_start_no_process(threads: Threads) -> None:
    made = Decoding(RULE, always, processes=2, pays_from=10)
    line = threads.line(made)
    for _ in range(3):
        assert line.begin([photo(1)] * 3) is None
    assert not decoding_module._crews._is_begun
    line.begin([photo(1)] * 3)
    assert decoding_module._crews._is_begun
    up(made)
    line.close()


def test_cores_decide_how_many_and_one_is_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, expected in ((1, 0), (2, 0), (4, 3), (16, 15)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, n=cores: set(range(n)))
        assert usual_processes() == expected


def test_an_idle_crew_ends_and_comes_again(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding_module, "_IDLE", 0.1)
    made = decoding()
    for _ in range(2):
        line = threads.line(made)
        crew = up(made)
        check(
            threads, [photo(1)], line.begin([photo(1)]).outcomes()[:1] and [threads.one(photo(1))]
        )
        line.close()
        until = time.monotonic() + 20
        while crew.processes and time.monotonic() < until:
            time.sleep(0.01)
        assert not crew.processes


def test_many_threads_share_the_processes(threads: Threads) -> None:
    made = [decoding(), decoding(lambda height, width: False)]
    crew = up(made[0])
    assert up(made[1]) is crew
    files = ugly()[:20] * 2
    wrong = []

    def work(own: Decoding) -> None:
        line = threads.line(own)
        for _ in range(4):
            batch = line.begin(files)
            try:
                check_any(threads, files, batch.outcomes() if batch else map(threads.one, files))
            except AssertionError as error:
                wrong.append(error)
        line.close()

    workers = [threading.Thread(target=work, args=[made[n % 2]]) for n in range(6)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert not wrong
    assert_all_free(crew)
