"""The Spark session of a run, made when a cell first names it. Knows when; not what it does."""

from __future__ import annotations

from typing import Any

from engine.workspace import Workspace

# What a cell names that works with Spark. The builder of `SparkSession` gives the one that is there.
NAMES = frozenset({"spark", "sc", "sqlContext", "SparkSession", "DeltaTable"})


class Spark:
    """A session over a workspace's tables, or none yet."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._session: Any = None

    @property
    def is_started(self) -> bool:
        """Whether there is a session."""
        return self._session is not None

    def session(self) -> Any:
        """The session; the first call starts Java.

        Raises:
            MissingExtra: pyspark isn't installed.
        """
        if self._session is None:
            from engine.spark import session  # type: ignore[import-not-found]

            self._session = session(self._workspace)
        return self._session

    def stop(self) -> None:
        """End the session, if there is one."""
        if self._session is not None:
            self._session.stop()
