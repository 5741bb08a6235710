"""Numbers in sentences, each followed by `<!-- figure: SELECTOR -->`, which names its line.

    one query takes 0.7 ms<!-- figure: case: ann; contestants: vitrine; columns: latency; where: k=10 -->

The number is the last before the mark. `about` before it allows 5 %; `%` after it means a share.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from engine.bench.records.line import Line
from engine.bench.report.markdown.selector import selector
from engine.errors import InvalidParameterValue

MARK = re.compile(r"<!-- figure: (?P<asked>.*?) -->", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
ABOUT = re.compile(r"\b(about|some|nearly|roughly)\s+$")
NEAR = 0.05  # of a number that is said to be about right
SCALES = {("s", "ms"): 1000.0, ("ms", "s"): 0.001, ("share", "%"): 100.0}
# What reads like a measured figure: a number with a unit of time or rate, or after a measure's name.
LIKE = re.compile(
    r"(?<![\w.@/#-])\d[\d,]*(?:\.\d+)?\s*"
    r"(?:ms|µs|us|s|seconds?|minutes?|%|x(?!\s*\d)|times\b|(?:queries|images|photos|texts|requests|names|products)"
    r"(?:\s*/\s*s|\s+a\s+second|\s+per\s+second))(?![\w/-])"
    r"|right of the (?:first|top) \w+\b[^.<]{0,80}?\b\d+"
    r"|\b(?:recall|precision|accuracy|ndcg|mrr|map)(?:@\d+)?\s+(?:of\s+|at\s+\d+\s+(?:of\s+)?)?\d+\.\d+",
    re.IGNORECASE,
)
CODE = re.compile(r"^```.*?^```|^ {4}\S.*?$", re.DOTALL | re.MULTILINE)
BLOCKS = re.compile(r"<!-- figures: .*?<!-- end of figures -->", re.DOTALL)


@dataclass(frozen=True)
class Mark:
    """A number as it is written, and the selector that says where it is from."""

    number: str
    unit: str
    is_about: bool
    asked: str


def marks(text: str) -> list[Mark]:
    """All marked numbers of a document.

    Raises InvalidParameterValue: a mark without a number before it.
    """
    found = []
    for mark in MARK.finditer(text):
        before = text[: mark.start()].rpartition("\n\n")[2].rpartition("-->")[2]
        numbers = list(NUMBER.finditer(before))
        if not numbers:
            raise InvalidParameterValue(f"no number before the mark {mark['asked']!r}")
        number = numbers[-1]
        unit = (before[number.end() :].split() or [""])[0]
        is_about = ABOUT.search(before[: number.start()]) is not None
        found.append(Mark(number[0], unit, is_about, mark["asked"]))
    return found


def problem(mark: Mark, lines: Iterable[Line]) -> str | None:
    """Why a number isn't what its line says; None where it is."""
    asked = selector(mark.asked)
    (column,) = asked.columns
    meant = [line for line in lines if asked.matches(line) and line.what == column.what]
    if len(meant) != 1:
        return f"{mark.number}: {len(meant)} lines are meant by {mark.asked!r}; expected one"
    value = column.value(meant[0]) * SCALES.get((meant[0].unit, mark.unit), 1.0)
    written = float(mark.number.replace(",", ""))
    places = len(mark.number.partition(".")[2])
    slack = abs(value) * NEAR if mark.is_about else 0.5 * 10**-places
    if abs(value - written) <= slack * (1 + 1e-9):
        return None
    return f"{mark.number} {mark.unit}: the line says {value:.6g} ({mark.asked})"


def unmarked(text: str) -> list[str]:
    """Numbers that read like measured ones and have no mark, with what stands around each.

    Code and console output, filled blocks and addresses are not looked at.
    """
    plain = CODE.sub("", BLOCKS.sub("", text))
    found = []
    for like in LIKE.finditer(plain):
        if not MARK.match(plain[like.end() :].lstrip()):
            found.append(" ".join(plain[max(0, like.start() - 40) : like.end() + 20].split()))
    return found
