"""`time.sleep` replaced for a test, but not for threads that others left in the process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest


def replace_sleep(monkeypatch: pytest.MonkeyPatch, own: Callable[[float], object]) -> None:
    """Have `own` called in the place of `time.sleep`; threads that are there already sleep as before.

    Such as one of py4j's, which rests a second at a time as long as its process lives.
    """
    others = set(threading.enumerate()) - {threading.current_thread()}
    really_sleep = time.sleep

    def sleep(seconds: float) -> None:
        (really_sleep if threading.current_thread() in others else own)(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
