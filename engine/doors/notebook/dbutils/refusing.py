"""What `dbutils` has and what is refused, by name. Knows names."""

from __future__ import annotations

from typing import NoReturn

from engine.errors import NotSupported


class Refusing:
    """Refuses each attribute that it lacks: by name, with those that are there.

    Attributes:
        called: how notebooks call it, such as `dbutils.fs`.
    """

    called = "dbutils"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # Python's own questions
            raise AttributeError(name)
        here = ", ".join(
            each for each in dir(self) if not each.startswith("_") and each != "called"
        )
        raise NotSupported(f"{self.called}.{name} is not offered; {self.called} has here: {here}.")
