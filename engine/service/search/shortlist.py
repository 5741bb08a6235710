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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.core.arrays import Floats32, Rows, Vector, kth_greatest
from engine.core.rows import RowSet
from engine.service.search.planner import Plan
from engine.store.segments.ann.compression import Turned
from engine.store.segments.ann.probe import CellProbe, choose_together
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.segment import Segment

# Of a first list; enough for 20 results of some 50,000 rows, three times of four.
_FIRST_PASS_ROWS = 320
SURE = 3.3  # standard deviations of the error of products; one row in 2,000 lies farther off
MOST_SHARE = 0.25  # a list longer than this share of the rows is no better than an exact scan
_MEASURED_ROWS = 32  # of a list are re-scored at least: how far approximate products are off
_ATTEMPTS = 4


# A query on the axes of a segment's codes, and the cells that it reads.
Ahead = tuple[Turned, CellProbe]


@dataclass
class Shortlist:
    """Rows that hold the nearest k, and how they were found; by_cells: in some cells of a segment."""

    rows: Rows
    way: str
    by_cells: bool = False


@dataclass(eq=False)
class Sought:
    """What is sought in a segment: the nearest k of those rows that are allowed.

    Attributes:
        query: (dimension,) float32.
        allowed: rows that are not deleted and match the filter; None for all.
        farthest: squared distance beyond which a row is of no use.
    """

    segment: Segment
    query: Vector
    k: int
    allowed: RowSet | None
    farthest: float = math.inf

    @property
    def considered(self) -> int:
        """How many rows are allowed."""
        return self.segment.rows if self.allowed is None else self.allowed.count

    @cached_property
    def margin(self) -> float:
        """What float32 rounding can move a product by."""
        return self.segment.vectors.margin(self.query)

    @cached_property
    def least(self) -> float:
        """Exact product below which a row is of no use; -inf where that is not known."""
        if self.farthest == math.inf:
            return -math.inf
        return self.segment.vectors.least_product(self.query, self.farthest) - self.margin


def shortlist(
    segment: Segment,
    query: Vector,
    k: int,
    allowed: RowSet | None,
    plan: Plan,
    device: SearchDevice | None = None,
    farthest: float = math.inf,
    ahead: Ahead | None = None,
) -> Shortlist:
    """Rows of a segment that hold the nearest k of those that are allowed.

    Args:
        query, allowed, farthest: see `Sought`. With `farthest`, only the nearest k of the rows within
            need be there.
        device: that of a plan which says "device".
        ahead: what `chosen_ahead` made for this segment and `farthest`.
    """
    if plan.kind == "nothing":
        return Shortlist(np.empty(0, dtype=np.int64), plan.kind)
    sought = Sought(segment, query, k, allowed, farthest)
    if plan.kind in ("exact scan", "exact gather"):
        return Shortlist(_exact(sought), plan.kind)
    way: str = plan.kind
    if not segment.vectors.can_tell(sought.margin):
        way = f"{way}, given up for vectors that are too long"
    elif plan.kind == "device" and device is not None:
        rows = device.nearest(segment.vectors, query[None, :], k, allowed)[0]
        if rows is not None:
            return Shortlist(rows, f"{device.name}, {len(rows)} of {segment.rows} rows re-scored")
        way = f"{device.name}, given up for a scan"
    elif plan.kind in ("compressed", "graph"):
        found = _approximate(sought, ahead)
        if found is not None:
            return found
        way = f"{plan.kind}, given up for an exact scan"
    return Shortlist(_exact(sought), way)


def chosen_ahead(segments: Sequence[Segment], query: Vector, farthest: float) -> list[Ahead | None]:
    """The cells that a query reads of segments within a squared distance, chosen in one go.

    None for a segment without cells.
    """
    made: list[Ahead | None] = []
    for segment in segments:
        sought = Sought(segment, query, 1, None, farthest)
        cells = None if segment.ann is None else segment.sample.cells
        if cells is None or not segment.vectors.can_tell(sought.margin):
            made.append(None)
            continue
        assert segment.ann is not None
        turned = segment.ann.turned(query, segment.sample)
        made.append((turned, CellProbe(cells, turned, 1.0, sought.least)))
    choose_together([one[1] for one in made if one is not None])
    return made


def _exact(sought: Sought) -> Rows:
    rows = None if sought.allowed is None else sought.allowed.rows()
    return sought.segment.vectors.nearest(sought.query, sought.k, rows, sought.farthest)


def _approximate(sought: Sought, ahead: Ahead | None) -> Shortlist | None:
    """The approximate ways; None where their recall can't be relied on for this query."""
    segment, k, considered = sought.segment, sought.k, sought.considered
    ann, sample = segment.ann, segment.sample
    assert ann is not None
    wanted = min(considered, first_pass_rows(segment.rows, k))
    turned, probe = ahead or (ann.turned(sought.query, sample), None)
    if probe is None and sample.cells is not None:
        probe = CellProbe(sample.cells, turned, considered / segment.rows, sought.least)
    listed: tuple[Rows, Floats32] | None = None
    for _ in range(_ATTEMPTS):
        found = ann.search(turned, wanted, sought.allowed, probe.unread() if probe else None)
        rows, products = listed = found if listed is None else _merged(listed, found, wanted)
        if len(rows) < min(k, considered):
            if probe is None:
                return None  # a graph's walk ended before it met enough allowed rows
            if sought.least == -math.inf:
                probe.read_all()
                continue
        is_whole = len(rows) >= considered or (len(rows) < wanted and not ann.is_factory)
        scored: Rescored | None = rescore(sought, rows, products, turned.spread, is_whole)
        if scored and not scored.complete and not ann.is_factory:
            known = scored.rows, scored.exact
            scored = all_in_reach(sought, turned, known, products, scored.lowest, probe)
        if scored is None:
            return None
        read = probe is None or probe.is_enough(scored.kth)
        if scored.complete and read:
            if sought.allowed is not None and ann.is_graph and len(rows) < wanted:
                return None
            way = _way(len(rows), scored, probe)
            return Shortlist(_near(sought, scored), way, by_cells=probe is not None)
        if not scored.complete:
            wanted, listed = min(considered, 4 * wanted), None
            if wanted > max(MOST_SHARE * considered, _FIRST_PASS_ROWS):
                return None
            if probe is not None:
                probe.read_again()
    return None


