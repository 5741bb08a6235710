"""Cells one after the other, to the end or the first that fails. Knows what each magic means."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from engine.doors.http.login import WORKSPACE_ID
from engine.doors.notebook.asked import Asked
from engine.doors.notebook.dbutils.context import Context
from engine.doors.notebook.dbutils.files import FileSystem
from engine.doors.notebook.dbutils.notebooks import Notebooks
from engine.doors.notebook.dbutils.runtime import Runtime
from engine.doors.notebook.dbutils.secrets import Secrets
from engine.doors.notebook.dbutils.utilities import DBUtils, Library
from engine.doors.notebook.dbutils.widgets import Widgets
from engine.doors.notebook.failures import CellFailed, NotebookExit, failure_of
from engine.doors.notebook.packages import Packages
from engine.doors.notebook.reading.cells import CELL_MAGICS, PYTHON, SQL, Cell, Notebook
from engine.doors.notebook.reading.opening import find_notebook, read_notebook
from engine.doors.notebook.serving import USER, Login, bring_module
from engine.doors.notebook.shell import Shell
from engine.doors.notebook.showing.screen import Screen
from engine.doors.notebook.spark import NAMES, Spark, connect_of
from engine.doors.notebook.sql_cells import SqlCells
from engine.errors import InvalidInputException, InvalidState, NotSupported, VitrineError
from engine.shop.search.result import SearchResult
from engine.spark.delta.answering import DELTA_MODULES
from engine.workspace import Workspace

_SQL_RESULT = "_sqldf"
_NO_VOLUMES = (
    "the shell's own commands know no /Volumes here; Python does, in this notebook and as `python` in "
    "%sh, and so do %fs and dbutils.fs"
)


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        ran: cells that ended well. total: cells that were to run. seconds: what they took.
        failed: where it stopped; empty for nowhere. value: of `dbutils.notebook.exit`, None for none.
        interrupted: by Ctrl-C.
    """

    total: int
    ran: int = 0
    seconds: float = 0.0
    failed: str = ""
    value: str | None = None
    interrupted: bool = False

    @property
    def summary(self) -> str:
        """One line."""
        took = f"{self.ran} of {self.total} cells ran in {self.seconds:.1f} s"
        if self.failed:
            return f"stopped at {self.failed}; {took}"
        ended = "" if self.value is None else f"; ended with the value {self.value!r}"
        return f"{'interrupted; ' if self.interrupted else ''}{took}{ended}"


