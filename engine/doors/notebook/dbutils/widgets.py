"""Widgets: values that a run is given, with the notebook's defaults. Knows names; not who asks.

One that is there keeps its value when it is made again, as in the cloud.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.doors.notebook.dbutils.refusing import Refusing
from engine.errors import InvalidInputException, NotFound


class Widgets(Refusing):
    """`dbutils.widgets`."""

    called = "dbutils.widgets"

    def __init__(self, given: Mapping[str, str]) -> None:
        """
        Args:
            given: values from outside, which come before the notebook's own; may get more later.
        """
        self._given, self._removed = given, set[str]()
        self._made: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803
        """A widget for any text."""
        self._make(name, defaultValue)

    def dropdown(
        self,
        name: str,
        defaultValue: str,  # noqa: N803
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """One of several values. Raises InvalidInputException where the run was given another."""
        self._check(name, [self._value(name, defaultValue)], choices)
        self._make(name, defaultValue)

    def combobox(
        self,
        name: str,
        defaultValue: str = "",  # noqa: N803
        choices: Sequence[str] = (),
        label: str | None = None,
    ) -> None:
        """One of several values, or any other."""
        self._make(name, defaultValue)

    def multiselect(
        self,
        name: str,
        defaultValue: str,  # noqa: N803
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """Some of several values, with commas between. Raises InvalidInputException for others."""
        self._check(name, self._value(name, defaultValue).split(","), choices)
        self._make(name, defaultValue)

    def get(self, name: str) -> str:
        """A widget's value: as the run was given it, else its default.

        Raises:
            NotFound: no such widget.
        """
        values = self.getAll()
        if name not in values:
            known = ", ".join(values) or "none"
            raise NotFound(
                f"there is no widget {name!r}; widgets here: {known}. Give it: --widget {name}=VALUE."
            )
        return values[name]

    def getArgument(self, name: str, defaultValue: str = "") -> str:  # noqa: N802, N803
        """As `get`, with a value where there is no such widget."""
        return self.getAll().get(name, defaultValue)

    def getAll(self) -> dict[str, str]:  # noqa: N802
        """All values by name."""
        given = {name: one for name, one in self._given.items() if name not in self._removed}
        return {**self._made, **given}

    def remove(self, name: str) -> None:
        """Forget a widget; made again, it has the value that the run was given all the same."""
        self._made.pop(name, None)
        self._removed.add(name)

    def removeAll(self) -> None:  # noqa: N802
        """Forget all widgets, see `remove`."""
        self._made.clear()
        self._removed.update(self._given)

    def _make(self, name: str, default: object) -> None:
        self._made.setdefault(name, str(default))
        self._removed.discard(name)

    def _value(self, name: str, default: object) -> str:
        """What a widget's value will be once it is made."""
        return self._given.get(name, self._made.get(name, str(default)))

    def _check(self, name: str, values: Sequence[str], choices: Sequence[str]) -> None:
        for value in values:
            if value not in map(str, choices):
                raise InvalidInputException(
                    f"widget {name!r} has the value {value!r}; expected one of: "
                    f"{', '.join(map(str, choices))}."
                )
