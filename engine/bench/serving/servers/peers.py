"""Servers of others: each a Python file that says how one is started and asked."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import cast

from engine.bench.serving.served import Served
from engine.bench.serving.servers.server import Server
from engine.errors import InvalidParameterValue

Starter = Callable[[Served, Path], Server]


def starter(file: Path) -> Starter:
    """The function `started(served, folder)` of a file: it starts the server, fills it, and gives it back.

    Raises InvalidParameterValue: no such file, or it has no such function. What importing the file
    raises is raised.
    """
    spec = importlib.util.spec_from_file_location(f"vitrine_peer_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise InvalidParameterValue(f"{file}: expected a Python file with started(served, folder)")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = getattr(module, "started", None)
    if not callable(found):
        raise InvalidParameterValue(f"{file} has no function started(served, folder)")
    return cast(Starter, found)
