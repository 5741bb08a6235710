"""`dbutils` itself. Knows which parts there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.doors.notebook.dbutils.files import FileSystem
from engine.doors.notebook.dbutils.notebooks import Notebooks
from engine.doors.notebook.dbutils.refusing import Refusing
from engine.doors.notebook.dbutils.secrets import Secrets
from engine.doors.notebook.dbutils.widgets import Widgets


class Library(Refusing):
    """`dbutils.library`."""

    called = "dbutils.library"

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def restartPython(self) -> None:  # noqa: N802
        """Said and skipped: nothing was installed."""
        self._note("dbutils.library.restartPython() is skipped: nothing was installed")


class TaskValues(Refusing):
    """`dbutils.jobs.taskValues`, outside of a job, as the cloud answers there."""

    called = "dbutils.jobs.taskValues"

    def set(self, key: str, value: Any) -> None:
        """Nothing: no other task asks for it."""

    def get(self, taskKey: str, key: str, default: Any = None, debugValue: Any = None) -> Any:  # noqa: N803
        """The value for debugging. Raises TypeError where none was given, as in the cloud."""
        if debugValue is None:
            raise TypeError("Must pass debugValue when calling get outside of a job context.")
        return debugValue


class Jobs(Refusing):
    """`dbutils.jobs`."""

    called = "dbutils.jobs"

    def __init__(self) -> None:
        self.taskValues = TaskValues()


class DBUtils(Refusing):
    """`dbutils`."""

    def __init__(
        self,
        widgets: Widgets,
        secrets: Secrets,
        fs: FileSystem,
        notebook: Notebooks,
        library: Library,
    ) -> None:
        self.widgets, self.secrets, self.fs = widgets, secrets, fs
        self.notebook, self.library, self.jobs = notebook, library, Jobs()
