"""Bars that show how far a long work is. Knows tqdm, which is loaded with the first bar.

They are drawn on standard error where that is a terminal that can go back in a line, with rate and time
left, and go when the work is done: whoever asked for it says then in a line what came of it.
"""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

_T = TypeVar("_T")
DELAY = 0.7  # seconds: what is done sooner needs no bar
_TYPED = 3  # columns that are left for what is typed meanwhile, such as ^C
_open: weakref.WeakSet[Any] = weakref.WeakSet()


@functools.cache
def _kind() -> Any:
    """The class of bars."""
    from tqdm import tqdm

    class Locked(tqdm):  # type: ignore[misc]
        """One that takes a lock of threads alone.

        tqdm's own also takes one of processes, by which it settles for the whole program how
        `multiprocessing` starts them.
        """

        monitor_interval = 0  # no thread of its own

        def refresh(self, nolock: bool = False, lock_args: Any = None) -> bool:
            """As tqdm's, which keeps its lock for ever where the drawing is interrupted."""
            if self.disable:
                return False
            with self.get_lock():
                self.display()
            return True

    Locked.set_lock(threading.RLock())
    return _alone_in_its_line(Locked)


def _alone_in_its_line(kind: Any) -> Any:
    """A class of bars that leave room for what is typed, and clear their whole line at the end."""

    class Bar(kind):  # type: ignore[misc]
        is_drawn = False

        @property
        def format_dict(self) -> Any:
            found = super().format_dict
            wide = found.get("ncols")
            return {**found, "ncols": max(wide - _TYPED, 1)} if wide else found

        def display(self, *given: Any, **named: Any) -> Any:
            self.is_drawn = True
            return super().display(*given, **named)

        def close(self) -> None:
            if self.is_drawn and not self.disable:
                # An interruption may come before tqdm has noted that it drew.
                noted: float = getattr(self, "last_print_t", 0.0)
                self.last_print_t = max(noted, self.start_t + self.delay)
                self.display(" " * (self.ncols or 0))  # also what was typed beside it
            super().close()

    return Bar


def bar(*, unit: str, **options: Any) -> Any:
    """A bar: `total`, `unit`, `desc`, and others of tqdm's; `update` moves it on."""
    is_main = threading.current_thread() is threading.main_thread()  # not what a server does
    is_seen = is_main and os.environ.get("TERM") != "dumb"
    shown = {"delay": DELAY, "leave": False, "dynamic_ncols": True, "unit": f" {unit}", **options}
    made = _kind()(disable=None if is_seen else True, **shown)
    _open.add(made)
    return made


def close_bars() -> None:
    """Take away the bars of work that an error ended, before something is said about it."""
    for each in list(_open):
        each.close()


def tracked(items: Iterable[_T], *, unit: str, **options: Any) -> Iterator[_T]:
    """The items, with a bar that moves on by one for each."""
    with bar(unit=unit, **options) as shown:
        for item in items:
            yield item
            shown.update()
