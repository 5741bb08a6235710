"""Syncs as users of the cloud wait for them: asked for, then polled. Knows states; not doors."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

UPDATING = ("ONLINE_UPDATING_PIPELINE_RESOURCES", "ONLINE_TRIGGERED_UPDATE", "PROVISIONING_INDEX")


def settled(describe: Callable[[], dict[str, Any]], seconds: float = 60) -> dict[str, Any]:
    """An index's status once no sync of it runs."""
    end = time.monotonic() + seconds
    while (status := describe()["status"])["detailed_state"] in UPDATING:
        assert time.monotonic() < end, status
        time.sleep(0.002)
    return status


def synced(index: Any) -> dict[str, Any]:
    """Sync an index by its own call; its status when that is over."""
    assert index.sync() == {}
    return settled(index.describe)
