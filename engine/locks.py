"""Locks for threads and processes, given in the order in which they were asked for. Below all layers.

The threads of a process queue here. The first of them asks the system for its process (`flock`): it
waits for the file `<file>.next`, holding that for the lock itself, and then lets the next process wait
for it. So whoever gave a lock back comes behind those who wait, and nobody polls. The system frees
what a process held when that ends, however it ends.

A signal may end a thread's call between any two steps, those of giving back included. So what gives
back may be done again, from whatever step on, and is done twice; what is had is noted before it is had,
and each open file is closed by the interpreter itself when nothing here knows of it any more.
"""

import contextlib
import errno
import fcntl
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
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
    path, asked = _place(file), _Asked()
    try:
        _gate(path, asked).acquire(asked, wait_seconds)
        yield
    finally:
        try:
            _give_back(path, asked)
        finally:
            _give_back(path, asked)


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


def _shut() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


@dataclass(eq=False)
class _Asked:
    """One thread's wish for a lock.

    Attributes:
        thread: who waits for it or holds it. told: locked until the thread is to look whether it may.
    """

    thread: int = field(default_factory=threading.get_ident)
    told: threading.Lock = field(default_factory=_shut)


class _Gate:
    """One lock as the threads of this process see it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._queue: deque[_Asked] = deque()  # who waits; the first one's turn is next
        self._holder: _Asked | None = None
        self._file: FileIO | None = None  # the holder's
        self._is_asking = False  # a thread waits for the system's lock
        self._brought: FileIO | OSError | None = None  # what that thread came back with
        self.users: set[_Asked] = set()

    def acquire(self, asked: _Asked, wait_seconds: float) -> None:
        """Wait for a lock. Whatever becomes of that, `release` it."""
        until = time.monotonic() + wait_seconds
        with self._mutex:
            if self._holder is not None and self._holder.thread == asked.thread:
                raise WaitedTooLong(self._path)
            self._queue.append(asked)
            self._wake()
        while True:
            if not asked.told.acquire(timeout=max(0.0, until - time.monotonic())):
                raise WaitedTooLong(self._path)
            with self._mutex:
                if self._take(asked, wait_seconds > 0):
                    self._queue.remove(asked)
                    return

    def _take(self, asked: _Asked, may_wait: bool) -> bool:
        """Get the system's lock, if that is to be had now; else let a thread wait for it."""
        self._holder = asked  # of what comes now
        if isinstance(self._brought, FileIO):
            self._file = self._brought
        brought, self._brought = self._brought, None
        if isinstance(brought, OSError):
            raise brought
        if self._file is None and not self._is_asking:
            self._file = _lock_at_once(self._path)
        if self._file is not None:
            return True
        self._holder = None
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
            brought: FileIO | OSError = _lock_when_free(self._path)
        except OSError as error:
            brought = error
        with self._mutex:
            self._is_asking, self._brought = False, brought
            self._wake()
        self.leave()

    def _wake(self) -> None:
        """Wake the first in the queue, whose turn it is; the mutex is held."""
        if self._holder is not None:
            return
        if self._queue:
            with contextlib.suppress(RuntimeError):  # it was told before
                self._queue[0].told.release()
            return
        if isinstance(self._brought, FileIO):  # nobody waits any more
            _unlock(self._brought)
        self._brought = None

    def hand_over(self) -> bool:
        """Whether this thread held the lock; if so it is no thread's own now."""
        with self._mutex:
            if self._holder is None or self._holder.thread != threading.get_ident():
                return False
            self._holder.thread = _HANDED_OVER
            return True

    def release(self, asked: _Asked) -> None:
        """Give back what was had, or stop waiting for it. Again it does what was left."""
        with self._mutex:
            if asked in self._queue:
                self._queue.remove(asked)
            if self._holder is asked:
                if self._file is not None:
                    _unlock(self._file)
                self._file = None
                self._holder = None
            self._wake()

    def leave(self, asked: _Asked | None = None) -> None:
        """Forget the gate when its last user went."""
        with _registry:
            self.users -= {asked}
            if not self.users and not self._is_asking and _gates.get(self._path) is self:
                del _gates[self._path]


def _gate(path: str, asked: _Asked) -> _Gate:
    with _registry:
        gate = _gates.setdefault(path, _Gate(path))
        gate.users.add(asked)
        return gate


def _give_back(path: str, asked: _Asked) -> None:
    gate = _gates.get(path)
    if gate is not None:  # a fork that went on in the block has none: the lock is its parent's
        gate.release(asked)
        gate.leave(asked)


# ------------------------------------------------------------------ the system's locks
def _lock_at_once(path: str) -> FileIO | None:
    """The open file of a lock that was free and had nobody waiting; else None."""
    with _opened(f"{path}.next") as turn:
        try:
            return _locked(path, fcntl.LOCK_NB) if _lock(turn, fcntl.LOCK_NB) else None
        finally:
            _unlock(turn)


def _lock_when_free(path: str) -> FileIO:
    with _opened(f"{path}.next") as turn:
        try:
            _lock(turn, 0)
            file = _locked(path, 0)
            assert file is not None
            return file
        finally:
            _unlock(turn)


def _locked(path: str, flags: int) -> FileIO | None:
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


def _lock(file: FileIO, flags: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | flags)
    except BlockingIOError:
        return False
    return True


def _is_at(file: FileIO, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _opened(path: str) -> FileIO:
    with _opening:
        file = FileIO(path, "r+", opener=_create)
        _files.add(file)
        return file


def _create(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CREAT, 0o644)


def _unlock(file: FileIO) -> None:
    """Give a lock back, once: again it does nothing."""
    with _opening:
        try:
            if not file.closed:
                fcntl.flock(file, fcntl.LOCK_UN)  # explicitly: a fork may have the file open too
        finally:
            file.close()


# ------------------------------------------------------------------ forks
_registry = threading.Lock()
_opening = threading.Lock()  # held while a process forks, so that no open file is unknown
_gates: dict[str, _Gate] = {}
_files: weakref.WeakSet[FileIO] = weakref.WeakSet()


def _forget() -> None:
    """In a fork: what its parent holds is not its own, and must not live longer than the parent."""
    global _registry, _opening
    for file in list(_files):
        with contextlib.suppress(OSError):
            file.close()
    _gates.clear()
    _registry, _opening = threading.Lock(), threading.Lock()


os.register_at_fork(
    before=lambda: _opening.acquire(),
    after_in_parent=lambda: _opening.release(),
    after_in_child=_forget,
)
