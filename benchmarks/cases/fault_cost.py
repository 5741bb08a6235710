"""Does a query cost anything more where faults can be asked for, and where they can't?

Servers in this process, each asked in turn on a connection that stays open: two without faults, whose
difference is the measurement's own, and one with faults of which none is asked for. In-process the same:
a client, another, and one of the mock, which records. Ratios of medians over the same queries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds
from http_cost import connected

from engine import AISearchClient, Settings, Workspace, mock
from engine.doors.faults.faults import Faults
from engine.doors.http.server import BackgroundServer

ROWS, DIMENSION, QUERIES, WARM, K = 2000, 512, 600, 50, 10
INDEX = "main.fashion_demo.bench_faults"
PATH = f"/api/2.0/vector-search/indexes/{INDEX}/query"


def fault_cost(_: Options) -> list[Row]:
    with folder() as temporary:
        workspace = Workspace(settings=Settings(temporary / "ws", encoder="hashed"))
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        table = pa.table({"id": pa.array(range(ROWS), pa.int64()), "v": flat})
        workspace.write_table("source", table)
        workspace.create_index(
            INDEX, source_table="source", vector_column="v", primary_key="id", create_endpoint=True
        )
        asked = [vector.tolist() for vector in vectors[:QUERIES]]
        return [*over_http(workspace, asked), *in_process(workspace, asked)]


def over_http(workspace: Workspace, asked: list[list[float]]) -> list[Row]:
    bodies = [json.dumps({"columns": ["id"], "num_results": K, "query_vector": v}) for v in asked]
    with (
        BackgroundServer(workspace, None) as off,
        BackgroundServer(workspace, None) as again,
        BackgroundServer(workspace, None, faults=Faults()) as on,
    ):
        ways = [sender(server.url, bodies) for server in (off, again, on)]
        return report("over HTTP", ways)


def sender(url: str, bodies: list[str]) -> Callable[[int], object]:
    connection = connected(int(url.rpartition(":")[2]))

    def send(number: int) -> None:
        connection.request("POST", PATH, bodies[number], {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200

    return send


def in_process(workspace: Workspace, asked: list[list[float]]) -> list[Row]:
    found = [AISearchClient(workspace=workspace).get_index(index_name=INDEX) for _ in range(2)]
    with mock(workspace):
        from databricks.ai_search.client import AISearchClient as Mocked

        found.append(Mocked().get_index(index_name=INDEX))

        def asking(index: object) -> Callable[[int], object]:
            return lambda number: index.similarity_search(  # type: ignore[attr-defined]
                columns=["id"], query_vector=asked[number], num_results=K
            )

        return report("in-process", [asking(index) for index in found])


def report(door: str, ways: Sequence[Callable[[int], object]]) -> list[Row]:
    """Rows for three ways to ask: off, off again, on; each query goes all ways, in changing order."""
    taken: list[list[float]] = [[] for _ in ways]
    for number in range(QUERIES):
        for turn in range(len(ways)):
            way = (number + turn) % len(ways)
            spent = seconds(lambda way=way, number=number: ways[way](number))
            if number >= WARM:
                taken[way].append(spent)
    off, again, on = map(median, taken)
    return [
        Row(f"{door}, no faults, median ms", f"{1000 * off:.3f}"),
        Row(f"{door}, no faults again (the noise), ratio", f"{again / off:.3f}"),
        Row(f"{door}, faults on and none asked for, ratio", f"{on / off:.3f}"),
    ]


if __name__ == "__main__":
    run(fault_cost)
