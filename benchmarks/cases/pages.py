"""What do ten pages of a thousand rows cost beside one ranking of the ten thousand?

The first page ranks, and fetches its rows; a page of a token that this process never saw ranks again.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import Workspace

INDEX, RESULTS, QUERIES = "main.bench.pages", 10_000, 9
ROWS, DIMENSION = 44_000, 512
COLUMNS = ["product_id", "name", "price"]


def pages(options: Options) -> list[Row]:
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    table = pa.table(
        {
            "product_id": np.arange(ROWS),
            "name": [f"product {row}" for row in range(ROWS)],
            "price": rng.random(ROWS) * 100,
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION),
        }
    )
    with folder() as path:
        workspace = Workspace(path)
        workspace.write_table("main.bench.products", table)
        workspace.create_index(
            INDEX, source_table="main.bench.products", vector_column="v", create_endpoint=True
        )
        measured(workspace, rng)  # warms up
        taken = [measured(workspace, rng) for _ in range(QUERIES)]
        ratios = [(first + rest) / first for first, rest, _ in taken]
        elsewhere = [again / first for first, _, again in taken]
        ratio = median(ratios)
        return [
            Row(
                f"{RESULTS:,} results in pages of 1,000, beside their first page",
                f"{ratio:.2f}",
                "1.5",
                ratio <= 1.5,
            ),
            Row("the other nine pages in another process", f"{median(elsewhere):.2f}"),
        ]


def measured(workspace: Workspace, rng: np.random.Generator) -> tuple[float, float, float]:
    """Seconds of a first page, of the other nine, and of those where nothing is known of the first."""
    query = rng.standard_normal(DIMENSION).tolist()
    tokens: list[str] = []
    first = seconds(lambda: tokens.append(first_page(workspace, query)))
    rest = seconds(lambda: next_pages(workspace, tokens[0]))
    restarted = Workspace(workspace.path)
    restarted.query_index(INDEX, columns=COLUMNS, query_vector=query)  # opens the files
    return first, rest, seconds(lambda: next_pages(restarted, tokens[0]))


def first_page(workspace: Workspace, query: list[float]) -> str:
    reply = workspace.query_index(INDEX, columns=COLUMNS, query_vector=query, num_results=RESULTS)
    return str(reply["next_page_token"])


def next_pages(workspace: Workspace, token: str) -> None:
    rows = 0
    while token:
        reply = workspace.query_next_page(INDEX, token)
        rows, token = rows + reply["result"]["row_count"], reply["next_page_token"]
    assert rows == RESULTS - 1000


if __name__ == "__main__":
    run(pages)
