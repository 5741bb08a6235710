"""What does a statement over HTTP cost, what does `ai_query` beside the encoder, and a small UPDATE?

The server is `vitrine serve` in another process, asked over one connection that stays open. `ai_query`
and the encoder itself take the same names, none of which is cached, in turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from case import OURS, Options, Question, at_least, at_most, folder, milliseconds, run, seconds
from served import connected, served

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("sql")
ROWS, ASKED, NAMES, TURNS = 50_000, 200, 10_000, 5
FEW_ROWS, FEW_ASKED, FEW_NAMES, FEW_TURNS = 2_000, 10, 60, 2
CHANGED, DIMENSION, BATCH = 10, 128, 256
INDEX = "main.fashion_demo.bench_sql"
COLOURS = ("red", "blue", "green", "black", "white", "navy", "beige", "pink", "grey", "olive")
THINGS = ("shirt", "jeans", "dress", "sandal", "watch", "belt", "jacket", "scarf", "bag", "cap")


def sql(options: Options) -> Iterator[Measured]:
    rows, turns = options.few((ROWS, TURNS), (FEW_ROWS, FEW_TURNS))
    with folder() as temporary:
        yield from over_http(temporary / "http", rows, options.few(ASKED, FEW_ASKED))
        yield from models(temporary / "ai", options.few(NAMES, FEW_NAMES) // turns, turns)
        yield from writes(temporary / "w", rows, turns)


def names(first: int, count: int) -> list[str]:
    """Names of products as a catalogue has them, all distinct and of about one length."""
    return [
        f"{COLOURS[n % 10]} {THINGS[n // 10 % 10]} for {('men', 'women')[n % 2]} {n:08d}"
        for n in range(first, first + count)
    ]


def over_http(path: Path, rows: int, asked: int) -> Iterator[Measured]:
    """SELECT COUNT(*) of a table."""
    table = pa.table({"product_id": range(rows), "name": names(0, rows)})
    Workspace(path).write_table("products", table)
    with served(path) as (port, _):
        connection = connected(port)
        body = json.dumps({"statement": "SELECT COUNT(*) FROM products", "warehouse_id": "any"})

        def ask() -> None:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/api/2.0/sql/statements", body, headers)
            reply = json.loads(connection.getresponse().read())
            assert reply["result"]["data_array"] == [[str(rows)]], reply

        first = milliseconds(ask)
        taken = [milliseconds(ask) for _ in range(asked)]
    yield ASK.line("SELECT COUNT(*) over HTTP, the first", "ms", first, rows=rows)
    yield ASK.line("SELECT COUNT(*) over HTTP", "ms", taken, target=at_most(5), rows=rows)


def models(path: Path, each: int, turns: int) -> Iterator[Measured]:
    """`ai_query` over names, and the encoder over as many others, in turns."""
    workspace = Workspace(path)
    encoder = workspace.encoder()
    asked = "SELECT name, ai_query('clip-multimodal-encoder', name) AS v FROM names"
    encoder.encode_texts(names(10**6, min(BATCH, each)))
    workspace.sql("SELECT ai_query('clip-multimodal-encoder', 'warm')")
    own, by_sql = [], []
    for turn in range(turns):
        workspace.write_table("names", pa.table({"name": names(turn * each, each)}))
        others = names(10**7 + turn * each, each)

        def encode(texts: list[str] = others) -> None:
            for start in range(0, len(texts), BATCH):
                encoder.encode_texts(texts[start : start + BATCH])

        own.append(seconds(encode))
        by_sql.append(seconds(lambda: workspace.sql(asked)))
    for way, taken in (("the encoder", own), ("ai_query", by_sql)):
        contestant = OURS if way == "ai_query" else "the encoder alone"
        rates = [each / spent for spent in taken]
        yield ASK.line(
            "names encoded", "names/s", rates, contestant=contestant, better="higher", names=each
        )
    yield ASK.line(
        "ai_query's rate beside the encoder's",
        "times",
        sum(own) / sum(by_sql),
        better="higher",
        target=at_least(0.8),
        names=each * turns,
    )
    again = seconds(lambda: workspace.sql(f"CREATE TABLE embedded AS {asked}"))
    yield ASK.line("CREATE TABLE of names that are cached", "s", again, names=each)


def writes(path: Path, rows: int, turns: int) -> Iterator[Measured]:
    """An UPDATE of 10 rows and its sync, beside the first sync of all."""
    workspace = Workspace(path)
    vectors = np.random.default_rng(0).standard_normal((rows, DIMENSION)).astype(np.float32)
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    columns = {"product_id": range(rows), "name": names(0, rows), "v": flat}
    workspace.write_table("source", pa.table(columns))
    workspace.create_endpoint("e")
    statement = f"CREATE VECTOR SEARCH INDEX {INDEX} ON source(v) USING ENDPOINT e"
    whole = seconds(lambda: workspace.sql(statement))
    updates: list[float] = []
    syncs: list[float] = []
    counts: set[int] = set()
    for turn in range(turns):
        first = turn * (rows // 50)
        change = (
            f"UPDATE source SET name = 'new {turn}' WHERE product_id >= {first} "
            f"AND product_id < {first + CHANGED}"
        )
        updates.append(seconds(lambda s=change: workspace.sql(s)))
        syncs.append(seconds(lambda: counts.add(workspace.sync(INDEX).updated)))
    assert counts == {CHANGED}, counts
    how = {"rows": rows, "changed": CHANGED}
    yield ASK.line("first sync", "s", whole, rows=rows)
    yield ASK.line("UPDATE", "s", updates, **how)
    yield ASK.line("sync after an UPDATE", "s", syncs, **how)
    shares = [sync / whole for sync in syncs]
    target = at_most(0.2)
    yield ASK.line("sync after an UPDATE beside the first", "times", shares, target=target, **how)


if __name__ == "__main__":
    run(sql)
