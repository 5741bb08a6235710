"""Chroma's own server, `chroma run`: HNSW over squared distances, its words by no ranking."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from asking import post, translated

from engine.bench.serving.load.job import Address, Call
from engine.bench.serving.processes import ServerProcess, free_port, takes_connections
from engine.bench.serving.served import Kind, Served
from engine.bench.serving.servers.server import NotServed

BASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"
COMMAND = "from chromadb.cli.cli import app; app()"
LOADED = 2_000  # rows in one request
WIDTHS = (100, 200, 400, 800)  # of the search in the graph; its default first


class Chroma:
    def __init__(self, served: Served, folder: Path) -> None:
        self.name = f"chroma {version('chromadb')}"
        self.settings = {"workers": 1}
        port = free_port()
        how = ["run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
        self._process = ServerProcess(
            [sys.executable, "-c", COMMAND, *how],
            lambda: takes_connections(port),
            variables={"ANONYMIZED_TELEMETRY": "False"},
        )
        self.address, self.pid = Address("127.0.0.1", port), self._process.pid
        self._served, self._widths = served, list(WIDTHS)
        try:
            self._path = self._fill(served)
        except BaseException:
            self.close()
            raise

    def _fill(self, served: Served) -> str:
        assert served.rows is not None
        space = {"hnsw": {"space": "l2", "ef_search": self._widths.pop(0)}}
        made = post(self.address, BASE, {"name": "bench", "configuration": space})
        path = f"{BASE}/{made['id']}"
        rows = served.rows.table.to_pylist()
        for start in range(0, len(rows), LOADED):
            some = rows[start : start + LOADED]
            body = {
                "ids": [str(row[served.key]) for row in some],
                "embeddings": served.rows.vectors[start : start + LOADED].astype(float).tolist(),
                "metadatas": [translated(row) for row in some],
            }
            post(self.address, f"{path}/add", body)
        return path

    def calls(self, kind: Kind) -> Sequence[Call]:
        if kind == "health":
            return [Call("GET", "/api/v2/heartbeat")]
        if kind in ("text", "keyword"):
            raise NotServed("its server neither encodes texts nor ranks by words: its clients do")
        asked = self._served.asked
        where = {"where": dict(asked.filters)} if kind == "filtered" else {}
        bodies = (
            {
                "query_embeddings": [vector],
                "n_results": self._served.k,
                "include": ["metadatas", "distances"],
                **where,
            }
            for vector in asked.vectors.astype(float).round(6).tolist()
        )
        return [Call("POST", f"{self._path}/query", json.dumps(body).encode()) for body in bodies]

    def found(self, body: bytes) -> list[str]:
        reply = json.loads(body)
        if "ids" not in reply:
            raise ValueError(f"no reply of a query: {body[:200]!r}")
        return [str(key) for key in reply["ids"][0]]

    def search_better(self) -> bool:
        if not self._widths:
            return False
        how = {"hnsw": {"ef_search": self._widths.pop(0)}}
        post(self.address, self._path, {"new_configuration": how}, "PUT")
        return True

    def close(self) -> None:
        self._process.close()


def started(served: Served, folder: Path) -> Chroma:
    return Chroma(served, folder)
