"""Does an index of ten million products of 512 numbers fit: on disk, under a limit of memory, in time?

    python benchmarks/ten_million.py --rows 10000000 --storage float16 --memory-limit 16 DIR

Draws clustered vectors and twelve columns into Parquet files below DIR (2 KB a row), builds the index
over them with a bar and under the limit, opens it in a fresh process, asks without filter and with F1
to F3. What is finished in DIR is not made again: after a kill the same command goes on where it was.
Each line comes as JSON with its target, and goes to `--out FILE.jsonl` with what ran where; recall is
held against exact scores of float32 over all rows.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine import Workspace
from engine.bench.contest.memory import on_disk, resident
from engine.bench.records import journal
from engine.bench.records.line import Line
from engine.bench.vectors.clustered import ClusteredSpace
from engine.core.arrays import Matrix, Rows
from engine.progress import tracked

sys.path.insert(0, str(Path(__file__).parent / "cases"))
from case import Question, Target, at_least, at_most

ASK = Question("ten_million")
DIMENSION, CLUSTERS, SEED, K = 512, 5000, 0, 20
FILE_CHUNKS = 8  # of the drawn space, each a row group
INDEX, TABLE = "main.fashion_demo.bench_large", "main.fashion_demo.bench_products"
WORDS = {
    "master_category": ("Apparel", "Accessories", "Footwear", "Personal Care"),
    "sub_category": tuple(f"sub {n}" for n in range(45)),
    "article_type": tuple(f"type {n}" for n in range(140)),
    "base_color": ("Black", "White", "Blue", "Brown", "Grey", "Red", "Green", "Pink"),
    "gender": ("Men", "Women", "Unisex", "Boys", "Girls"),
    "season": ("Summer", "Fall", "Winter", "Spring"),
    "usage": ("Casual", "Sports", "Ethnic", "Formal"),
}
FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "F1": {"price >=": 50, "price <": 100},
    "F2": {"master_category": "Apparel"},
    "F3": {"base_color": "Black", "gender": "Women", "price <": 100},
}


# ------------------------------------------------------------------ data
def columns(start: int, rows: int) -> dict[str, pa.Array]:
    """Twelve columns of some rows: keys, words that repeat, and texts of a row's own."""
    rng = np.random.default_rng([SEED, 7, start])
    keys = np.arange(start, start + rows)
    out = {
        "product_id": pa.array(keys),
        "product_display_name": pa.array([f"Brand {k % 900} item {k % 4001}" for k in keys]),
        "price": pa.array(np.clip(np.exp(rng.normal(3.9, 0.75, rows)), 0, 299.95).round(2)),
        "image_path": pa.array([f"images/{k}.jpg" for k in keys]),
        "year": pa.array(rng.integers(2007, 2020, rows).astype(np.int32)),
    }
    for name, words in WORDS.items():
        shares = 1 / np.arange(1, len(words) + 1)
        codes = rng.choice(len(words), rows, p=shares / shares.sum()).astype(np.int32)
        out[name] = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words)).cast(
            pa.string()
        )
    return out


