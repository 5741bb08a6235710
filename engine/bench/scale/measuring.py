"""Every size in turn, each figure from a process of its own; no two run at the same time.

What a file holds already of a size, measured of the same commit, is not measured again.
"""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.memory import on_disk
from engine.bench.records.floors import Floors
from engine.bench.records.line import Better, Floor, LeftOut, Line, Record, Setting, many, one
from engine.bench.scale import changes, operations, steps, tables
from engine.bench.scale.growth import fit
from engine.bench.scale.operations import OPERATIONS, WHY, Operation
from engine.errors import MissingExtra

CASE, WHO = "scale", "vitrine"
FILE_ROWS = 5_000


@dataclass(frozen=True)
class ScaleRequest:
    """Catalogues by their rows, a folder for what is built, and how often each thing is done.

    Attributes:
        catalogues: what gives the products of a size, called when that is measured.
        known: lines that were measured before.
        file_rows: rows of each file of the tables.
    """

    catalogues: Mapping[int, Callable[[], Catalogue]]
    folder: Path
    known: Sequence[Line] = field(default=(), repr=False)
    has_writes: bool = True
    queries: int = 100
    exact_queries: int = 20
    new_filters: int = 35
    pages: int = 20
    syncs: int = 7
    writes: int = 35
    starts: int = 3
    file_rows: int = FILE_ROWS

    def smoke(self) -> ScaleRequest:
        """The same, a few of each."""
        return replace(
            self, queries=3, exact_queries=2, new_filters=2, pages=2, syncs=1, writes=2, starts=1,
            file_rows=150,
        )  # fmt: skip


def measure(request: ScaleRequest, floors: Floors, record: Record) -> None:
    """All sizes; then, of two and more, how each cost grows."""
    kept: list[Line] = []
    for rows, drawn in sorted(request.catalogues.items()):
        before = [line for line in request.known if line.settings.get("rows") == rows]
        if not _is_whole(before, request.has_writes):
            before = []
            _Size(request, drawn(), rows, floors, record, before).measure()
        kept += before
    for line in slopes(kept):
        record(line)


def _is_whole(lines: Sequence[Line], has_writes: bool) -> bool:
    """Whether a size was measured to its end."""
    wanted = {one.what for one in OPERATIONS if has_writes or not one.is_a_write}
    may_lack = {operations.FEED.what, operations.PAGE.what}  # an extra, a second page
    return wanted - may_lack <= {line.what for line in lines}


class _Size:
    def __init__(
        self,
        request: ScaleRequest,
        catalogue: Catalogue,
        rows: int,
        floors: Floors,
        record: Record,
        kept: list[Line],
    ) -> None:
        self.request, self.data, self.record, self.kept = request, catalogue.folder, record, kept
        self.folder = request.folder / f"scale-{rows}"
        self.settings: dict[str, Setting] = {
            "rows": rows,
            "dimension": catalogue.schema.dimension,
            "k": steps.K,
        }
        self.floor = floors.reading(rows, catalogue.schema.dimension)
        self.raw = catalogue.vectors.nbytes

    def measure(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            apart(tables.split, self.data, self.folder, self.request.file_rows)
            self.add(operations.BUILD, [apart(steps.build, self.data, self.folder)])
            self.add(operations.DISK, [on_disk(self.folder / "ws") / self.raw])
            self.starts()
            self.queries()
            self.pages()
            self.syncs()
            shutil.rmtree(self.folder / "ws", ignore_errors=True)
            if self.request.has_writes:
                self.writes()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def starts(self) -> None:
        count = range(self.request.starts)
        self.add(
            operations.FIRST, [apart(steps.first_answer, self.data, self.folder) for _ in count]
        )

    def queries(self) -> None:
        found = apart(steps.query, self.data, self.folder, self.request.queries, False)
        for name, cell in found["cells"].items():
            self.add(operations.QUERY, cell["ms"], cell=name, floor=self.floor)
            recall = Operation(f"recall@{steps.K}", "share")
            self.add(recall, cell["recall"], cell=name, better="higher")
        self.add(operations.MEMORY, [sum(found["grown"].values()) / self.raw])
        self.add(operations.OWN_MEMORY, [found["grown"]["anon"] / self.raw])
        exact = apart(steps.query, self.data, self.folder, self.request.exact_queries, True)
        self.add(operations.EXACT, exact["cells"]["none"]["ms"], floor=self.floor)
        new = apart(steps.new_filters, self.data, self.folder, self.request.new_filters)
        self.add(operations.NEW, new["first"])
        self.add(operations.MORE, new["more"])

    def pages(self) -> None:
        found = apart(steps.pages, self.data, self.folder, self.request.pages)
        if found["page"]:
            self.add(operations.PAGE, found["page"])
        self.add(operations.SCAN, found["scan"])

    def syncs(self) -> None:
        rounds = self.request.syncs
        self.add(operations.FILES, apart(changes.sync_files, self.folder, rounds))
        shutil.rmtree(self.folder / tables.TABLE)
        try:
            apart(tables.write_delta, self.data, self.folder, self.request.file_rows)
        except MissingExtra as error:
            self.record(LeftOut(CASE, WHO, f"{operations.FEED.what}: {error.message}"))
            return
        self.add(operations.FEED, apart(changes.sync_feed, self.data, self.folder, rounds))

    def writes(self) -> None:
        found = apart(changes.write, self.data, self.folder, self.request.writes)
        self.add(operations.UPSERT, found["upsert"])
        self.add(operations.DELETE, found["delete"])
        self.add(operations.MERGE, found["merged"])
        self.add(operations.COMPACT, found["everything"])

    def add(
        self,
        operation: Operation,
        values: Sequence[float],
        *,
        cell: str | None = None,
        better: Better = "lower",
        floor: Floor | None = None,
    ) -> None:
        settings: dict[str, Setting] = dict(self.settings)
        if cell is not None:
            settings["cell"] = cell
        line = Line(
            CASE, WHO, operation.what, operation.unit, many(values), settings, better, floor
        )
        self.kept.append(line)
        self.record(line)


def slopes(lines: Sequence[Line]) -> list[Line]:
    """Of each cost measured at two sizes and more: the exponent b of cost ~ rows^b.

    Beside it, in `more`: its interval, how it `grows`, and `why` faster than the logarithm.
    """
    grouped: dict[tuple[str, Setting], dict[int, Line]] = {}
    for line in lines:
        if line.what in WHY and line.median > 0:
            group = grouped.setdefault((line.what, line.settings.get("cell")), {})
            group[int(str(line.settings["rows"]))] = line
    return [_slope(what, cell, sizes) for (what, cell), sizes in grouped.items() if len(sizes) > 1]


def _slope(what: str, cell: Setting, sizes: Mapping[int, Line]) -> Line:
    rows = sorted(sizes)
    found = fit(rows, [sizes[each].values for each in rows])
    settings: dict[str, Setting] = {"of": what, "from": rows[0], "to": rows[-1]}
    if cell is not None:
        settings["cell"] = cell
    why = WHY[what] if not found.is_slow else ""
    more: dict[str, Any] = {"grows": found.said, "why": why}
    more["is_too_fast"] = found.is_surely_fast and not WHY[what]
    if found.interval is not None:
        more["interval"] = list(found.interval)
    value = one(found.exponent)
    return Line(CASE, WHO, "slope", "log cost / log rows", value, settings, "lower", None, more)


def apart(work: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives back from a fresh process. Raises BrokenProcessPool: it was ended."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        return processes.submit(work, *arguments).result()
