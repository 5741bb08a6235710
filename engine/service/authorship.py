"""Who makes or changes something, and when, as descriptions record it. Knows login names and clocks."""

from __future__ import annotations

import getpass
import time


def now_ms() -> int:
    """Milliseconds since the epoch, as the API counts them."""
    return time.time_ns() // 1_000_000


def user_name() -> str:
    """The login name of whoever runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no login name in some containers
        return "unknown"
