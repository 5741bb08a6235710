"""Who answers to `import delta`: this engine, while a session on a workspace or a notebook's run lives.

Users' code says `from delta.tables import DeltaTable`, whose package delta-spark calls classes of Java
that are not there without its jars. So, and for that time alone:

- where nothing is called `delta`, the modules of `api` answer to `delta`, `delta.tables`,
  `delta.exceptions` and `delta.pip_utils`;
- where delta-spark is installed, they answer in its place. What was imported of it before is put aside,
  and a `DeltaTable` of it that code holds already makes ours of a session on a workspace;
- where a project has a module of its own of that name, that one stays what it is;
- where a session was started with Delta's jars and extension, it is Delta's, and nothing is done.

Nothing happens when `engine` is imported. When the last of those ends, `sys.meta_path`, `sys.modules`
and the classes of delta-spark are as they were; classes that code imported from ours keep working on the
next session. Code that imports `delta` before a session is made finds what it found without this engine.

Knows modules; no Spark is loaded before one of them is imported.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal

from engine.optional import is_installed

_PACKAGE: Final = "delta"
_ANSWERS: Final = {
    _PACKAGE: "engine.spark.delta.api.package",
    "delta.tables": "engine.spark.delta.api.tables",
    "delta.exceptions": "engine.spark.delta.api.exceptions",
    "delta.pip_utils": "engine.spark.delta.api.package",
}
# What makes a table of delta-spark's, each with a session as its first argument.
_MAKERS: Final = (
    "forName", "forPath", "isDeltaTable", "convertToDelta", "create", "createIfNotExists", "replace",
    "createOrReplace",
)  # fmt: skip
Owner = Literal["session", "notebook"]


class _Answer(Loader):
    """Gives a module the names of one of `api`."""

    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        ours = importlib.import_module(_ANSWERS[module.__name__])
        names = {name: getattr(ours, name) for name in ours.__all__}
        vars(module).update(names, __doc__=ours.__doc__, __all__=list(ours.__all__))


class _Finder(MetaPathFinder):
    """Answers for the package, unless a module of a project has its name."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        """Where one of the modules comes from; None for any other."""
        if fullname not in _ANSWERS or not is_installed("pyspark"):
            return None
        if fullname == _PACKAGE:
            if _is_somebodys(PathFinder.find_spec(_PACKAGE)):
                return None
        elif not _is_ours(sys.modules.get(_PACKAGE)):
            return None
        return ModuleSpec(fullname, _Answer(), is_package=fullname == _PACKAGE)


def _is_ours(module: ModuleType | None) -> bool:
    return isinstance(getattr(getattr(module, "__spec__", None), "loader", None), _Answer)


def _is_somebodys(spec: ModuleSpec | None) -> bool:
    """Whether what is called `delta` is a project's own: neither delta-spark nor a folder of files."""
    if spec is None:
        return False
    places = [Path(place) for place in spec.submodule_search_locations or ()]
    has_tables = any((place / "tables.py").exists() for place in places)
    if spec.origin is None:  # a folder of that name where Python looks, such as one of data
        return has_tables
    return not (has_tables and any((place / "pip_utils.py").exists() for place in places))


class _Answering:
    """Who wants the modules to answer, and what was there before."""

    def __init__(self) -> None:
        self._lock, self._owners = threading.RLock(), set[Owner]()
        self._finder = _Finder()
        self._aside: dict[str, ModuleType] = {}
        self._taught: list[tuple[Any, str, Any]] = []

    def begin(self, owner: Owner) -> None:
        """Answer from now on; once more changes nothing."""
        with self._lock:
            if not self._owners:
                spec = getattr(sys.modules.get(_PACKAGE), "__spec__", None)
                if _PACKAGE not in sys.modules or (spec and not _is_somebodys(spec)):
                    self._put_aside()
                    sys.meta_path.insert(0, self._finder)
            self._owners.add(owner)

    def end(self, owner: Owner) -> None:
        """Leave all as it was, if nobody else wants the answers."""
        with self._lock:
            self._owners.discard(owner)
            if self._owners or self._finder not in sys.meta_path:
                return
            sys.meta_path.remove(self._finder)
            for name in [name for name in sys.modules if _is_below(name)]:
                if _is_ours(sys.modules[name]):
                    del sys.modules[name]
            sys.modules.update(self._aside)
            for taught, name, was in self._taught:
                setattr(taught, name, was)
            self._aside, self._taught = {}, []

    def _put_aside(self) -> None:
        """What was imported of delta-spark before."""
        for name in [name for name in sys.modules if _is_below(name)]:
            self._aside[name] = sys.modules.pop(name)
        theirs = getattr(self._aside.get("delta.tables"), "DeltaTable", None)
        for name in _MAKERS:
            was = vars(theirs).get(name) if theirs is not None else None
            if was is not None:
                setattr(theirs, name, _dispatched(name, getattr(theirs, name)))
                self._taught.append((theirs, name, was))


def _dispatched(name: str, was: Any) -> Any:
    """A maker of tables that makes theirs of a session that is on no workspace, and else ours."""

    def make(*args: Any, **named: Any) -> Any:
        session = named.get("sparkSession", args[0] if args else None)
        if session is not None and getattr(session, "workspace", None) is None:
            return was(*args, **named)
        tables = importlib.import_module("engine.spark.delta.api.tables")
        return getattr(tables.DeltaTable, name)(*args, **named)

    return staticmethod(make)


def _is_below(name: str) -> bool:
    return name == _PACKAGE or name.startswith(f"{_PACKAGE}.")


DELTA_MODULES: Final = _Answering()
