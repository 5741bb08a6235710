"""Bars that show how far a long work is. Knows tqdm, which is loaded with the first bar."""

from __future__ import annotations

import functools
import threading
from typing import Any


@functools.cache
def _kind() -> Any:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[misc]
        """One that takes a lock of threads alone.

        tqdm's own also takes one of processes, by which it settles for the whole program how
        `multiprocessing` starts them.
        """

        monitor_interval = 0  # no thread of its own

    Bar.set_lock(threading.RLock())
    return Bar


def bar(**options: Any) -> Any:
    """A bar on standard error, where that is a terminal; see tqdm for the options."""
    return _kind()(disable=None, **options)
