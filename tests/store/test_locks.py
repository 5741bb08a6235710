"""Locks: in turn, for threads and processes; in time or not at all; no dead process holds one."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import linecache
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from support.children import wait_until

from engine import locks
from engine.errors import InvalidState, StorageFailed
from engine.locks import WaitedTooLong, hand_over, held
from engine.store.layout import Layout

HOLD = """
import sys
from pathlib import Path
from engine.locks import held
with held(Path(sys.argv[1]), 60):
    print("held", flush=True)
    sys.stdin.readline()
"""
COUNT = """
import sys, time
from pathlib import Path
from engine.locks import held
file, turns = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
own = 0
while turns.stat().st_size < 1000:
    with held(file, 60), turns.open("ab") as out:
        out.write(b".")
        own += 1
        time.sleep(0.002)  # the work that the lock is held for
print(own, flush=True)
"""
PROC_LOCKS = Path("/proc/locks")
needs_proc_locks = pytest.mark.skipif(
    not PROC_LOCKS.is_file(), reason="sees who waits as Linux lists it"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "x.lock"


@contextlib.contextmanager
def child(code: str, *arguments: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs code; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def waits(pid: int) -> bool:
    """Whether a process waits for a lock of the system."""
    lines = [text.split() for text in PROC_LOCKS.read_text().splitlines()]
    return any(words[1] == "->" and words[5] == str(pid) for words in lines)


def queued(file: Path) -> int:
    """How many threads of this process wait for a lock."""
    gate = locks._gates.get(os.path.realpath(file))
    return len(gate._queue) if gate else 0


def can_lock(file: Path, wait_seconds: float = 0) -> bool:
    """Whether a thread of its own gets a lock in time."""
    found = []

    def attempt() -> None:
        with contextlib.suppress(WaitedTooLong), held(file, wait_seconds):
            found.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return bool(found)


# ------------------------------------------------------------------ one at a time, in turn
def test_threads_are_served_in_the_order_in_which_they_asked(file: Path) -> None:
    order: list[int] = []

    def wait(number: int) -> None:
        with held(file, 60):
            order.append(number)

    threads = [threading.Thread(target=wait, args=[number]) for number in range(20)]
    with held(file, 60):
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda asked=number + 1: queued(file) == asked)
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_threads_take_turns(file: Path) -> None:
    turns: Counter[int] = Counter()
    inside: list[int] = []

    def work(number: int) -> None:
        while sum(turns.values()) < 400:
            with held(file, 60):
                inside.append(number)
                assert inside == [number]
                turns[number] += 1
                time.sleep(0.0005)  # the work that the lock is held for
                inside.clear()

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(turns.values()) >= sum(turns.values()) / 4 / 2


def test_processes_take_turns(file: Path, tmp_path: Path) -> None:
    taken = tmp_path / "turns"
    taken.touch()
    with contextlib.ExitStack() as stack:
        children = [stack.enter_context(child(COUNT, file, taken)) for _ in range(4)]
        assert [line(one) for one in children] == ["ready"] * 4
        for one in children:
            say(one)
        turns = [int(line(one)) for one in children]
    assert min(turns) >= sum(turns) / 4 / 2, turns


# ------------------------------------------------------------------ in time, or not at all
@pytest.mark.parametrize("wait_seconds", [0, 0.2])
def test_a_lock_that_another_thread_holds_is_waited_for_so_long_and_no_longer(
    file: Path, wait_seconds: float
) -> None:
    with held(file, 60):
        started = time.monotonic()
        assert not can_lock(file, wait_seconds)
        assert time.monotonic() - started >= wait_seconds
    assert can_lock(file)


@pytest.mark.parametrize("wait_seconds", [0, 0.2])
def test_a_lock_that_another_process_holds_is_waited_for_so_long_and_no_longer(
    file: Path, wait_seconds: float
) -> None:
    with child(HOLD, file) as process:
        assert line(process) == "held"
        started = time.monotonic()
        for _ in range(3):
            assert not can_lock(file, wait_seconds)
        assert time.monotonic() - started >= 3 * wait_seconds
        say(process)
        assert can_lock(file, 60)
    assert can_lock(file)


def test_many_waits_given_up_leave_one_thread_at_most_and_none_afterwards(file: Path) -> None:
    with child(HOLD, file) as process:
        assert line(process) == "held"
        before = threading.active_count()
        for _ in range(10):
            assert not can_lock(file, 0.01)
        assert threading.active_count() <= before + 1
        say(process)
        assert can_lock(file, 60)
    with child(HOLD, file) as process:  # nothing here keeps it from others
        assert line(process) == "held"


def test_the_message_of_a_wait_in_vain_names_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "volumes.lock"
    lock.parent.mkdir()
    with child(HOLD, lock) as process:
        assert line(process) == "held"
        lock_again = Layout(tmp_path).writing("volumes", wait_seconds=0.1)
        with pytest.raises(InvalidState, match="volumes is being written") as caught, lock_again:
            pass
        assert str(lock) in caught.value.message


def test_a_folder_that_takes_no_lock_file_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file")
    lock = Layout(tmp_path).writing("volumes")
    with pytest.raises(StorageFailed, match="volumes was not written"), lock:
        pass


# ------------------------------------------------------------------ nested, failed, tidied up
def test_who_holds_a_lock_is_refused_it_at_once_instead_of_waiting_for_himself(file: Path) -> None:
    with held(file, 0):
        started = time.monotonic()
        with pytest.raises(WaitedTooLong), held(file, 60):
            pass
        assert time.monotonic() - started < 10
        assert not can_lock(file)
    assert can_lock(file)


def test_who_handed_a_lock_over_waits_for_it_like_any_other(file: Path) -> None:
    with contextlib.ExitStack() as block:
        block.enter_context(held(file, 0))
        hand_over(file)
        given = block.pop_all()
    assert not can_lock(file)
    later = threading.Timer(0.2, given.close)
    later.start()
    with held(file, 60):
        pass
    later.join()


def test_only_the_thread_that_holds_a_lock_hands_it_over(file: Path) -> None:
    with pytest.raises(RuntimeError, match="not held"):
        hand_over(file)
    with held(file, 0):
        refused: list[BaseException] = []

        def try_it() -> None:
            with pytest.raises(RuntimeError, match="not held") as caught:
                hand_over(file)
            refused.append(caught.value)

        elsewhere = threading.Thread(target=try_it)
        elsewhere.start()
        elsewhere.join()
        assert refused
        with pytest.raises(WaitedTooLong), held(file, 60):  # still this thread's own
            pass


def test_an_error_in_the_block_gives_the_lock_back(file: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyError), held(file, 0):
            raise KeyError
    assert can_lock(file)


def test_one_lock_under_two_paths_is_one(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with held(file, 0):
        assert not can_lock(tmp_path / "link" / file.name)


@needs_proc_locks
def test_a_lock_file_that_somebody_removed_still_keeps_others_out(file: Path) -> None:
    with held(file, 0):
        pass
    with child(HOLD, file) as process:
        assert line(process) == "held"
        waiter = threading.Thread(target=can_lock, args=[file, 60])
        waiter.start()
        wait_until(lambda: waits(os.getpid()))
        file.unlink()
        with child(HOLD, file) as other:
            wait_until(lambda: waits(other.pid), other)
            say(process)
            waiter.join()  # what it got first was the removed file
            assert line(other) == "held"
            assert not can_lock(file)


# ------------------------------------------------------------------ who dies
def test_a_killed_holder_frees_the_lock(file: Path) -> None:
    with child(HOLD, file) as process:
        assert line(process) == "held"
        assert not can_lock(file)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert can_lock(file)


@needs_proc_locks
def test_a_killed_waiter_is_skipped(file: Path) -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(child(HOLD, file))
        assert line(first) == "held"
        waiters = [stack.enter_context(child(HOLD, file)) for _ in range(3)]
        # One of them waits for the lock itself, the others behind it.
        wait_until(lambda: all(waits(waiter.pid) for waiter in waiters))
        for waiter in waiters[:2]:
            waiter.send_signal(signal.SIGKILL)
            waiter.wait()
        say(first)
        assert line(waiters[2]) == "held"
        waiters[2].send_signal(signal.SIGKILL)
        waiters[2].wait()
        assert can_lock(file)


def test_a_fork_holds_nothing_of_its_parent(file: Path) -> None:
    read, write = os.pipe()
    with held(file, 0):
        pid = os.fork()
        if pid == 0:
            try:
                free = can_lock(file)
                os.write(write, b"free" if free else b"kept")
                os.read(read, 0)
                signal.pause()
            finally:
                os._exit(0)
        assert os.read(read, 4) == b"kept"
    try:
        # The fork lives on in the block, and does not keep what its parent gave back.
        assert can_lock(file)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_fork_that_leaves_the_block_takes_nothing_from_its_parent(file: Path) -> None:
    pid = -1
    with held(file, 0):
        pid = os.fork()
        if pid != 0:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
            with child(HOLD, file) as process:
                assert not can_lock(file)
                assert process.poll() is None
    if pid == 0:
        os._exit(1 if can_lock(file) else 0)


def test_a_fork_of_a_killed_parent_frees_the_lock(file: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from engine.locks import held
with held(Path(sys.argv[1]), 0):
    pid = os.fork()
    if pid == 0:
        signal.pause()
        os._exit(0)
    print(pid, flush=True)
    signal.pause()
"""
    with child(code, file) as process:
        pid = int(line(process))
        try:
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert can_lock(file, 5)
        finally:
            os.kill(pid, signal.SIGKILL)


