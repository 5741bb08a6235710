"""What does a durable row cost, do many writers share that cost, and do queries stay as fast after them?

Rows are written one at a time, by one thread and by eight, in turns, beside an append of as many bytes
that is synced to the disk, the least that a durable row can cost. Then on until there are ten thousand.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from case import Options, Question, at_least, at_most, folder, milliseconds, run

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("writes")
INDEX = "main.fashion_demo.bench_writes"
SCHEMA = {
    "id": "long",
    "title": "string",
    "color": "string",
    "price": "double",
    "v": "array<float>",
}
COLUMNS = ["id", "title", "color", "price"]
ROWS, DIMENSION, K = 40_000, 512, 20
WRITES, ROUNDS, THREADS, TOTAL, QUERIES = 1000, 3, 8, 10_000, 300


def writes(options: Options) -> Iterator[Measured]:
    rows = options.few(ROWS, 200)
    with folder() as temporary:
        store = Store(Workspace(temporary / "ws"), rows)
        before = store.queries(options.few(QUERIES, 5))
        yield ASK.line("append and sync", "ms", appended(temporary, options.few(WRITES, 5)))
        rates: dict[int, list[float]] = {1: [], THREADS: []}
        each: list[float] = []
        for _ in range(options.few(ROUNDS, 1)):
            for threads in rates:
                spent, taken = store.write(options.few(WRITES, 16), threads)
                rates[threads].append(len(taken) / spent)
                each += taken if threads == 1 else []
        yield ASK.line("one row", "ms", each, rows=rows)
        for threads, found in rates.items():
            yield ASK.line("rows", "rows/s", found, better="higher", threads=threads, rows=rows)
        times = [many / one for one, many in zip(rates[1], rates[THREADS])]
        yield ASK.line(
            f"{THREADS} threads beside one", "times", times, better="higher", target=at_least(5)
        )
        store.write(options.few(TOTAL, 40) - store.written, THREADS)
        store.settle()
        after = store.queries(options.few(QUERIES, 5))
        yield ASK.line("query before", "ms", before, rows=rows)
        yield ASK.line("query after", "ms", after, rows=rows, writes=store.written)
        ratio = statistics.median(after) / statistics.median(before)
        yield ASK.line("query after beside before", "times", ratio, target=at_most(1.3))


def appended(temporary: Path, times: int) -> list[float]:
    """Milliseconds of an append of a row's bytes that is synced to the disk."""
    with (temporary / "appended").open("ab", buffering=0) as file:

        def append() -> None:
            file.write(bytes(4 * DIMENSION + 100))
            os.fdatasync(file.fileno()) if hasattr(os, "fdatasync") else os.fsync(file.fileno())

        return [milliseconds(append) for _ in range(times)]


class Store:
    """An index of random unit vectors, and the rows that are written to it."""

    def __init__(self, workspace: Workspace, rows: int) -> None:
        self.workspace, self.rows, self.written = workspace, rows, 0
        vectors = np.random.default_rng(0).standard_normal((rows, DIMENSION)).astype(np.float32)
        self.vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        workspace.create_direct_access_index(
            INDEX,
            dimension=DIMENSION,
            vector_column="v",
            schema=SCHEMA,
            primary_key="id",
            create_endpoint=True,
        )
        workspace.upsert(INDEX, [self.row(key) for key in range(rows)])

    def row(self, key: int) -> dict[str, Any]:
        return {
            "id": key,
            "title": f"product {key}",
            "color": ("red", "green", "blue")[key % 3],
            "price": key / 100,
            "v": self.vectors[key * 7 % self.rows],
        }

    def write(self, count: int, threads: int) -> tuple[float, list[float]]:
        """Write rows one at a time; seconds of all, and milliseconds of each. Half replace others."""
        first, taken = self.written, list[float]()
        start = threading.Barrier(threads + 1)

        def work(thread: int) -> None:
            start.wait()
            for number in range(first + thread, first + count, threads):
                row = self.row(self.rows + number if number % 2 else number % self.rows)
                taken.append(milliseconds(lambda row=row: self.workspace.upsert(INDEX, [row])))  # type: ignore[misc]

        workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
        for worker in workers:
            worker.start()
        start.wait()
        started = time.perf_counter()
        for worker in workers:
            worker.join()
        self.written += count
        return time.perf_counter() - started, taken

    def settle(self) -> None:
        """Wait for merges in threads, and until files' times of change are old enough to be trusted."""
        for thread in threading.enumerate():
            if thread.name.startswith("compact "):
                thread.join()
        time.sleep(3.5)

    def queries(self, count: int) -> list[float]:
        """Milliseconds of queries without a filter, the first few left out."""
        self.settle()

        def ask(number: int) -> float:
            vector = self.vectors[number % self.rows]
            return milliseconds(
                lambda: self.workspace.query_index(
                    INDEX, columns=COLUMNS, query_vector=vector, num_results=K
                )
            )

        return [ask(number) for number in range(count + 5)][5:]


if __name__ == "__main__":
    run(writes)
