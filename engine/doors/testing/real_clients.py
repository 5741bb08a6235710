"""The packages' own client classes while the mock is on: what is made of them, and what was before.

Names are bound anew elsewhere; a class that somebody holds under no name, as a default argument, is
still the package's own. Knows classes; not which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.doors.testing.rebinding import Slot
from engine.errors import InvalidState

_ABSENT = object()
_CHANGED = ("__init__", "__getattribute__")


class RealClients:
    """Classes whose new instances become fakes, and whose old ones are refused when used."""

    def __init__(self, fake: Callable[[Slot], Any]) -> None:
        """
        Args:
            fake: the class that a place has at this moment.
        """
        self._fake = fake
        self._before: list[tuple[type, dict[str, object]]] = []

    def add(self, classes: Mapping[Slot, type]) -> None:
        """Change classes, each known by its place."""
        for slot, real in classes.items():
            self._before.append((real, {n: vars(real).get(n, _ABSENT) for n in _CHANGED}))
            real.__init__ = self._init_of(slot, real)  # type: ignore[misc]
            real.__getattribute__ = _refusing(real)  # type: ignore[method-assign, assignment]

    def release(self) -> None:
        """Give the classes back what they had."""
        for real, attributes in self._before:
            for name, value in attributes.items():
                if value is _ABSENT:
                    delattr(real, name)
                else:
                    setattr(real, name, value)
        self._before.clear()

    def _init_of(self, slot: Slot, real: type) -> Callable[..., None]:
        is_client = slot[1].endswith("Client")

        def __init__(self_: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
            if type(self_) is not real or not is_client:
                raise InvalidState(
                    f"{type(self_).__name__} is made of the package's own {real.__name__}, which would "
                    "call the cloud, and vitrine's mock is on. Indexes come from a client's get_index; "
                    "a class that derives from a client is defined inside the mock."
                )
            fake = self._fake(slot)
            self_.__class__ = fake
            fake.__init__(self_, *args, **kwargs)

        return __init__


def _refusing(real: type) -> Callable[[Any, str], Any]:
    inner: Any = real.__getattribute__

    def __getattribute__(self: Any, name: str) -> Any:  # noqa: N807
        if name.startswith("__") and name.endswith("__"):
            return inner(self, name)
        raise InvalidState(
            f"{real.__name__}.{name}: this object was made before vitrine's mock began and would call "
            "the cloud with the host and credentials that it has. Make it inside the mock, for instance "
            "in the function that uses it, or in a fixture after vitrine_mock."
        )

    return __getattribute__
