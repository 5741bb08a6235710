"""What does a query over HTTP cost beside the same query in-process, and how many can be asked?

The server is `vitrine serve` in another process; clients are `http.client` connections that stay open.
Vectors: a random centre for each article type and colour plus noise, 512 dimensions.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds
from search import clustered

from engine import Workspace

QUERIES, CLIENTS, EACH, K = 300, 8, 250, 20
INDEX = "main.fashion_demo.bench_http"
PATH = f"/api/2.0/vector-search/indexes/{INDEX}/query"
COLUMNS = [
    "product_id", "product_display_name", "master_category", "sub_category", "article_type",
    "base_color", "price", "image_path", "gender", "season", "year", "usage",
]  # fmt: skip


def http_cost(options: Options) -> list[Row]:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        table = made.read_table("products")
        vectors = clustered(table)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        made.write_table("source", table.append_column("v", flat))
        made.create_index(INDEX, source_table="source", vector_column="v", create_endpoint=True)
        rng = np.random.default_rng(1)
        chosen = vectors[rng.integers(len(vectors), size=QUERIES)]
        chosen = chosen + 0.02 * rng.standard_normal(chosen.shape)
        bodies = [
            json.dumps({"columns": COLUMNS, "num_results": K, "query_vector": v.tolist()})
            for v in chosen
        ]
        started = time.perf_counter()
        server, port = serve(temporary / "ws")
        try:
            first = ask(port, bodies[:1])
            starting = time.perf_counter() - started
            return [
                Row(
                    "vitrine serve on a ready workspace, first answer (s)",
                    f"{starting:.2f} (the query itself {first:.3f})",
                    "1.5",
                    starting <= 1.5,
                ),
                *measured(made, port, chosen, bodies, len(table)),
            ]
        finally:
            server.terminate()
            server.wait()


def serve(path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The server, and its port, as soon as it takes connections."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(path), "--no-auth"]
    server = subprocess.Popen([*command, "--quiet", "--port", str(port)], stdout=subprocess.DEVNULL)
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return server, port
        except ConnectionRefusedError:
            time.sleep(0.005)


def connected(port: int) -> http.client.HTTPConnection:
    """A connection that stays open and sends at once."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(port: int, bodies: list[str]) -> float:
    """Seconds that queries take, one after the other, on one connection."""
    connection = connected(port)
    headers = {"Content-Type": "application/json"}
    started = time.perf_counter()
    for body in bodies:
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        reply = json.loads(answer.read())
        assert answer.status == 200 and reply["result"]["row_count"] == K
    taken = time.perf_counter() - started
    connection.close()
    return taken


def measured(
    workspace: Workspace, port: int, chosen: np.ndarray, bodies: list[str], rows: int
) -> list[Row]:
    inside: list[float] = []
    over: list[float] = []
    lists = [vector.tolist() for vector in chosen]
    connection = connected(port)

    def over_http(body: str) -> None:
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        json.loads(connection.getresponse().read())

    for number, (vector, body) in enumerate(zip(lists, bodies)):
        here = seconds(
            lambda vector=vector: workspace.query_index(
                INDEX, columns=COLUMNS, query_vector=vector, num_results=K
            )
        )
        there = seconds(lambda body=body: over_http(body))
        if number >= 30:  # the first ones warm up
            inside.append(here)
            over.append(there)
    more = 1000 * (median(over) - median(inside))
    with ProcessPoolExecutor(CLIENTS) as clients:
        list(clients.map(ask, [port] * CLIENTS, [bodies[:5]] * CLIENTS))
        many = [(bodies * 9)[n * 7 : n * 7 + EACH] for n in range(CLIENTS)]
        started = time.perf_counter()
        list(clients.map(ask, [port] * CLIENTS, many))
        rate = CLIENTS * EACH / (time.perf_counter() - started)
    return [
        Row(f"{rows:,} rows, k = {K}, in-process, median ms", f"{1000 * median(inside):.2f}"),
        Row(
            "over HTTP, median ms",
            f"{1000 * median(over):.2f}, {more:.2f} more",
            "1.5 more",
            more <= 1.5,
        ),
        Row(
            f"{CLIENTS} clients on {os.cpu_count()} cores, queries/s",
            f"{rate:,.0f}",
            "350",
            rate >= 350,
        ),
    ]


if __name__ == "__main__":
    run(http_cost)
