"""What is measured at one size, each step in a process of its own: functions of folders."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine import Workspace
from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.filters import Filters
from engine.bench.contest.memory import resident
from engine.bench.contest.truth import Truth
from engine.core.arrays import Vector

FILES, CHANGED, K = 20, 100, 20
INDEX, DIRECT = "main.scale.synced", "main.scale.direct"
Ask = Callable[[Vector, Filters | None], list[Any]]


def split(data: Path, folder: Path) -> None:
    """The catalogue as a table of several files, as a table of the cloud is."""
    (folder / "table").mkdir(parents=True)
    with pq.ParquetFile(data / "products.parquet") as source:
        per_file = -(-source.metadata.num_rows // FILES)
        for number, batch in enumerate(source.iter_batches(per_file)):
            file = folder / "table" / f"{number:02}.parquet"
            pq.write_table(pa.Table.from_batches([batch]), file)


def build(data: Path, folder: Path) -> float:
    """Seconds to make the index over the table."""
    schema = Catalogue(data).schema
    workspace = Workspace(folder / "ws")
    workspace.register_table("source", folder / "table")
    started = time.perf_counter()
    workspace.create_index(
        INDEX,
        source_table="source",
        vector_column=schema.vector,
        primary_key=schema.key,
        create_endpoint=True,
    )
    return time.perf_counter() - started


def asking(data: Path, folder: Path, exact: bool = False) -> Ask:
    """What answers one query with all columns."""
    workspace, names = Workspace(folder / "ws"), Catalogue(data).schema.names

    def ask(query: Vector, filters: Filters | None) -> list[Any]:
        found = workspace.search(
            vector=query,  # type: ignore[arg-type]
            index=INDEX,
            columns=names,
            k=K,
            filters=filters,
            exact=exact,
        )
        return list(found)

    return ask


def first_answer(data: Path, folder: Path) -> float:
    """Seconds from opening the workspace to the first answer; everything is imported before."""
    query = Catalogue(data).queries[0]
    started = time.perf_counter()
    asking(data, folder)(query, None)
    return time.perf_counter() - started


def query(data: Path, folder: Path, queries: int, exact: bool) -> dict[str, Any]:
    """Per cell times (ms) and recall of each query; growth of memory in bytes."""
    catalogue, ask = Catalogue(data), asking(data, folder, exact)
    truth, before = Truth(catalogue), resident()
    numbers = list(range(min(queries, truth.judged)))
    cells: dict[str, dict[str, list[float]]] = {}
    keys: dict[str, list[list[int]]] = {}
    filters: dict[str, Filters | None] = {"none": None, **catalogue.filters}
    for name, one in filters.items():
        for number in numbers[:3]:
            ask(catalogue.queries[-1 - number], one)
        ms, answers = [], []
        for number in numbers:
            spent, rows = timed(lambda n=number, f=one: ask(catalogue.queries[n], f))  # type: ignore[misc]
            ms.append(spent)
            answers.append([int(row[catalogue.schema.key]) for row in rows])
        cells[name], keys[name] = {"ms": ms}, answers
    after = resident()
    for name, one in filters.items():
        found = truth.recall(K, numbers, [one] * len(numbers), keys[name])
        cells[name]["recall"] = found.tolist()
    return {"cells": cells, "grown": {name: after[name] - before[name] for name in before}}


def new_filters(data: Path, folder: Path, count: int) -> list[float]:
    """Milliseconds that a filter takes more when it is asked for the first time, for each of some."""
    queries, ask = Catalogue(data).queries, asking(data, folder)
    ask(queries[0], {"price >=": 1.5, "gender": "Men"})
    more = []
    for number in range(count):
        one: Filters = {"price >=": 20.0 + number, "gender": "Men", "base_color": ["Black", "Blue"]}
        first, again = (
            timed(lambda place=place, one=one: ask(queries[place], one))[0]  # type: ignore[misc]
            for place in (2 * number % len(queries), (2 * number + 1) % len(queries))
        )
        more.append(first - again)
    return more


def sync_changed(folder: Path) -> float:
    """Seconds of a sync after 100 rows in one of the files have another price."""
    files = sorted((folder / "table").glob("*.parquet"))
    file = files[len(files) // 2]
    rows = pq.ParquetFile(file).read()
    prices = rows["price"].to_pylist()
    changed = min(CHANGED, len(prices))
    prices[:changed] = [(price or 0.0) + 1 for price in prices[:changed]]
    place = rows.schema.get_field_index("price")
    pq.write_table(rows.set_column(place, "price", pa.array(prices)), file)
    workspace = Workspace(folder / "ws")
    started = time.perf_counter()
    report = workspace.sync(INDEX)
    taken = time.perf_counter() - started
    if (report.updated, report.inserted, report.deleted) != (changed, 0, 0):
        raise RuntimeError(f"the sync of {changed} changed rows reports {report}")
    return taken


def write(data: Path, folder: Path, count: int) -> dict[str, list[float]]:
    """Milliseconds of durable upserts and deletes of one row, in an index of this size."""
    catalogue, workspace = Catalogue(data), Workspace(folder / "direct")
    schema = catalogue.schema
    workspace.create_direct_access_index(
        DIRECT,
        primary_key=schema.key,
        dimension=schema.dimension,
        vector_column=schema.vector,
        schema={**schema.columns, schema.vector: "array<float>"},
        create_endpoint=True,
    )
    for products, vectors in catalogue.chunks(20_000):
        rows = [{**row, schema.vector: vector} for row, vector in zip(products, vectors)]
        workspace.upsert(DIRECT, rows)
    workspace.compact_index(DIRECT)
    products, vectors = next(catalogue.chunks(count))
    upserts = [
        timed(lambda row=row: workspace.upsert(DIRECT, [row]))[0]  # type: ignore[misc]
        for row in (
            {**row, schema.key: 10**8 + number, schema.vector: vector.tolist()}
            for number, (row, vector) in enumerate(zip(products, vectors))
        )
    ]
    keys = [row[schema.key] for row in products]
    deletes = [timed(lambda key=key: workspace.delete_rows(DIRECT, [key]))[0] for key in keys]  # type: ignore[misc]
    return {"upsert": upserts, "delete": deletes}


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what came back."""
    started = time.perf_counter_ns()
    value = action()
    return (time.perf_counter_ns() - started) / 1e6, value


def slope(rows: Sequence[int], medians: Sequence[float]) -> float:
    """How costs grow: the exponent b of cost ~ rows^b, by least squares on logarithms.

    0: not at all; 1: in proportion; 0.5: four times the rows, twice the cost.
    """
    found = np.polyfit(np.log(np.asarray(rows, float)), np.log(np.maximum(medians, 1e-9)), 1)
    return float(found[0])
