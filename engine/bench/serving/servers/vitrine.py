"""`vitrine serve` over a workspace, with one process or several."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from engine import __version__
from engine.bench.serving.load.job import Call, address_of
from engine.bench.serving.processes import ServerProcess
from engine.bench.serving.served import Kind, Served
from engine.bench.serving.servers import api


class Vitrine:
    """Args: folder: an empty one, for its ready file. workers: processes."""

    def __init__(self, served: Served, folder: Path, workers: int) -> None:
        ready = folder / f"ready-{workers}.json"
        command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(served.workspace)]
        how = ["--port", "0", "--no-auth", "--quiet", "--workers", str(workers)]
        self._served = served
        self._process = ServerProcess(
            [*command, *how, "--ready-file", str(ready)],
            ready.exists,
            variables={"VITRINE_ENCODER": served.encoder} if served.encoder else None,
        )
        self.name = f"vitrine {__version__}"
        self.settings = {"workers": workers}
        self.address = address_of(json.loads(ready.read_text())["url"])
        self.pid = self._process.pid

    def calls(self, kind: Kind) -> Sequence[Call]:
        return api.calls(self._served, kind)

    def found(self, body: bytes) -> list[str]:
        return list(api.found(self._served, body))

    def search_better(self) -> bool:
        return False  # it decides query by query how far it looks

    def close(self) -> None:
        self._process.close()
