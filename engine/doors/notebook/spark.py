"""The Spark session of a run, made when a cell first needs it. Knows when; not what it does."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from engine.doors.notebook.imports import after_import
from engine.workspace import Workspace

# What a cell names that works with Spark. The builder of `SparkSession` gives the one that is there.
NAMES = frozenset(
    {"spark", "sc", "sqlContext", "SparkSession", "DatabricksSession", "SparkContext", "DeltaTable",
     "_sqldf"}
)  # fmt: skip
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
        after_import(_BUILDER, self._teach_builder)

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

    def _teach_builder(self, module: ModuleType) -> None:
        """Let `SparkSession.builder.getOrCreate()` begin the run's session, also in modules
        beside a notebook whose cells name no Spark; else it would begin one that knows no workspace."""
        builder = module.SparkSession.Builder
        given = builder.getOrCreate

        @functools.wraps(given)
        def get_or_create(builder: Any) -> Any:
            self.session()
            return given(builder)

        builder.getOrCreate = get_or_create


def connect_of(spark: Spark) -> ModuleType:
    """`databricks.connect` of a run, whose builder gives the run's session, whatever it is told of a
    cluster."""

    class Builder:
        """`DatabricksSession.builder`."""

        def __getattr__(self, name: str) -> Callable[..., Builder]:
            if name.startswith("_"):  # Python's own questions
                raise AttributeError(name)
            return lambda *_, **__: self

        def getOrCreate(self) -> Any:  # noqa: N802
            """The run's session."""
            return spark.session()

        create = getOrCreate

    module = ModuleType("databricks.connect", "The cloud's, for this run.")
    module.DatabricksSession = type("DatabricksSession", (), {"builder": Builder()})  # type: ignore[attr-defined]
    return module