class Run:
    """One run of a notebook, and of those that it runs in its namespace."""

    def __init__(
        self, asked: Asked, workspace: Workspace, login: Login, screen: Screen, folder: Path
    ) -> None:
        """
        Args:
            folder: for files of the run's own.
        """
        self._screen = screen
        self._given = dict(asked.widgets)
        self._widgets = Widgets(self._given)
        self._packages = Packages()
        self._spark = Spark(workspace, self.display, _settings(login))
        self._sql = SqlCells(workspace, self._widgets, self._spark)
        self._shell = Shell(folder, screen.show, self._system)
        self._shell.add_line_magic("pip", lambda line: screen.note(self._packages.skipped(line)))
        self._shell.add_line_magic(
            "restart_python", lambda _: self._dbutils.library.restartPython()
        )
        screen.hidden.add(login.token)
        context = Context(login.url, login.token, str(Path(asked.file).with_suffix("")), USER)
        self._dbutils = DBUtils(
            self._widgets,
            Secrets(os.environ, screen.hidden),
            FileSystem(lambda text: screen.text(f"{text}\n")),
            Notebooks(asked, context),
            Library(screen.note),
        )
        self._languages: dict[str, Callable[[Notebook, Cell], None]] = {
            PYTHON: self._python,
            SQL: self._statements,
            "md": lambda _, cell: screen.markdown(cell.body),
            "md-sandbox": lambda _, cell: screen.markdown(cell.body),
            "run": self._other,
            "fs": self._files,
            "sh": self._shell_lines,
            "scala": self._refused,
            "r": self._refused,
        }
        self._give_names()
        DELTA_MODULES.begin("notebook")

    def _give_names(self) -> None:
        self._shell.names.update(
            dbutils=self._dbutils,
            display=self.display,
            displayHTML=self._screen.html,
            getArgument=self._widgets.getArgument,
        )
        runtime = Runtime(self._shell.names, self._spark)
        sys.modules[runtime.__name__] = runtime
        bring_module(connect_of(self._spark))
        module = ModuleType("pyspark.dbutils")
        module.DBUtils = lambda *_: self._dbutils  # type: ignore[attr-defined]
        sys.modules[module.__name__] = module  # as the cloud's pyspark has it, and pip's has not

    # ------------------------------------------------------------------ the run
    def run(self, notebook: Notebook, first: int | None, last: int | None) -> Outcome:
        """Run a notebook's cells, those of the numbers `first` to `last` where these are given."""
        chosen = [
            cell
            for cell in notebook.cells
            if (first or 1) <= cell.number <= (last or len(notebook.cells))
        ]
        outcome, started = Outcome(len(chosen)), time.monotonic()
        self._running = [notebook.path.resolve()]
        self._spark.is_used = any(self._names_spark(notebook, cell) for cell in chosen)
        try:
            for cell in chosen:
                self._cell(notebook, cell)
                outcome.ran += 1
        except NotebookExit as ended:
            outcome.ran += 1
            outcome.value = ended.value
        except KeyboardInterrupt:
            outcome.interrupted = True
        except CellFailed as failure:
            outcome.failed = f"{cell.name}, {notebook.where(cell, failure.line)}"
        outcome.seconds = time.monotonic() - started
        return outcome

    def close(self) -> None:
        """End what was started."""
        self._spark.stop()
        DELTA_MODULES.end("notebook")

    def _cell(self, notebook: Notebook, cell: Cell) -> None:
        """Run a cell. Raises CellFailed, which was shown."""
        self._screen.begin(notebook, cell)
        failed = True
        try:
            self._languages[notebook.language_of(cell)](notebook, cell)
            failed = False
        except (NotebookExit, KeyboardInterrupt):
            failed = False
            raise
        except CellFailed:  # of a notebook that this cell runs
            raise
        except BaseException as error:
            help_line = self._packages.help_line(error)
            here = notebook.file_name(cell)
            failure = failure_of(error, self._shell.files, here, help_line)
            place = notebook.where(cell, failure.line)
            self._screen.error(f"{cell.name} failed, {place}:\n{failure.said}")
            raise failure from error
        finally:
            self._screen.end(failed)

    def _names_spark(self, notebook: Notebook, cell: Cell, seen: tuple[Path, ...] = ()) -> bool:
        """Whether a cell works with Spark; one that runs another notebook, by that one's cells."""
        language = notebook.language_of(cell)
        if language == "run":
            try:
                other = self._notebook_named(notebook, cell)
            except VitrineError:  # the cell itself will say so
                return False
            if other.path in seen:  # the cell itself will say that they go in a circle
                return False
            return any(self._names_spark(other, each, (*seen, other.path)) for each in other.cells)
        if language == SQL:
            return self._sql.needs_spark(cell.body)
        return language == PYTHON and bool(self._shell.names_in(cell.body) & NAMES)

    # ------------------------------------------------------------------ what cells are
    def _python(self, notebook: Notebook, cell: Cell) -> None:
        self._check_magics(cell)
        self._bind(self._shell.names_in(cell.body))
        self._shell.run(cell.body, notebook.file_name(cell), cell.line)

    def _check_magics(self, cell: Cell) -> None:
        """Refuse a magic of a whole cell that stands below other lines."""
        for place, line in enumerate(cell.body.split("\n")):
            word = line.strip()[1:].partition(" ")[0]
            if line.startswith("%") and word in CELL_MAGICS:
                raise InvalidInputException(
                    f"%{word} is in line {place + 1} of the cell; it must begin a cell of its own."
                )

    def _bind(self, names: set[str]) -> None:
        """Give a cell the session of Spark, and rows of SQL, if it names them."""
        if not names & NAMES:
            return
        spark = self._spark.session()
        self._shell.names.setdefault("spark", spark)
        self._shell.names.setdefault("sc", spark.sparkContext)
        self._shell.names.setdefault("sqlContext", spark)  # its `sql`, `table` and `read` are these
        if _SQL_RESULT in names and self._sql.last is not None:
            self._shell.names[_SQL_RESULT] = self._sql.frame()

    def _statements(self, notebook: Notebook, cell: Cell) -> None:
        self._sql.run(cell.body, self._shell.show)

    def _other(self, notebook: Notebook, cell: Cell) -> None:
        """`%run ./other $name="value"`: its cells in this namespace."""
        other = self._notebook_named(notebook, cell)
        _refuse_circle([*self._running, other.path])
        for word in shlex.split(cell.body, comments=True)[1:]:
            name, found, value = word.removeprefix("$").partition("=")
            if not found:
                raise InvalidInputException(f'%run was given {word!r}; expected $name="value".')
            self._given[name] = value
        self._running.append(other.path)
        for each in other.cells:
            self._cell(other, each)
        self._running.pop()

    def _notebook_named(self, notebook: Notebook, cell: Cell) -> Notebook:
        words = shlex.split(cell.body, comments=True)
        if not words:
            raise InvalidInputException("%run names no notebook; expected: %run ./other")
        file = find_notebook(words[0], notebook.path.parent)
        return read_notebook(file)

    def _files(self, _: Notebook, cell: Cell) -> None:
        """`%fs ls /Volumes/...`."""
        words = shlex.split(cell.body, comments=True)
        if not words:
            raise InvalidInputException(
                "%fs names no command; expected such as: %fs ls /Volumes/..."
            )
        found = getattr(self._dbutils.fs, words[0])(*words[1:])
        if words[0] == "head":
            self._screen.text(f"{found}\n")
        elif words[0] == "ls":
            self._show_rows(found)

    def _shell_lines(self, _: Notebook, cell: Cell) -> None:
        status = self._system(cell.body)
        if status:
            raise InvalidState(f"%sh ended with the status {status}.")

    def _refused(self, notebook: Notebook, cell: Cell) -> None:
        raise NotSupported(
            f"%{cell.magic} in {notebook.where(cell)}: cells in Scala and R can't be run here. "
            "Leave the cell out, or say it in Python or SQL."
        )

    def _system(self, text: str) -> int:
        """Lines of the system's shell; what they print is shown."""
        words = text.split()
        if words[:2] in (["pip", "install"], ["pip3", "install"]):
            self._screen.note(self._packages.skipped(" ".join(words[1:])))
            return 0
        if "/Volumes/" in text:
            self._screen.note(_NO_VOLUMES)
        with subprocess.Popen(
            ["bash", "-c", text],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._screen.text(line)
        return process.returncode

    # ------------------------------------------------------------------ what is shown
    def display(self, *values: Any, **options: Any) -> None:
        """Show values, as the cloud's `display` does."""
        if options:
            raise NotSupported(
                f"display takes values alone here; it was given: {', '.join(options)}."
            )
        for value in values:
            if isinstance(value, SearchResult):
                self._screen.own_html(value._repr_html_(), str(value))
            elif _is_named_rows(value):
                self._show_rows(value)
            else:
                self._shell.show(value)

    def _show_rows(self, rows: Sequence[Any]) -> None:
        """Named tuples, such as those of `dbutils.fs.ls`, as a table."""
        from engine.doors.notebook.showing.tables import made_table

        self._screen.table(made_table(rows[0]._fields if rows else (), rows, len(rows)))


def _settings(login: Login) -> dict[str, str]:
    """What notebooks ask Spark's settings for, to find their server and tell who they are."""
    return {
        "spark.databricks.workspaceUrl": login.url.partition("://")[2],
        "spark.databricks.clusterUsageTags.clusterOrgId": WORKSPACE_ID,
        "spark.databricks.clusterUsageTags.clusterName": "vitrine",
    }


def _refuse_circle(run: Sequence[Path]) -> None:
    """Raise InvalidInputException where the last notebook of a chain of `%run` stands in it before."""
    if run[-1] in run[:-1]:
        chain = " runs ".join(path.name for path in run[run.index(run[-1]) :])
        raise InvalidInputException(f"%run goes in a circle: {chain}.")


def _is_named_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(hasattr(one, "_fields") for one in value)
