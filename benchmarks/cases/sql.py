"""What does a statement over HTTP cost, what does `ai_query` beside the encoder, and a small UPDATE?

The server is `vitrine serve` in another process, asked over one connection that stays open. `ai_query`
and the encoder itself take the same names, none of which is cached, in turns.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds
from http_cost import connected, serve

from engine import Workspace

ROWS, CHANGED, DIMENSION = 50_000, 10, 128
ASKED, NAMES, TURNS, BATCH = 200, 10_000, 5, 256
INDEX = "main.fashion_demo.bench_sql"
COLOURS = ("red", "blue", "green", "black", "white", "navy", "beige", "pink", "grey", "olive")
THINGS = ("shirt", "jeans", "dress", "sandal", "watch", "belt", "jacket", "scarf", "bag", "cap")


def sql(options: Options) -> list[Row]:
    with folder() as temporary:
        return [*over_http(temporary / "http"), *models(temporary / "ai"), *writes(temporary / "w")]


def names(first: int, count: int) -> list[str]:
    """Names of products as a catalogue has them, all distinct and of about one length."""
    return [
        f"{COLOURS[n % 10]} {THINGS[n // 10 % 10]} for {('men', 'women')[n % 2]} {n:08d}"
        for n in range(first, first + count)
    ]


def over_http(path: Path) -> list[Row]:
    """SELECT COUNT(*) of a table of 50,000 rows."""
    table = pa.table({"product_id": range(ROWS), "name": names(0, ROWS)})
    Workspace(path).write_table("products", table)
    server, port = serve(path)
    try:
        connection = connected(port)
        body = json.dumps({"statement": "SELECT COUNT(*) FROM products", "warehouse_id": "any"})

        def ask() -> None:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/api/2.0/sql/statements", body, headers)
            reply = json.loads(connection.getresponse().read())
            assert reply["result"]["data_array"] == [[str(ROWS)]], reply

        first = seconds(ask)
        taken = sorted(seconds(ask) * 1e3 for _ in range(ASKED))
    finally:
        server.terminate()
        server.wait()
    middle, late = median(taken), taken[int(0.95 * ASKED)]
    told = f"{middle:.2f} (p95 {late:.2f}, the first one {first * 1e3:.0f})"
    return [Row("SELECT COUNT(*) over HTTP (ms)", told, "5", middle < 5)]


def models(path: Path) -> list[Row]:
    """`ai_query` over 10,000 names, and the encoder over as many others, in turns of 2,000."""
    workspace = Workspace(path)
    encoder = workspace.encoder()
    each = NAMES // TURNS
    asked = "SELECT name, ai_query('clip-multimodal-encoder', name) AS v FROM names"
    encoder.encode_texts(names(10**6, BATCH))
    workspace.sql("SELECT ai_query('clip-multimodal-encoder', 'warm')")
    own = by_sql = 0.0
    for turn in range(TURNS):
        workspace.write_table("names", pa.table({"name": names(turn * each, each)}))
        others = names(10**7 + turn * each, each)

        def encode(texts: list[str] = others) -> None:
            for start in range(0, len(texts), BATCH):
                encoder.encode_texts(texts[start : start + BATCH])

        own += seconds(encode)
        by_sql += seconds(lambda: workspace.sql(asked))
    ratio = own / by_sql
    told = f"{ratio:.2f} ({NAMES / by_sql:,.0f} of {NAMES / own:,.0f} names a second)"
    again = seconds(lambda: workspace.sql(f"CREATE TABLE embedded AS {asked}"))
    return [
        Row("ai_query over 10,000 names, of the encoder's own rate", told, "0.8", ratio >= 0.8),
        Row("a table made of 2,000 names that are cached (s)", f"{again:.3f}"),
    ]


def writes(path: Path) -> list[Row]:
    """An UPDATE of 10 of 50,000 rows and its sync, beside the first sync of all."""
    workspace = Workspace(path)
    vectors = np.random.default_rng(0).standard_normal((ROWS, DIMENSION)).astype(np.float32)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    columns = {"product_id": range(ROWS), "name": names(0, ROWS), "v": flat}
    workspace.write_table("source", pa.table(columns))
    workspace.create_endpoint("e")
    statement = f"CREATE VECTOR SEARCH INDEX {INDEX} ON source(v) USING ENDPOINT e"
    whole = seconds(lambda: workspace.sql(statement))
    updates, syncs, counts = [], [], set()
    for turn in range(TURNS):
        first = turn * 1000
        change = (
            f"UPDATE source SET name = 'new {turn}' WHERE product_id >= {first} "
            f"AND product_id < {first + CHANGED}"
        )
        updates.append(seconds(lambda s=change: workspace.sql(s)))
        started = time.perf_counter()
        counts.add(workspace.sync(INDEX).updated)
        syncs.append(time.perf_counter() - started)
    assert counts == {CHANGED}, counts
    sync = median(syncs)
    return [
        Row("UPDATE of 10 of 50,000 rows (s)", f"{median(updates):.3f}"),
        Row(
            "its sync, of the time of the first sync",
            f"{sync / whole:.3f} ({sync:.3f} of {whole:.2f} s), 10 rows updated",
            "0.2",
            sync / whole <= 0.2,
        ),
    ]


if __name__ == "__main__":
    run(sql)
