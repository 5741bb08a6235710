"""Long steps that somebody starts and looks at later: one of a kind for an index, whoever asks.

What becomes of a job is written down (`jobs/`), and it holds a lock while it runs: any process of the
workspace sees how far it is, two who ask at once start it once, and one that was killed is seen to be.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import CorruptFile, Locked, StorageFailed, VitrineError
from engine.store.layout import Layout, read_json, write_json

State = Literal["running", "done", "failed", "interrupted"]
_LOG = logging.getLogger("engine.jobs")
_UNFORESEEN = "It ended by an error that nobody foresaw; the log of the server has it."


@dataclass(frozen=True)
class Job:
    """A step, as far as it is.

    Attributes:
        kind: such as `check`. index: full name.
        state: "interrupted" where the process that carried it out has ended.
        started_at, ended_at: milliseconds since the epoch; 0 for not yet.
        done, total: how far it is; total 0 where nobody knows. doing: what it is at.
        is_good: whether all is well, once it is done. said: what came of it, in sentences.
    """

    kind: str
    index: str
    state: State
    started_at: int
    ended_at: int = 0
    done: int = 0
    total: int = 0
    doing: str = ""
    is_good: bool = True
    said: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took, or runs by now."""
        return ((self.ended_at or _now()) - self.started_at) / 1000


@dataclass(frozen=True)
class Outcome:
    """What came of a job: whether all is well, and sentences on it."""

    is_good: bool
    said: tuple[str, ...]


Progress = Callable[[int, int, str], None]  # how much of how much is done, and what comes next
Work = Callable[[Progress], Outcome]


class Jobs:
    """The jobs of a workspace's indexes. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def start(self, kind: str, index: str, work: Work, changes: bool = False) -> Job:
        """Carry out `work` in a thread, unless a job of this kind runs for the index already.

        Args:
            index: full name of one that exists.
            changes: what it does changes the index: a process that ends waits for it.

        Returns:
            the job as it begins, or the one that runs.

        Raises:
            StorageFailed: the system refused the lock, the file, or a thread.
        """
        job = Job(kind, index, "running", _now())
        try:
            with contextlib.ExitStack() as lock:
                lock.enter_context(self._layout.writing(_lock(kind, index), wait_seconds=0))
                write_json(self._file(kind, index), asdict(job))
                mine = lock.pop_all()
        except Locked:
            return self.get(kind, index) or job
        thread = threading.Thread(
            target=self._carry_out,
            args=(job, work, mine),
            name=f"{kind} {index}",
            daemon=not changes,
        )
        try:
            thread.start()
        except RuntimeError as error:
            mine.close()
            raise StorageFailed(f"no thread to {kind} index {index}: {error}") from error
        return job

    def get(self, kind: str, index: str) -> Job | None:
        """The last job of a kind for an index; None where there was none, or nothing is known of it."""
        job = self._read(kind, index)
        if job is None or job.state != "running":
            return job
        if self._layout.is_being_written(_lock(kind, index)):
            return job
        again = self._read(kind, index)  # it may have ended between both looks
        ended = again is not None and again.state != "running"
        return again if ended else replace(job, state="interrupted", ended_at=job.started_at)

    def _read(self, kind: str, index: str) -> Job | None:
        with contextlib.suppress(
            FileNotFoundError, CorruptFile, StorageFailed, TypeError, AttributeError, KeyError
        ):
            facts: dict[str, Any] = read_json(self._file(kind, index))
            return Job(**{**facts, "said": tuple(facts["said"])})
        return None

    def _carry_out(self, job: Job, work: Work, lock: contextlib.ExitStack) -> None:
        def progress(done: int, total: int, doing: str) -> None:
            self._write(replace(job, done=done, total=total, doing=doing))

        with lock:
            try:
                outcome = work(progress)
                ended = replace(job, state="done", is_good=outcome.is_good, said=outcome.said)
            except VitrineError as error:
                ended = replace(job, state="failed", is_good=False, said=(error.message,))
            except Exception:
                _LOG.exception("%s of index %s failed", job.kind, job.index)
                ended = replace(job, state="failed", is_good=False, said=(_UNFORESEEN,))
            self._write(replace(ended, ended_at=_now()))

    def _write(self, job: Job) -> None:
        """Write down how far a job is, where the disk takes it."""
        with contextlib.suppress(OSError, StorageFailed):
            write_json(self._file(job.kind, job.index), asdict(job))

    def _file(self, kind: str, index: str) -> Path:
        return self._layout.jobs_dir / f"{kind}-{index}.json"


def _lock(kind: str, index: str) -> str:
    return f"job-{kind}-{index}"


def _now() -> int:
    return time.time_ns() // 1_000_000
