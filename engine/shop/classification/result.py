"""What classifications give back. Knows their forms; not how they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from engine.shop.classification.probabilities import Scales
from engine.shop.short_tables import short_table
from engine.text_table import Column

SCORED = (
    Column("label", is_kept=True),
    Column("probability", form=".3f"),
    Column("cosine", form=".4f"),
    "holds",
)
ERRORS = (
    Column("error", "calibration error", is_kept=True),
    Column("before", form=".4f"),
    Column("after", form=".4f"),
)
COUNTED = (Column("label", is_kept=True), Column("products", form=","))


@dataclass(frozen=True)
class Scored:
    """A label of a photo: its probability (0 to 1), its cosine, and whether it holds."""

    label: str
    probability: float
    cosine: float
    holds: bool


@dataclass(frozen=True)
class Classification:
    """Labels of one photo or product, the likeliest first; a sequence of them.

    Attributes:
        model: the encoder's name. multi_label: each label was judged for itself.
        source: where the probabilities' scale is from. note: what must be known of the encoder.
    """

    scored: tuple[Scored, ...]
    model: str
    multi_label: bool
    scales: Scales
    source: str
    note: str | None = None

    @property
    def label(self) -> str | None:
        """The likeliest label that holds; None where none does."""
        return next((one.label for one in self.scored if one.holds), None)

    def __len__(self) -> int:
        return len(self.scored)

    def __repr__(self) -> str:
        heading = f"{self.label or 'no label holds'}: {len(self):,} labels by {self.model}"
        return short_table(heading, self.rows(), SCORED)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each label; `holds` in words."""
        return [{**asdict(one), "holds": "yes" if one.holds else ""} for one in self.scored]

    def __iter__(self) -> Iterator[Scored]:
        return iter(self.scored)

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "label": self.label,
            "labels": [asdict(one) for one in self.scored],
            "multi_label": self.multi_label,
            "model": self.model,
            "temperature": 1 / self.scales.scale,
            "probabilities": self.source,
            "note": self.note,
        }


@dataclass(frozen=True)
class TagReport:
    """A catalogue that was tagged.

    Attributes:
        table: where the tags are. products: its rows. tagged: those with a label that holds.
        counts: products by label, for each label that some product has; the most frequent first.
    """

    table: str
    products: int
    tagged: int
    counts: dict[str, int]
    model: str
    source: str
    note: str | None = None

    def __repr__(self) -> str:
        heading = (
            f"{self.tagged:,} of {self.products:,} products tagged by {self.model}, in {self.table}"
        )
        return short_table(heading, self.rows(), COUNTED)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each label that some product has."""
        return [{"label": name, "products": count} for name, count in self.counts.items()]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class CalibrationReport:
    """A fit of probabilities on known products.

    The errors and the accuracy are of products that the fit did not see: each half of them is judged by
    the fit on the other half.

    Attributes:
        products: how many were fitted on. labels: how many values they have.
        accuracy: share whose likeliest label is right; interval: 95 % of it (bootstrap).
        before, after: expected calibration error, with the scales that held before and with the fit.
        contrast_before, contrast_after: the same of each label for itself.
        source: where the scales before were from.
    """

    attribute: str
    products: int
    labels: int
    accuracy: float
    interval: tuple[float, float]
    scales: Scales
    before: float
    after: float
    contrast_before: float
    contrast_after: float
    source: str
    model: str
    kept: bool

    def __repr__(self) -> str:
        low, high = self.interval
        heading = (
            f"{self.attribute}: {self.products:,} products, {self.labels:,} labels, "
            f"accuracy {self.accuracy:.3f} ({low:.3f} to {high:.3f})"
        )
        return short_table(heading, self.rows(), ERRORS)

    def rows(self) -> list[dict[str, Any]]:
        """The calibration errors, before and after."""
        several = {"error": "one label of several", "before": self.before, "after": self.after}
        each = {"before": self.contrast_before, "after": self.contrast_after}
        return [several, {"error": "each label for itself", **each}]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {**asdict(self), "temperature": 1 / self.scales.scale}
