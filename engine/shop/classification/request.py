"""What a classification is asked to be. Knows its parts; not models or products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.values import shown
from engine.errors import InvalidInputException, InvalidParameterValue
from engine.shop.classification.labels import LabelsGiven

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput

TEMPLATES = ("a photo of {}",)
HOLD_OUT = 10
_MOST_TEMPLATES = 100


@dataclass(frozen=True)
class LabelChoice:
    """Which labels there are to choose from.

    Attributes:
        labels: a list, a dict of label -> one or several descriptions, or the path of a file of them
            (YAML, JSON, or one a line); None for the shop's four styles, unless `attribute` is given.
        attribute: a column of the index, or a role of the catalogue (`color`, `kind`, `gender`, ...):
            its values are the labels.
        templates: what a description is put into, each with one `{}`; their vectors are averaged.
        multi_label: each label for itself, so that several or none may hold; else one of them holds.
        threshold: least probability of a label that holds; default 0.5 for `multi_label`, else 0.
        index: full name, or a last part that no other index has; default the photos'.
        encoder: the model's name, for an index over a table that was made elsewhere.
    """

    labels: LabelsGiven | Path | None = None
    _: KW_ONLY
    attribute: str | None = None
    templates: Sequence[str] = TEMPLATES
    multi_label: bool = False
    threshold: float | None = None
    index: str | None = None
    encoder: str | None = None

    @property
    def least(self) -> float:
        """The threshold, or its default."""
        return (0.5 if self.multi_label else 0.0) if self.threshold is None else self.threshold

    def check(self) -> None:
        """
        Raises:
            InvalidInputException: labels and an attribute, a template without its place, another type.
            InvalidParameterValue: a threshold that isn't from 0 to 1.
        """
        if self.labels is not None and self.attribute is not None:
            raise InvalidInputException("labels and attribute were given; expected one of them.")
        if self.attribute is not None:
            _check_attribute(self.attribute)
        if not isinstance(self.multi_label, bool):
            raise InvalidInputException(
                f"multi_label is {shown(self.multi_label)}; expected True or False."
            )
        check_templates(self.templates)
        least = self.least
        is_number = isinstance(least, (int, float)) and not isinstance(least, bool)
        if not is_number or not 0 <= least <= 1:
            raise InvalidParameterValue(
                f"threshold is {shown(least)}; expected a probability from 0 to 1."
            )


@dataclass(frozen=True)
class ClassifyRequest(LabelChoice):
    """The classification of one photo or one product.

    Attributes:
        image: a path, bytes or PIL image. product: primary key of a product of the index.
        k: the most labels in the answer; None for all that there are.
    """

    _: KW_ONLY
    image: ImageInput | None = None
    product: object = None
    k: int | None = None

    def check(self) -> None:
        super().check()
        if (self.image is None) == (self.product is None):
            given = "nothing" if self.image is None else "both"
            raise InvalidInputException(
                f"An image or a product is classified; {given} was given. A whole catalogue is tagged "
                "into a table: tag_products, or vitrine classify --to TABLE."
            )
        if self.k is not None:
            _check_count("k", self.k)


@dataclass(frozen=True)
class TagRequest(LabelChoice):
    """The classification of every product of an index, into a table.

    Attributes:
        to: the table; one or two parts of its name are completed by the default catalog and schema.
    """

    _: KW_ONLY
    to: str = "product_tags"


@dataclass(frozen=True)
class CalibrationRequest:
    """The fit of a model's probabilities on products whose attribute is known.

    Attributes:
        attribute: a column of the index, or a role of the catalogue (`color`, `kind`, ...).
        templates: see `LabelChoice`.
        hold_out: one product in so many, by a hash of its key, is fitted on: 10 for those that the
            embedded model never saw, 1 for all.
        index, encoder: see `LabelChoice`.
        keep: use it from now on for this model in this workspace.
    """

    attribute: str
    _: KW_ONLY
    templates: Sequence[str] = TEMPLATES
    hold_out: int = HOLD_OUT
    index: str | None = None
    encoder: str | None = None
    keep: bool = True

    def check(self) -> None:
        """
        Raises:
            InvalidInputException: a template without its place.
            InvalidParameterValue: a number that can't be.
        """
        _check_attribute(self.attribute)
        check_templates(self.templates)
        _check_count("hold_out", self.hold_out)


def _check_attribute(given: object) -> None:
    if not isinstance(given, str):
        raise InvalidInputException(
            f"attribute is {shown(given)}; expected a column or a role, such as 'color'."
        )


def _check_count(name: str, given: object) -> None:
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InvalidParameterValue(f"{name} is {shown(given)}; expected an integer from 1 up.")


def check_templates(given: object) -> None:
    """Refuse templates that no description fits in. Raises InvalidInputException."""
    some = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    right = [one for one in some if isinstance(one, str) and one.count("{}") == 1]
    if not some or len(right) < len(some) or len(some) > _MOST_TEMPLATES:
        raise InvalidInputException(
            f"templates is {shown(given)}; expected 1 to {_MOST_TEMPLATES} texts with one {{}} each, "
            'such as "a photo of {}".'
        )