def _merged(
    listed: tuple[Rows, Floats32], found: tuple[Rows, Floats32], wanted: int
) -> tuple[Rows, Floats32]:
    """Two lists of different cells as one, greatest products first."""
    rows, products = np.concatenate([listed[0], found[0]]), np.concatenate([listed[1], found[1]])
    order = np.argsort(-products, kind="stable")[:wanted]
    return rows[order], products[order]


def _near(sought: Sought, scored: Rescored) -> Rows:
    """The rows that may be of the nearest k, those included that are much longer or shorter than most.

    What a sample says of errors holds for most rows; those of such are of another size.
    """
    near, rows = scored.near(sought.least), sought.segment.odd_rows
    if not len(rows):
        return near
    if sought.allowed is not None:
        rows = rows[sought.allowed.holds(rows)]
    rows = rows[~np.isin(rows, scored.rows)]
    exact = sought.segment.products(sought.query, rows)
    least = max(scored.kth - scored.margin, sought.least)
    return np.concatenate([near, rows[exact >= least]])


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
        kth: the k-th greatest exact product.
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

    def near(self, least: float = -math.inf) -> Rows:
        """The rows that may be of the nearest k, and have at least some exact product."""
        return self.rows[self.exact >= max(self.kth - self.margin, least)]


def rescore(
    sought: Sought, rows: Rows, products: Floats32, spread: float, complete: bool
) -> Rescored:
    """Score as much of a list exactly as is needed to be sure of the nearest k.

    Args:
        rows, products: approximate, greatest first.
        spread: of the products' error. What the list itself shows counts where it is more; where it
            is less, the list may be of vectors that are much alike.
        complete: the list holds all rows that are considered.
    """
    segment, query, margin = sought.segment, sought.query, sought.margin
    first = min(len(rows), first_rescored(sought.k))
    if sought.least > -math.inf:  # hardly a row may be within
        near = _count_from(products, sought.least - SURE * spread - margin)
        first = min(first, max(near, _MEASURED_ROWS))
    exact = segment.products(query, rows[:first])
    difference, count = exact - products[:first], max(1, first)
    # numpy's own mean and std take five times as long
    mean = float(np.add.reduce(difference)) / count
    seen = math.sqrt(max(float(difference.dot(difference)) / count - mean * mean, 0.0))
    kth = kth_greatest(exact, sought.k)
    reach = max(mean, 0.0) + SURE * max(seen, spread) + margin
    # Rows whose approximate product is below this would have to be off by more than `reach`.
    lowest = max(kth, sought.least) - reach
    needed = _count_from(products, lowest)
    done = complete or needed < len(rows)
    if done and needed > first:
        exact = np.concatenate([exact, segment.products(query, rows[first:needed])])
        kth = kth_greatest(exact, sought.k)
    return Rescored(rows[: len(exact)], exact, kth, lowest, done, margin)


def all_in_reach(
    sought: Sought,
    turned: Turned,
    scored: tuple[Rows, Floats32],
    products: Floats32,
    lowest: float,
    probe: CellProbe | None = None,
) -> Rescored | None:
    """What a list that was too short lacks: every row that may be of the nearest k, by a second pass.

    That costs less than a long list, because rows need not be kept in order.

    Args:
        scored: the list's rows that were scored, and their exact products. products: all approximate
            ones of the list, greatest first.
        lowest: see `Rescored`. probe: what says which cells are read; None for all.

    Returns:
        None where so many rows are in reach that an exact scan costs no more.
    """
    segment = sought.segment
    assert segment.ann is not None
    steps = products[:-1] - products[1:]
    steps = steps[steps > 0]
    if not len(steps):
        return None
    # Products of codes are whole steps of a table; two more, so that rounding a bound loses none.
    bound = lowest - 2 * float(steps.min())
    found = segment.ann.within(turned, bound, sought.allowed, probe.read if probe else None)
    if len(found) > MOST_SHARE * sought.considered:
        return None
    is_new = np.ones(segment.rows, dtype=np.bool_)
    is_new[scored[0]] = False
    rest = found[is_new[found]]
    # What was scored stays: one of these may be off by more, and is known to be near.
    rows = np.concatenate([scored[0], rest])
    exact = np.concatenate([scored[1], segment.products(sought.query, rest)])
    return Rescored(rows, exact, kth_greatest(exact, sought.k), lowest, True, sought.margin)


def _count_from(products: Floats32, least: float) -> int:
    """How many products, greatest first, are at least `least`; compared in float32, as all products."""
    return len(products) - int(products[::-1].searchsorted(np.float32(least)))
