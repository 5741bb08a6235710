"""Servers of others: each a Python file that says how one is started and asked."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.bench.serving.served import Served
from engine.bench.serving.servers.server import Server
from engine.errors import InvalidParameterValue


@dataclass(frozen=True)
class Peer:
    """What a file has: `started(served, folder)`, which starts a server, fills it and gives it back, or
    the reasons `LEFT_OUT` for those that can't be had, by name."""

    name: str
    started: Callable[[Served, Path], Server] | None
    left_out: Mapping[str, str]


def peers(place: Path) -> Iterator[Peer]:
    """The peers of a file, or of a folder's files that have some. Files may import those beside them.

    Raises InvalidParameterValue: no such place, or a file that was named has neither. What a file raises
    when it is imported is raised.
    """
    files = sorted(place.glob("*.py")) if place.is_dir() else [place]
    found = [peer for file in files if (peer := _peer(file)) is not None]
    if not found:
        raise InvalidParameterValue(
            f"{place}: expected a Python file with started(served, folder), or a folder of such"
        )
    yield from found


def _peer(file: Path) -> Peer | None:
    spec = importlib.util.spec_from_file_location(f"vitrine_peer_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        return None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent))
    started = getattr(module, "started", None)
    left_out = getattr(module, "LEFT_OUT", {})
    return Peer(file.stem, started, left_out) if started or left_out else None
