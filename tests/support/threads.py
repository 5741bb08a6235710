"""Calls side by side in threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed


def in_threads(*calls: Callable[[], object]) -> None:
    """Make calls side by side and wait for all. Raises what the first of them to fail raised."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for ended in as_completed([pool.submit(call) for call in calls]):
            ended.result()
