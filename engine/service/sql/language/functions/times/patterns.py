"""Times as texts by a pattern, `yyyy-MM-dd HH:mm:ss.SSS`, and texts as times. Knows expressions.

The letters are those of Spark's datetime patterns; times are in UTC.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.calls import (
    call,
    cast,
    data_type,
    failure,
    number,
)

PATTERN = "pattern"  # mark of a call: its pattern as it was written
FUNCTIONS = {
    "DATE_FORMAT", "FROM_UNIXTIME", "TO_DATE", "TO_TIMESTAMP", "TO_UNIX_TIMESTAMP", "UNIX_TIMESTAMP",
}  # fmt: skip
_Build = Callable[..., exp.Expression]
# Letters in their number, as strftime and strptime say them.
_BOTH = {
    "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "d": "%-d", "dd": "%d", "D": "%-j", "DDD": "%j",
    "E": "%a", "EE": "%a", "EEE": "%a", "EEEE": "%A", "a": "%p", "H": "%-H", "HH": "%H", "h": "%-I",
    "hh": "%I", "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S", "SSS": "%g", "SSSSSS": "%f", "yy": "%y",
}  # fmt: skip
_SHOWN = {
    **_BOTH, "G": "AD", "X": "Z", "XX": "Z", "XXX": "Z", "x": "+00", "xx": "+0000", "xxx": "+00:00",
    "Z": "+0000", "ZZ": "+0000", "ZZZ": "+0000", "ZZZZ": "GMT", "ZZZZZ": "Z", "z": "UTC", "zz": "UTC",
    "zzz": "UTC", "zzzz": "Coordinated Universal Time", "VV": "UTC", "O": "GMT", "OOOO": "GMT",
}  # fmt: skip
_QUARTERS = (
    ("1", "2", "3", "4"), ("01", "02", "03", "04"), ("Q1", "Q2", "Q3", "Q4"),
    ("1st quarter", "2nd quarter", "3rd quarter", "4th quarter"),
)  # fmt: skip
_QUOTED = re.compile(r"'((?:[^']|'')*)'")  # a doubled quote is one
_OFFSETS, _ZONES = "XxZ", "zV"
_RESULTS: dict[type[exp.Expression], str] = {
    exp.TimeToStr: "text", exp.UnixToStr: "text", exp.StrToTime: "timestamptz", exp.StrToUnix: "bigint",
    exp.TsOrDsToDate: "date",
}  # fmt: skip
_TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")  # which are no texts to be read
_LETTERS = "GyMLdDEFaHhKkmsSQqzVZXxO"  # others are refused, as in the cloud


class _Run(NamedTuple):
    """A letter some times, a text between letters, or the sign of an optional part."""

    kind: str  # a letter, "text", "[" or "]"
    said: str


def keeping(functions: Mapping[str, _Build]) -> dict[str, _Build]:
    """The parser's functions, where those with a pattern keep it as it was written."""
    return {
        **functions,
        **{name: _keeping(functions[name]) for name in FUNCTIONS & functions.keys()},
    }


def _keeping(build: _Build) -> _Build:
    def built(args: list[exp.Expression], **given: object) -> exp.Expression:
        said = args[1].copy() if len(args) > 1 else None
        node = build(args, **given)  # without the dialect where it needs one: the parser asks again
        if said is not None:
            node.meta[PATTERN] = said
        return node

    return built


def _runs(pattern: str) -> list[_Run]:
    """The parts of a pattern. Raises BadStatement: a letter that means nothing, or an open quote."""
    runs: list[_Run] = []
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "'":
            quoted = _QUOTED.match(pattern, place)
            if quoted is None:
                raise _bad(pattern, "a quote doesn't end")
            runs.append(_Run("text", quoted[1].replace("''", "'") or "'"))
            place = quoted.end()
        elif sign.isascii() and sign.isalpha():
            length = len(pattern) - place - len(pattern[place:].lstrip(sign))
            if sign not in _LETTERS:
                raise _bad(pattern, f"{sign!r} is no letter of a pattern{_INSTEAD.get(sign, '')}")
            runs.append(_Run(sign, sign * length))
            place += length
        else:
            runs.append(_Run(sign if sign in "[]" else "text", sign))
            place += 1
    return runs


_INSTEAD = {"Y": "; a year is yyyy", "u": "; a day of the week is E", "e": "; it is E"}


