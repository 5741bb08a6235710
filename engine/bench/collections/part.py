"""Which part of a standard set is asked for: a split, a direction, a fold, a category."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InvalidParameterValue

TEXT_TO_IMAGE, IMAGE_TO_TEXT = "text-to-image", "image-to-text"
COMPOSED = "composed"  # a picture with words that change it, to a picture
SUBSET = "composed-in-subset"  # the same among a few pictures that look alike, other ones a query
TEXT_TO_TEXT = "text-to-text"
DIRECTIONS = (TEXT_TO_IMAGE, IMAGE_TO_TEXT, COMPOSED, SUBSET, TEXT_TO_TEXT)


@dataclass(frozen=True)
class Part:
    """What of a set is read; None is what papers report.

    Attributes:
        split: `train`, `val`, `test`, ... as the set itself names it.
        direction: what asks and what is found, one of `DIRECTIONS`.
        fold: one of the set's folds (COCO's five of 1,000 images, by Karpathy), from 0; None for all.
        category: one of the set's categories (FashionIQ's `dress`); None for all.
    """

    split: str | None = None
    direction: str | None = None
    fold: int | None = None
    category: str | None = None

    def __post_init__(self) -> None:
        if self.direction not in (None, *DIRECTIONS):
            raise InvalidParameterValue(
                f"direction {self.direction!r}; expected one of {list(DIRECTIONS)}"
            )
        if self.fold is not None and self.fold < 0:
            raise InvalidParameterValue(f"fold {self.fold}; folds are counted from 0")
