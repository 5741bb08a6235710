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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Question, at_most, folder, milliseconds, run
from served import served

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("http_load")
ROWS, CLIENTS, WIDE_CLIENTS, LARGE, UPSERTED = 20_000, 200, 40, 200_000, 390
FEW_ROWS, FEW_CLIENTS, FEW_LARGE, FEW_UPSERTED = 500, 4, 2_000, 10
FEW_LOADS = ["nothing", "upserts of 2 MB"]  # each has a server of its own
DIMENSION, PROCESSES = 512, 4
BASE = "/api/2.0/vector-search/indexes"
WIDE, DIRECT = "main.load.wide", "main.load.direct"


def http_load(options: Options) -> Iterator[Measured]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with folder() as temporary:
        fill(temporary / "ws", options.few(ROWS, FEW_ROWS))
        for what, given in loads(options).items():
            yield from under(temporary / "ws", what, *given, options.few(2.0, 0.2))


def loads(options: Options) -> dict[str, tuple[str, object, int]]:
    """What is asked: path, body, and by how many clients at once."""
    rng = np.random.default_rng(1)

    def vector(size: int = DIMENSION) -> list[float]:
        return rng.standard_normal(size).round(6).tolist()

    many, forty = options.few((CLIENTS, WIDE_CLIENTS), (FEW_CLIENTS, FEW_CLIENTS))
    plain: dict[str, Any] = {"columns": ["id"], "query_vector": vector(), "num_results": 20}
    wide = {**plain, "columns": ["id", "v"], "num_results": 1000}
    rows = [{"id": i, "v": vector()} for i in range(options.few(UPSERTED, FEW_UPSERTED))]
    large = {"columns": ["id"], "query_vector": vector(options.few(LARGE, FEW_LARGE))}
    upsert = {"inputs_json": json.dumps(rows)}
    found: dict[str, tuple[str, object, int]] = {
        "nothing": ("/health", None, 0),
        "vector columns, 1,000 x 512": (f"{BASE}/{WIDE}/query", wide, 1),
        "vector columns, 1,000 x 512, all at once": (f"{BASE}/{WIDE}/query", wide, forty),
        "plain queries": (f"{BASE}/{WIDE}/query", plain, many),
        "queries of 2 MB": (f"{BASE}/{WIDE}/query", large, many),
        "upserts of 2 MB": (f"{BASE}/{DIRECT}/upsert-data", upsert, many),
    }
    return {what: found[what] for what in options.few(list(found), FEW_LOADS)}


def fill(path: Path, rows: int) -> None:
    workspace = Workspace(path)
    vectors = np.random.default_rng(0).standard_normal((rows, DIMENSION)).astype(np.float32)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    workspace.write_table("main.load.rows", pa.table({"id": pa.array(range(rows)), "v": flat}))
    workspace.create_endpoint("load")
    workspace.create_index(
        WIDE, source_table="main.load.rows", primary_key="id", vector_column="v",
        dimension=DIMENSION, endpoint="load",
    )  # fmt: skip
    workspace.create_direct_access_index(
        DIRECT, dimension=DIMENSION, vector_column="v", primary_key="id", endpoint="load",
        schema={"id": "int", "v": "array<float>"},
    )  # fmt: skip


def under(
    workspace: Path, what: str, path: str, body: object, clients: int, idle: float
) -> Iterator[Measured]:
    """Lines about one kind of load on a fresh server."""
    how = {"load": what, "clients": clients}
    with served(workspace) as (port, server):
        content = json.dumps(body).encode()
        ask(port, path, content)
        before = memory(server.pid, "VmRSS")
        statuses, took, waited = loaded(port, path, content, clients, idle)
        grown = memory(server.pid, "VmHWM") - before
    answers = {str(status): count for status, count in sorted(statuses.items())}
    yield ASK.line(
        "/health beside it",
        "ms",
        waited,
        target=at_most(100, of="99th percentile"),
        more={"answers": answers, "seconds": took},
        **how,
    )
    if clients > 1:
        yield ASK.line("memory grows by", "MB", grown, target=at_most(400), **how)


def loaded(
    port: int, path: str, content: bytes, clients: int, idle: float
) -> tuple[Counter[int], float, list[float]]:
    """Statuses that clients got, the seconds that all took, and what /health took meanwhile."""
    statuses: Counter[int] = Counter()
    fork = multiprocessing.get_context("fork")
    with fork.Manager() as manager, fork.Pool(PROCESSES + 1) as pool:
        stop = manager.Event()
        polling = pool.apply_async(poll, (port, stop))
        started = time.perf_counter()
        shares = [clients // PROCESSES + (n < clients % PROCESSES) for n in range(PROCESSES)]
        asked = [(port, path, content, share) for share in shares if share]
        if asked:
            statuses = sum((Counter(found) for found in pool.starmap(ask_many, asked)), Counter())
        else:
            threading.Event().wait(idle)
        took = time.perf_counter() - started
        stop.set()
        return statuses, took, polling.get()


def memory(process: int, what: str) -> float:
    """Megabytes: VmRSS now, or VmHWM at most."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


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


def poll(port: int, stop: Any) -> list[float]:
    """Milliseconds that /health took, polled twenty times a second until `stop` is set."""
    waited: list[float] = []
    while not (waited and stop.is_set()):
        waited.append(milliseconds(lambda: ask(port, "/health", b"null")))
        time.sleep(0.05)
    return waited


if __name__ == "__main__":
    run(http_load)