def _bad(pattern: str, why: str) -> BadStatement:
    return BadStatement(
        f"[INCONSISTENT_BEHAVIOR_CROSS_VERSION.DATETIME_PATTERN_RECOGNITION] {pattern!r:.80}: {why}. "
        "Texts between letters stand in single quotes, as in \"yyyy-MM-dd'T'HH:mm\"."
    )


# ------------------------------------------------------------------ times as texts
def shown(time: exp.Expression, pattern: str) -> exp.Expression:
    """A time as a text.

    Raises:
        BadStatement: a letter that means nothing.
    """
    value = cast(time, "timestamp")
    if not pattern:
        return call("left", cast(value, "text"), number(0))
    pieces: list[exp.Expression | str] = []
    for run in _runs(pattern):
        made = _piece(run, value)
        if isinstance(made, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += made
        elif made:
            pieces.append(made)
    texts = [
        call("strftime", value, exp.Literal.string(one)) if isinstance(one, str) else one
        for one in pieces or [""]
    ]
    return texts[0] if len(texts) == 1 else _joined(texts)


def _joined(texts: Sequence[exp.Expression]) -> exp.Expression:
    whole = texts[0]
    for one in texts[1:]:
        whole = exp.DPipe(this=whole, expression=one)  # null where the time is
    return exp.paren(whole)


def _piece(run: _Run, value: exp.Expression) -> exp.Expression | str:
    """What shows a part: words of strftime, or an expression."""
    kind, said = run
    if kind in "[]":
        return ""
    if kind == "text":
        return said.replace("%", "%%")
    known = _SHOWN.get(said.replace("L", "M"))
    if known is not None:
        return known
    count, zero = len(said), exp.Literal.string("0")
    if kind == "y":
        if count < 5:
            return "%Y"
        return call("lpad", call("strftime", value, exp.Literal.string("%Y")), number(count), zero)
    if kind == "S":
        micros = call("strftime", value, exp.Literal.string("%f"))
        return call("left", call("rpad", micros, number(9), zero), number(count))
    if kind == "D":
        day = call("strftime", value, exp.Literal.string("%-j"))
        width = cast(call("greatest", call("length", day), number(2)), "int")
        return call("lpad", day, width, zero)
    if kind in "Qq" and count <= len(_QUARTERS):
        quarters = exp.Array(expressions=[exp.Literal.string(one) for one in _QUARTERS[count - 1]])
        return call("list_extract", quarters, call("quarter", value))
    if kind in "FKk":
        hour = call("hour", value)
        counted = {"F": (call("day", value), 1, 7, 1), "K": (hour, 0, 12, 0), "k": (hour, 1, 24, 1)}
        return _counted(*counted[kind], count)
    raise NotSupported(f"date_format: {said!r} of a pattern is not supported.")


def _counted(
    value: exp.Expression, less: int, within: int, more: int, digits: int
) -> exp.Expression:
    """A number that begins anew after some: `(value - less) % within + more`, in some digits."""
    rest = exp.Mod(
        this=exp.paren(exp.Add(this=value, expression=number(within - less))),
        expression=number(within),
    )
    text = cast(exp.Add(this=exp.paren(rest), expression=number(more)), "text")
    return call("lpad", text, number(digits), exp.Literal.string("0")) if digits > 1 else text


# ------------------------------------------------------------------ texts as times
def read(text: exp.Expression, pattern: str, lenient: bool = False) -> exp.Expression:
    """A text as a time with a zone; null, or an error, where it isn't as the pattern says.

    Raises:
        BadStatement: a letter that means nothing.
        NotSupported: one by which nothing is read here.
    """
    runs = _runs(pattern)
    forms = list(dict.fromkeys(_forms(runs)))
    value = cast(text, "text")
    fits = call("regexp_full_match", value, exp.Literal.string(_expression(runs)))
    is_time = exp.In(
        this=call("typeof", text), expressions=[exp.Literal.string(one) for one in _TIMES]
    )
    if not any(run.kind == "y" for run in runs):  # it is 1970 then, and 1900 to DuckDB
        value = call("concat", exp.Literal.string("1970 "), value)
        forms = [f"%Y {one}" for one in forms]
    listed = exp.Array(expressions=[exp.Literal.string(one) for one in forms])
    found = cast(call("try_strptime", value, listed), "timestamptz")
    as_it_is = exp.TryCast(this=text.copy(), to=data_type("timestamptz"))
    ifs = [exp.If(this=is_time, true=as_it_is), exp.If(this=fits, true=found)]
    found = exp.Case(ifs=ifs)
    if lenient:
        return found
    why = f"' could not be parsed by {pattern!r:.80}. Use try_to_timestamp to have null instead."
    begin = exp.Literal.string("[CANNOT_PARSE_TIMESTAMP] Text '")
    message = call("concat", begin, text, exp.Literal.string(why))
    there = exp.Is(this=exp.paren(text.copy()), expression=exp.Null()).not_()
    failed = exp.Case(ifs=[exp.If(this=there, true=failure(message))])
    return exp.Coalesce(this=found, expressions=[failed])


def _forms(runs: Sequence[_Run]) -> list[str]:
    """The words of strptime: several where parts are optional, or Z may stand for an offset."""
    forms: list[list[str]] = [[""]]
    for run in runs:
        if run.kind == "[":
            forms.append([""])
        elif run.kind == "]" and len(forms) > 1:
            inner = [*forms.pop(), ""]
            forms[-1] = [a + b for a, b in itertools.product(forms[-1], inner)]
        elif run.kind != "]":
            forms[-1] = [a + b for a, b in itertools.product(forms[-1], _words(run))]
    return forms[0]


def _expression(runs: Sequence[_Run]) -> str:
    """A regular expression of the texts in which parts have as many digits as their letters say."""
    said, opened = "(?i)", 0
    for run in runs:
        if run.kind == "[":
            said, opened = f"{said}(?:", opened + 1
        elif run.kind == "]":
            said, opened = (f"{said})?", opened - 1) if opened else (said, opened)
        else:
            said += _expected(run)
    return said + ")?" * opened


def _expected(run: _Run) -> str:
    kind, said = run
    count = len(said)
    if kind == "text":
        return re.escape(said)
    if kind in _OFFSETS + _ZONES:
        return r"\S+"
    if kind == "a" or (kind in "MLE" and count > 2) or kind == "E":
        return r"\p{L}+[.]?"
    if kind == "y":
        return r"[0-9]{2}" if count == 2 else rf"[+-]?[0-9]{{{count},}}"
    if kind == "S":
        return rf"[0-9]{{1,{count}}}"
    return rf"[0-9]{{{count}}}" if count > 1 else "[0-9]{1,3}"


def _words(run: _Run) -> list[str]:
    kind, said = run
    if kind == "text":
        return [said.replace("%", "%%")]
    known = _BOTH.get(said.replace("L", "M"))
    if known is not None:
        return [known]
    if kind == "y":
        return ["%Y"]
    if kind == "S":
        return ["%n" if len(said) > 6 else "%f"]
    if kind in _OFFSETS:
        return ["%z", "Z"] if kind == "X" else ["%z"]
    if kind in _ZONES:
        return ["%Z"]
    raise NotSupported(f"{said!r} of a pattern is not supported where texts are read.")


# ------------------------------------------------------------------ calls
def by_pattern(node: exp.Expression) -> exp.Expression:
    """A call with a pattern of its own; others stay. Raises NotSupported: it is no constant."""
    if PATTERN not in node.meta:
        return node
    said, value = node.meta[PATTERN], node.this
    if isinstance(said, exp.Null):
        return cast(said, _RESULTS[type(node)])
    if not isinstance(said, exp.Literal) or not said.is_string:
        raise NotSupported(
            f"{node.sql(dialect='databricks'):.80}: expected a constant pattern, such as 'yyyy-MM-dd'."
        )
    pattern = str(said.name)
    if isinstance(node, exp.TimeToStr):
        return shown(value.this if isinstance(value, exp.TimeStrToTime) else value, pattern)
    if isinstance(node, exp.UnixToStr):
        return shown(call("to_timestamp", cast(value, "double")), pattern)
    time = read(value, pattern)
    if isinstance(node, exp.TsOrDsToDate):
        return cast(time, "date")
    if isinstance(node, exp.StrToUnix):
        return cast(call("floor", call("epoch", time)), "bigint")
    return time


CHANGES: dict[type[exp.Expression], Callable[[exp.Expression], exp.Expression]] = dict.fromkeys(
    (exp.TimeToStr, exp.UnixToStr, exp.TsOrDsToDate), by_pattern
)
