"""What changes an index of one size, in processes of their own: syncs of few rows, writes, merging."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine import Workspace
from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.schema import Row
from engine.bench.scale import tables
from engine.bench.scale.steps import INDEX, made, timed

FOLLOWING, DIRECT = "main.scale.following", "main.scale.direct"
LOADED = 20_000  # rows of a write that fills the index
WRITTEN, WRITES = 300, 8  # rows of each write before a merge: a segment of its own each
NEW_KEYS = 10**12


def sync_files(folder: Path, rounds: int) -> list[float]:
    """Milliseconds of syncs after rows of one file changed; the first of a process doesn't count."""
    workspace = Workspace(folder / "ws")
    return _synced(workspace, INDEX, lambda number: tables.change_files(folder, number), rounds)


def sync_feed(data: Path, folder: Path, rounds: int) -> list[float]:
    """The same of an index over a Delta table that records its changes; the index is made here."""
    workspace = Workspace(folder / "ws")
    made(workspace, FOLLOWING, folder / tables.DELTA, data)
    return _synced(workspace, FOLLOWING, lambda number: tables.change_delta(folder, number), rounds)


def _synced(
    workspace: Workspace, index: str, change: Callable[[int], int], rounds: int
) -> list[float]:
    spent = []
    for number in range(rounds + 1):
        changed = change(number)
        ms, report = timed(lambda: workspace.sync(index))
        if (report.updated, report.inserted, report.deleted) != (changed, 0, 0):
            raise RuntimeError(f"the sync of {changed} changed rows reports {report}")
        spent.append(ms)
    return spent[1:]


def write(data: Path, folder: Path, count: int) -> dict[str, list[float]]:
    """Milliseconds of writes of one row and of merges, in a direct access index of this size."""
    catalogue, workspace = Catalogue(data), Workspace(folder / "direct")
    _fill(workspace, catalogue)
    rows = _new_rows(catalogue)
    upserts = [timed(lambda: workspace.upsert(DIRECT, [next(rows)]))[0] for _ in range(count + 1)]
    deletes = [
        timed(lambda key=key: workspace.delete_rows(DIRECT, [key]))[0]  # type: ignore[misc]
        for key in range(1, count + 2)
    ]
    merged = timed(lambda: _merged(workspace, rows))[0]
    everything = timed(lambda: workspace.compact_index(DIRECT))[0]
    return {
        "upsert": upserts[1:],
        "delete": deletes[1:],
        "merged": [merged],
        "everything": [everything / 1000],
    }


def _fill(workspace: Workspace, catalogue: Catalogue) -> None:
    schema = catalogue.schema
    workspace.create_direct_access_index(
        DIRECT,
        primary_key=schema.key,
        dimension=schema.dimension,
        vector_column=schema.vector,
        schema={**schema.columns, schema.vector: "array<float>"},
        create_endpoint=True,
    )
    for products, vectors in catalogue.chunks(LOADED):
        rows = [{**row, schema.vector: vector} for row, vector in zip(products, vectors)]
        workspace.upsert(DIRECT, rows)
        _wait_for_merges()
    workspace.compact_index(DIRECT)


def _new_rows(catalogue: Catalogue) -> Iterator[Row]:
    """Rows without end, each with a key of its own."""
    schema = catalogue.schema
    products, vectors = next(catalogue.chunks(WRITTEN))
    number = 0
    while True:
        place = number % len(products)
        yield {
            **products[place],
            schema.key: NEW_KEYS + number,
            schema.vector: vectors[place].tolist(),
        }
        number += 1


def _merged(workspace: Workspace, rows: Iterator[Row]) -> None:
    """Writes that are segments each, until they are merged by themselves."""
    for _ in range(WRITES):
        workspace.upsert(DIRECT, [next(rows) for _ in range(WRITTEN)])
    _wait_for_merges()


def _wait_for_merges() -> None:
    while merging := [one for one in threading.enumerate() if one.name == f"compact {DIRECT}"]:
        for thread in merging:
            thread.join()
        time.sleep(0)
