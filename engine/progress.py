"""Bars that show how far a long work is. Knows tqdm, which is loaded with the first bar.

They are drawn on standard error where that is a terminal, with rate and time left, and go when the work
is done: whoever asked for it says then in a line what came of it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

_T = TypeVar("_T")
DELAY = 0.7  # seconds: what is done sooner needs no bar


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


def bar(*, unit: str, **options: Any) -> Any:
    """A bar: `total`, `unit`, `desc`, and others of tqdm's; `update` moves it on."""
    is_main = threading.current_thread() is threading.main_thread()  # not what a server does
    shown = {"delay": DELAY, "leave": False, "dynamic_ncols": True, "unit": f" {unit}", **options}
    return _kind()(disable=None if is_main else True, **shown)


def tracked(items: Iterable[_T], *, unit: str, **options: Any) -> Iterator[_T]:
    """The items, with a bar that moves on by one for each."""
    with bar(unit=unit, **options) as shown:
        for item in items:
            yield item
            shown.update()
