"""How does vitrine compare with other vector-search libraries, on the same data and machine?

    python benchmarks/peers/run.py --data DIR [--rows N] [--contestants a,b] [--cells none,F1]
        [--queries N] [--cache DIR] [--reuse] [--out FILE.md]

DIR holds `styles.csv` in the public fashion layout; each of its products is searched once, and
with --rows so many drawn from them. Needs the peers' libraries; who can't be imported is left out.
Prints tables; --out writes them, and the raw figures beside them as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from adapters import NAMES, REFERENCE
from catalogue import Catalogue
from cells import NEW, make_cells
from data import prepare
from filters import sql
from measure import Contest
from report import report
from truth import mask
from writes import measure_writes

OTHER_CELLS = ("batch", "start", "writes")
CELLS = ("none", "F1", "F2", "F3", "F4", NEW, *OTHER_CELLS)
BUDGET_S = 20  # of one contestant in one cell


def main() -> None:
    given = arguments()
    catalogue = prepare(given.data / "styles.csv", given.cache, given.rows)
    contest = Contest(catalogue, given.cache / "stores" / catalogue.folder.name, given.budget)
    given.queries = min(given.queries, contest.truth.judged)
    run(contest, given)
    head = describe(catalogue, given)
    text = report(head, contest.results)
    print(text)
    answers = contest.stores / "answers.json"
    answers.write_text(json.dumps(contest.answers))
    print(f"raw answers: {answers}", file=sys.stderr)
    if given.out:
        given.out.write_text(text)
        raw = json.dumps({**head, "results": contest.results})
        given.out.with_suffix(".json").write_text(raw + "\n")


def run(contest: Contest, given: argparse.Namespace) -> None:
    names = [*given.contestants, REFERENCE] if "none" in given.cells else given.contestants
    cells = make_cells(contest.catalogue, given.queries)
    contest.build(names, given.reuse)
    contest.open(names)
    for name, cell in cells.items():
        if name in given.cells:
            print(f"asking {name}", file=sys.stderr)
            contest.answer(cell)
        contest.dismiss(REFERENCE)  # it knows no filters
    contest.memory("after cells")
    if "batch" in given.cells:
        contest.batch()
        contest.memory("after batches")
    contest.dismiss_all()
    if "start" in given.cells:
        contest.start(given.contestants)
    if "writes" in given.cells:
        measure_writes(contest, given.contestants, cells["none"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--rows", type=int, help="products to draw; default: each one once")
    parser.add_argument("--contestants", type=several(NAMES), default=list(NAMES))
    parser.add_argument("--cells", type=several(CELLS), default=list(CELLS))
    parser.add_argument("--queries", type=int, default=200, help="in each cell")
    parser.add_argument("--budget", type=float, default=BUDGET_S, help="seconds in each cell")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "peers")
    parser.add_argument("--reuse", action="store_true", help="open stores of an earlier run")
    parser.add_argument("--out", type=Path, metavar="FILE.md")
    return parser.parse_args()


def several(known: tuple[str, ...]) -> Callable[[str], list[str]]:
    """A type of argument: some of the known names, with commas."""

    def read(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in known]:
            raise argparse.ArgumentTypeError(f"{unknown}; known: {', '.join(known)}")
        return chosen

    return read


def describe(catalogue: Catalogue, given: argparse.Namespace) -> dict:
    return {
        "machine": machine(),
        "rows": len(catalogue.vectors),
        "queries": given.queries,
        "cells": [name for name in given.cells if name not in OTHER_CELLS],
        "filters": {
            name: (sql(one), int(mask(catalogue, one).sum()))
            for name, one in catalogue.filters.items()
        },
    }


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    named = [
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return (
        f"{date.today()}, {named[0] if named else platform.machine()}, {os.cpu_count()} cores, "
        f"{memory:.0f} GiB memory, Python {platform.python_version()}, {platform.system()}."
    )


if __name__ == "__main__":
    main()
