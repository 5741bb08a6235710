"""Names that loaded modules hold of other packages' objects, bound anew for a time. Knows modules.

Code that was imported before a mock began holds the real classes under names of its own
(`from databricks.sdk import WorkspaceClient as W`); so does, afterwards, what was imported inside.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType

Slot = tuple[str, str]  # a module's full name, and a name in it; "" for the module itself
_ABSENT = object()


class Bindings:
    """The names that were bound anew, and what they stood for."""

    def __init__(self, skipped: tuple[str, ...]) -> None:
        """
        Args:
            skipped: packages whose own modules are left alone.
        """
        self._skipped = skipped
        self._held: dict[tuple[str, str], tuple[ModuleType, object]] = {}
        self._there_before = set(sys.modules)

    def bind(self, slots: Mapping[int, Slot], current: Callable[[Slot], object]) -> None:
        """Bind names of objects anew.

        Args:
            slots: the objects' ids, each with what it is. current: what it shall be.
        """
        for module, name, value in self._globals(slots):
            new = current(slots[id(value)])
            if new is not value:
                self._held.setdefault((module.__name__, name), (module, value))
                vars(module)[name] = new

    def restore(
        self,
        fakes: Mapping[int, Slot],
        own: Mapping[int, Slot],
        real: Callable[[Slot], object],
    ) -> None:
        """Bind every name to what it stood for, and those of modules that came since to the real ones.

        Args:
            fakes: ids of all that was put in place. own: of those that stand nowhere else, by
                which a module that came since shows that it took them from the mock.
            real: the real object, or None where it can't be had.
        """
        for (_, name), (module, value) in self._held.items():
            if id(vars(module).get(name, _ABSENT)) in fakes:
                vars(module)[name] = value
        for module, name, value in list(self._globals(own)):
            self._set(module, name, real(own[id(value)]))
        for module in [m for name, m in list(sys.modules.items()) if self._is_new(name, m)]:
            if any(id(value) in fakes for value in list(vars(module).values())):
                for name, slot in _imports_of(module):
                    if fakes.get(id(vars(module).get(name, _ABSENT))) is not None:
                        self._set(module, name, real(slot))

    def _set(self, module: ModuleType, name: str, value: object) -> None:
        if value is not None:
            vars(module)[name] = value

    def _is_new(self, name: str, module: object) -> bool:
        return (
            name not in self._there_before
            and isinstance(module, ModuleType)
            and not name.startswith(self._skipped)
        )

    def _globals(self, wanted: Mapping[int, Slot]) -> Iterator[tuple[ModuleType, str, object]]:
        for full_name, module in list(sys.modules.items()):
            if not isinstance(module, ModuleType) or full_name.startswith(self._skipped):
                continue
            for name, value in list(vars(module).items()):
                if id(value) in wanted:
                    yield module, name, value


def _imports_of(module: ModuleType) -> Iterator[tuple[str, Slot]]:
    """The names that a module's source binds by `from ... import ...`, each with what it takes."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError, ValueError):
        return  # no source: made by hand, or in C
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                taken = list(vars(module)) if alias.name == "*" else [alias.asname or alias.name]
                for name in taken:
                    yield name, (node.module, name if alias.name == "*" else alias.name)
