"""The Spark session of a run, made when a cell first needs it. Knows when; not what it does."""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from engine.workspace import Workspace

# What a cell names that works with Spark. The builder of `SparkSession` gives the one that is there.
NAMES = frozenset(
    {"spark", "sc", "sqlContext", "SparkSession", "SparkContext", "DeltaTable", "_sqldf"}
)
_BUILDER = "pyspark.sql.session"


class Spark:
    """A session over a workspace's tables, or none yet.

    Attributes:
        is_used: whether the notebook works with it, so far as its cells were read.
    """

    def __init__(
        self, workspace: Workspace, display: Callable[..., None], settings: Mapping[str, str]
    ) -> None:
        """
        Args:
            display: what `frame.display()` does, which the cloud's frames have.
            settings: of the session, by name.
        """
        self._workspace, self._display, self._settings = workspace, display, settings
        self._session: Any = None
        self.is_used = False
        sys.meta_path.insert(0, _BuilderFinder(self.session))

    def session(self) -> Any:
        """The session; the first call starts Java.

        Raises:
            MissingExtra: pyspark or Java is not here.
        """
        if self._session is None:
            from engine.spark import session

            self._session = session(self._workspace)
            for name, value in self._settings.items():
                self._session.conf.set(name, value)
            self.is_used = True
            frames, display = sys.modules["pyspark.sql"].DataFrame, self._display
            frames.display = lambda frame, *_: display(frame)
        return self._session

    def stop(self) -> None:
        """End the session, if there is one."""
        if self._session is not None:
            self._session.stop()


class _BuilderFinder(importlib.abc.MetaPathFinder):
    """Lets `SparkSession.builder.getOrCreate()` begin the run's session, also in modules beside a
    notebook whose cells name no Spark before; otherwise it would begin one that knows no workspace."""

    def __init__(self, begin: Callable[[], Any]) -> None:
        self._begin = begin

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The specification of the module with the builder, with a loader that changes it."""
        if name != _BUILDER:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: self._taught(load, module)  # type: ignore[method-assign]
        return spec

    def _taught(self, load: Callable[[ModuleType], None], module: ModuleType) -> None:
        load(module)
        builder = module.SparkSession.Builder
        given = builder.getOrCreate

        @functools.wraps(given)
        def get_or_create(builder: Any) -> Any:
            self._begin()
            return given(builder)

        builder.getOrCreate = get_or_create
