"""`dbutils.notebook`: ending this notebook, running another. Knows processes; not cells."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.doors.notebook.asked import Asked
from engine.doors.notebook.dbutils.context import Context, EntryPoint
from engine.doors.notebook.dbutils.refusing import Refusing
from engine.doors.notebook.failures import NotebookExit
from engine.doors.notebook.process import INTERRUPTED, run_notebook
from engine.doors.notebook.reading.opening import find_notebook
from engine.errors import InvalidState


class Notebooks(Refusing):
    """`dbutils.notebook`."""

    called = "dbutils.notebook"

    def __init__(self, asked: Asked, context: Context) -> None:
        self._asked, self._context = asked, context
        self.entry_point = EntryPoint(context)

    def getContext(self) -> Context:  # noqa: N802
        """Where this notebook is, and the server of its run."""
        return self._context

    def exit(self, value: str = "") -> None:
        """End this notebook here, with a value for the one that called it."""
        raise NotebookExit(str(value))

    def run(
        self,
        path: str,
        timeout_seconds: int = 0,
        arguments: Mapping[str, str] | None = None,
    ) -> str:
        """Run another notebook in a process and a namespace of its own.

        Args:
            path: relative to this notebook's folder, with or without its ending.
            timeout_seconds: 0 for no limit. arguments: values of its widgets.

        Returns:
            what it gave to `dbutils.notebook.exit`, else an empty text.

        Raises:
            NotFound: no such notebook. InvalidState: it failed, or took longer.
        """
        file = find_notebook(path, Path(self._asked.file).parent)
        widgets = {name: str(value) for name, value in (arguments or {}).items()}
        with tempfile.TemporaryDirectory(prefix="vitrine-notebook-") as folder:
            value = Path(folder, "value")
            other = Asked(str(file), self._asked.workspace, widgets, value_file=str(value))
            try:
                status = run_notebook(other, timeout_seconds or None)
            except subprocess.TimeoutExpired:
                raise InvalidState(
                    f"{path} took longer than {timeout_seconds} s; it was ended."
                ) from None
            if status == INTERRUPTED:
                raise KeyboardInterrupt
            if status:
                raise InvalidState(f"{path} failed; what it said stands above.")
            return value.read_text(encoding="utf-8") if value.exists() else ""
