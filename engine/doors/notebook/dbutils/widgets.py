"""Widgets: values that a run is given, with the notebook's defaults. Knows names; not who asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.doors.notebook.dbutils.refusing import Refusing
from engine.errors import InvalidInputException, NotFound


class Widgets(Refusing):
    """`dbutils.widgets`."""

    called = "dbutils.widgets"

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)
        self._made: dict[str, str] = {}

    def text(self, name: str, defaultValue: str = "", label: str | None = None) -> None:  # noqa: N803
        """A widget for any text."""
        self._made[name] = str(defaultValue)

    def dropdown(
        self,
        name: str,
        defaultValue: str,  # noqa: N803
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """One of several values. Raises InvalidInputException where the run was given another."""
        self._check(name, [self._given.get(name, defaultValue)], choices)
        self._made[name] = str(defaultValue)

    def combobox(
        self,
        name: str,
        defaultValue: str = "",  # noqa: N803
        choices: Sequence[str] = (),
        label: str | None = None,
    ) -> None:
        """One of several values, or any other."""
        self._made[name] = str(defaultValue)

    def multiselect(
        self,
        name: str,
        defaultValue: str,  # noqa: N803
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """Some of several values, with commas between. Raises InvalidInputException for others."""
        self._check(name, str(self._given.get(name, defaultValue)).split(","), choices)
        self._made[name] = str(defaultValue)

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
        return {**self._made, **self._given}

    def remove(self, name: str) -> None:
        """Forget a widget."""
        self._made.pop(name, None)
        self._given.pop(name, None)

    def removeAll(self) -> None:  # noqa: N802
        """Forget all widgets."""
        self._made.clear()
        self._given.clear()

    def _check(self, name: str, values: Sequence[str], choices: Sequence[str]) -> None:
        for value in values:
            if value not in map(str, choices):
                raise InvalidInputException(
                    f"widget {name!r} has the value {value!r}; expected one of: "
                    f"{', '.join(map(str, choices))}."
                )
