"""Workspaces in which things take their time: ten minutes each, which a test lets pass at once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine import Workspace
from engine.settings import Settings

SECONDS = 600.0  # so long that nothing is over by itself
SETUP = SECONDS / 4


def paced(path: Path, pace: str = f"{SECONDS:g}", **given: Any) -> Workspace:
    """A workspace with a pace; its clock goes on as a test says."""
    return Workspace(settings=Settings(path, encoder="hashed", pace=pace, **given))


def state_of(described: Mapping[str, Any]) -> tuple[bool, str, int]:
    """What pollers look at: ready, the state, the rows."""
    status = described["status"]
    return status["ready"], status["detailed_state"], status["indexed_row_count"]


def syncs_done() -> None:
    """Wait for the work of the syncs that run in this process, whose time may not be over."""
    for thread in threading.enumerate():
        if thread.name.startswith("sync "):
            thread.join()
