"""What does a query over HTTP cost beside the same query in-process, and how many can be asked?

The server is `vitrine serve` in another process; clients are `http.client` connections that stay open.
Vectors: a random centre for each article type and colour plus noise, 512 dimensions.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pyarrow as pa
from case import Options, Question, at_least, at_most, folder, milliseconds, run
from served import connected, served
from vectors import clustered

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("http_cost")
QUERIES, FEW_QUERIES, WARM, K = 300, 20, 30, 20
CLIENTS, EACH, FEW_CLIENTS, FEW_EACH = 8, 250, 2, 10
INDEX = "main.fashion_demo.bench_http"
PATH = f"/api/2.0/vector-search/indexes/{INDEX}/query"
COLUMNS = [
    "product_id", "product_display_name", "master_category", "sub_category", "article_type",
    "base_color", "price", "image_path", "gender", "season", "year", "usage",
]  # fmt: skip


def http_cost(options: Options) -> Iterator[Measured]:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        table = made.read_table("products")
        vectors = clustered(table)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        made.write_table("source", table.append_column("v", flat))
        made.create_index(INDEX, source_table="source", vector_column="v", create_endpoint=True)
        rng = np.random.default_rng(1)
        chosen = vectors[rng.integers(len(vectors), size=options.few(QUERIES, FEW_QUERIES))]
        chosen = chosen + 0.02 * rng.standard_normal(chosen.shape)
        bodies = [
            json.dumps({"columns": COLUMNS, "num_results": K, "query_vector": v.tolist()})
            for v in chosen
        ]
        started = time.perf_counter()
        with served(temporary / "ws") as (port, _):
            first = ask(port, bodies[:1])
            told = {"of_which_the_query": first}
            starting = time.perf_counter() - started
            yield ASK.line(
                "vitrine serve, first answer", "s", starting, target=at_most(1.5), more=told
            )
            how = {"rows": len(table), "k": K}
            yield from compared(made, port, chosen, bodies, how)
            clients = options.few((CLIENTS, EACH), (FEW_CLIENTS, FEW_EACH))
            yield rate_of(port, bodies, *clients, how)


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


def compared(
    workspace: Workspace, port: int, chosen: np.ndarray, bodies: list[str], how: dict[str, int]
) -> Iterator[Measured]:
    """The same queries in-process and over HTTP, in turns."""
    inside: list[float] = []
    over: list[float] = []
    lists = [vector.tolist() for vector in chosen]
    connection = connected(port)

    def over_http(body: str) -> None:
        connection.request("POST", PATH, body, {"Content-Type": "application/json"})
        json.loads(connection.getresponse().read())

    for number, (vector, body) in enumerate(zip(lists, bodies)):
        here = milliseconds(
            lambda vector=vector: workspace.query_index(
                INDEX, columns=COLUMNS, query_vector=vector, num_results=K
            )
        )
        there = milliseconds(lambda body=body: over_http(body))
        if number >= min(WARM, len(bodies) // 4):  # the first ones warm up
            inside.append(here)
            over.append(there)
    yield ASK.line("latency", "ms", inside, door="in-process", **how)
    yield ASK.line("latency", "ms", over, door="HTTP", **how)
    more = statistics.median(over) - statistics.median(inside)
    yield ASK.line("latency over HTTP beyond in-process", "ms", more, target=at_most(1.5), **how)


def rate_of(port: int, bodies: list[str], clients: int, each: int, how: dict[str, int]) -> Measured:
    """Queries a second of several clients, each a process of its own."""
    with ProcessPoolExecutor(clients, mp_context=get_context("fork")) as pool:
        list(pool.map(ask, [port] * clients, [bodies[:5]] * clients))
        many = [(bodies * 20)[n * 7 : n * 7 + each] for n in range(clients)]
        started = time.perf_counter()
        list(pool.map(ask, [port] * clients, many))
        rate = clients * each / (time.perf_counter() - started)
    return ASK.line(
        "queries answered",
        "queries/s",
        rate,
        better="higher",
        target=at_least(350),
        clients=clients,
        cores=os.cpu_count(),
        **how,
    )


if __name__ == "__main__":
    run(http_cost)
