"""The Spark session of a run, made when a cell first needs it. Knows when; not what it does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from engine.workspace import Workspace

# What a cell names that works with Spark. The builder of `SparkSession` gives the one that is there.
NAMES = frozenset({"spark", "sc", "sqlContext", "SparkSession", "DeltaTable", "_sqldf"})


class Spark:
    """A session over a workspace's tables, or none yet.

    Attributes:
        is_used: whether the notebook works with it, so far as its cells were read.
    """

    def __init__(self, workspace: Workspace, display: Callable[..., None]) -> None:
        """
        Args:
            display: what `frame.display()` does, which the cloud's frames have.
        """
        self._workspace, self._display = workspace, display
        self._session: Any = None
        self.is_used = False

    def session(self) -> Any:
        """The session; the first call starts Java.

        Raises:
            MissingExtra: pyspark or Java is not here.
        """
        if self._session is None:
            from engine.spark import session

            self._session = session(self._workspace)
            self.is_used = True
            frames, display = sys.modules["pyspark.sql"].DataFrame, self._display
            frames.display = lambda frame, *_: display(frame)
        return self._session

    def stop(self) -> None:
        """End the session, if there is one."""
        if self._session is not None:
            self._session.stop()
