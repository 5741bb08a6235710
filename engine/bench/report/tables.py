"""Figures side by side: one table of lines that were measured under settings of the same names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.bench.records.line import Setting
from engine.bench.report.figures import Figure

Settings = tuple[tuple[str, Setting], ...]


@dataclass(frozen=True)
class Column:
    """A quantity with its unit and which way is good."""

    what: str
    unit: str
    better: str


@dataclass(frozen=True)
class Row:
    """One contestant under one set of settings.

    Attributes:
        settings: values of the table's settings that vary.
        figures: of each column, or None where nothing was measured.
        best: whether each figure is the best of its column among rows of the same settings.
    """

    contestant: str
    settings: tuple[Setting, ...]
    figures: tuple[Figure | None, ...]
    best: tuple[bool, ...]


@dataclass(frozen=True)
class Table:
    """Attributes:
    common: settings that are the same in all rows.
    varying: names of those that are not.
    """

    common: Settings
    varying: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def tables(figures: Sequence[Figure]) -> list[Table]:
    """A case's figures as tables, in the order of recording: a table for each set of settings' names."""
    groups: dict[tuple[str, ...], list[Figure]] = {}
    for one in figures:
        groups.setdefault(tuple(sorted(one.line.settings)), []).append(one)
    return [_table(group) for group in groups.values()]


def _table(figures: Sequence[Figure]) -> Table:
    names = list(dict.fromkeys(name for one in figures for name in one.line.settings))
    values = {name: {_told(one.line.settings[name]) for one in figures} for name in names}
    varying = tuple(name for name in names if len(values[name]) > 1)
    first = figures[0].line.settings
    columns = tuple(dict.fromkeys(Column(o.line.what, o.line.unit, o.line.better) for o in figures))
    cells: dict[tuple[object, ...], dict[Column, Figure]] = {}
    keys: dict[tuple[object, ...], tuple[str, tuple[Setting, ...]]] = {}
    for one in figures:
        line = one.line
        place = tuple(line.settings[name] for name in varying)
        key = (line.contestant, *map(_told, place))
        keys[key] = (line.contestant, place)
        cells.setdefault(key, {})[Column(line.what, line.unit, line.better)] = one
    best = _best(cells)
    rows = [
        Row(
            *keys[key],
            tuple(found.get(column) for column in columns),
            tuple(column in found and found[column] in best for column in columns),
        )
        for key, found in cells.items()
    ]
    common = tuple((name, first[name]) for name in names if name not in varying)
    return Table(common, varying, columns, tuple(sorted(rows, key=_place)))


def _best(cells: Mapping[tuple[object, ...], Mapping[Column, Figure]]) -> list[Figure]:
    """The best figures of each column among several contestants under the same settings."""
    among: dict[tuple[object, ...], list[Figure]] = {}
    for (_, *settings), found in cells.items():
        for column, one in found.items():
            among.setdefault((column, *settings), []).append(one)
    kept = []
    for group in among.values():
        better = group[0].line.better
        if better != "neither" and len(group) > 1:
            wanted = (min if better == "lower" else max)(one.middle for one in group)
            kept += [one for one in group if one.middle == wanted]
    return kept


def _place(row: Row) -> tuple[object, ...]:
    """By settings, numbers before words; then the best of the first column first."""
    first = next((one for one in row.figures if one is not None), None)
    merit = 0.0 if first is None else first.middle * (-1 if first.line.better == "higher" else 1)
    return (*(_rank(value) for value in row.settings), row.figures[0] is None, merit)


def _rank(value: Setting) -> tuple[int, float, str]:
    if isinstance(value, (int, float)):
        return (0, float(value), "")
    return (1, 0.0, "" if value is None else value)


def _told(value: Setting) -> tuple[str, Setting]:
    """Tells `1`, `1.0` and `True` apart, as JSON does."""
    return (type(value).__name__, value)
