"""One side of a comparison: the lines of a journal, with their runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from engine.bench.records import journal
from engine.bench.records.journal import Journal, Run
from engine.bench.records.line import Line
from engine.bench.report.figures import latest
from engine.errors import InvalidParameterValue, NotFound

AT = "@"


@dataclass(frozen=True)
class Side:
    """Lines to compare, by key.

    Attributes:
        name: as it was asked for.
        lines: of each key the last that was measured.
        run_of: the run of each key's line.
    """

    name: str
    lines: Mapping[tuple[object, ...], Line]
    run_of: Mapping[tuple[object, ...], Run]

    @property
    def runs(self) -> list[Run]:
        return list({run.id: run for run in self.run_of.values()}.values())


def side(asked: str) -> Side:
    """`FILE` or `FILE@COMMIT`: with a commit only its runs, of a file that holds several.

    Raises:
        NotFound: no such file.
        InvalidParameterValue: the file is none of a benchmark's, or holds no run of that commit.
    """
    file, commit = Path(asked), ""
    if not file.is_file() and AT in asked:
        path, _, commit = asked.rpartition(AT)
        file = Path(path)
    if not file.is_file():
        raise NotFound(
            f"{asked}: no such file; expected JSON lines of `vitrine bench`, or FILE{AT}COMMIT"
        )
    found = journal.read([file])
    return of(asked, found if file == Path(asked) else _at(found, commit, asked))


def of(name: str, found: Journal) -> Side:
    """A side of what was read."""
    runs = {run.id: run for run in found.runs}
    lines, run_of = {}, {}
    for line, run in latest(found):
        if run not in runs:
            raise InvalidParameterValue(
                f"{name}: a line of run {run!r}, which the file doesn't tell"
            )
        lines[line.key] = line
        run_of[line.key] = runs[run]
    return Side(name, lines, run_of)


def _at(found: Journal, commit: str, asked: str) -> Journal:
    kept = {run.id for run in found.runs if commit and (run.commit or "").startswith(commit)}
    if not kept:
        known = ", ".join(sorted({(run.commit or "none")[:12] for run in found.runs}))
        raise InvalidParameterValue(f"{asked}: no run of that commit; the file's are: {known}")
    chosen = [(line, run) for line, run in zip(found.lines, found.run_of) if run in kept]
    return replace(
        found, lines=tuple(line for line, _ in chosen), run_of=tuple(run for _, run in chosen)
    )


def drift(first: Run, second: Run) -> float:
    """How far the same machine's floors lie apart in two runs: 1.1 where one moved by 10 %.

    A floor that one of them doesn't tell says nothing.
    """
    pairs = zip(asdict(first.floors).values(), asdict(second.floors).values())
    told = [(one, other) for one, other in pairs if one > 0 and other > 0]  # NaN is not
    return math.exp(max((abs(math.log(one / other)) for one, other in told), default=0.0))


def is_same_machine(first: Run, second: Run) -> bool:
    """Whether times can be compared as they are."""
    a, b = first.machine, second.machine
    return (a.processor, a.cores, a.system) == (b.processor, b.cores, b.system)


def differences(first: Side, second: Side) -> list[str]:
    """What else differs between two sides than what was to be compared: a sentence each."""
    told = []
    for what, values in (
        ("machine", _machines),
        ("Python", lambda side: {run.machine.python for run in side.runs}),
        ("seed", lambda side: {str(run.seed) for run in side.runs}),
    ):
        a, b = (", ".join(sorted(values(one))) for one in (first, second))
        if a != b:
            told.append(f"{what} differs: {a} / {b}")
    return told + _versions(first, second)


def _machines(one: Side) -> set[str]:
    return {
        f"{run.machine.processor}, {run.machine.cores} cores, {run.machine.system}"
        for run in one.runs
    }


def _versions(first: Side, second: Side) -> list[str]:
    a, b = (
        {
            name: ", ".join(
                sorted({run.versions[name] for run in one.runs if name in run.versions})
            )
            for name in sorted({name for run in one.runs for name in run.versions})
        }
        for one in (first, second)
    )
    return [
        f"version of {name} differs: {a.get(name, 'none')} / {b.get(name, 'none')}"
        for name in sorted({*a, *b})
        if a.get(name) != b.get(name)
    ]
