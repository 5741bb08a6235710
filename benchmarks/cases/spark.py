"""What does a photo cost on Spark's workers, beside the plain pipeline in one process?

    python benchmarks/run.py spark [--data DIR] [--photos N] [--encoder NAME]

Both read the same photos from their files and write a Parquet file of vectors, in turns: the plain
pipeline a batch after another, Spark with one worker, whose process and encoder are there from a round
before. What starting Spark takes is told apart.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from case import Options, Question, at_most, folder, run, seconds

import engine.spark
from engine.bench.records.line import Measured
from engine.spark import ArrowEmbedder, embed

ASK = Question("spark")
ROUNDS, FEW_ROUNDS = 5, 1
BATCH = 64  # rows that Spark hands over at once, and the plain pipeline takes at once
MOST = 1.15  # times the plain pipeline's


def spark(options: Options) -> Iterator[Measured]:
    paths = sorted(str(path) for path in options.images.glob("*.jpg"))[: options.photos]
    rows = pa.table({"product_id": pa.array(range(len(paths)), pa.int64()), "path": paths})
    with folder() as temporary:
        started: list[object] = []
        spent = seconds(lambda: started.append(session_in(temporary)))
        yield ASK.line("start", "s", spent)
        ways = {
            "plain": lambda: plain(rows, options.encoder, temporary),
            "spark": lambda: by_spark(started[0], rows, options.encoder, temporary),
        }
        for way in ways.values():
            way()
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.few(ROUNDS, FEW_ROUNDS)):
            for name, way in ways.items():
                taken[name].append(1000 * seconds(way) / len(paths))
        started[0].stop()  # type: ignore[attr-defined]
    for name, values in taken.items():
        yield ASK.line("a photo", "ms", values, way=name)
    ratio = statistics.median(taken["spark"]) / statistics.median(taken["plain"])
    yield ASK.line("beside the plain pipeline", "times", ratio, target=at_most(MOST))


def session_in(where: Path) -> object:
    """A session with one worker, which gets rows in the plain pipeline's batches."""
    given = {"spark.sql.execution.arrow.maxRecordsPerBatch": str(BATCH)}
    return engine.spark.session(where / "ws", master="local[1]", options=given)


def plain(rows: pa.Table, encoder: str, where: Path) -> None:
    embedder = ArrowEmbedder("product_id", image="path", encoder=encoder)
    batches = rows.to_batches(max_chunksize=BATCH)
    pq.write_table(pa.Table.from_batches(map(embedder, batches)), where / "plain.parquet")


def by_spark(session: object, rows: pa.Table, encoder: str, where: Path) -> None:
    frame = session.createDataFrame(rows.to_pandas()).coalesce(1)  # type: ignore[attr-defined]
    found = embed(frame, encoder=encoder, image="path")
    found.write.mode("overwrite").parquet(str(where / "spark"))


if __name__ == "__main__":
    run(spark)
