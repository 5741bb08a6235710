"""What is measured at one size without changing it, each step in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import Workspace
from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.filters import Filters
from engine.bench.contest.memory import resident
from engine.bench.contest.truth import Truth
from engine.core.arrays import Vector
from engine.core.query import PAGE_ROWS

K = 20
INDEX = "main.scale.synced"  # over files
Ask = Callable[[Vector, Filters | None], list[Any]]


def build(data: Path, folder: Path) -> float:
    """Seconds to make the index over the table of files."""
    workspace = Workspace(folder / "ws")
    return made(workspace, INDEX, folder / "table", data)


def made(workspace: Workspace, index: str, table: Path, data: Path) -> float:
    """Seconds to make an index over a table that is registered for it."""
    schema = Catalogue(data).schema
    source = f"source_{index.rpartition('.')[2]}"
    workspace.register_table(source, table)
    started = time.perf_counter()
    workspace.create_index(
        index,
        source_table=source,
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


def new_filters(data: Path, folder: Path, count: int) -> dict[str, list[float]]:
    """Milliseconds of filters that are asked for the first time, and how much less the second takes."""
    queries, ask = Catalogue(data).queries, asking(data, folder)
    ask(queries[0], {"price >=": 1.5, "gender": "Men"})
    first, more = [], []
    for number in range(count):
        one: Filters = {"price >=": 20.0 + number, "gender": "Men", "base_color": ["Black", "Blue"]}
        new, again = (
            timed(lambda place=place, one=one: ask(queries[place], one))[0]  # type: ignore[misc]
            for place in (2 * number % len(queries), (2 * number + 1) % len(queries))
        )
        first.append(new)
        more.append(new - again)
    return {"first": first, "more": more}


def pages(data: Path, folder: Path, count: int) -> dict[str, list[float]]:
    """Milliseconds of the second page of a query, and of a scan's page somewhere in the middle.

    Fewer rows than a page holds have no second one.
    """
    catalogue, workspace = Catalogue(data), Workspace(folder / "ws")
    asked: dict[str, Any] = {"columns": catalogue.schema.names, "num_results": 2 * PAGE_ROWS}
    rows = len(catalogue.vectors)
    second, scanned = [], []
    for number in range(count + 1):
        vector = catalogue.queries[number % len(catalogue.queries)].tolist()
        token = workspace.query_index(INDEX, query_vector=vector, **asked)["next_page_token"]
        if rows > PAGE_ROWS:
            second.append(timed(lambda token=token: workspace.query_next_page(INDEX, token))[0])  # type: ignore[misc]
        after = str(rows * (number + 1) // (count + 2))
        scanned.append(timed(lambda after=after: workspace.scan_index(INDEX, 100, after))[0])  # type: ignore[misc]
    return {"page": second[1:], "scan": scanned[1:]}  # the first ones open what others find open


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what came back."""
    started = time.perf_counter_ns()
    value = action()
    return (time.perf_counter_ns() - started) / 1e6, value
