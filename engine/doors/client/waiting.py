"""Waiting for a state. Knows clocks and what the package prints meanwhile; not what it waits for.

A sync of few rows is done after some milliseconds, so the first polls follow each other closely.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

_FIRST_SECONDS, _POLL_SECONDS = 0.002, 0.1  # between two polls, at first and at most


def wait_for_state(
    subject: str,
    state_of: Callable[[], str],
    is_reached: Callable[[str], bool],
    refuse: Callable[[str], None],
    verbose: bool,
    timeout: timedelta,
) -> str:
    """Poll until a state is reached or the time is over; the last state that was seen.

    Args:
        subject: of the lines that `verbose` prints, such as "Index a.b.c".
        refuse: called with each state that is not the wanted one; raises where waiting is in vain.
            With no time at all it is not called.
    """
    started = time.monotonic()
    seconds, pause = timeout.total_seconds(), _FIRST_SECONDS
    state = state_of()
    while not is_reached(state) and (waited := time.monotonic() - started) < seconds:
        refuse(state)
        if verbose:
            print(f"{subject} is in state {state}. Time: {int(waited)}s.")
        time.sleep(min(pause, seconds - waited))
        pause = min(2 * pause, _POLL_SECONDS)
        state = state_of()
    return state
