"""Versions of a table: its history, and which of them is meant by a number or a time. Knows no rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from engine.errors import BadStatement

_HISTORY = 100  # entries that are kept
_FIRST: dict[str, Any] = {"operation": "WRITE", "user": None, "parameters": {}, "metrics": {}}


@dataclass(frozen=True)
class AsOf:
    """Which version of a table is meant: the one of a number, or the newest one at a time.

    Attributes:
        version: counts from 0; None where a time says it. moment: with its zone.
    """

    version: int | None = None
    moment: datetime | None = None


def record(facts: dict[str, Any], entry: Mapping[str, Any]) -> None:
    """Add a version to a table's history.

    Args:
        facts: of `table.json`, changed in place.
        entry: `operation`, `user`, `parameters` and `metrics`; number and time are added.
    """
    known = list(facts["history"])
    number = known[-1]["version"] + 1 if known else 0
    now = {"version": number, "timestamp": time.time_ns() // 1_000_000, **entry}
    facts["history"] = [*known, now][-_HISTORY:]


def history_of(facts: Mapping[str, Any], file: Path) -> list[dict[str, Any]]:
    """The history that `table.json` tells; where it has none, the one version that it is."""
    known = facts.get("history")
    if known:
        return list(known)
    return [{"version": 0, "timestamp": file.stat().st_mtime_ns // 1_000_000, **_FIRST}]


def version_meant(history: Sequence[Mapping[str, Any]], as_of: AsOf, table: str) -> int:
    """The number of the version that is meant.

    Args:
        history: what is known of the table's versions, the first one first.
        table: what to call it.

    Raises:
        BadStatement: there is no such version; says which there are.
    """
    numbers = [int(entry["version"]) for entry in history]
    if as_of.moment is None:
        if as_of.version in numbers:
            return int(as_of.version or 0)
        raise BadStatement(
            f"[DELTA_VERSION_NOT_FOUND] Cannot time travel {table} to version {as_of.version}. "
            f"Available versions: [{numbers[0]}, {numbers[-1]}]."
        )
    wanted = as_of.moment.timestamp() * 1000
    times = [entry["timestamp"] for entry in history]
    if wanted > times[-1]:
        raise BadStatement(
            f"[DELTA_TIMESTAMP_GREATER_THAN_COMMIT] The provided timestamp ({as_of.moment:{_SHOWN}}) is "
            f"after the latest version available to {table} ({_shown(times[-1])}). Use a timestamp "
            "before or at it, or leave it out."
        )
    found = [number for number, at in zip(numbers, times) if at <= wanted]
    if not found:
        raise BadStatement(
            f"[DELTA_TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION] The provided timestamp "
            f"({as_of.moment:{_SHOWN}}) is before the earliest version available to {table} "
            f"({_shown(times[0])}). Use a timestamp at or after it."
        )
    return found[-1]


_SHOWN = "%Y-%m-%d %H:%M:%S.%f"


def _shown(ms: int) -> str:
    return format(datetime.fromtimestamp(ms / 1000, timezone.utc), _SHOWN)
