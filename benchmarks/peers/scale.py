"""How do costs grow with the number of rows? The engine alone, from ten thousand rows to millions.

    python benchmarks/peers/scale.py --data DIR [--rows N,N,...] [--no-writes] [--cache DIR] [--out F]

DIR holds the public fashion layout's styles.csv. For each size: build from a table of 20 files, first
answer of a fresh process, p50 and recall@10 of the five cells, memory of processes that query, a sync
of 100 changed rows in one of the files, and single-row writes to a direct access index of that size.
Every figure of a size comes from a process of its own; no two run at the same time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from adapters.vitrine import SCHEMA
from catalogue import Catalogue
from data import prepare
from filters import Filters
from report import table
from schema import COLUMNS, DIMENSION, KEY, VECTOR
from truth import Truth

from engine import Workspace

SIZES = (10_000, 44_425, 200_000, 1_000_000)
FILES, CHANGED, QUERIES, EXACT_QUERIES, WRITES, K = 20, 100, 100, 20, 40, 20
INDEX, DIRECT = "main.scale.synced", "main.scale.direct"
HEAD = (
    "rows | build s | first answer s | none | F1 | F2 | F3 | F4 | new filter + | exact | recall@10 | "
    "memory / vectors | of it not file pages | exact: not file pages | sync of 100 s | upsert ms | "
    "delete ms"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rows", default=",".join(map(str, SIZES)))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "peers")
    parser.add_argument("--no-writes", action="store_true", help="leave out upsert and delete")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for size in map(int, given.rows.split(",")):
        catalogue = prepare(given.data / "styles.csv", given.cache, size)
        rows.append(measured(catalogue.folder, given.cache / f"scale-{size}", not given.no_writes))
        text = table(HEAD.split(" | "), rows)
        print(text, flush=True)
        if given.out:
            given.out.write_text(__doc__.split("\n")[0] + " Times of queries: p50, ms.\n\n" + text)


def measured(data: Path, folder: Path, writes: bool) -> list[str]:
    """One row of the table."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    apart(split, data, folder)
    built = apart(build, folder)
    vectors = Catalogue(data).vectors.nbytes
    first = statistics.median(apart(first_answer, data, folder) for _ in range(3))
    cells, memory = apart(query, data, folder)
    new_filter = apart(new_filters, data, folder)
    exact, exact_memory = apart(query_exact, data, folder)
    synced = apart(sync_changed, folder)
    upsert, delete = apart(write, data, folder) if writes else (None, None)
    shutil.rmtree(folder)
    names = ("none", "F1", "F2", "F3", "F4")
    return [
        f"{len(Catalogue(data).vectors):,}",
        f"{built:.1f}",
        f"{first:.2f}",
        *(f"{cells[name][0]:.2f}" for name in names),
        f"{new_filter:.1f}",
        f"{exact:.1f}",
        f"{min(cells[name][1] for name in names):.4f}",
        f"{sum(memory) / vectors:.2f}",
        f"{memory[0] / vectors:.2f}",
        f"{exact_memory[0] / vectors:.2f}",
        f"{synced:.2f}",
        *("-" if figure is None else f"{figure:.1f}" for figure in (upsert, delete)),
    ]


def apart(work: Callable, *arguments: object) -> object:
    """A figure measured in a fresh process."""
    print(f"{time.strftime('%X')} {work.__name__} ...", file=sys.stderr, flush=True)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


