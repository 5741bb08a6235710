"""Parts and spans of days and times whose meaning differs between Databricks and DuckDB."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from engine.errors import NotSupported
from engine.service.sql.language.functions.calls import call, number, typed_call
from engine.service.sql.language.functions.times import patterns

_OF_DAYS = {"YEAR", "QUARTER", "MONTH", "WEEK", "DAY"}
_UNITS = {
    **{unit: unit for unit in _OF_DAYS},
    **{unit: unit for unit in ("HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND")},
    **{"YYYY": "YEAR", "YY": "YEAR", "MON": "MONTH", "MM": "MONTH", "DD": "DAY"},
}
_SECONDS = {"SECOND", "SECONDS", "SEC", "S"}
_DAYS_OF_WEEK = {"DOW", "DAYOFWEEK"}


def _unit(node: exp.Expression, known: set[str] | dict[str, str]) -> exp.Expression:
    name = str(node.args["unit"].name).upper()
    if name not in known:
        raise NotSupported(f"{node.sql(dialect='databricks'):.80}: the unit is not supported.")
    return exp.Literal.string(_UNITS[name])


def _date_trunc(node: exp.Expression) -> exp.Expression:
    """`trunc`: the first day of a span of days."""
    unit = _unit(node, {name for name, unit in _UNITS.items() if unit in _OF_DAYS - {"DAY"}})
    return exp.cast(call("date_trunc", unit, exp.cast(node.this.copy(), "date")), "date")


def _time_trunc(node: exp.Expression) -> exp.Expression:
    """`date_trunc`: the first moment of a span, which is a time."""
    return call("date_trunc", _unit(node, _UNITS), exp.cast(node.this.copy(), "timestamptz"))


def _day_of_week(node: exp.Expression) -> exp.Expression:
    """1 for Sunday to 7 for Saturday; DuckDB's begin at 0."""
    return exp.paren(exp.Add(this=node.copy(), expression=number(1)))


def _extract(node: exp.Expression) -> exp.Expression:
    name = node.name.upper()
    if name in _SECONDS:  # with their fractions
        micros = call("date_part", exp.Literal.string("microseconds"), node.expression)
        return exp.cast(
            exp.Div(this=micros, expression=exp.Literal.number("1000000.0")), "decimal(8, 6)"
        )
    return _day_of_week(node) if name in _DAYS_OF_WEEK else node


def _whole_units(node: exp.Expression) -> exp.Expression:
    """How many whole units lie between two times; DuckDB counts where a unit begins."""
    unit = _unit(node, _UNITS)
    if isinstance(node, exp.DateDiff) and unit.name == "DAY" and not node.args.get("big_int"):
        return node
    ends = (node.expression, node.this)
    times = [exp.cast(exp.cast(one.copy(), "timestamptz"), "timestamp") for one in ends]
    return call("date_sub", unit, *times)


def date_part(part: exp.Expression, value: exp.Expression) -> exp.Expression:
    """`date_part`. Raises NotSupported for a part that is no constant."""
    if not isinstance(part, exp.Literal) or not part.is_string:
        raise NotSupported("date_part is supported with a constant part alone.")
    return _extract(exp.Extract(this=exp.var(str(part.this).upper()), expression=value))


def weekday(value: exp.Expression) -> exp.Expression:
    """0 for Monday to 6 for Sunday."""
    day = exp.DayOfWeekIso(this=exp.TsOrDsToDate(this=value))
    return exp.paren(exp.Sub(this=day, expression=number(1)))


def shifted(node: exp.Expression) -> exp.Expression:
    """A date or a time, and an interval; of whole days a date's is a date."""
    value, interval = node.this, node.expression
    if isinstance(value, exp.Interval) and isinstance(node, exp.Add):
        value, interval = interval, value
    if not isinstance(interval, exp.Interval) or isinstance(value, exp.Interval):
        return node
    unit = interval.args.get("unit")
    name = unit.name.upper().removesuffix("S") if isinstance(unit, exp.Var) else ""
    way = "later" if isinstance(node, exp.Add) else "earlier"
    kind = "" if name in _OF_DAYS else "time_"
    return typed_call(f"vitrine_{kind}{way}", value, interval)


def _date(node: exp.Expression) -> exp.Expression:
    """A date some days later or earlier, which is a date; DuckDB's is a time."""
    unit = node.args.get("unit")
    if unit is not None and unit.name.upper() not in ("DAY", "DAYS"):
        return node
    return exp.cast(node.copy(), "date")


def _zoned(node: exp.Expression) -> exp.Expression:
    return exp.cast(patterns.by_pattern(node).copy(), "timestamptz")


def _in_zone(node: exp.Expression) -> exp.Expression:
    """`from_utc_timestamp`: what clocks of a zone show, as a time."""
    there = exp.AtTimeZone(
        this=exp.cast(node.this.this.copy(), "timestamptz"), zone=node.args["zone"]
    )
    return exp.cast(there, "timestamptz")


def _from_zone(node: exp.Expression) -> exp.Expression:
    """`to_utc_timestamp`: the moment at which clocks of a zone show a time."""
    shown = exp.cast(exp.cast(node.this.this.copy(), "timestamptz"), "timestamp")
    return exp.AtTimeZone(this=shown, zone=node.args["zone"].copy())


def _seconds(node: exp.Expression) -> exp.Expression:
    """Whole seconds since 1970: of a time, or of a text in a pattern."""
    if patterns.PATTERN in node.meta:
        return patterns.by_pattern(node)
    seconds = call("epoch", exp.cast(node.this.copy(), "timestamptz"))
    return exp.cast(call("floor", seconds), "bigint")


def _of_text(node: exp.Expression) -> exp.Expression:
    """A part of a time that is written out as a text."""
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        node.set("this", exp.cast(node.this.copy(), "timestamptz"))
    return node


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = {
    **patterns.CHANGES,
    **dict.fromkeys((exp.Hour, exp.Minute, exp.Second, exp.Quarter), _of_text),
    exp.DateTrunc: _date_trunc,
    exp.TimestampTrunc: _time_trunc,
    exp.DayOfWeek: _day_of_week,
    exp.Extract: _extract,
    exp.DateDiff: _whole_units,
    exp.TimestampDiff: _whole_units,
    exp.TsOrDsAdd: _date,
    exp.AddMonths: _date,
    exp.StrToTime: _zoned,
    exp.StrToUnix: _seconds,
    exp.AtTimeZone: _in_zone,
    exp.FromTimeZone: _from_zone,
}
