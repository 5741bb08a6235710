"""Tables as Markdown, and a case as a document of its own."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bench.report.figures import Figure, falls_short
from engine.bench.report.numbers import setting, shown
from engine.bench.report.sections import Section
from engine.bench.report.shapes.frames import named
from engine.bench.report.tables import Table

SHORT = " \u2020"  # beside what was measured without the recall that all had to reach


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """A table; the first columns hold words, the others numbers, which stand at the right."""
    rule = ["---" if place < words else "---:" for place in range(len(heads))]
    return "\n".join(
        f"| {' | '.join(safe(cell) for cell in row)} |" for row in (heads, rule, *rows)
    )


def document(one: Section) -> str:
    """All tables of a case, what was left out, and what repeats it."""
    parts = [f"# {one.case}", ""]
    parts += [f"`{run.command}`, {run.started}, seed {run.seed}\n" for run in one.runs]
    for each in one.tables:
        if each.common:
            parts += [named(each.common), ""]
        parts += [_table(each), ""]
    if one.left_out:
        rows = [[o.contestant, named(o.settings.items()), o.reason] for o in one.left_out]
        parts += ["Left out:", "", table(["contestant", "settings", "why"], rows, 3), ""]
    return "\n".join(parts)


def _table(found: Table) -> str:
    has_own = any(row.own for row in found.rows)
    heads = ["contestant", *(["own settings"] if has_own else []), *found.varying]
    words = len(heads)
    heads += [f"{column.what}, {column.unit}" for column in found.columns]
    rows = [
        [
            row.contestant,
            *([row.own] if has_own else []),
            *(setting(value) for value in row.settings),
            *(_cell(one, best) for one, best in zip(row.figures, row.best)),
        ]
        for row in found.rows
    ]
    return table(heads, rows, words)


def _cell(one: Figure | None, is_best: bool) -> str:
    if one is None:
        return "not measured"
    middle = f"**{shown(one.middle)}**" if is_best else shown(one.middle)
    middle += SHORT if falls_short(one.line) else ""
    told = [] if one.interval is None else [" to ".join(map(shown, one.interval))]
    if grows := one.line.more.get("grows"):
        told.append(str(grows))
    return f"{middle} ({'; '.join(told)})" if told else middle


def safe(text: str) -> str:
    """One cell's text: no bar of the table's own, no new line, no tag."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