# ------------------------------------------------------------------ signals
def signals_come_at(step: int) -> tuple[Callable[..., Any], list[bool]]:
    """A trace function that interrupts a thread at a step within the locks; and whether it did."""
    left, came = [step], [False]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code.co_filename != locks.__file__:
            return None
        text = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        # The interpreter looks for signals within blocks, but not where one begins or ends.
        begins = text.startswith("with ") or text in ("try:", "finally:")
        if event in ("call", "line") and not begins:
            left[0] -= 1
            if left[0] == 0:
                came[0] = True
                raise KeyboardInterrupt
        return trace

    return trace, came


def interrupted(file: Path, step: int, kept: list[BaseException]) -> bool:
    """Take a lock and give it back, interrupted at a step; whether there was such a step."""
    trace, came = signals_come_at(step)

    def take() -> None:
        try:
            sys.settrace(trace)
            with held(file, 60):
                pass
        except KeyboardInterrupt as error:
            kept.append(error)  # as a notebook keeps the last one, and so all that its frames hold

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    return came[0]


def is_free(file: Path) -> bool:
    """Whether another process gets the lock at once."""
    with contextlib.ExitStack() as stack:
        for one in (file, Path(f"{file}.next")):
            opened = stack.enter_context(one.open("ab"))
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True


