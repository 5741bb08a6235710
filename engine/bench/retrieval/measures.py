"""Measures of ranked lists, by ir-measures: the one place that knows the library.

ir-measures asks trec_eval's own code (nDCG, R, P, AP, Success) and MS MARCO's (RR with a cut-off), so
that figures are those that others publish. Lists come in without ties; `ranking.py` says how they are
made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from engine.errors import InvalidParameterValue
from engine.optional import check, require
from engine.shop.evaluation.figures.figure import Floats

PURPOSE = "measuring retrieval"
MOST = 1000  # ranks that are kept, as TREC's own tracks keep
NAMES = ("nDCG", "R", "P", "RR", "AP", "Success")
# How papers call them -> here.
_ALSO = {"recall": "R", "precision": "P", "mrr": "RR", "map": "AP", "hit": "Success"}
_FORM = re.compile(r"([A-Za-z]+)@([0-9]+)")
_AT_ONCE = 200  # queries whose judgements are in the library's memory

Judgements = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Measure:
    """A measure with its cut-off, such as nDCG@10; from 0 to 1, higher is better.

    nDCG takes the grade itself as gain and the logarithm of base 2. R is the share of all right ones
    that is among the first, P the share of the first that is right, RR one through the rank of the first
    right one. AP (of which MAP is the mean) is the sum of the precisions at each right one among the
    first, through the number of all right ones. Success is 1 where a right one is among the first. All
    but nDCG take any grade above 0 as right.

    Attributes:
        label: what it is called in reports.
    """

    name: str
    cutoff: int
    label: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.label or f"{self.name}@{self.cutoff}"

    @staticmethod
    def parse(text: str) -> Measure:
        """`nDCG@10`, `R@1`, `MRR@10`, `mAP@100`, ...

        Raises:
            InvalidParameterValue: another name, no cut-off, or one that is not from 1 to 1000.
        """
        given = _FORM.fullmatch(text.strip())
        known = {**_ALSO, **{name.lower(): name for name in NAMES}}
        name = known.get(given[1].lower()) if given else None
        if given is None or name is None or not 1 <= int(given[2]) <= MOST:
            raise InvalidParameterValue(
                f"measure {text!r}; expected one of {', '.join(NAMES)} with a cut-off from 1 to "
                f"{MOST}, such as nDCG@10, R@1 or AP@100."
            )
        return Measure(name, int(given[2]))


DEFAULTS = tuple(map(Measure.parse, ("nDCG@10", "R@1", "R@5", "R@10", "P@10", "RR@10", "AP@100")))


def values_of(
    measures: Sequence[Measure], right: Judgements, ranked: Mapping[str, Sequence[str]]
) -> dict[Measure, Floats]:
    """Each measure's values, one a query, in the order of `right`.

    Args:
        right: grades above 0 of documents, by query. ranked: ids of documents, best first, none twice;
            a query that is missing there found nothing, and has 0.

    Raises:
        MissingExtra: ir-measures is not installed.
    """
    library = require("ir_measures", PURPOSE)
    asked = {getattr(library, one.name) @ one.cutoff: one for one in measures}
    depth = max((one.cutoff for one in measures), default=0)
    place = {query: row for row, query in enumerate(right)}
    found = {one: np.zeros(len(place)) for one in measures}
    queries = iter(right)
    while some := list(islice(queries, _AT_ONCE)):
        judged = {query: dict(right[query]) for query in some}
        run = {query: _scores(ranked.get(query, ())[:depth]) for query in some}
        for value in library.iter_calc(list(asked), judged, run):
            found[asked[value.measure]][place[value.query_id]] = value.value
    return found


def check_library() -> None:
    """Raises MissingExtra where ir-measures is not installed, before anything is encoded."""
    check("ir_measures", PURPOSE)


def _scores(ids: Sequence[str]) -> dict[str, float]:
    """Scores that say the order and nothing else: no library then breaks a tie in its own way."""
    return {one: float(len(ids) - rank) for rank, one in enumerate(ids)}
