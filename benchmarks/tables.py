"""Raw lines as a table: of text for a terminal, of Markdown for a page. Measures nothing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from engine.bench.records.line import LeftOut, Line, Measured
from engine.bench.report.figures import is_mean, middle
from engine.text_table import Column, text_table

COLUMNS = [
    Column("case"),
    Column("contestant", is_kept=True),
    Column("what", is_kept=True, least=24),
    Column("settings", least=20),
    Column("figure", form=",.4g", is_kept=True),
    Column("unit", is_kept=True),
    Column("n"),
    Column("target"),
    Column("met", is_kept=True),
]


def row_of(line: Line) -> dict[str, Any]:
    """A line as tables show it; the table of text and that of Markdown say the same."""
    target = line.more.get("target")
    return {
        "case": line.case,
        "contestant": line.contestant,
        "what": line.what,
        "settings": ", ".join(f"{name}={value}" for name, value in line.settings.items()),
        "figure": middle(line),
        "unit": line.unit,
        "n": len(line.values),
        "target": "" if target is None else told(target, line),
        "met": "" if target is None else ("yes" if target["met"] else "NO"),
    }


def told(target: dict[str, Any], line: Line) -> str:
    """`at most 5`; what of the values is judged, where that is not the figure shown."""
    shown = "mean" if is_mean(line) else "median"
    is_shown = target["of"] == shown or len(line.values) == 1
    text = f"{target['side']} {target['bound']:g}"
    return text if is_shown else f"{target['of']} {text}"


def text(kept: Sequence[Measured]) -> str:
    rows = [row_of(one) for one in kept if isinstance(one, Line)]
    table = text_table(rows, COLUMNS, shutil.get_terminal_size((120, 24)).columns)
    return "\n".join([*table.lines, *left_out(kept)])


def markdown(kept: Sequence[Measured]) -> str:
    """One table; what was left out stands below it."""
    names = [column.name for column in COLUMNS]
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    for one in kept:
        if isinstance(one, Line):
            row = row_of(one)
            row["figure"] = f"{row['figure']:,.4g}"
            row["met"] = "**no**" if row["met"] == "NO" else row["met"]
            cells = (str(row[name]).replace("|", "\\|") for name in names)
            lines.append(f"| {' | '.join(cells)} |")
    outs = left_out(kept)
    return "\n".join([*lines, "", *(f"- {one}" for one in outs)] if outs else lines)


def left_out(kept: Sequence[Measured]) -> list[str]:
    return [
        f"{one.case}: left out: {one.contestant}: {one.reason}"
        for one in kept
        if isinstance(one, LeftOut)
    ]
