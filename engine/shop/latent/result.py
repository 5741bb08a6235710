"""What is known of an index's latent features, as it is kept. Knows forms; not how it was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.shop.latent.probes import Probe
from engine.shop.short_tables import short_table
from engine.text_table import Column

FINDINGS = (
    Column("attribute", is_kept=True, least=12),
    Column("values", form=","),
    Column("judged", form=","),
    Column("score", least=22, is_kept=True),
    Column("baseline", form=".3f"),
    Column("shuffled", form=".3f"),
    Column("best dimensions"),
)


@dataclass(frozen=True)
class DimensionShare:
    """How well one dimension tells an attribute's values apart, on products it was not chosen by.

    Attributes:
        share: of its variance that lies between values; of prices, the squared rank correlation. 0 to 1.
        by_chance: what values that mean nothing would reach.
    """

    dimension: int
    share: float
    by_chance: float


@dataclass(frozen=True)
class ValueDirection:
    """A value's direction: how often a held-out product that has the value lies further along it.

    Attributes:
        name: `attribute=value`, as `Directions.vector` takes it. products: those that have it.
        area: under the ROC curve; 0.5 tells nothing apart; None where no held-out product has it.
        judged: held-out products that have it.
    """

    name: str
    products: int
    area: float | None
    judged: int


@dataclass(frozen=True)
class AttributeFinding:
    """What of an attribute can be read from the vectors.

    Attributes:
        attribute: its column. role: its role in the catalogue, such as `color`.
        products: those whose value is known and frequent enough. values: how many of them.
        fitted, judged: products that the probe was fitted on, and that it was judged by.
        probe: None where too few products are there to tell; `why` says so.
        dimensions: the best ones, chosen by the fitted products, best first.
        directions: by value, the most frequent first.
    """

    attribute: str
    role: str | None
    products: int
    values: int
    fitted: int
    judged: int
    probe: Probe | None
    why: str | None
    dimensions: tuple[DimensionShare, ...]
    directions: tuple[ValueDirection, ...]


@dataclass(frozen=True)
class LatentReport:
    """What the vectors of one version of an index encode.

    Attributes:
        hold_out: one product in so many was kept for judging, by a hash of its key.
        attributes: by column, in the catalogue's order.
    """

    index: str
    version: int
    products: int
    dimensions: int
    hold_out: int
    attributes: dict[str, AttributeFinding]

    def __repr__(self) -> str:
        heading = f"{self.index}, version {self.version}: {self.products:,} products"
        return short_table(heading, self.rows(), FINDINGS)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each attribute, as tables show it: its probe, and its best dimensions in words."""
        return [_row(finding) for finding in self.attributes.values()]

    def only(self, names: list[str]) -> LatentReport:
        """The same of some attributes."""
        some = {name: self.attributes[name] for name in names}
        return LatentReport(
            self.index, self.version, self.products, self.dimensions, self.hold_out, some
        )

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object; `from_dict` is its inverse."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> LatentReport:
        """Raises KeyError, TypeError, AttributeError for what no report of this release is."""
        found = {name: _finding(each) for name, each in values["attributes"].items()}
        return LatentReport(**{**values, "attributes": found})


def _row(finding: AttributeFinding) -> dict[str, Any]:
    probe = finding.probe
    best = ", ".join(f"{d.dimension} ({d.share:.2f})" for d in finding.dimensions[:3])
    scored = {
        "score": None
        if probe is None
        else f"{probe.score:.3f} ({probe.low:.3f} to {probe.high:.3f})",
        "baseline": None if probe is None else probe.baseline,
        "shuffled": None if probe is None else probe.shuffled,
    }
    return {
        "attribute": finding.attribute,
        "values": finding.values,
        "judged": finding.judged,
        **scored,
        "best dimensions": best,
    }


def _finding(values: Mapping[str, Any]) -> AttributeFinding:
    probe = values["probe"]
    return AttributeFinding(
        **{
            **values,
            "probe": None if probe is None else Probe(**probe),
            "dimensions": tuple(DimensionShare(**one) for one in values["dimensions"]),
            "directions": tuple(ValueDirection(**one) for one in values["directions"]),
        }
    )
