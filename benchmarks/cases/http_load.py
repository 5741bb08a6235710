"""Does a server under load answer in time and within bounds of memory?

`vitrine serve` in another process; clients and whoever polls `/health` are processes of their own.
The looker asks twenty times a second; what it measures on a busy machine is also the machine's own
delay, which the first line shows. Vectors: random, 512 dimensions.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import resource
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run
from http_cost import serve

from engine import Workspace

ROWS, DIMENSION, CLIENTS, PROCESSES = 20_000, 512, 200, 4
BASE = "/api/2.0/vector-search/indexes"
WIDE, DIRECT = "main.load.wide", "main.load.direct"
Health = list[float]


def http_load(options: Options) -> list[Row]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with folder() as temporary:
        fill(temporary / "ws")
        rng = np.random.default_rng(1)
        vector = rng.standard_normal(DIMENSION).round(6).tolist()
        plain: dict[str, Any] = {"columns": ["id"], "query_vector": vector, "num_results": 20}
        wide = {**plain, "columns": ["id", "v"], "num_results": 1000}
        rows = [
            {"id": i, "v": rng.standard_normal(DIMENSION).round(6).tolist()} for i in range(390)
        ]
        large = {"columns": ["id"], "query_vector": rng.standard_normal(200_000).round(6).tolist()}
        asked: dict[str, tuple[str, object, int]] = {
            "nothing": ("/health", None, 0),
            "one client, vector columns, 1,000 x 512": (f"{BASE}/{WIDE}/query", wide, 1),
            "40 clients, vector columns, 1,000 x 512": (f"{BASE}/{WIDE}/query", wide, 40),
            f"{CLIENTS} clients, plain queries": (f"{BASE}/{WIDE}/query", plain, CLIENTS),
            f"{CLIENTS} clients, queries of 2 MB": (f"{BASE}/{WIDE}/query", large, CLIENTS),
            f"{CLIENTS} clients, upserts of 2 MB": (
                f"{BASE}/{DIRECT}/upsert-data", {"inputs_json": json.dumps(rows)}, CLIENTS,
            ),
        }  # fmt: skip
        return [
            row for what, given in asked.items() for row in under(temporary / "ws", what, *given)
        ]


def fill(path: Path) -> None:
    workspace = Workspace(path)
    vectors = np.random.default_rng(0).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    workspace.write_table("main.load.rows", pa.table({"id": pa.array(range(ROWS)), "v": flat}))
    workspace.create_endpoint("load")
    workspace.create_index(
        WIDE, source_table="main.load.rows", primary_key="id", vector_column="v",
        dimension=DIMENSION, endpoint="load",
    )  # fmt: skip
    workspace.create_direct_access_index(
        DIRECT, dimension=DIMENSION, vector_column="v", primary_key="id", endpoint="load",
        schema={"id": "int", "v": "array<float>"},
    )  # fmt: skip


def under(workspace: Path, what: str, path: str, body: object, clients: int) -> list[Row]:
    """Lines about one kind of load on a fresh server."""
    server, port = serve(workspace)
    try:
        content = json.dumps(body).encode()
        ask(port, path, content)
        before = memory(server.pid, "VmRSS")
        with multiprocessing.Pool(PROCESSES + 1) as pool:
            stop = multiprocessing.Manager().Event()
            polling = pool.apply_async(poll, (port, stop))
            started = time.perf_counter()
            shares = [clients // PROCESSES + (n < clients % PROCESSES) for n in range(PROCESSES)]
            given = [(port, path, content, share) for share in shares if share]
            if given:
                statuses = sum(
                    (Counter(found) for found in pool.starmap(ask_many, given)), Counter()
                )
            else:
                statuses = Counter()
                threading.Event().wait(2)
            took = time.perf_counter() - started
            stop.set()
            waited = sorted(polling.get())
        slowest, usual = 1000 * waited[int(len(waited) * 0.99)], 1000 * median(waited)
        grown = memory(server.pid, "VmHWM") - before
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
        rows = [
            Row(
                f"{what}: /health, median and 99% (ms)",
                f"{usual:.0f}, {slowest:.0f}"
                + (f" ({answers} in {took:.1f} s)" if answers else ""),
                "100",
                slowest <= 100,
            )
        ]
        if clients > 1:
            rows.append(Row(f"{what}: memory grows by (MB)", f"{grown}", "400", grown <= 400))
        return rows
    finally:
        server.terminate()
        server.wait()


def memory(process: int, what: str) -> int:
    """Megabytes: VmRSS now, or VmHWM at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) >> 10


def ask(port: int, path: str, content: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=280)
    method = "POST" if content != b"null" else "GET"
    connection.request(method, path, content if method == "POST" else None)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def ask_many(port: int, path: str, content: bytes, clients: int) -> list[int]:
    """Statuses of as many clients, all at once."""
    with ThreadPoolExecutor(clients) as threads:
        return list(threads.map(lambda _: ask(port, path, content), range(clients)))


def poll(port: int, stop: Any) -> Health:
    """Seconds that /health took, polled twenty times a second until `stop` is set."""
    waited: Health = []
    while not stop.is_set():
        started = time.perf_counter()
        ask(port, "/health", b"null")
        waited.append(time.perf_counter() - started)
        time.sleep(0.05)
    return waited


if __name__ == "__main__":
    run(http_load)
