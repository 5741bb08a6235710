"""Which cells of a segment a query reads. Knows what a sample says of cells; not files or FAISS."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from engine.core.arrays import Floats32, Mask, Rows
from engine.store.segments.ann.compression import CellSample, Turned
from engine.store.segments.ann.products import products_of_all

Probed = tuple[Rows, Floats32]  # cells, and a query's products with their centres

_MISSED = 0.02  # rows expected to be missed in cells that are not read
# Cells that are read first: so many, and more until they have so many rows that are allowed.
_FIRST_CELLS, _FIRST_ROWS = 4, 2_000
# Where the k-th product lies if cells hold rows of any kind, in spreads; measured on photos and texts.
_GUESS, _GUESS_SHARE = 0.5, 0.57
_TAIL_SCALE, _TAIL_SHIFT = np.float32(math.sqrt(2 / math.pi)), np.float32(8 / math.pi)


class CellProbe:
    """The cells of a segment that a query reads: some at first, then those that its results call for.

    A row's product spreads around that of its cell's centre; with the spread along this query, the tail
    of the normal distribution bounds how many rows of a cell may exceed the k-th product.
    """

    def __init__(
        self, cells: CellSample, query: Turned, share: float, least: float = -math.inf
    ) -> None:
        """Choose the first cells.

        Args:
            share: of the rows are allowed.
            least: product below which a row is of no use; -inf where that is not known.
        """
        along = products_of_all(query.wide, cells.rests)
        mean = float(along.sum()) / len(along)
        spread = math.sqrt(max(float(along @ along) / len(along) - mean * mean, 1e-30))
        self._spreads = spread * cells.widths
        self._products = cells.centres.products(query.codes)
        self._sizes, self._count = cells.sizes, len(cells.centres.matrix)
        self._rows = cells.rows
        self._wanted = np.zeros(len(cells.sizes), dtype=np.bool_)
        self._read = np.zeros(len(cells.sizes), dtype=np.bool_)
        self._empty = cells.sizes == 0
        self._wanted_from = math.inf  # the least product whose cells are wanted
        # Rows of other kinds that hide in cells are missed by a bound better than their segment's.
        self._least = least if cells.has_apart else -math.inf
        if not cells.has_apart:
            guess = _GUESS + _GUESS_SHARE * math.log10(max(share, 1e-9))
            self._want(float(self._products.max()) + guess * spread)
            return
        self._wanted[self._count :] = True
        if least == -math.inf:
            self._want_best(share)
            return
        # Few rows of a kind may lie farther from a centre than the cell's others: what is like them
        # is nearest to their cell all the same. The others are chosen once they are asked for.
        nearest = np.argpartition(-self._products, min(_FIRST_CELLS, self._count) - 1)
        self._wanted[nearest[:_FIRST_CELLS]] = True

    def _want_best(self, share: float) -> None:
        """Cells with the greatest products, until they have some rows."""
        order = np.argsort(-self._products)
        rows = self._sizes[order].cumsum()
        count = int(rows.searchsorted(_FIRST_ROWS / max(share, 1e-9))) + 1
        self._wanted[order[: max(count, _FIRST_CELLS)]] = True

    def _want(self, product: float) -> None:
        """All cells but those in which hardly a row reaches a product."""
        if product < self._wanted_from:
            self._take(product, _reaching(product, self._products, self._spreads, self._rows))

    def _take(self, product: float, cells: Mask) -> None:
        """Want cells, (c,), because of a product that rows of theirs may reach."""
        self._wanted_from = product
        self._wanted[: self._count] |= cells

    def unread(self) -> Probed:
        """The cells that are to be read now; they count as read from then on."""
        if self._least > -math.inf:
            self._want(self._least)
        cells: Rows = np.flatnonzero(self._missing)
        self._read[cells] = True
        return self._probed(cells)

    @property
    def read(self) -> Probed:
        """The cells that `unread` returned so far."""
        return self._probed(np.flatnonzero(self._read))

    def _probed(self, cells: Rows) -> Probed:
        products = np.zeros(len(cells), dtype=np.float32)  # none with rows that are apart
        known = cells < self._count
        products[known] = self._products[cells[known]]
        return cells, products

    def read_again(self) -> None:
        """Have all cells returned once more, as for a longer list."""
        self._read[:] = False

    def read_all(self) -> None:
        """Leave no cell out."""
        self._wanted[:] = True

    def is_enough(self, kth: float) -> bool:
        """Whether the other cells can be left out; if not, more are to be read.

        `kth` is no more than the k-th product of all, so the cells that it asks for are enough.
        """
        self._want(max(kth, self._least))
        return not self._missing.any()

    @property
    def _missing(self) -> Mask:
        """Cells that are wanted, have rows, and were not read."""
        missing: Mask = self._wanted & ~(self._read | self._empty)
        return missing

    @property
    def is_whole(self) -> bool:
        """Whether all cells are read."""
        return bool((self._wanted | self._empty).all())

    @property
    def said(self) -> str:
        """How many cells are read, for a plan."""
        return f", {np.count_nonzero(self._wanted)} of {len(self._wanted)} cells read"


def choose_together(probes: Sequence[CellProbe]) -> None:
    """Choose the first cells of several segments, each with a bound, in one go, as each would do alone.

    One after another takes longer, and threads that do it side by side wait for each other at each of
    its many small steps.
    """
    alike: dict[int, list[CellProbe]] = {}
    for probe in probes:
        if probe._least > -math.inf:
            alike.setdefault(id(probe._products), []).append(probe)
    for group in alike.values():  # their centres are the same
        least = np.array([[probe._least] for probe in group], dtype=np.float32)
        spreads = np.stack([probe._spreads for probe in group])
        rows = np.stack([probe._rows for probe in group])
        cells = _reaching(least, group[0]._products, spreads, rows)
        for probe, own in zip(group, cells):
            probe._take(probe._least, own)


def _reaching(
    product: float | Floats32, products: Floats32, spreads: Floats32, rows: Floats32
) -> Mask:
    """All cells but those in which hardly a row reaches a product: (c,), or (n, c) of n segments.

    Args:
        product: one, or (n, 1). products: (c,) of the cells' centres. spreads, rows: of each cell.
    """
    away = np.maximum((product - products) / spreads, 0)
    expected = normal_tail(away)
    expected *= rows
    ordered = np.sort(expected, axis=-1)
    # The cells that are left out hold less than a row's part together.
    left_out = (ordered.cumsum(axis=-1) < _MISSED).sum(axis=-1, keepdims=True)
    beyond = left_out == ordered.shape[-1]
    least = np.take_along_axis(ordered, np.where(beyond, 0, left_out), axis=-1)
    reaching: Mask = (expected >= least) & ~beyond
    return reaching


def normal_tail(away: Floats32) -> Floats32:
    """At most by 6 percent more than the share of a normal distribution beyond so many deviations.

    Args:
        away: (n,) at least 0.
    """
    squared = away * away
    density = np.exp(squared * np.float32(-0.5))
    # The density times a bound of Mills' ratio, whose constants make it exact at 0.
    tail: Floats32 = density * _TAIL_SCALE / (away + np.sqrt(squared + _TAIL_SHIFT))
    return tail
