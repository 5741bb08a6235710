"""Milvus, the server that PyPI brings (`milvus-server`, 2.3), asked by its REST routes."""

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

COMMAND = "from milvus import main; main()"
LOADED = 1_000
OWN_KEY, VECTOR = "bench_number", "bench_vector"
KEY = "bench_key"  # the row's: its REST routes give rows numbers of their own


class Milvus:
    def __init__(self, served: Served, folder: Path) -> None:
        self.name = f"milvus {version('milvus')}"
        self.settings = {"workers": 1}
        port = free_port()
        how = ["--data", str(folder), "--proxy-port", str(port)]
        self._process = ServerProcess(
            [sys.executable, "-c", COMMAND, *how], lambda: takes_connections(port)
        )
        self.address, self.pid = Address("127.0.0.1", port), self._process.pid
        self._served = served
        try:
            self._fill(served)
        except BaseException:
            self.close()
            raise

    def _fill(self, served: Served) -> None:
        assert served.rows is not None
        how = {"metricType": "L2", "primaryField": OWN_KEY, "vectorField": VECTOR}
        dimension = served.rows.vectors.shape[1]
        self._ask("collections/create", {"dimension": dimension, **how})
        rows = served.rows.table.to_pylist()
        vectors = served.rows.vectors.astype(float)
        for start in range(0, len(rows), LOADED):
            data = [
                {**translated(row), KEY: str(row[served.key]), VECTOR: vectors[place].tolist()}
                for place, row in enumerate(rows[start : start + LOADED], start)
            ]
            self._ask("insert", {"data": data})

    def _ask(self, what: str, body: dict[str, object]) -> None:
        reply = post(self.address, f"/v1/vector/{what}", {"collectionName": "bench", **body})
        if reply.get("code") != 200:
            raise ValueError(f"milvus, {what}: {reply}")

    def calls(self, kind: Kind) -> Sequence[Call]:
        if kind in ("health", "text", "keyword"):
            raise NotServed("version 2.3 has no such route: no health by HTTP, no texts, no words")
        asked = self._served.asked
        fields = [KEY, *(name for name in self._served.columns if name != self._served.key)]
        where = {}
        if kind == "filtered":
            terms = (f"{name} == {json.dumps(value)}" for name, value in asked.filters.items())
            where = {"filter": " and ".join(terms)}
        bodies = (
            {
                "collectionName": "bench",
                "vector": vector,
                "limit": self._served.k,
                "outputFields": fields,
                **where,
            }
            for vector in asked.vectors.astype(float).round(6).tolist()
        )
        return [Call("POST", "/v1/vector/search", json.dumps(body).encode()) for body in bodies]

    def found(self, body: bytes) -> list[str]:
        reply = json.loads(body)
        if reply.get("code") != 200:
            raise ValueError(f"no reply of a query: {body[:200]!r}")
        return [str(row[KEY]) for row in reply["data"]]

    def search_better(self) -> bool:
        return False  # its REST routes take no width of the search

    def close(self) -> None:
        self._process.close()


def started(served: Served, folder: Path) -> Milvus:
    return Milvus(served, folder)
