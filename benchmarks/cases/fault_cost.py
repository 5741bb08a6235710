"""Does a query cost anything more where faults can be asked for, and where they can't?

Servers in this process, each asked in turn on a connection that stays open: two without faults, whose
difference is the measurement's own, and one with faults of which none is asked for. In-process the same:
a client, another, and one of the mock, which records. Each query goes all ways, in changing order.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from case import Options, Question, folder, milliseconds, run
from served import connected

from engine import AISearchClient, Settings, Workspace, mock
from engine.bench.records.line import Measured
from engine.doors.faults.faults import Faults
from engine.doors.http.server import BackgroundServer

ASK = Question("fault_cost")
ROWS, DIMENSION, QUERIES, K = 2000, 512, 600, 10
FEW_ROWS, FEW_QUERIES = 200, 20
INDEX = "main.fashion_demo.bench_faults"
PATH = f"/api/2.0/vector-search/indexes/{INDEX}/query"
WAYS = ("no faults", "no faults, again", "faults on, none asked for")


def fault_cost(options: Options) -> Iterator[Measured]:
    rows = options.few(ROWS, FEW_ROWS)
    with folder() as temporary:
        workspace = Workspace(settings=Settings(temporary / "ws", encoder="hashed"))
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((rows, DIMENSION)).astype(np.float32)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        table = pa.table({"id": pa.array(range(rows), pa.int64()), "v": flat})
        workspace.write_table("source", table)
        workspace.create_index(
            INDEX, source_table="source", vector_column="v", primary_key="id", create_endpoint=True
        )
        asked = [vector.tolist() for vector in vectors[: options.few(QUERIES, FEW_QUERIES)]]
        yield from over_http(workspace, asked)
        yield from in_process(workspace, asked)


def over_http(workspace: Workspace, asked: list[list[float]]) -> Iterator[Measured]:
    bodies = [json.dumps({"columns": ["id"], "num_results": K, "query_vector": v}) for v in asked]
    with (
        BackgroundServer(workspace, None) as off,
        BackgroundServer(workspace, None) as again,
        BackgroundServer(workspace, None, faults=Faults()) as on,
    ):
        ways = [sender(server.url, bodies) for server in (off, again, on)]
        yield from compared("HTTP", ways, len(asked))


def sender(url: str, bodies: list[str]) -> Callable[[int], object]:
    connection = connected(int(url.rpartition(":")[2]))

    def send(number: int) -> None:
        connection.request("POST", PATH, bodies[number], {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200

    return send


def in_process(workspace: Workspace, asked: list[list[float]]) -> Iterator[Measured]:
    found = [AISearchClient(workspace=workspace).get_index(index_name=INDEX) for _ in range(2)]
    with mock(workspace):
        from databricks.ai_search.client import AISearchClient as Mocked

        found.append(Mocked().get_index(index_name=INDEX))

        def asking(index: object) -> Callable[[int], object]:
            return lambda number: index.similarity_search(  # type: ignore[attr-defined]
                columns=["id"], query_vector=asked[number], num_results=K
            )

        yield from compared("in-process", [asking(index) for index in found], len(asked))


def compared(
    door: str, ways: Sequence[Callable[[int], object]], queries: int
) -> Iterator[Measured]:
    """Lines for three ways to ask, and the ratios of their medians to the first one's."""
    taken: list[list[float]] = [[] for _ in ways]
    warm = queries // 12
    for number in range(queries):
        for turn in range(len(ways)):
            way = (number + turn) % len(ways)
            spent = milliseconds(lambda way=way, number=number: ways[way](number))
            if number >= warm:
                taken[way].append(spent)
    for way, values in zip(WAYS, taken):
        yield ASK.line("latency", "ms", values, door=door, way=way)
    first = statistics.median(taken[0])
    for way, values in zip(WAYS[1:], taken[1:]):
        ratio = statistics.median(values) / first
        yield ASK.line("beside no faults", "times", ratio, door=door, way=way)


if __name__ == "__main__":
    run(fault_cost)
