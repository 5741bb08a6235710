"""What a document asks of a journal: `case: ann; columns: latency p99 | recall@10; where: k=10`.

    case         one case; needed
    contestants  in the order of the rows; all, where none is named
    columns      quantities, each with a statistic where it isn't the middle
    rows         what tells rows apart: `contestant`, names of settings and of texts beside a line
    where        settings that have one value; `none` where a line has no such setting

Several values of one part stand apart by `|`, parts by `;`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.bench.records.line import Line
from engine.bench.report.figures import Figure, figure
from engine.bench.statistics.intervals import percentile
from engine.errors import InvalidParameterValue

CONTESTANT = "contestant"
PARTS = ("case", "contestants", "columns", "rows", "where")
MIDDLE = "middle"  # the median, or the mean of shares: not written
NONE = "none"


def _interval(one: Figure) -> tuple[float, float]:
    found = one.interval
    if found is None:
        raise InvalidParameterValue(f"{one.line.key}: {one.count} values have no interval")
    return found


STATISTICS = {
    MIDDLE: lambda one: one.middle,
    "median": lambda one: one.line.median,
    "mean": lambda one: sum(one.line.values) / one.count,
    "p50": lambda one: percentile(one.line.values, 50),
    "p95": lambda one: one.p95 if one.p95 is not None else percentile(one.line.values, 95),
    "p99": lambda one: one.p99 if one.p99 is not None else percentile(one.line.values, 99),
    "min": lambda one: min(one.line.values),
    "max": lambda one: max(one.line.values),
    "low": lambda one: _interval(one)[0],
    "high": lambda one: _interval(one)[1],
    "floor": lambda one: one.floors,
    "n": lambda one: float(one.count),
}


@dataclass(frozen=True)
class Asked:
    """A quantity and what is shown of it."""

    what: str
    statistic: str

    def value(self, line: Line) -> float:
        """Raises InvalidParameterValue: the line has no such statistic."""
        found = STATISTICS[self.statistic](figure(line))  # type: ignore[no-untyped-call]
        if found is None:
            raise InvalidParameterValue(f"{line.key}: no {self.statistic}")
        return float(found)


@dataclass(frozen=True)
class Selector:
    """What is asked; see the head of this file."""

    case: str
    columns: tuple[Asked, ...]
    contestants: tuple[str, ...] = ()
    rows: tuple[str, ...] = (CONTESTANT,)
    where: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As a document writes it, but for what is so anyway."""
        columns = (
            f"{o.what} {o.statistic}" if o.statistic != MIDDLE else o.what for o in self.columns
        )
        parts = {
            "case": self.case,
            "contestants": " | ".join(self.contestants),
            "columns": " | ".join(columns),
            "where": " | ".join(f"{name}={value}" for name, value in self.where),
        }
        return "; ".join(f"{name}: {value}" for name, value in parts.items() if value)

    def matches(self, line: Line) -> bool:
        """Whether a line of any of the quantities is meant."""
        return (
            line.case == self.case
            and (not self.contestants or line.contestant in self.contestants)
            and all(said(line, name) == value for name, value in self.where)
        )


def said(line: Line, name: str) -> str:
    """A setting as a document says it, or a text that explains the line, such as how a cost `grows`."""
    value = line.settings.get(name)
    if value is None and isinstance(line.more.get(name), str):
        value = line.more[name]
    return NONE if value is None else str(value)


def row_of(line: Line, rows: Sequence[str]) -> tuple[str, ...]:
    """What tells the line's row apart."""
    return tuple(line.contestant if name == CONTESTANT else said(line, name) for name in rows)


def selector(text: str) -> Selector:
    """Read a selector. Raises InvalidParameterValue: with what was expected."""
    parts = _parts(text)
    if "case" not in parts or "columns" not in parts:
        raise InvalidParameterValue(
            f"figures of {text!r}: expected at least `case: NAME; columns: QUANTITY | ...`"
        )
    where = []
    for each in parts.get("where", ()):
        name, equals, value = each.partition("=")
        if not equals:
            raise InvalidParameterValue(f"where: {each!r} in {text!r}; expected NAME=VALUE")
        where.append((name.strip(), value.strip()))
    return Selector(
        parts["case"][0],
        tuple(_asked(each) for each in parts["columns"]),
        parts.get("contestants", ()),
        parts.get("rows", (CONTESTANT,)),
        tuple(where),
    )


def _parts(text: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(str.strip, text.split(";")):
        name, colon, values = part.partition(":")
        if not colon or name.strip() not in PARTS:
            raise InvalidParameterValue(
                f"{part.strip()!r} in {text.strip()!r}; expected NAME: VALUE with a name of {PARTS}"
            )
        found[name.strip()] = tuple(value.strip() for value in values.split("|"))
    return found


def _asked(text: str) -> Asked:
    what, _, last = text.rpartition(" ")
    return Asked(what.strip(), last) if what and last in STATISTICS else Asked(text, MIDDLE)
