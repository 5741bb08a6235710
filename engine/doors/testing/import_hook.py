"""Something to be done with a module as soon as it is imported. Knows the import system."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class ImportHook(importlib.abc.MetaPathFinder):
    """Finds modules as the other finders do, and hands some of them over when they are loaded."""

    def __init__(self, actions: Mapping[str, Callable[[ModuleType], None]]) -> None:
        """
        Args:
            actions: by a module's full name.
        """
        self._actions = actions

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification that another finder has, its loader followed by the action."""
        if name not in self._actions:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)) is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._actions[name])
                return spec
        return None


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, action: Callable[[ModuleType], None]) -> None:
        self._loader, self._action = loader, action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__.loader = module.__loader__ = self._loader  # as if it had never been another
        self._loader.exec_module(module)
        self._action(module)
