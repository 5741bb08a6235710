"""Which part of a standard set is asked for: a split, a direction, a fold."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InvalidParameterValue

TEXT_TO_IMAGE, IMAGE_TO_TEXT = "text-to-image", "image-to-text"
DIRECTIONS = (TEXT_TO_IMAGE, IMAGE_TO_TEXT)


@dataclass(frozen=True)
class Part:
    """What of a set is read; the defaults are what papers report.

    Attributes:
        split: `train`, `val`, `test`, ... as the set itself names it; None for the set's usual one.
        direction: what asks and what is found, for sets of images with captions.
        fold: one of the set's folds (COCO's five of 1,000 images, by Karpathy), from 0; None for all.
    """

    split: str | None = None
    direction: str = TEXT_TO_IMAGE
    fold: int | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise InvalidParameterValue(
                f"direction {self.direction!r}; expected one of {list(DIRECTIONS)}"
            )
        if self.fold is not None and self.fold < 0:
            raise InvalidParameterValue(f"fold {self.fold}; folds are counted from 0")
