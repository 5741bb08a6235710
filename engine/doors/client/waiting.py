"""Waiting for a state. Knows clocks and what the package prints meanwhile; not what it waits for.

No call of this engine takes long: a state that is not reached at the first poll is one that another
process has to bring about.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

_POLL_SECONDS = 0.1


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
    seconds = timeout.total_seconds()
    state = state_of()
    while not is_reached(state) and (waited := time.monotonic() - started) < seconds:
        refuse(state)
        if verbose:
            print(f"{subject} is in state {state}. Time: {int(waited)}s.")
        time.sleep(min(_POLL_SECONDS, seconds - waited))
        state = state_of()
    return state
