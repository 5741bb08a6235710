"""What of an attribute is in the vectors: dimensions, directions, a probe. Knows arrays; not files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Mask, Matrix, Rows
from engine.shop.indexed.products import Codes, Groups
from engine.shop.latent.directions import (
    LEAST_PRODUCTS,
    price_direction,
    value_directions,
    without_means,
)
from engine.shop.latent.probes import probe_numbers, probe_values
from engine.shop.latent.result import AttributeFinding, DimensionShare, ValueDirection
from engine.shop.latent.separation import (
    Floats,
    area_under_curve,
    rank_correlations,
    ranks_of,
    share_by_chance,
    shares,
)

MOST_FITTED = 5_000  # products that a probe is fitted on
LEAST_JUDGED = 20  # held-out products that a score needs
_SHOWN = 10  # dimensions


@dataclass(frozen=True)
class Split:
    """Vectors of an index's products, of which some are held out.

    Attributes:
        vectors: (n, d). held: (n,) those to judge by. kinds: (n,) their kinds; None for none.
    """

    vectors: Matrix
    held: Mask
    kinds: Codes | None

    def rows(self, known: Mask) -> tuple[Rows, Rows]:
        """Rows to fit on, of at most so many, and rows to judge by."""
        fitted = np.flatnonzero(known & ~self.held)
        if len(fitted) > MOST_FITTED:
            fitted = np.sort(np.random.default_rng(0).choice(fitted, MOST_FITTED, replace=False))
        return fitted, np.flatnonzero(known & self.held)

    def _kinds_of(self, rows: Rows) -> Codes | None:
        return None if self.kinds is None else self.kinds[rows]

    def of_values(self, column: str, role: str | None, groups: Groups) -> AttributeFinding:
        """What of an attribute's values is in the vectors."""
        kept = groups.counts() >= LEAST_PRODUCTS
        known = (groups.codes >= 0) & np.append(kept, False)[groups.codes]
        codes = np.where(known, groups.codes, -1)
        fit, judge = self.rows(known)
        seen = np.unique(codes[fit])
        judge = judge[np.isin(codes[judge], seen)]
        why = _why(len(seen), len(fit), len(judge), "values")
        probe = None
        if why is None:
            probe = probe_values(self.vectors[fit], codes[fit], self.vectors[judge], codes[judge])
        own_kind = role in ("kind", "category")
        return AttributeFinding(
            attribute=column,
            role=role,
            products=int(known.sum()),
            values=int(kept.sum()),
            fitted=len(fit),
            judged=len(judge),
            probe=probe,
            why=why,
            dimensions=self._dimensions(codes, fit, judge) if probe else (),
            directions=self._directions(column, groups, codes, own_kind) if probe else (),
        )

    def of_numbers(self, column: str, role: str | None, values: Floats) -> AttributeFinding:
        """What of the order of numbers is in the vectors."""
        known = ~np.isnan(values)
        fit, judge = self.rows(known)
        why = _why(len(np.unique(values[fit])), len(fit), len(judge), "numbers")
        probe = None
        if why is None:
            probe = probe_numbers(
                self.vectors[fit], ranks_of(values[fit]), self.vectors[judge], values[judge]
            )
        return AttributeFinding(
            attribute=column,
            role=role,
            products=int(known.sum()),
            values=len(np.unique(values[known])),
            fitted=len(fit),
            judged=len(judge),
            probe=probe,
            why=why,
            dimensions=self._correlated(values, fit, judge) if probe else (),
            directions=self._price(column, values, judge) if probe else (),
        )

    def _dimensions(self, codes: Codes, fit: Rows, judge: Rows) -> tuple[DimensionShare, ...]:
        best = np.argsort(-shares(self.vectors[fit], codes[fit]), kind="stable")[:_SHOWN]
        found = shares(self.vectors[judge][:, best], codes[judge])
        chance = share_by_chance(codes[judge])
        return tuple(DimensionShare(int(d), float(s), chance) for d, s in zip(best, found))

    def _correlated(self, values: Floats, fit: Rows, judge: Rows) -> tuple[DimensionShare, ...]:
        strength = np.abs(rank_correlations(self.vectors[fit], values[fit]))
        best = np.argsort(-strength, kind="stable")[:_SHOWN]
        found = rank_correlations(self.vectors[judge][:, best], values[judge]) ** 2
        chance = 1 / max(len(judge) - 1, 1)
        return tuple(DimensionShare(int(d), float(s), chance) for d, s in zip(best, found))

    def _directions(
        self, column: str, groups: Groups, codes: Codes, own_kind: bool
    ) -> tuple[ValueDirection, ...]:
        """Directions of the products that are not held out, judged by those that are."""
        known = codes >= 0
        fit, judge = np.flatnonzero(known & ~self.held), np.flatnonzero(known & self.held)
        kinds = None if own_kind else self._kinds_of(fit)
        vectors, within = value_directions(self.vectors[fit], codes[fit], kinds)
        along = self.vectors[judge].astype(np.float64) @ vectors.T.astype(np.float64)
        if self.kinds is not None:  # what was found within kinds is judged within them
            along = np.where(within, without_means(along, self.kinds[judge]), along)
        counts = np.bincount(codes[codes >= 0], minlength=len(groups.names))
        found = []
        for place in np.argsort(-counts, kind="stable").tolist():
            if counts[place] and place < len(vectors) and vectors[place].any():
                holds = codes[judge] == place
                area = area_under_curve(along[:, place], holds)
                name = f"{column}={groups.names[place]}"
                found.append(ValueDirection(name, int(counts[place]), area, int(holds.sum())))
        return tuple(found)

    def _price(self, column: str, values: Floats, judge: Rows) -> tuple[ValueDirection, ...]:
        fit = np.flatnonzero(~np.isnan(values) & ~self.held)
        vector = price_direction(self.vectors[fit], values[fit], self._kinds_of(fit))
        along, ranks = self.vectors[judge].astype(np.float64) @ vector, ranks_of(values[judge])
        both = np.stack([along, ranks], axis=1)
        if self.kinds is not None:
            both = without_means(both, self.kinds[judge])
        dear = both[:, 1] > np.median(both[:, 1])
        area = area_under_curve(both[:, 0], dear)
        known = int((~np.isnan(values)).sum())
        return (ValueDirection(column, known, area, int(dear.sum())),)


def _why(values: int, fitted: int, judged: int, what: str) -> str | None:
    """Why nothing can be told; None where it can."""
    if values < 2:
        return f"fewer than two {what} that at least {LEAST_PRODUCTS} products have"
    if judged < LEAST_JUDGED or fitted < LEAST_JUDGED:
        return (
            f"too few products to tell: {fitted:,} to fit on and {judged:,} to judge by; both need "
            f"{LEAST_JUDGED}"
        )
    return None
