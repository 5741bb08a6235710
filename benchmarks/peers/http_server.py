"""How many queries a second does `vitrine serve` answer beside chroma's own HTTP server?

    pip install -e '.[bench]'
    python benchmarks/peers/http_server.py --data DIR [--out FILE.md]

Same rows, vectors, queries, clients and machine, in turns: keys, scores (or distances) and 12 columns
of the nearest 20, unfiltered. Each server is a process of its own; clients are `http.client`
connections that stay open.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[1] / "cases"))
from http_cost import COLUMNS, INDEX, K, connected, serve
from http_cost import PATH as OWN_PATH
from search import clustered

from engine import Workspace

CLIENTS, EACH, ROUNDS, LOADED = 8, 100, 3, 2000
CHROMA = "/api/v2/tenants/default_tenant/databases/default_database/collections"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        lines = compared(given.data.resolve(), Path(temporary))
    text = "\n".join(lines) + "\n"
    print(text)
    if given.out:
        given.out.write_text(text)


def compared(data: Path, folder: Path) -> list[str]:
    workspace = Workspace(folder / "ws")
    workspace.import_fashion(data / "styles.csv", data / "images")
    table = workspace.read_table("products")
    vectors = clustered(table)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    workspace.write_table("source", table.append_column("v", flat))
    workspace.create_index(INDEX, source_table="source", vector_column="v", create_endpoint=True)
    rng = np.random.default_rng(1)
    asked = vectors[rng.integers(len(vectors), size=300)].astype(float)
    asked = (asked + 0.02 * rng.standard_normal(asked.shape)).round(6).tolist()
    own, own_port = serve(folder / "ws")
    chroma, chroma_port = serve_chroma(folder / "chroma")
    try:
        path = load_chroma(chroma_port, table, vectors)
        servers = {
            f"vitrine {version('vitrine-search')}": (
                own_port,
                OWN_PATH,
                [{"columns": COLUMNS, "num_results": K, "query_vector": v} for v in asked],
            ),
            f"chroma {version('chromadb')}": (
                chroma_port,
                path,
                [
                    {"query_embeddings": [v], "n_results": K, "include": ["metadatas", "distances"]}
                    for v in asked
                ],
            ),
        }
        return report(servers, len(table))
    finally:
        for process in (own, chroma):
            process.terminate()
            process.wait()


def report(servers: dict[str, tuple[int, str, list[Any]]], rows: int) -> list[str]:
    rates: dict[str, list[float]] = {name: [] for name in servers}
    alone: dict[str, list[float]] = {name: [] for name in servers}
    with ProcessPoolExecutor(CLIENTS) as clients:
        for turn in range(ROUNDS + 1):
            for name, (port, path, bodies) in servers.items():
                texts = [json.dumps(body) for body in bodies]
                times = ask(port, path, texts[:60])
                some = [(texts * 4)[n * 7 : n * 7 + EACH] for n in range(CLIENTS)]
                started = time.perf_counter()
                list(clients.map(ask, [port] * CLIENTS, [path] * CLIENTS, some))
                rate = CLIENTS * EACH / (time.perf_counter() - started)
                if turn:  # the first turn warms up
                    rates[name].append(rate)
                    alone[name] += times
    best = statistics.median(rates[next(iter(servers))])
    lines = [
        f"{date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}; "
        f"{rows:,} x 512, nearest {K} with 12 columns, {ROUNDS} rounds in turns.",
        "",
        f"| server | one client, median ms | {CLIENTS} clients, queries/s | vitrine is |",
        "| --- | --- | --- | --- |",
    ]
    for name, values in rates.items():
        rate = statistics.median(values)
        middle = 1000 * statistics.median(alone[name])
        lines.append(f"| {name} | {middle:.2f} | {rate:,.0f} | {best / rate:.2f} times |")
    return lines


def ask(port: int, path: str, bodies: list[str]) -> list[float]:
    """Seconds of each query, one after the other on one connection."""
    connection = connected(port)
    taken = []
    for body in bodies:
        started = time.perf_counter()
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        json.loads(answer.read())
        taken.append(time.perf_counter() - started)
        assert answer.status == 200
    connection.close()
    return taken


# ---------------------------------------------------------------------- chroma
def serve_chroma(path: Path) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = shutil.which("chroma") or str(Path(sys.executable).with_name("chroma"))
    process = subprocess.Popen(
        [command, "run", "--path", str(path), "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        try:
            post(port, "/api/v2/heartbeat", None, "GET")
            return process, port
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("chroma did not start")


def load_chroma(port: int, table: pa.Table, vectors: np.ndarray) -> str:
    """Fill a collection; returns the path of its queries."""
    space = {"hnsw": {"space": "ip"}}
    made = post(port, CHROMA, {"name": "bench", "configuration": space})
    rows = table.select(COLUMNS).to_pylist()
    for start in range(0, len(rows), LOADED):
        some = rows[start : start + LOADED]
        body = {
            "ids": [str(row["product_id"]) for row in some],
            "embeddings": vectors[start : start + LOADED].astype(float).tolist(),
            "metadatas": [{k: v for k, v in row.items() if v is not None} for row in some],
        }
        post(port, f"{CHROMA}/{made['id']}/add", body)
    return f"{CHROMA}/{made['id']}/query"


def post(port: int, path: str, body: Any, method: str = "POST") -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    content = json.dumps(body) if body is not None else None
    connection.request(method, path, content, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < 300, text[:300]
    connection.close()
    return json.loads(text) if text else None


if __name__ == "__main__":
    main()