def draw(space: ClusteredSpace, rows: int, folder: Path) -> None:
    """The table's files that are not there yet; their vectors as float32, a row group for each chunk."""
    folder.mkdir(parents=True, exist_ok=True)
    step = FILE_CHUNKS * space.chunk_rows
    for start in tracked(range(0, rows, step), total=-(-rows // step), unit="file", desc="draw"):
        file = folder / f"{start // step:04}.parquet"
        if file.exists():
            continue
        unfinished, writer = file.with_suffix(".unfinished"), None
        for at in range(start, min(start + step, rows), space.chunk_rows):
            vectors = space.chunk(at // space.chunk_rows)[: rows - at]
            flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), space.dimension)
            table = pa.table({**columns(at, len(vectors)), "embedding": flat})
            writer = writer or pq.ParquetWriter(
                unfinished, table.schema, compression="none", use_dictionary=False
            )
            writer.write_table(table, row_group_size=len(vectors))
        assert writer is not None
        writer.close()
        unfinished.rename(file)


def vectors_of(table: pa.Table) -> Matrix:
    """(rows, DIMENSION) float32."""
    flat: Matrix = table["embedding"].combine_chunks().flatten().to_numpy()
    return flat.reshape(-1, DIMENSION)


def taken(folder: Path, rows: Rows, chunk_rows: int) -> Matrix:
    """Vectors of rows by their numbers, which ascend."""
    out = np.empty((len(rows), DIMENSION), dtype=np.float32)
    for chunk in np.unique(rows // chunk_rows).tolist():
        file = folder / f"{chunk // FILE_CHUNKS:04}.parquet"
        with pq.ParquetFile(file) as opened:
            held = vectors_of(opened.read_row_group(chunk % FILE_CHUNKS, ["embedding"]))
        here = rows // chunk_rows == chunk
        out[here] = held[rows[here] - chunk * chunk_rows]
    return out


# ------------------------------------------------------------------ steps, each in its own process
def bounded(limit: float) -> None:
    """From now on this process gets no more memory of its own than so many GB."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(limit * 2**30), hard))


def build(folder: Path, storage: str, limit: float) -> dict[str, float]:
    """Seconds and the most memory of its own, in GB, of a build that goes on where it was."""
    bounded(limit)
    workspace = Workspace(folder / "ws")
    if not workspace.list_tables():
        workspace.register_table(TABLE, folder / "table")
    started = time.perf_counter()
    if workspace.index_exists(INDEX):
        workspace.sync(INDEX)
    else:
        workspace.create_index(
            INDEX,
            source_table=TABLE,
            vector_column="embedding",
            vector_storage=storage,
            create_endpoint=True,
        )
    return {"s": time.perf_counter() - started, "GB": peak_of_its_own()}


def peak_of_its_own() -> float:
    """GB: mapped files, whose pages the system takes back as it likes, do not count."""
    status = Path("/proc/self/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    most = int(fields["VmHWM"].split()[0]) - int(fields["RssFile"].split()[0])
    return max(most / 2**20, resident()["anon"] / 2**30)


def ask(folder: Path, queries: Matrix, limit: float) -> dict[str, Any]:
    """Seconds to open and to answer first; of each filter milliseconds and keys; memory in bytes."""
    bounded(limit)
    names = list(columns(0, 1))
    before, started = resident(), time.perf_counter()
    workspace = Workspace(folder / "ws")
    workspace.version_of(INDEX)
    opened = time.perf_counter() - started

    def found(query: Matrix, filters: dict[str, Any]) -> list[int]:
        reply = workspace.query_index(
            INDEX,
            columns=names,
            query_vector=query.tolist(),
            num_results=K,
            filters=filters or None,
        )
        return [int(row[0]) for row in reply["result"].get("data_array", [])]

    found(queries[0], {})
    out: dict[str, Any] = {"open": opened, "first": time.perf_counter() - started}
    for name, filters in FILTERS.items():
        keys: list[list[int]] = []
        found(queries[0], filters)
        ms = []
        for query in queries:
            started = time.perf_counter()
            keys.append(found(query, filters))
            ms.append(1000 * (time.perf_counter() - started))
        out[name] = {"ms": ms, "keys": keys}
    out["grown"] = {name: value - before[name] for name, value in resident().items()}
    return out


# ------------------------------------------------------------------ truth
def allowed(filters: dict[str, Any], held: pa.Table) -> np.ndarray:
    """(rows,) bool of the rows that a filter takes, by the obvious way."""
    out = np.ones(len(held), dtype=np.bool_)
    for name, wanted in filters.items():
        column, _, sign = name.partition(" ")
        values = held[column].to_numpy()
        out &= {">=": values >= wanted, "<": values < wanted}[sign] if sign else values == wanted
    return out


def truth(folder: Path, queries: Matrix) -> dict[str, np.ndarray]:
    """Keys of the nearest of each query by filter, (q, K): all products, a row group at a time."""
    shape = (len(queries), K)
    best = {name: (np.full(shape, -np.inf), np.full(shape, -1)) for name in FILTERS}
    files = sorted(folder.glob("*.parquet"))
    for file in tracked(files, total=len(files), unit="file", desc="truth"):
        with pq.ParquetFile(file) as opened:
            for group in range(opened.num_row_groups):
                nearer(best, opened.read_row_group(group), queries)
    return {name: keys for name, (_, keys) in best.items()}


def nearer(best: dict[str, tuple[np.ndarray, np.ndarray]], held: pa.Table, queries: Matrix) -> None:
    """Take the rows of a table in among the best products and their keys, by filter."""
    products, keys = queries @ vectors_of(held).T, held["product_id"].to_numpy()
    for name, filters in FILTERS.items():
        here = np.flatnonzero(allowed(filters, held))
        every = np.hstack([best[name][0], products[:, here]])
        named = np.hstack([best[name][1], np.broadcast_to(keys[here], (len(queries), len(here)))])
        place = np.argpartition(-every, K - 1, axis=1)[:, :K]
        best[name] = (
            np.take_along_axis(every, place, axis=1),
            np.take_along_axis(named, place, axis=1),
        )


# ------------------------------------------------------------------ figures
def measured(folder: Path, rows: int, storage: str, limit: float, asked: int) -> Iterator[Line]:
    space, table = ClusteredSpace(DIMENSION, min(CLUSTERS, rows), SEED), folder / "table"
    draw(space, rows, table)
    raw = rows * DIMENSION * 4
    how: dict[str, Any] = {"rows": rows, "dimension": DIMENSION, "storage": storage}

    def line(what: str, unit: str, values: Any, target: Target | None, **more: Any) -> Line:
        return ASK.line(what, unit, values, target=target, **{**how, **more})

    built = apart(build, folder, storage, limit)
    yield line("build", "s", built["s"], None)
    yield line("peak of a build", "GB", built["GB"], at_most(limit))
    disk = on_disk(folder / "ws")
    stored = {"float32": 4, "float16": 2, "int8": 1}[storage] * rows * DIMENSION
    yield line("disk, of what is stored", "x", disk / stored, at_most(1.2))
    yield line("disk", "x float32 vectors", disk / raw, at_most(1.2))
    queries = space.queries(rows, asked, lambda some: taken(table, some, space.chunk_rows))
    answers = apart(ask, folder, queries, limit)
    yield line("open", "s", answers["open"], at_most(2))
    yield line("first answer", "s", answers["first"], None)
    grown = answers["grown"]
    yield line("memory", "x float32 vectors", sum(grown.values()) / raw, at_most(1.25))
    yield line("memory of its own", "x float32 vectors", grown["anon"] / raw, None)
    right = truth(table, queries)
    for name in FILTERS:
        at = at_most(12 if name == "none" else 25)
        yield line("latency", "ms", answers[name]["ms"], at, cell=name)
        pairs = zip(answers[name]["keys"], right[name].tolist())
        shares = [len(set(found) & set(keys)) / K for found, keys in pairs]
        least = at_least(0.98, of="mean")
        yield ASK.line(
            f"recall@{K}", "share", shares, target=least, better="higher", cell=name, **how
        )


def apart(work: Callable[..., Any], *arguments: object) -> Any:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        return processes.submit(work, *arguments).result()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--storage", choices=("float32", "float16", "int8"), default="float16")
    parser.add_argument("--memory-limit", type=float, default=16, metavar="GB")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--out", type=Path, metavar="FILE.jsonl", help="append raw lines here too")
    given = parser.parse_args()
    recorder = None
    if given.out is not None:
        recorder = journal.begin(given.out, shlex.join(["python", *sys.argv]))
    for one in measured(given.folder, given.rows, given.storage, given.memory_limit, given.queries):
        print(json.dumps(one.document(), allow_nan=False), flush=True)
        if recorder is not None:
            recorder.add(one)


if __name__ == "__main__":
    main()
