"""IPython, which runs a cell of Python as a notebook does. Knows its shell; not where cells come from.

IPython, because it is what runs cells in the cloud too: the last expression's value, top-level await,
magics, `!`, figures of matplotlib, and the forms in which objects show themselves.
"""

from __future__ import annotations

import ast
import linecache
import sys
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from engine.doors.notebook.showing.tables import TABLE, table_of

Show = Callable[[Mapping[str, Any]], None]


class _Compiler(CachingCompiler):  # type: ignore[misc]
    """Gives code the name of the notebook's file."""

    file_name = ""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """The notebook, whatever the cell."""
        return self.file_name

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        """As IPython does; lines of a file that is there are the file's."""
        name: str = super().cache(transformed_code, number, raw_code)
        if Path(name).is_file():
            linecache.cache.pop(name, None)
        return name


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    """What cells show while they run."""

    def publish(self, data: Mapping[str, Any], *_: Any, **__: Any) -> None:
        """Show one output in its forms."""
        self.shell.show(data)

    def clear_output(self, wait: bool = False) -> None:
        """What was shown stays."""


class _Hook(DisplayHook):  # type: ignore[misc]
    """The value of a cell's last expression."""

    def compute_format_data(self, result: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """A value's forms; tables of any library have ours."""
        table = table_of(result)
        if table is not None:
            return {TABLE: table}, {}
        forms: tuple[dict[str, Any], dict[str, Any]] = super().compute_format_data(result)
        return forms

    def write_output_prompt(self) -> None:
        """No `Out[1]:`."""

    def write_format_data(self, format_dict: Mapping[str, Any], md_dict: Any = None) -> None:
        """Show it."""
        self.shell.show(format_dict)


class _Shell(InteractiveShell):  # type: ignore[misc]
    """A shell that shows by a function of ours and leaves errors to the caller."""

    show: Show
    run_system: Callable[[str], int]

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """The caller says why a cell failed."""

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """The caller says why a cell failed."""

    def showindentationerror(self) -> None:
        """The caller says why a cell failed."""

    def enable_gui(self, gui: str | None = None) -> None:
        """No window is opened; `%matplotlib inline` asks for none."""

    def system(self, cmd: str) -> None:
        """`!command`."""
        self.user_ns["_exit_code"] = self.run_system(self.var_expand(cmd, depth=1))


class _Lines(ast.NodeTransformer):
    """Numbers the lines of a cell as its notebook does."""

    before = 0

    def visit(self, node: ast.AST) -> ast.AST:
        """Add the lines before the cell."""
        return ast.increment_lineno(node, self.before)


class Shell:
    """Runs cells of Python in one namespace.

    Attributes:
        names: the namespace. files: what tracebacks call the notebooks of which cells were run.
    """

    def __init__(self, folder: Path, show: Show, run_system: Callable[[str], int]) -> None:
        """
        Args:
            folder: for files of IPython's own. show: gets each output in its forms, by MIME type.
            run_system: carries out a line of the system's shell; returns its exit status.
        """
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        self.module = ModuleType("__main__", "The notebook.")
        _Shell.show, _Shell.run_system = staticmethod(show), staticmethod(run_system)
        self._shell = _Shell.instance(
            config=config,
            ipython_dir=str(folder),
            user_module=self.module,
            display_pub_class=_Publisher,
            displayhook_class=_Hook,
            compiler_class=_Compiler,
        )
        self._lines = _Lines()
        self._shell.ast_transformers.append(self._lines)
        self.names: dict[str, Any] = self._shell.user_ns
        self.files: set[str] = set()
        self.names.update(exit=sys.exit, quit=sys.exit)  # IPython's end a prompt
        warnings.filterwarnings("ignore", message="To exit: use")  # of IPython, for a prompt
        # Of Spark, at each call with pandas; what doesn't work with it fails by itself.
        warnings.filterwarnings(
            "ignore", "PySpark does not yet fully support pandas", FutureWarning
        )

    def add_line_magic(self, name: str, function: Callable[[str], None]) -> None:
        """Let `%name ...` call a function with the rest of its line."""
        self._shell.register_magic_function(function, "line", name)

    def names_in(self, source: str) -> set[str]:
        """The names that a cell uses; none where it can't be read."""
        try:
            tree = ast.parse(self._shell.transform_cell(source))
        except (SyntaxError, ValueError):
            return set()
        named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        imported = [node.names for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        return named | {alias.name for aliases in imported for alias in aliases}

    def run(self, source: str, file_name: str, line: int) -> None:
        """Run a cell and show what it shows.

        Args:
            line: number of the source's first line.

        Raises:
            whatever the cell raises.
        """
        plain = source.lstrip("\n")
        self._lines.before = line - 1 + len(source) - len(plain)
        self.files.add(file_name)
        self._shell.compile.file_name = file_name
        result = self._shell.run_cell(plain, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if isinstance(error, SyntaxError) and not result.error_in_exec:
            error.text = (
                _line_of(plain, error.lineno) if error.filename == file_name else error.text
            )
            error.lineno = (error.lineno or 1) + self._lines.before
        if error is not None:
            raise error

    def show(self, value: object) -> None:
        """Show a value as a cell's last expression is shown."""
        hook = self._shell.displayhook
        hook.write_format_data(hook.compute_format_data(value)[0])


def _line_of(source: str, number: int | None) -> str | None:
    """A line of a text; None where it has none of the number."""
    lines = source.split("\n")
    return lines[number - 1] if number and number <= len(lines) else None
