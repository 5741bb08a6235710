"""What `dbutils` has and what is refused, by name. Knows names."""

from __future__ import annotations

import inspect
from typing import NoReturn

from engine.errors import NotSupported

_OWN = frozenset({"called", "help"})


class Refusing:
    """Refuses each attribute that it lacks: by name, with those that are there; `help` prints these.

    Attributes:
        called: how notebooks call it, such as `dbutils.fs`.
    """

    called = "dbutils"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):  # Python's own questions
            raise AttributeError(name)
        here = ", ".join(self._offered())
        raise NotSupported(f"{self.called}.{name} is not offered; {self.called} has here: {here}.")

    def help(self, name: str = "") -> None:
        """Print what there is: each call with its first line, or one call with all that is said."""
        for each in self._offered():
            value = getattr(self, each)
            said = inspect.getdoc(value if callable(value) else type(value)) or ""
            call = f"{self.called}.{each}{inspect.signature(value) if callable(value) else ''}"
            if name == each:
                print(f"{call}\n{said}")
            elif not name:
                print(f"{call}: {said.partition(chr(10))[0]}")

    def _offered(self) -> list[str]:
        return [each for each in dir(self) if not each.startswith("_") and each not in _OWN]
