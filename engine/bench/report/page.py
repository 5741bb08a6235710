"""A journal as one HTML page that needs no other file: tables, plots, machines, commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.bench.records.journal import Journal, Run
from engine.bench.report.figures import Figure, falls_short
from engine.bench.report.numbers import setting, shown
from engine.bench.report.plots.drawing import drawn
from engine.bench.report.sections import Section, sections
from engine.bench.report.shapes.choosing import shapes
from engine.bench.report.shapes.frames import named
from engine.bench.report.tables import Column, Row, Table
from engine.shop.page.rendering import render

TEMPLATE = "bench/report.html"
COMMIT = 12  # characters of a commit
WAYS = {"lower": "lower is better", "higher": "higher is better", "neither": ""}


def page(found: Journal, title: str) -> str:
    """The page of some runs.

    Raises MissingExtra: matplotlib is not installed.
    """
    cases = sections(found)
    values = {
        "title": title,
        "runs": [_run(run) for run in found.runs],
        "cases": [_case(one) for one in cases],
        "lines": len(found.lines),
        "repeated": len(found.lines) - sum(len(one.figures) for one in cases),
    }
    return render(TEMPLATE, values)


def _run(run: Run) -> dict[str, Any]:
    machine, floors = run.machine, run.floors
    return {
        "id": run.id,
        "command": run.command,
        "started": run.started,
        "commit": _commit(run.commit),
        "seed": run.seed,
        "machine": f"{machine.processor}, {machine.cores} cores, {machine.memory_gib:g} GiB, "
        f"{machine.system}, Python {machine.python}",
        "floors": f"memory read at {shown(floors.read_gb_per_s)} GB/s, copied at "
        f"{shown(floors.copy_gb_per_s)} GB/s; products of matrices at {shown(floors.gflop_per_s)} "
        f"GFLOP/s; 200,000 additions of a Python loop in {shown(floors.python_ms)} ms",
        "versions": ", ".join(f"{name} {version}" for name, version in run.versions.items()),
    }


def _commit(commit: str | None) -> str:
    if commit is None:
        return "no checkout"
    changed = " and changes" if commit.endswith("+") else ""
    return commit.removesuffix("+")[:COMMIT] + changed


def _case(one: Section) -> dict[str, Any]:
    chosen, more = shapes(one.figures)
    return {
        "name": one.case,
        "plots": [{"title": shape.title, "svg": drawn(shape)} for shape in chosen],
        "more_plots": more,
        "tables": [_table(table, one.case) for table in one.tables],
        "left_out": [
            {"contestant": o.contestant, "settings": named(o.settings.items()), "reason": o.reason}
            for o in one.left_out
        ],
        "runs": [{"command": run.command, "id": run.id} for run in one.runs],
    }


def _table(table: Table, case: str) -> dict[str, Any]:
    whats = ", ".join(dict.fromkeys(column.what for column in table.columns))
    return {
        "caption": f"{case}: {whats}",
        "common": named(table.common),
        "varying": table.varying,
        "columns": [_column(column) for column in table.columns],
        "rows": [_row(row) for row in table.rows],
    }


def _column(column: Column) -> dict[str, str]:
    return {"what": column.what, "unit": column.unit, "way": WAYS.get(column.better, "")}


def _row(row: Row) -> dict[str, Any]:
    return {
        "contestant": row.contestant,
        "own": row.own,
        "settings": [setting(value) for value in row.settings],
        "cells": [_cell(one, best) for one, best in zip(row.figures, row.best)],
    }


def _cell(one: Figure | None, is_best: bool) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"middle": shown(one.middle), "is_best": is_best, "facts": facts(one)}


def facts(one: Figure) -> Sequence[str]:
    """What stands below a figure: interval, tail, floor, number of values."""
    found = ["short of the recall"] if falls_short(one.line) else []
    if one.interval is not None:
        low, high = map(shown, one.interval)
        found.append(f"{low} to {high} (n {one.count:,})")
    elif one.count > 1:
        found.append(f"n {one.count}")
    tail = [
        f"{name} {shown(value)}"
        for name, value in (("p95", one.p95), ("p99", one.p99))
        if value is not None
    ]
    if tail:
        found.append(", ".join(tail))
    if one.floors is not None:
        found.append(f"{shown(one.floors)} x floor")
    if grows := one.line.more.get("grows"):
        found.append(f"grows as: {grows}")
    if why := one.line.more.get("why"):
        found.append(str(why))
    p_value = one.line.more.get("p")
    if isinstance(p_value, float):
        found.append(f"p {shown(p_value)}")
    return found
