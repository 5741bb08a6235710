"""The shortlist of one segment: rows that hold its nearest k, by the way that was planned.

An approximate index gives a list by approximate products (first pass); its best rows are re-scored with
their exact vectors. The first pass is not trusted: the spread of its products' error is measured, query
by query, and says how far down the list, and into how many cells, a row may hide that belongs to the
nearest k. Where one may, a second pass fetches all that is in reach; where that is too much (equal
vectors, queries far from everything), an exact scan is made instead. So recall holds also for queries
that are unlike the rows, such as texts that search photos, and under any filter. Knows plans; not
ranking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Floats32, Rows, Vector
from engine.core.rows import RowSet
from engine.service.search.planner import Plan
from engine.store.segments.ann.compression import CellSample, Turned
from engine.store.segments.ann.products import products_of_all
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.segment import Segment

_FIRST_PASS_ROWS = (
    320  # of a first list; enough for 20 results of some 50,000 rows, three times of four
)
SURE = 3.3  # standard deviations of the error of products; one row in 2,000 lies farther off
_MEASURED = 32  # rows that are re-scored at least, by which the error of products is measured
_MISSED = 0.02  # rows expected to be missed in cells that are not read
MOST_SHARE = 0.25  # a list longer than this share of the rows is no better than an exact scan
_ATTEMPTS = 4
_GUESS, _GUESS_SHARE = (
    0.5,
    0.57,
)  # where the k-th product lies, in spreads; measured on photos and texts


@dataclass
class Shortlist:
    """Rows that hold the nearest k, and how they were found."""

    rows: Rows
    way: str


def shortlist(
    segment: Segment,
    query: Vector,
    k: int,
    allowed: RowSet | None,
    plan: Plan,
    device: SearchDevice | None = None,
    farthest: float = math.inf,
) -> Shortlist:
    """Rows of a segment that hold the nearest k of those that are allowed.

    Args:
        query: (dimension,) float32.
        allowed: rows that are not deleted and match the filter; None for all.
        device: that of a plan which says "device".
        farthest: squared distance beyond which a row is of no use: only the nearest k of the others
            need be among the rows, and a first pass stops there.
    """
    if plan.kind == "nothing":
        return Shortlist(np.empty(0, dtype=np.int64), plan.kind)
    if plan.kind == "device" and device is not None:
        rows = device.nearest(segment.vectors, query[None, :], k, allowed)[0]
        if rows is not None:
            return Shortlist(rows, f"{device.name}, {len(rows)} of {segment.rows} rows re-scored")
        return Shortlist(
            _exact(segment, query, k, allowed, farthest), f"{device.name}, given up for a scan"
        )
    if plan.kind in ("compressed", "graph"):
        least = -math.inf
        if farthest < math.inf:
            least = segment.vectors.least_product(query, farthest) - segment.vectors.margin(query)
        found = _approximate(segment, query, k, allowed, least)
        if found is not None:
            return found
        exact = _exact(segment, query, k, allowed, farthest)
        return Shortlist(exact, f"{plan.kind}, given up for an exact scan")
    return Shortlist(_exact(segment, query, k, allowed, farthest), plan.kind)


def _exact(
    segment: Segment, query: Vector, k: int, allowed: RowSet | None, farthest: float
) -> Rows:
    rows = None if allowed is None else allowed.rows()
    return segment.vectors.nearest(query, k, rows, farthest)


def _approximate(
    segment: Segment, query: Vector, k: int, allowed: RowSet | None, least: float
) -> Shortlist | None:
    """The approximate ways; None where their recall can't be relied on for this query.

    Args:
        least: exact product below which a row is of no use; -inf where that is not known.
    """
    ann = segment.ann
    assert ann is not None
    considered = segment.rows if allowed is None else allowed.count
    wanted = min(considered, first_pass_rows(segment.rows, k))
    sample = segment.sample
    turned = ann.turned(query, sample)
    probe = None
    if sample.cells is not None:
        probe = CellProbe(sample.cells, turned, considered / segment.rows, least)
    for _ in range(_ATTEMPTS):
        rows, products = ann.search(turned, wanted, allowed, probe.count if probe else None)
        if least == -math.inf or ann.is_factory:
            if len(rows) < k and probe is not None and not probe.is_whole:
                probe.read_all()
                continue
            if len(rows) < min(k, considered):
                return None  # a graph's walk ended before it met enough allowed rows
        is_whole = len(rows) >= considered or (len(rows) < wanted and not ann.is_factory)
        scored = rescore(segment, query, k, rows, products, turned.spread, is_whole, least)
        if not scored.complete and not ann.is_factory:
            known, cells = (scored.rows, scored.exact), probe.count if probe else None
            reached = all_in_reach(
                segment, query, k, turned, known, products, scored.lowest, allowed, cells, least
            )
            if reached is None:
                return None
            scored = reached
        read = probe is None or probe.is_enough(scored.kth)
        if scored.complete and read:
            if allowed is not None and ann.is_graph and len(rows) < wanted:
                return None
            return Shortlist(scored.near, _way(len(rows), scored, probe))
        if not scored.complete:
            wanted = min(considered, 4 * wanted)
            if wanted > max(MOST_SHARE * considered, _FIRST_PASS_ROWS):
                return None
    return None


def _way(listed: int, scored: Rescored, probe: CellProbe | None) -> str:
    """In words, how rows were found."""
    done = len(scored.rows)
    return f"{done} of {max(listed, done)} rows re-scored{probe.said if probe else ''}"


def first_pass_rows(rows: int, k: int) -> int:
    """How long a first list is: longer in segments of more rows, among which more are near."""
    grown = _FIRST_PASS_ROWS * max(1.0, rows / 50_000) ** 0.4
    return int(max(grown, 8 * k))


def first_rescored(k: int) -> int:
    """How many rows of a list are re-scored before it is known how many must be."""
    return 4 * k + 48


# ------------------------------------------------------------------ re-scoring
@dataclass
class Rescored:
    """The part of a list that was scored exactly, best guesses first.

    Attributes:
        rows, exact: rows and their exact products.
        kth: the k-th greatest exact product, or what a row of use has at least, if that is more.
        lowest: the least approximate product that may belong to a row whose exact one reaches it.
        complete: no row outside is likely to reach it.
        margin: what float32 rounding can move a product by.
    """

    rows: Rows
    exact: Floats32
    kth: float
    lowest: float
    complete: bool
    margin: float

    @property
    def near(self) -> Rows:
        """The rows that may be of the nearest k."""
        return self.rows[self.exact >= self.kth - self.margin]


def rescore(
    segment: Segment,
    query: Vector,
    k: int,
    rows: Rows,
    products: Floats32,
    spread: float,
    complete: bool,
    least: float,
) -> Rescored:
    """Score as much of a list exactly as is needed to be sure of the nearest k.

    Args:
        rows, products: approximate, greatest first.
        spread: of the products' error. What the list itself shows counts where it is more; where it
            is less, the list may be of vectors that are much alike.
        complete: the list holds all rows that are considered.
        least: exact product below which a row is of no use.
    """
    margin = segment.vectors.margin(query)
    first = min(len(rows), first_rescored(k))
    if least > -math.inf:
        hopeful = np.count_nonzero(products >= least - SURE * spread - margin)
        first = min(first, max(int(hopeful), _MEASURED))
    if not first:
        return Rescored(rows, products, least, -math.inf, True, margin)
    exact = segment.products(query, rows[:first])
    difference = exact - products[:first]
    # numpy's own mean and std take five times as long
    mean = float(np.add.reduce(difference)) / first
    seen = math.sqrt(max(float(difference.dot(difference)) / first - mean * mean, 0.0))
    kth = max(_kth(exact, k), least) if first >= k else least
    reach = max(mean, 0.0) + SURE * max(seen, spread) + margin
    # Rows whose approximate product is below this would have to be off by more than `reach`.
    lowest = kth - reach
    needed = int(np.count_nonzero(products >= lowest))
    done = complete or needed < len(rows)
    if done and needed > first:
        exact = np.concatenate([exact, segment.products(query, rows[first:needed])])
        kth = max(_kth(exact, k), least) if needed >= k else least
    return Rescored(rows[: len(exact)], exact, kth, lowest, done, margin)


def all_in_reach(
    segment: Segment,
    query: Vector,
    k: int,
    turned: Turned,
    scored: tuple[Rows, Floats32],
    products: Floats32,
    lowest: float,
    allowed: RowSet | None,
    cells: int | None = None,
    least: float = -math.inf,
) -> Rescored | None:
    """What a list that was too short lacks: every row that may be of the nearest k, by a second pass.

    That costs less than a long list, because rows need not be kept in order.

    Args:
        scored: the list's rows that were scored, and their exact products. products: all approximate
            ones of the list, greatest first.
        lowest: see `Rescored`. cells: how many are read; None for all.
        least: exact product below which a row is of no use.

    Returns:
        None where so many rows are in reach that an exact scan costs no more.
    """
    assert segment.ann is not None
    steps = products[:-1] - products[1:]
    steps = steps[steps > 0]
    if not len(steps):
        return None
    # Products of codes are whole steps of a table; two more, so that rounding a bound loses none.
    found = segment.ann.within(turned, lowest - 2 * float(steps.min()), allowed, cells)
    considered = segment.rows if allowed is None else allowed.count
    if len(found) > MOST_SHARE * considered:
        return None
    is_new = np.ones(segment.rows, dtype=np.bool_)
    is_new[scored[0]] = False
    rest = found[is_new[found]]
    # What was scored stays: one of these may be off by more, and is known to be near.
    rows = np.concatenate([scored[0], rest])
    exact = np.concatenate([scored[1], segment.products(query, rest)])
    kth = max(_kth(exact, k), least) if len(exact) >= k else least
    return Rescored(rows, exact, kth, lowest, True, segment.vectors.margin(query))


def _kth(products: Floats32, k: int) -> float:
    """The k-th greatest of at least k products."""
    ordered, place = products.copy(), len(products) - k
    ordered.partition(place)  # np.partition does the same in Python
    return float(ordered[place])


# ------------------------------------------------------------------ cells
class CellProbe:
    """How many cells of a segment a query reads (`nprobe`), those with the greatest products first."""

    def __init__(
        self, cells: CellSample, query: Turned, share: float, least: float = -math.inf
    ) -> None:
        """Order the cells for a query, and guess how many are to be read.

        Args:
            share: of the rows are allowed. least: exact product below which a row is of no use.
        """
        products = products_of_all(query.codes, cells.centres)
        along = products_of_all(query.wide, cells.rests)
        mean = float(along.sum()) / len(along)
        spread = math.sqrt(max(float(along @ along) / len(along) - mean * mean, 1e-30))
        order = np.argsort(-products)
        self._products, self._sizes = products[order], cells.sizes[order]
        self._spreads = spread * cells.widths[order]
        # The k-th product lies about so far from the best centre's; less far up where fewer are allowed.
        guess = _GUESS + _GUESS_SHARE * math.log10(max(share, 1e-9))
        self.count = self._needed(max(float(self._products[0]) + guess * spread, least))

    @property
    def is_whole(self) -> bool:
        """Whether all cells are read."""
        return self.count >= len(self._sizes)

    @property
    def said(self) -> str:
        """How many cells are read, for a plan."""
        return f", {self.count} of {len(self._sizes)} cells read"

    def read_all(self) -> None:
        """Leave no cell out."""
        self.count = len(self._sizes)

    def is_enough(self, kth: float) -> bool:
        """Whether the other cells can be left out; if not, `count` has grown.

        `kth` is no more than the k-th product of all, so the count that it asks for is enough.
        """
        before, self.count = self.count, max(self.count, self._needed(kth))
        return before == self.count

    def _needed(self, kth: float) -> int:
        """How many cells must be read so that hardly a row is missed that reaches `kth`.

        A row's product spreads around that of its cell's centre; with the spread along this query,
        the tail of the normal distribution bounds how many rows of a cell may exceed `kth`.
        """
        away = np.maximum((kth - self._products) / self._spreads, 0)
        expected = np.exp(away * away * -0.5) * self._sizes
        left = expected[::-1].cumsum()
        # Half of a normal tail; the cells of the last ones together hold less than a row's part.
        return len(left) - int(left.searchsorted(2 * _MISSED)) or 1
