"""Documents' tables, filled in between `<!-- figures: SELECTOR -->` and `<!-- end of figures -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from engine.bench.records.journal import Journal, Run
from engine.bench.records.line import LeftOut, Line
from engine.bench.report.figures import falls_short, latest
from engine.bench.report.markdown.selector import CONTESTANT, Asked, Selector, row_of, selector
from engine.bench.report.markdown.text import SHORT, safe, table
from engine.bench.report.numbers import shown
from engine.errors import InvalidParameterValue

END = "<!-- end of figures -->"
BLOCK = re.compile(r"(<!-- figures: (?P<asked>.*?) -->\n).*?(?P<end><!--.*?-->|\Z)", re.DOTALL)
BEST = {"lower": min, "higher": max}
UNITLESS = {"n": "", "floor": "x floor"}
Row = tuple[str, ...]


def filled(text: str, found: Journal) -> str:
    """A document with its blocks made anew; all else stays as it is.

    Raises:
        InvalidParameterValue: a block that doesn't end, a selector that says nothing, one whose cell
            several lines are meant by, or none.
    """
    lines = latest(found)
    runs = {run.id: run for run in found.runs}
    return BLOCK.sub(lambda block: _block(block, lines, runs, found.left_out), text)


def selectors(text: str) -> list[str]:
    """What the blocks of a document ask for."""
    return [block["asked"] for block in BLOCK.finditer(text)]


def _block(
    block: re.Match[str],
    lines: Sequence[tuple[Line, str]],
    runs: Mapping[str, Run],
    left_out: Sequence[LeftOut],
) -> str:
    if block["end"] != END:
        raise InvalidParameterValue(
            f"the block of {block['asked']!r} has no end: expected {END}, found {block['end']}"
        )
    asked = selector(block["asked"])
    meant = [(line, run) for line, run in lines if asked.matches(line)]
    whats = {column.what for column in asked.columns}
    own = {run: None for line, run in meant if line.what in whats}
    told = [_source(runs[run]) for run in own if run in runs]
    out = [o for o in left_out if _is_of(o, asked)]
    there = {line.contestant for line, _ in lines if line.case == asked.case}
    if lacking := set(asked.contestants) - there - {o.contestant for o in out}:
        raise InvalidParameterValue(
            f"no line of {', '.join(sorted(lacking))}, nor why it was left out, in {asked}"
        )
    body = [made(asked, [line for line, _ in meant]), "", *dict.fromkeys(told)]
    if any(falls_short(line) for line, _ in meant if line.what in whats):
        body.append(f"{SHORT.strip()}: short of the recall that all have to reach, at its dearest.")
    if out:
        reasons = dict.fromkeys(safe(f"{o.contestant} ({o.reason})") for o in out)
        body.append(f"Left out: {'; '.join(reasons)}.")
    return f"{block[1]}{chr(10).join(body)}\n{END}"


def _is_of(one: LeftOut, asked: Selector) -> bool:
    if one.case != asked.case:
        return False
    if asked.contestants and one.contestant not in asked.contestants:
        return False
    return all(str(one.settings.get(name, value)) == value for name, value in asked.where)


def _source(run: Run) -> str:
    """Where the figures are from, and what repeats them."""
    machine = run.machine
    commit = "" if run.commit is None else f", commit {run.commit[:12]}"
    return (
        f"`{run.command}` ({run.started[:10]}{commit}; {machine.processor}, {machine.cores} cores, "
        f"seed {run.seed})."
    )


def made(asked: Selector, lines: Sequence[Line]) -> str:
    """The table of a selector, as Markdown."""
    whats = {column.what for column in asked.columns}
    cells: dict[tuple[Row, str], list[Line]] = {}
    for line in lines:
        if line.what in whats:
            cells.setdefault((row_of(line, asked.rows), line.what), []).append(line)
    rows = list(dict.fromkeys(row for row, _ in cells))
    if not rows:
        raise InvalidParameterValue(f"no line of: {asked}")
    if asked.contestants and CONTESTANT in asked.rows:
        at = asked.rows.index(CONTESTANT)
        rows.sort(key=lambda row: asked.contestants.index(row[at]))
    columns = [_column(column, rows, cells) for column in asked.columns]
    heads = [*asked.rows, *(_head(column, cells) for column in asked.columns)]
    body = [[*row, *(column[place] for column in columns)] for place, row in enumerate(rows)]
    return table(heads, body, len(asked.rows))


def _column(
    column: Asked, rows: Sequence[Row], cells: Mapping[tuple[Row, str], Sequence[Line]]
) -> list[str]:
    """A column's cells; the best one bold where several rows have one."""
    values: list[float | None] = []
    short: list[bool] = []
    better = "neither"
    for row in rows:
        found = cells.get((row, column.what), ())
        if len(found) > 1:
            raise InvalidParameterValue(
                f"{len(found)} lines are {column.what} of {row}: name more in `rows` or `where`; "
                f"their settings are {[dict(line.settings) for line in found[:3]]}"
            )
        values.append(column.value(found[0]) if found else None)
        short.append(bool(found) and falls_short(found[0]))
        better = found[0].better if found else better
    known = [value for value, late in zip(values, short) if value is not None and not late]
    best = (
        BEST[better](known)
        if better in BEST and len(known) > 1 and column.statistic != "n"
        else None
    )
    digits = "{:,.0f}".format if column.statistic == "n" else shown
    texts = ["not measured" if value is None else digits(value) for value in values]
    return [
        text + SHORT if late else f"**{text}**" if value is not None and value == best else text
        for value, text, late in zip(values, texts, short)
    ]


def _head(column: Asked, cells: Mapping[tuple[Row, str], Sequence[Line]]) -> str:
    unit = next((found[0].unit for (_, what), found in cells.items() if what == column.what), "")
    unit = UNITLESS.get(column.statistic, unit)
    named = column.what if column.statistic == "middle" else f"{column.what} {column.statistic}"
    return f"{named}, {unit}" if unit else named