# ------------------------------------------------------------------ the parts, each in its process
def split(data: Path, folder: Path) -> None:
    """The catalogue as a table of several files, as a table of the cloud is."""
    (folder / "table").mkdir()
    with pq.ParquetFile(data / "products.parquet") as source:
        per_file = -(-source.metadata.num_rows // FILES)
        for number, batch in enumerate(source.iter_batches(per_file)):
            file = folder / "table" / f"{number:02}.parquet"
            pq.write_table(pa.Table.from_batches([batch]), file)


def build(folder: Path) -> float:
    workspace = Workspace(folder / "ws")
    workspace.register_table("source", folder / "table")
    started = time.perf_counter()
    workspace.create_index(
        INDEX, source_table="source", vector_column=VECTOR, primary_key=KEY, create_endpoint=True
    )
    return time.perf_counter() - started


def asking(workspace: Workspace, exact: bool = False) -> Callable:
    def ask(query: np.ndarray, filters: Filters | None) -> list[dict]:
        found = workspace.search(
            vector=query, index=INDEX, columns=COLUMNS, k=K, filters=filters, exact=exact
        )
        return list(found)

    return ask


def first_answer(data: Path, folder: Path) -> float:
    """From opening the workspace to the first answer, in a process that has imported everything."""
    query = Catalogue(data).queries[0]
    started = time.perf_counter()
    asking(Workspace(folder / "ws"))(query, None)
    return time.perf_counter() - started


def query(data: Path, folder: Path) -> tuple[dict[str, tuple[float, float]], tuple[int, int]]:
    """p50 (ms) and recall by cell, and growth of memory: not file pages, file pages (bytes)."""
    catalogue, ask = Catalogue(data), asking(Workspace(folder / "ws"))
    before, cells, answers = resident(), {}, {}
    for name, filters in {"none": None, **catalogue.filters}.items():
        taken = []
        for number in range(-5, QUERIES):
            started = time.perf_counter()
            rows = ask(catalogue.queries[number], filters)
            taken.append(time.perf_counter() - started)
            answers[name, number] = [row[KEY] for row in rows]
        cells[name] = 1000 * statistics.median(taken[5:])
    after, truth = resident(), Truth(catalogue)
    numbers = range(QUERIES)
    recalls = {
        name: truth.recall(
            numbers, [filters] * QUERIES, [answers[name, number] for number in numbers]
        )
        for name, filters in {"none": None, **catalogue.filters}.items()
    }
    grown = (after[0] - before[0], after[1] - before[1])
    return {name: (cells[name], recalls[name]) for name in cells}, grown


def new_filters(data: Path, folder: Path) -> float:
    """Milliseconds that a filter takes more the first time; the median of some."""
    catalogue, ask = Catalogue(data), asking(Workspace(folder / "ws"))
    more = []
    for number in range(40):
        filters = {"price >=": 20 + number, "gender": "Men", "base_color": ["Black", "Blue"]}
        taken = []
        for place in (0, 1):
            started = time.perf_counter()
            ask(catalogue.queries[2 * number + place], filters)
            taken.append(time.perf_counter() - started)
        more.append(1000 * (taken[0] - taken[1]))
    return statistics.median(more[5:])


def query_exact(data: Path, folder: Path) -> tuple[float, tuple[int, int]]:
    catalogue, ask = Catalogue(data), asking(Workspace(folder / "ws"), exact=True)
    before, taken = resident(), []
    for number in range(EXACT_QUERIES):
        started = time.perf_counter()
        ask(catalogue.queries[number], None)
        taken.append(time.perf_counter() - started)
    after = resident()
    return 1000 * statistics.median(taken[2:]), (after[0] - before[0], after[1] - before[1])


def resident() -> tuple[int, int]:
    """Bytes of this process in memory: not from files, from files."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return tuple(int(lines[name].split()[0]) * 1024 for name in ("RssAnon", "RssFile"))


def sync_changed(folder: Path) -> float:
    """Seconds of a sync after 100 rows in one of the files have another price."""
    file = sorted((folder / "table").glob("*.parquet"))[FILES // 2 - 1]
    rows = pq.ParquetFile(file).read()
    prices = rows["price"].to_pylist()
    prices[:CHANGED] = [price + 1 for price in prices[:CHANGED]]
    place = rows.schema.get_field_index("price")
    pq.write_table(rows.set_column(place, "price", pa.array(prices)), file)
    workspace = Workspace(folder / "ws")
    started = time.perf_counter()
    report = workspace.sync(INDEX)
    taken = time.perf_counter() - started
    assert (report.updated, report.inserted, report.deleted) == (CHANGED, 0, 0), report
    return taken


def write(data: Path, folder: Path) -> tuple[float, float]:
    """Milliseconds of a durable upsert and delete of one row, in an index of this size."""
    catalogue, workspace = Catalogue(data), Workspace(folder / "direct")
    workspace.create_direct_access_index(
        DIRECT,
        primary_key=KEY,
        dimension=DIMENSION,
        vector_column=VECTOR,
        schema=SCHEMA,
        create_endpoint=True,
    )
    for products, vectors in catalogue.chunks(20_000):
        workspace.upsert(
            DIRECT, [{**row, VECTOR: vector} for row, vector in zip(products, vectors)]
        )
    workspace.compact_index(DIRECT)
    products, vectors = next(catalogue.chunks(WRITES))
    upserts, deletes = [], []
    for number, (row, vector) in enumerate(zip(products, vectors)):
        new = {**row, KEY: 10**8 + number, VECTOR: vector.tolist()}
        upserts.append(milliseconds(lambda new=new: workspace.upsert(DIRECT, [new])))
    for row in products:
        deletes.append(milliseconds(lambda row=row: workspace.delete_rows(DIRECT, [row[KEY]])))
    return statistics.median(upserts[5:]), statistics.median(deletes[5:])


def milliseconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return 1000 * (time.perf_counter() - started)


if __name__ == "__main__":
    main()
