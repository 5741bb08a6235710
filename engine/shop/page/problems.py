"""What went wrong, in words, and what to type. Knows errors and names; not workspaces or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import (
    BadSourceFile,
    CorruptFile,
    InvalidState,
    MissingExtra,
    ModelUnavailable,
    NewerRelease,
    NotFound,
    VitrineError,
)
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, PRODUCTS, TEXT_INDEX

_STATES = (
    BadSourceFile,
    CorruptFile,
    InvalidState,
    MissingExtra,
    ModelUnavailable,
    NewerRelease,
)  # of the workspace or the machine: the question was a good one


@dataclass(frozen=True)
class Problem:
    """An error as the page shows it.

    Attributes:
        heading: what kind of thing it is. advice: what to do; "" where the message says it all.
        commands: what to type.
    """

    heading: str
    message: str
    status: int
    code: str
    advice: str = ""
    commands: tuple[str, ...] = ()


def problem_of(
    error: VitrineError, folder: str, indexes: Sequence[str], is_damaged: bool
) -> Problem:
    """An error in a workspace that has a table of products.

    Args:
        indexes: full names of those that there are. is_damaged: the table of products can't be read.
    """
    said = (_heading(error), error.in_words, error.status_code, error.error_code)
    build = (f"vitrine build PRODUCTS.csv IMAGES -w {folder}",)
    if is_damaged:
        return Problem(
            *said, "The table of products is damaged. Make it again from its file:", build
        )
    if isinstance(error, NotFound) and not {IMAGE_INDEX, TEXT_INDEX, HYBRID_INDEX} & {*indexes}:
        advice = (
            f"The products are there ({PRODUCTS}), and no index of them: they can be listed, and found "
            "by words that stand in their names. To find them by meaning and by photo:"
        )
        return Problem(*said, advice, build)
    return Problem(*said)


def _heading(error: VitrineError) -> str:
    if isinstance(error, NotFound):
        return "There is no such thing here"
    if error.status_code >= 500 or isinstance(error, _STATES):
        return "That did not work"
    return "That can't be asked"
