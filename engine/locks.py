"""Locks for threads and processes, given in the order in which they were asked for. Below all layers.

The threads of a process queue here. The first of them asks the system for its process (`flock`): it
waits for the file `<file>.next`, holding that for the lock itself, and then lets the next process wait
for it. So whoever gave a lock back comes behind those who wait, and nobody polls. The system frees
what a process held when that ends, however it ends.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

_HANDED_OVER = 0  # no thread's number: those are nonzero


class WaitedTooLong(TimeoutError):
    """Somebody else held the lock for all the time that was given."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is locked")


@contextlib.contextmanager
def held(file: Path, wait_seconds: float) -> Iterator[None]:
    """Hold a lock. A thread that holds it already would wait for itself: it is refused at once.

    Args:
        file: in a folder that exists. Locks of one file are one lock.

    Raises:
        WaitedTooLong: not had in time. OSError: the system refused.
    """
    path = _place(file)
    with _registry:
        gate = _gates.setdefault(path, _Gate(path))
        gate.users += 1
    try:
        gate.acquire(wait_seconds)
        try:
            yield
        finally:
            gate.release()
    finally:
        gate.leave()


def hand_over(file: Path) -> None:
    """Let another thread give back a lock that this one holds; until then this one waits as others do.

    Raises:
        RuntimeError: this thread does not hold the lock.
    """
    with _registry:
        gate = _gates.get(_place(file))
    if gate is None or not gate.hand_over():
        raise RuntimeError(f"{file} is not held by this thread: only its holder hands it over")


def is_held(file: Path) -> bool:
    """Whether somebody holds a lock now, in whatever process; nothing is written."""
    with _opening:  # no fork goes off with the file
        try:
            opened = os.open(file, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(opened)
    return False


def _place(file: Path) -> str:
    """One path for all that lead to a lock."""
    return os.path.join(os.path.realpath(file.parent), file.name)  # noqa: PTH118


class _Gate:
    """One lock as the threads of this process see it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._process = os.getpid()
        self._mutex = threading.Lock()
        self._queue: deque[threading.Event] = (
            deque()
        )  # of waiting threads; the first one's turn is next
        self._holder: int | None = None  # a thread, or `_HANDED_OVER`
        self._file = -1
        self._is_asking = False  # a thread waits for the system's lock
        self._brought: int | OSError | None = None  # what that thread came back with
        self.users = 0

    def acquire(self, wait_seconds: float) -> None:
        me, until = threading.get_ident(), time.monotonic() + wait_seconds
        turn = threading.Event()
        with self._mutex:
            if self._holder == me:
                raise WaitedTooLong(self._path)
            self._queue.append(turn)
            self._wake()
        try:
            while True:
                if not turn.wait(max(0.0, until - time.monotonic())):
                    raise WaitedTooLong(self._path)
                with self._mutex:
                    turn.clear()
                    if self._take(wait_seconds > 0):
                        self._queue.popleft()
                        self._holder = me
                        return
        except BaseException:
            with self._mutex:
                if turn in self._queue:
                    self._queue.remove(turn)
                self._wake()
            raise

    def _take(self, may_wait: bool) -> bool:
        """Get the system's lock, if that is to be had now; else let a thread wait for it."""
        brought, self._brought = self._brought, None
        if isinstance(brought, OSError):
            raise brought
        if brought is None and not self._is_asking:
            brought = _lock_at_once(self._path)
        if brought is not None:
            self._file = brought
            return True
        if not may_wait:
            raise WaitedTooLong(self._path)
        if not self._is_asking:
            # A thread, because the system's wait knows no time limit. It outlives a wait that was given
            # up, and serves the next one.
            try:
                threading.Thread(target=self._ask, name="lock", daemon=True).start()
            except RuntimeError as error:
                raise OSError(errno.EAGAIN, f"no thread to wait for a lock: {error}") from error
            self._is_asking = True
        return False

    def _ask(self) -> None:
        try:
            brought: int | OSError = _lock_when_free(self._path)
        except OSError as error:
            brought = error
        with self._mutex:
            self._is_asking, self._brought = False, brought
            self._wake()

    def _wake(self) -> None:
        """Wake the first in the queue, whose turn it is; the mutex is held."""
        if self._holder is not None:
            return
        if self._queue:
            self._queue[0].set()
            return
        brought, self._brought = self._brought, None
        if isinstance(brought, int):  # nobody waits any more
            _unlock(brought)

    def hand_over(self) -> bool:
        """Whether this thread held the lock; if so it is no thread's own now."""
        with self._mutex:
            mine = self._holder == threading.get_ident()
            if mine:
                self._holder = _HANDED_OVER
            return mine

    def release(self) -> None:
        if self._process != os.getpid():  # a fork went on in the block: the lock is its parent's
            return
        with self._mutex:
            file, self._file, self._holder = self._file, -1, None
            _unlock(file)
            self._wake()

    def leave(self) -> None:
        """Forget the gate when its last user went."""
        with _registry:
            self.users -= 1
            if not self.users and not self._is_asking and _gates.get(self._path) is self:
                del _gates[self._path]


# ------------------------------------------------------------------ the system's locks
def _lock_at_once(path: str) -> int | None:
    """The open file of a lock that was free and had nobody waiting; else None."""
    turn = _opened(f"{path}.next")
    try:
        return _locked(path, fcntl.LOCK_NB) if _lock(turn, fcntl.LOCK_NB) else None
    finally:
        _unlock(turn)


def _lock_when_free(path: str) -> int:
    turn = _opened(f"{path}.next")
    try:
        _lock(turn, 0)
        file = _locked(path, 0)
        assert file is not None
        return file
    finally:
        _unlock(turn)


def _locked(path: str, flags: int) -> int | None:
    while True:
        file = _opened(path)
        try:
            if not _lock(file, flags):
                _unlock(file)
                return None
            if _is_at(file, path):  # and was not removed by somebody who tidied up
                return file
        except BaseException:
            _unlock(file)
            raise
        _unlock(file)


def _lock(file: int, flags: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | flags)
    except BlockingIOError:
        return False
    return True


def _is_at(file: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _opened(path: str) -> int:
    with _opening:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        _files.add(file)
    return file


def _unlock(file: int) -> None:
    with _opening:
        _files.discard(file)
        try:
            fcntl.flock(file, fcntl.LOCK_UN)  # explicitly: a fork may have the file open too
        finally:
            os.close(file)


# ------------------------------------------------------------------ forks
_registry = threading.Lock()
_opening = threading.Lock()  # held while a process forks, so that no open file is unknown
_gates: dict[str, _Gate] = {}
_files: set[int] = set()


def _forget() -> None:
    """In a fork: what its parent holds is not its own, and must not live longer than the parent."""
    global _registry, _opening
    for file in _files:
        with contextlib.suppress(OSError):
            os.close(file)
    _files.clear()
    _gates.clear()
    _registry, _opening = threading.Lock(), threading.Lock()


os.register_at_fork(
    before=lambda: _opening.acquire(),
    after_in_parent=lambda: _opening.release(),
    after_in_child=_forget,
)
