"""What fetching pictures may cost. Knows numbers; not links."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import InvalidInputException


@dataclass(frozen=True)
class FetchLimits:
    """What fetching may cost.

    Attributes:
        megabytes: of one picture. seconds: for one picture, all in all.
        at_once: pictures fetched at a time. redirects: followed for one picture.
        attempts: for one picture whose server is busy or breaks off.
        allow_private: also from addresses of this machine and its own network.
    """

    megabytes: float = 20.0
    seconds: float = 30.0
    at_once: int = 8
    redirects: int = 5
    attempts: int = 2
    allow_private: bool = False

    def check(self) -> None:
        """Refuse limits that can't be. Raises InvalidInputException."""
        for name in ("megabytes", "seconds", "at_once", "attempts"):
            if getattr(self, name) <= 0:
                raise InvalidInputException(
                    f"{name} is {getattr(self, name)}; expected more than 0 for what is fetched."
                )
