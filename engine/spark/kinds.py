"""What the parts of a session on a workspace know of it. Knows no Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from engine.service.sql.session import Session
from engine.workspace import Workspace


class OnWorkspace(Protocol):
    """A session on a workspace, as its catalogue, its relations and its writers see it."""

    workspace: Workspace
    names: Session
    catalog: Any
    conf: Any
    folder: Path  # of this process, for files of its own
    relations: Any

    def table(self, tableName: str) -> Any:  # noqa: N803
        """A DataFrame of a table or a view."""

    def createDataFrame(self, data: Any, schema: Any = None) -> Any:  # noqa: N802
        """A DataFrame of rows at hand."""

    def sql(self, sqlQuery: str, args: Any = None) -> Any:  # noqa: N803
        """Run a statement."""

    def filter_of(self, frame: Any) -> Any:
        """A DataFrame's last `where`, as Java's plan of it."""

    def knows_delta(self) -> bool:
        """Whether Spark was started with Delta's own extension."""

    def has_temporary(self, name: str) -> bool:
        """Whether a name is that of a temporary view."""

    def by_spark_alone(self, text: str) -> None:
        """Run a statement whose names are Spark's own."""
