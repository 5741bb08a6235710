"""The whole benchmark: models, batches and threads one after another, and what is recorded of each."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.bench.embedding import made
from engine.bench.embedding.cell import CASE, Cell, Start, Turns
from engine.bench.embedding.entrants import (
    CLIP_RETRIEVAL,
    ENTRANTS,
    NAMES,
    OURS,
    Model,
    model_of,
    python_of,
    why_out,
)
from engine.bench.embedding.inputs import Chosen, choose
from engine.bench.embedding.request import EmbeddingBench
from engine.bench.records.journal import Recorder
from engine.bench.records.line import Floor, LeftOut, Line, Setting, many, one
from engine.bench.records.machine import cores
from engine.errors import VitrineError

MADE = "made:"
UNITS = {"images": "image", "texts": "text"}


def measure(bench: EmbeddingBench, record: Recorder) -> None:
    """Measure all that is asked for; lines and what is left out go to the recorder as they are known.

    Raises:
        InvalidParameterValue, BadSourceFile: nothing can be measured so.
    """
    bench.check(NAMES)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        Run(bench, record, Path(name)).all()


class Run:
    """One run in a temporary folder."""

    def __init__(self, bench: EmbeddingBench, record: Recorder, folder: Path) -> None:
        self._bench, self._record, self._folder = bench, record, folder
        self._chosen: Chosen = choose(
            bench.photos,
            bench.texts,
            folder,
            count=bench.count,
            text_count=bench.text_count,
            seed=record.run.seed,
        )
        self._inputs = self._chosen.whole.write(folder / "inputs.json")
        self._warm = self._chosen.warm.write(folder / "warm.json")

    def all(self) -> None:
        for name, reason in self._chosen.broken.items():
            self._record.add(LeftOut(CASE, f"photo {name}", reason))
        for number, name in enumerate(self._bench.models):
            try:
                model = self._model(name, self._folder / f"model-{number}")
            except VitrineError as error:
                self._record.add(LeftOut(CASE, OURS, error.message, {"model": name}))
                continue
            for threads, batch in itertools.product(self._bench.threads, self._bench.batches):
                self._cell(model, threads, batch)

    def _model(self, name: str, folder: Path) -> Model:
        if not name.startswith(MADE):
            return model_of(name)
        texts = self._chosen.whole.texts
        made.write(name, folder, texts, self._record.run.seed, self._bench.is_small)
        return model_of(f"local-dir:{folder}", name)

    # ------------------------------------------------------------------ one cell
    def _cell(self, model: Model, threads: int | None, batch: int | None) -> None:
        settings: dict[str, Setting] = {
            "model": model.shown,
            "batch": batch or "own",
            "threads": threads or cores(),
            "device": self._bench.device,
        }
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as place:
            cell = Cell(model, settings, Path(place), self._record.add)
            try:
                cell.start(
                    list(self._starts(model, settings, threads, batch)), threads, self._bench.budget_s
                )
                for kind in model.kinds:
                    self._kind(cell, kind)
                self._whole(cell)
            finally:
                cell.close()

    def _starts(
        self, model: Model, settings: dict[str, Setting], threads: int | None, batch: int | None
    ) -> Iterator[Start]:
        """Those that take part; the others are told."""
        wanted = self._bench.contestants
        for entrant in ENTRANTS:
            if wanted and entrant.name not in (OURS, *wanted):
                continue
            reason = why_out(entrant, model, self._bench.clip_retrieval_python)
            setup = {
                **asdict(model),
                "model": model.name,
                "device": self._bench.device,
                "batch": batch,
                "threads": threads,
                **entrant.settings,
            }
            if reason is None and entrant.name == CLIP_RETRIEVAL:
                reason = self._checkpoint(model, setup)
            if reason is None:
                yield Start(entrant, setup, python_of(entrant, self._bench.clip_retrieval_python))
            else:
                self._record.add(LeftOut(CASE, entrant.name, reason, settings))

    def _checkpoint(self, model: Model, setup: dict[str, Any]) -> str | None:
        """The weights as a file, for another release of open_clip; why not, in words."""
        from engine.bench.embedding.checkpoint import saved

        try:
            setup["checkpoint"] = str(saved(model.name, self._folder / "checkpoint.pt"))
        except VitrineError as error:
            return error.message
        return None

    # ------------------------------------------------------------------ lines
    def _kind(self, cell: Cell, kind: str) -> None:
        count = len(self._chosen.whole.photos if kind == "images" else self._chosen.whole.texts)
        taken = cell.turns(kind, self._warm, self._inputs, self._bench.rounds)
        floor = self._floor(cell) if kind == "images" else None
        for name, turns in taken.items():
            for line in lines_of(cell.settings, kind, name, turns, count, floor):
                self._record.add(line)
        if OURS in taken:
            for line in stage_lines(
                cell.settings, kind, cell.stages(kind, self._inputs, self._bench.rounds), count
            ):
                self._record.add(line)

    def _floor(self, cell: Cell) -> Floor | None:
        """Photos a second if the model were nothing but products of matrices, where that is known."""
        each = [known["gflop"]["images"] for known in cell.facts.values() if "gflop" in known]
        own = cell.facts.get(OURS, {})
        rate = own.get("gflop_per_s", self._record.run.floors.gflop_per_s)
        if not each:
            return None
        return Floor(f"{each[0]:.2f} GFLOP a photo at {rate:.0f} GFLOP/s", rate / each[0])

    def _whole(self, cell: Cell) -> None:
        for name, seconds in cell.ready_s.items():
            self._record.add(Line(CASE, name, "loading", "s", one(seconds), cell.settings))


def lines_of(
    settings: dict[str, Setting],
    kind: str,
    name: str,
    turns: Turns,
    count: int,
    floor: Floor | None,
) -> Iterable[Line]:
    """What is recorded of one contestant's turns."""
    unit, more = UNITS[kind], {"count": count}
    rates = many([count / seconds for seconds in turns.seconds])
    yield Line(CASE, name, kind, f"{kind}/s", rates, settings, "higher", floor, more)
    spent = many([1000 * seconds / count for seconds in turns.processor])
    yield Line(CASE, name, f"{kind}: processor", f"ms/{unit}", spent, settings, more=more)
    cosines = many(turns.cosines)
    yield Line(CASE, name, f"{kind}: least cosine", "cosine", cosines, settings, "higher", more=more)
    if turns.memory_mb is not None:
        memory = one(turns.memory_mb)
        yield Line(CASE, name, f"{kind}: memory", "MB", memory, settings, more=more)


def stage_lines(
    settings: dict[str, Setting], kind: str, rounds: list[dict[str, float]], count: int
) -> Iterable[Line]:
    """Milliseconds and share of each of our stages, done one after another; the shares add up to 1."""
    if not rounds:
        return
    unit, more = UNITS[kind], {"count": count, "stages": "one after another"}
    wholes = [sum(each.values()) for each in rounds]
    for stage in rounds[0]:
        times = [each[stage] for each in rounds]
        shares = many([time / whole for time, whole in zip(times, wholes)])
        told = {**settings, "stage": stage}
        each = many([1000 * time / count for time in times])
        yield Line(CASE, OURS, f"{kind}: stage", f"ms/{unit}", each, told, more=more)
        yield Line(CASE, OURS, f"{kind}: share", "share", shares, told, "neither", more=more)
    all_ = many([1000 * whole / count for whole in wholes])
    yield Line(CASE, OURS, f"{kind}: all stages", f"ms/{unit}", all_, settings, more=more)
