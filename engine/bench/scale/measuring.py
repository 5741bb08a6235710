"""Every size in turn, each figure from a process of its own; no two run at the same time."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.bench.contest.catalogue import Catalogue
from engine.bench.contest.memory import on_disk
from engine.bench.records.floors import Floors
from engine.bench.records.line import Better, Floor, Line, Measured, Record, Setting, many, one
from engine.bench.scale import steps

CASE, WHO = "scale", "vitrine"


@dataclass(frozen=True)
class ScaleRequest:
    """Catalogues by their rows, a folder for what is built, and how often each thing is done."""

    catalogues: dict[int, Catalogue]
    folder: Path
    queries: int = 100
    exact_queries: int = 20
    new_filters: int = 35
    writes: int = 35
    starts: int = 3

    def smoke(self) -> ScaleRequest:
        """The same, a few of each."""
        return replace(self, queries=3, exact_queries=2, new_filters=2, writes=2, starts=1)


def measure(request: ScaleRequest, floors: Floors, record: Record) -> None:
    """All sizes; then, of two and more, how each cost grows."""
    kept: list[Line] = []

    def note(line: Measured) -> None:
        record(line)
        if isinstance(line, Line):
            kept.append(line)

    for rows, catalogue in sorted(request.catalogues.items()):
        _Size(request, catalogue, rows, floors, note).measure()
    for line in slopes(kept):
        record(line)


class _Size:
    def __init__(
        self,
        request: ScaleRequest,
        catalogue: Catalogue,
        rows: int,
        floors: Floors,
        record: Record,
    ) -> None:
        self.request, self.data, self.record = request, catalogue.folder, record
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
            apart(steps.split, self.data, self.folder)
            self.add("build", "s", one(apart(steps.build, self.data, self.folder)))
            self.add("disk", "x vectors", one(on_disk(self.folder / "ws") / self.raw))
            starts = (
                apart(steps.first_answer, self.data, self.folder)
                for _ in range(self.request.starts)
            )
            self.add("first answer", "s", many(starts))
            self.queries()
            more = apart(steps.new_filters, self.data, self.folder, self.request.new_filters)
            self.add("latency, filter never seen, more", "ms", many(more))
            self.add("sync of 100 rows", "s", one(apart(steps.sync_changed, self.folder)))
            if self.request.writes:
                for what, ms in apart(
                    steps.write, self.data, self.folder, self.request.writes
                ).items():
                    self.add(what, "ms", many(ms))
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def queries(self) -> None:
        found = apart(steps.query, self.data, self.folder, self.request.queries, False)
        for name, cell in found["cells"].items():
            self.add("latency", "ms", many(cell["ms"]), cell=name, floor=self.floor)
            self.add(f"recall@{steps.K}", "share", many(cell["recall"]), cell=name, better="higher")
        self.add("memory", "x vectors", one(sum(found["grown"].values()) / self.raw))
        self.add("memory of its own", "x vectors", one(found["grown"]["anon"] / self.raw))
        exact = apart(steps.query, self.data, self.folder, self.request.exact_queries, True)
        self.add("latency, exact", "ms", many(exact["cells"]["none"]["ms"]), floor=self.floor)

    def add(
        self,
        what: str,
        unit: str,
        values: tuple[float, ...],
        *,
        cell: str | None = None,
        better: Better = "lower",
        floor: Floor | None = None,
    ) -> None:
        settings: dict[str, Setting] = dict(self.settings)
        if cell is not None:
            settings["cell"] = cell
        self.record(Line(CASE, WHO, what, unit, values, settings, better, floor))


def slopes(lines: Sequence[Line]) -> list[Line]:
    """Of each cost measured at two sizes and more: the exponent b of cost ~ rows^b."""
    grouped: dict[tuple[str, Any], list[Line]] = {}
    for line in lines:
        if line.unit in ("ms", "s") and line.median > 0:
            grouped.setdefault((line.what, line.settings.get("cell")), []).append(line)
    found = []
    for (what, cell), some in grouped.items():
        if len(some) < 2:
            continue
        rows = [int(str(line.settings["rows"])) for line in some]
        value = steps.slope(rows, [line.median for line in some])
        settings: dict[str, Setting] = {"of": what, "from": min(rows), "to": max(rows)}
        if cell:
            settings["cell"] = cell
        found.append(Line(CASE, WHO, "slope", "log cost / log rows", one(value), settings))
    return found


def apart(work: Callable[..., Any], *arguments: object) -> Any:
    """What a function gives back from a fresh process. Raises BrokenProcessPool: it was ended."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as processes:
        return processes.submit(work, *arguments).result()
