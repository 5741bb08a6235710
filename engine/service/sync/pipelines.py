"""Syncs that run in the background: accepted at once, one an index, and how far each is.

Knows threads and locks; not what a sync does. Truth: the API's sync, which answers before it is done.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from engine.errors import BadRequest, StorageFailed, VitrineError
from engine.service.pacing.clock import Clock
from engine.service.pacing.passages import BUSY
from engine.service.pacing.states import Phase
from engine.service.sync.run import SyncRun
from engine.store.layout import Layout

_LOG = logging.getLogger("engine.sync")


@dataclass
class _Background:
    """A sync that nobody waits for; `begun` from its thread's first moment on."""

    run: SyncRun
    begun: bool = False
    thread: threading.Thread = field(init=False)


class Pipelines:
    """The syncs of a workspace. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        self._layout, self._clock = layout, clock
        self._background: dict[str, _Background] = {}
        self._guard = threading.Lock()

    def start(self, run: SyncRun) -> None:
        """Accept a sync, which a thread carries out from now on. What fails there is remembered.

        The thread is not a daemon: a process that ends waits for it; a killed one leaves the version
        that was published before.

        Raises:
            BadRequest: a sync of the index is accepted or runs, here or in another process.
            StorageFailed: the system refused the lock, or a thread.
        """
        name, mine = run.index, _Background(run)
        mine.thread = threading.Thread(target=self._carry_out, args=(mine,), name=f"sync {name}")
        with self._guard:
            if self._alive(name) is not None:
                raise BadRequest(BUSY)
        run.accept()  # of two that come this far, one
        run.hand_over()
        try:
            with self._guard:
                self._background[name] = mine
                mine.thread.start()
            self._clock.begun(mine.thread, run.until)
        except BaseException as error:
            if mine.thread.ident is None:  # it never began, so nobody else gives the lock back
                run.give_up()
            if isinstance(error, RuntimeError):
                raise StorageFailed(f"no thread to sync index {name}: {error}") from error
            raise

    def phase_of(self, name: str) -> Phase | None:
        """How far the sync of an index is, whoever asked for it; None where none runs."""
        with self._guard:
            mine = self._alive(name)
        if mine is not None:
            return "RUNNING" if mine.begun else "PENDING"
        return "RUNNING" if self._layout.is_being_written(f"index-{name}") else None

    def _alive(self, name: str) -> _Background | None:
        """The sync of this process; none after a fork, whose parent it is of."""
        mine = self._background.get(name)
        return mine if mine is not None and mine.thread.is_alive() else None

    def _carry_out(self, mine: _Background) -> None:
        name = mine.run.index
        mine.begun = True
        try:
            mine.run.finish()
        except VitrineError as error:
            _LOG.warning("sync of index %s failed: %s", name, error)
        except Exception:
            _LOG.exception("sync of index %s failed", name)
        finally:
            with self._guard:
                if self._background.get(name) is mine:
                    del self._background[name]
