"""Modules changed as soon as a notebook, or a module beside it, has loaded them. Knows loading alone."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any


def after_import(name: str, teach: Callable[[ModuleType], None]) -> None:
    """Call a function with a module when it was loaded, from now on.

    Args:
        name: its full name.
    """
    sys.meta_path.insert(0, _Finder(name, teach))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module as Python does, with a loader that changes it."""

    def __init__(self, name: str, teach: Callable[[ModuleType], None]) -> None:
        self._name, self._teach = name, teach

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The specification of the module; None for any other."""
        if name != self._name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: self._taught(load, module)  # type: ignore[method-assign]
        return spec

    def _taught(self, load: Callable[[ModuleType], None], module: ModuleType) -> None:
        load(module)
        self._teach(module)
