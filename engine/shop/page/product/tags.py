"""Zero-shot tags of a product as bars. Knows classifications; not models or indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.classification.result import Classification

MOST_VALUES = 1000  # of an attribute whose values are labels: each is encoded at its first use


@dataclass(frozen=True)
class Tag:
    """A label: probability from 0 to 1, cosine; is_said: the catalogue says the same."""

    label: str
    probability: float
    cosine: float
    is_said: bool


@dataclass(frozen=True)
class TagGroup:
    """The labels of one attribute, or of styles, the likeliest first.

    Attributes:
        said: what the catalogue has there; None for nothing.
        temperature, source: of the probabilities, and where it is from.
        why_not: why there are none; None where there are.
    """

    name: str
    tags: tuple[Tag, ...] = ()
    said: str | None = None
    temperature: float = 0.0
    source: str = ""
    why_not: str | None = None


def tagged_columns(catalogue: Catalogue) -> tuple[str, ...]:
    """The columns whose values a photo may show: a year is not to be seen."""
    return tuple(name for name in catalogue.attributes if name != catalogue.year)


def tag_group(name: str, found: Classification, product: Mapping[str, Any]) -> TagGroup:
    """The group of a classification, beside what the catalogue says of the product."""
    value = product.get(name)
    said = None if value is None else str(value).strip() or None
    tags = tuple(
        Tag(one.label, one.probability, one.cosine, one.label == said) for one in found.scored
    )
    return TagGroup(name.replace("_", " "), tags, said, 1 / found.scales.scale, found.source)
