"""What do ten pages of a thousand rows cost beside one ranking of the ten thousand?

The first page ranks, and fetches its rows; a page of a token that this process never saw ranks again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from case import Options, Question, at_most, folder, run, seconds

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("pages")
INDEX, PAGE = "main.bench.pages", 1000
ROWS, DIMENSION, RESULTS, QUERIES = 44_000, 512, 10_000, 9
FEW_ROWS, FEW_RESULTS, FEW_QUERIES = 2_500, 2_000, 2
COLUMNS = ["product_id", "name", "price"]


def pages(options: Options) -> Iterator[Measured]:
    rng = np.random.default_rng(3)
    rows = options.few(ROWS, FEW_ROWS)
    results = options.few(RESULTS, FEW_RESULTS)
    with folder() as path:
        workspace = made(path, rows, rng)
        measured(workspace, rng, results)  # warms up
        queries = options.few(QUERIES, FEW_QUERIES)
        taken = [measured(workspace, rng, results) for _ in range(queries)]
    how = {"rows": rows, "results": results, "page": PAGE}
    parts = ("the first page", "the other pages", "the other pages in another process")
    for what, values in zip(parts, zip(*taken)):
        yield ASK.line(what, "s", values, **how)
    yield ASK.line(
        "all pages beside the first",
        "times",
        [(first + rest) / first for first, rest, _ in taken],
        target=at_most(1.5),
        **how,
    )
    yield ASK.line(
        "the other pages in another process beside the first",
        "times",
        [again / first for first, _, again in taken],
        **how,
    )


def made(path: object, rows: int, rng: np.random.Generator) -> Workspace:
    vectors = rng.standard_normal((rows, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = pa.table(
        {
            "product_id": np.arange(rows),
            "name": [f"product {row}" for row in range(rows)],
            "price": rng.random(rows) * 100,
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION),
        }
    )
    workspace = Workspace(path)
    workspace.write_table("main.bench.products", table)
    workspace.create_index(
        INDEX, source_table="main.bench.products", vector_column="v", create_endpoint=True
    )
    return workspace


def measured(
    workspace: Workspace, rng: np.random.Generator, results: int
) -> tuple[float, float, float]:
    """Seconds of a first page, of the others, and of those where nothing is known of the first."""
    query = rng.standard_normal(DIMENSION).tolist()
    tokens: list[str] = []
    first = seconds(lambda: tokens.append(first_page(workspace, query, results)))
    rest = seconds(lambda: next_pages(workspace, tokens[0], results))
    restarted = Workspace(workspace.path)
    restarted.query_index(INDEX, columns=COLUMNS, query_vector=query)  # opens the files
    return first, rest, seconds(lambda: next_pages(restarted, tokens[0], results))


def first_page(workspace: Workspace, query: list[float], results: int) -> str:
    reply = workspace.query_index(INDEX, columns=COLUMNS, query_vector=query, num_results=results)
    return str(reply["next_page_token"])


def next_pages(workspace: Workspace, token: str, results: int) -> None:
    rows = 0
    while token:
        reply = workspace.query_next_page(INDEX, token)
        rows, token = rows + reply["result"]["row_count"], reply["next_page_token"]
    assert rows == results - PAGE, rows


if __name__ == "__main__":
    run(pages)
