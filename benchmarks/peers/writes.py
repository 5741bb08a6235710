"""What does a durable write of one row cost, and how fast are queries after it?

Written to is a copy of the store that was measured, or a store of the contestant's own for writes.
Whether a write can be seen is asked of the contestant itself, with the written vector.
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from catalogue import Catalogue
from cells import Cell
from measure import Contest
from schema import KEY, Row
from worker import Worker

WRITES, TURN = 50, 10
AFTER = "after writes"  # the cell's name
DEPTH = 5  # results among which a written product is looked for


@dataclass(frozen=True)
class Change:
    """One kind of write: what it is called with, and which products then are there or are not."""

    kind: str
    method: str
    arguments: tuple[Sequence, ...]  # a value for each write
    keys: list[int]
    vectors: np.ndarray
    present: bool


def changes(catalogue: Catalogue) -> list[Change]:
    """New products, other vectors for products that exist, and products taken away."""
    rng = np.random.default_rng(2)
    places = rng.choice(len(catalogue.table), 3 * WRITES, replace=False)
    copied, changed, removed = places.reshape(3, WRITES)
    first = max(catalogue.table[KEY].to_pylist()) + 1
    new = [{**row, KEY: first + i} for i, row in enumerate(products(catalogue, copied))]
    old = products(catalogue, changed)
    gone = [int(row[KEY]) for row in products(catalogue, removed)]
    return [
        upsert("new", new, catalogue.queries[:WRITES]),
        upsert("existing", old, catalogue.queries[WRITES : 2 * WRITES]),
        Change("delete", "delete", (gone,), gone, catalogue.vectors[removed], False),
    ]


def products(catalogue: Catalogue, places: np.ndarray) -> list[Row]:
    return catalogue.table.take(places).to_pylist()


def upsert(kind: str, rows: list[Row], vectors: np.ndarray) -> Change:
    return Change(kind, "upsert", (rows, vectors), [int(r[KEY]) for r in rows], vectors, True)


def measure_writes(contest: Contest, names: Sequence[str], after: Cell) -> None:
    """Everyone who can writes in turns, then answers a cell; leaves no copies behind."""
    for name in names:
        if "failed" not in contest.results[name]:
            with contest.guarded(name):
                open_copy(contest, name)
    for change in changes(contest.catalogue):
        for start in range(0, WRITES, TURN):
            part = slice(start, start + TURN)
            contest.in_turn(
                start // TURN, lambda worker, c=change, p=part: write(contest, worker, c, p)
            )
        contest.in_turn(0, lambda worker, c=change: verify(contest, worker, c))
    contest.answer(replace(after, name=AFTER, judged=False))
    written = list(contest.workers)
    contest.dismiss_all()
    for name in written:
        shutil.rmtree(contest.stores / f"{name}-written", ignore_errors=True)


def open_copy(contest: Contest, name: str) -> None:
    contest.workers[name] = worker = Worker(name)
    if not worker.facts.writes:
        contest.dismiss(name)
        return
    print(f"copying {name} for writes", file=sys.stderr)
    copy = contest.stores / f"{name}-written"
    shutil.rmtree(copy, ignore_errors=True)
    if worker.facts.own_writable:
        worker.call("build", copy, contest.catalogue.folder, True)
    else:
        shutil.copytree(contest.stores / name, copy)
    worker.call("open", copy, True)


def write(contest: Contest, worker: Worker, change: Change, part: slice) -> None:
    ms = worker.call(change.method, *(values[part] for values in change.arguments))
    facts = contest.results[worker.name].setdefault("writes", {})
    facts.setdefault(change.kind, {"ms": []})["ms"].extend(ms)


def verify(contest: Contest, worker: Worker, change: Change) -> None:
    """Note the share of writes that a query sees."""
    turn = worker.call("answer", change.vectors, DEPTH, [None] * WRITES, math.inf)
    seen = [(key in found) == change.present for key, found in zip(change.keys, turn.keys)]
    contest.results[worker.name]["writes"][change.kind]["seen"] = float(np.mean(seen))