@pytest.fixture
def kept() -> Iterator[list[BaseException]]:
    """Errors that are kept; files that nobody but their frames knew are closed with them."""
    errors: list[BaseException] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield errors
        errors.clear()
        gc.collect()


def test_a_signal_at_any_step_leaves_no_lock_held(file: Path, kept: list[BaseException]) -> None:
    """One that came while a lock was given back left it held for as long as the process lived."""
    step = 1
    while interrupted(file, step, kept):
        assert is_free(file), f"held after a signal at step {step}"
        assert can_lock(file), f"taken for held after a signal at step {step}"
        assert os.path.realpath(file) not in locks._gates, (
            f"remembered after a signal at step {step}"
        )
        step += 1
    assert step > 40


def test_a_signal_at_any_step_lets_the_next_thread_have_the_lock(
    file: Path, kept: list[BaseException]
) -> None:
    step, came = 0, [True]
    while came[-1]:
        step += 1
        ended: list[bool] = []
        got: list[bool] = []
        threads = [
            threading.Thread(target=lambda: ended.append(interrupted(file, step, kept))),  # noqa: B023
            threading.Thread(target=lambda: got.append(can_lock(file, 20))),  # noqa: B023
        ]
        with file.open("ab") as other:
            fcntl.flock(other, fcntl.LOCK_EX)  # as another process holds it
            for place, thread in enumerate(threads):
                thread.start()
                wait_until(lambda: queued(file) == place + 1 - len(ended))  # noqa: B023
        for thread in threads:
            thread.join(30)
        assert got == [True], f"nobody wakes the next after a signal at step {step}"
        assert is_free(file), f"held after a signal at step {step}"
        came += ended
    assert step > 40
