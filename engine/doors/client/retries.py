"""Retries of a call that fails for a transient reason. Knows which errors are; not what is called."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from engine.errors import StorageFailed, VitrineError, WrittenTooFast

Reply = TypeVar("Reply")
MAX_WAIT = 120.0  # seconds before one try, whatever the factor


def is_transient(error: VitrineError) -> bool:
    """Whether the same call may succeed a moment later.

    So it is while a writer publishes faster than a reader opens, and where a file could not be read
    just now: a network folder, too many open files.
    """
    return isinstance(error, (WrittenTooFast, StorageFailed))


def wait_before(attempt: int, backoff_factor: float, backoff_jitter: float, share: float) -> float:
    """Seconds to wait before a retry: the factor, doubled each time, and a random part on top.

    Args:
        attempt: 0 before the first retry. share: of the jitter, 0 to 1.

    Returns:
        at least 0 and at most `MAX_WAIT`.
    """
    # Above 2 ** 30 the longest wait is reached by any factor that is not 0.
    seconds = backoff_factor * 2.0 ** min(attempt, 30) * (1 + backoff_jitter * share)
    return max(0.0, min(seconds, MAX_WAIT))


def with_retries(
    call: Callable[[], Reply],
    total_retries: int = 3,
    backoff_factor: float = 1,
    backoff_jitter: float = 0.2,
) -> Reply:
    """The reply of `call`, tried again while it fails for a transient reason.

    Args:
        call: reads only; it may run `total_retries` + 1 times.
        total_retries: 0 and less: one try.
        backoff_factor: seconds before the first retry; 0 waits not at all.
        backoff_jitter: up to this share of each wait is added at random.

    Raises:
        VitrineError: of the last try, or at once where waiting doesn't help.
    """
    for attempt in range(total_retries):
        try:
            return call()
        except VitrineError as error:
            if not is_transient(error):
                raise
        time.sleep(wait_before(attempt, backoff_factor, backoff_jitter, random.random()))
    return call()
