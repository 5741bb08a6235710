"""What is asked of latent features. Knows its parts; not vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from engine.core.values import shown
from engine.errors import InvalidInputException, InvalidParameterValue

_MOST = 1000


@dataclass(frozen=True)
class DimensionRequest:
    """One dimension of an index's vectors.

    Attributes:
        dimension: from 0 to the vectors' length less one.
        k: products at each end, 1 to 1,000.
        index: full name, or a last part that no other index has; default the photos'.
    """

    dimension: int
    _: KW_ONLY
    k: int = 10
    index: str | None = None

    def check(self, length: int) -> None:
        """Refuse what a vector of that length has not. Raises InvalidParameterValue."""
        number = self.dimension
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < length:
            raise InvalidParameterValue(
                f"dimension is {shown(number)}; expected an integer from 0 to {length - 1}."
            )
        if isinstance(self.k, bool) or not isinstance(self.k, int) or not 1 <= self.k <= _MOST:
            raise InvalidParameterValue(
                f"k is {shown(self.k)}; expected how many products each end shows, 1 to {_MOST:,}."
            )


@dataclass(frozen=True)
class LatentRequest:
    """What tells the values of a catalogue's attributes apart.

    Attributes:
        attributes: columns, or roles of the catalogue (`color`, `usage`, `price`, ...); default all.
        index: full name, or a last part that no other index has; default the photos'.
        anew: find it anew, also where it is known for this version of the index.
    """

    attributes: Sequence[str] | None = None
    _: KW_ONLY
    index: str | None = None
    anew: bool = False

    def check(self) -> None:
        """Refuse attributes that are no list. Raises InvalidInputException."""
        some = self.attributes
        if some is not None and (
            isinstance(some, str)
            or not isinstance(some, Sequence)
            or not some
            or not all(isinstance(one, str) for one in some)
        ):
            raise InvalidInputException(
                f"attributes is {shown(some)}; expected a list of columns, such as ['color']."
            )
