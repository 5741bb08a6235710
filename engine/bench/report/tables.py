"""Figures side by side: a row for each contestant and its settings, a column for each quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.bench.records.line import Setting
from engine.bench.report.figures import Figure, falls_short
from engine.bench.report.numbers import setting
from engine.bench.report.questions import OWN, questions

Settings = tuple[tuple[str, Setting], ...]
Told = tuple[str, Setting]  # a type's name and a value: JSON's 1 and true are equal in Python
Question = tuple[tuple[str, Told], ...]
Key = tuple[str, str, tuple[Told, ...]]  # contestant, its own settings, the question's


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
        own: settings that not all contestants have, in words.
        settings: values of the table's settings that vary.
        figures: of each column, or None where nothing was measured.
        best: whether each figure is the best of its column among rows of the same settings.
    """

    contestant: str
    own: str
    settings: tuple[Setting, ...]
    figures: tuple[Figure | None, ...]
    best: tuple[bool, ...]


@dataclass(frozen=True)
class Table:
    """Quantities that were measured under the same questions.

    Attributes:
        common: settings that are the same in all rows.
        varying: names of those that are not.
    """

    common: Settings
    varying: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def tables(figures: Sequence[Figure]) -> list[Table]:
    """A case's figures as tables, in the order of recording.

    A table holds the questions under which the same quantities were measured; contestants' own settings
    stand beside their names.
    """
    asked = questions(figures)
    measured: dict[Question, dict[str, None]] = {}
    for one in figures:
        measured.setdefault(_question(one, asked), {})[one.line.what] = None
    groups: dict[tuple[tuple[str, ...], frozenset[str]], list[Figure]] = {}
    for one in figures:
        question = _question(one, asked)
        kind = (tuple(name for name, _ in question), frozenset(measured[question]))
        groups.setdefault(kind, []).append(one)
    return [_table(group, names) for (names, _), group in groups.items()]


def _question(one: Figure, asked: Mapping[str, tuple[str, ...]]) -> Question:
    settings = one.line.settings
    names = [name for name in asked[one.line.what] if name in settings]
    return tuple((name, _told(settings[name])) for name in names)


def _table(figures: Sequence[Figure], names: Sequence[str]) -> Table:
    values = {name: {_told(one.line.settings[name]) for one in figures} for name in names}
    varying = tuple(name for name in names if len(values[name]) > 1)
    first = figures[0].line.settings
    columns = tuple(dict.fromkeys(Column(o.line.what, o.line.unit, o.line.better) for o in figures))
    cells: dict[Key, dict[Column, Figure]] = {}
    places: dict[Key, tuple[Setting, ...]] = {}
    for one in figures:
        line = one.line
        own = _own(line.settings, names)
        place = tuple(line.settings[name] for name in varying)
        key = (line.contestant, own, tuple(map(_told, place)))
        places[key] = place
        cells.setdefault(key, {})[Column(line.what, line.unit, line.better)] = one
    best = _best(cells)
    rows = [
        Row(
            key[0],
            key[1],
            places[key],
            tuple(found.get(column) for column in columns),
            tuple(column in found and id(found[column]) in best for column in columns),
        )
        for key, found in cells.items()
    ]
    common = tuple((name, first[name]) for name in names if name not in varying)
    return Table(common, varying, columns, tuple(sorted(rows, key=_place)))


def _own(settings: Mapping[str, Setting], names: Sequence[str]) -> str:
    told = [
        setting(value) if name == OWN else f"{name} {setting(value)}"
        for name, value in settings.items()
        if name not in names
    ]
    return ", ".join(filter(None, told))


def _best(cells: Mapping[Key, Mapping[Column, Figure]]) -> set[int]:
    """The best figures of each column among contestants under the same settings, by their ids."""
    among: dict[tuple[object, ...], list[Figure]] = {}
    for (_, _, place), found in cells.items():
        for column, one in found.items():
            if falls_short(one.line):
                continue
            among.setdefault((column, place), []).append(one)
    kept = set()
    for group in among.values():
        better = group[0].line.better
        if better != "neither" and len({one.line.contestant for one in group}) > 1:
            wanted = (min if better == "lower" else max)(one.middle for one in group)
            kept |= {id(one) for one in group if one.middle == wanted}
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


def _told(value: Setting) -> Told:
    return (type(value).__name__, value)
