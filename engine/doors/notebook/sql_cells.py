"""Cells of SQL: statements one after the other, widgets as parameters. Knows statements; not cells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from engine.doors.notebook.dbutils.widgets import Widgets
from engine.doors.notebook.spark import Spark
from engine.workspace import Workspace

Show = Callable[[Any], None]
_WIDGET = re.compile(
    r"\s*CREATE\s+WIDGET\s+(TEXT|DROPDOWN|COMBOBOX|MULTISELECT)\s+(\w+)\s+DEFAULT\s+(\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_REMOVE = re.compile(r"\s*REMOVE\s+WIDGET\s+(\w+)\s*", re.IGNORECASE)
_OLD_FORM = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_ARGUMENT = re.compile(r"\bgetArgument\(\s*(['\"])(.*?)\1\s*\)", re.IGNORECASE)
_SAID = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/"  # texts and comments
_BODY = re.compile(rf"{_SAID}|(\$\$.*?\$\$)", re.S)
_PUT_BACK = re.compile(r"'vitrine body (\d+)'")
# Statements that the workspace's SQL has not and Spark's has.
_SPARKS = re.compile(
    r"(?:\A|;)\s*(?:SET(?!\s+TAG\b)|RESET|DECLARE|EXPLAIN|EXECUTE\s+IMMEDIATE"
    r"|(?:CREATE\s+(?:OR\s+REPLACE\s+)?|DROP\s+)TEMP(?:ORARY)?\s+FUNCTION"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\b[^;]*\bLANGUAGE\s+PYTHON)\b",
    re.I,
)
_NAMED = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


class SqlCells:
    """Runs cells of SQL: by the workspace, or by the session of Spark in a notebook that works with it.

    The one or the other for a whole run, as `USE` and temporary views belong to either.

    Attributes:
        last: the rows of the statement that was run last, an Arrow table or a frame of Spark's; None
            before the first.
    """

    def __init__(self, workspace: Workspace, widgets: Widgets, spark: Spark) -> None:
        self._workspace, self._widgets, self._spark = workspace, widgets, spark
        self.last: Any = None

    @staticmethod
    def needs_spark(text: str) -> bool:
        """Whether a cell has a statement that Spark alone runs, such as SET."""
        return _SPARKS.search(re.sub(_SAID, " ", _BODY.sub(" ", text), flags=re.S)) is not None

    def run(self, text: str, show: Show) -> None:
        """Run the statements of a cell and show the rows of the last."""
        bodies: list[str] = []  # of functions in Python, whose semicolons part nothing
        text = _BODY.sub(lambda found: _kept(found, bodies), text)
        text = _OLD_FORM.sub(lambda found: self._widgets.get(found[1]), text)
        text = _ARGUMENT.sub(lambda found: _quoted(self._widgets.get(found[2])), text)
        result = None
        for each in self._workspace.statements.split(text):
            statement = _PUT_BACK.sub(lambda found: bodies[int(found[1])], each)
            if not self._made_widget(statement):
                result = self._rows(statement)
        if result is not None:
            self.last = result
            if _columns(result):
                show(result)

    def frame(self) -> Any:
        """The rows of `last` as a frame of Spark's, which notebooks call `_sqldf`."""
        if hasattr(self.last, "sparkSession"):
            return self.last
        return self._spark.session().createDataFrame(self.last)

    def _rows(self, statement: str) -> Any:
        values = self._widgets.getAll()
        named = {name: values[name] for name in _NAMED.findall(statement) if name in values}
        if self._spark.is_used:
            return self._spark.session().sql(statement, args=named)
        return self._workspace.sql(statement, parameters=named)

    def _made_widget(self, statement: str) -> bool:
        """Carry out a statement on widgets; False for any other."""
        removed, made = _REMOVE.fullmatch(statement), _WIDGET.fullmatch(statement)
        if removed:
            self._widgets.remove(removed[1])
        if made:
            self._widgets.text(made[2], shlex.split(made[3])[0])
        return bool(removed or made)


def _kept(found: re.Match[str], bodies: list[str]) -> str:
    """What stands for a text between `$$`, which is kept; whatever else was found as it was."""
    if found[1] is None:
        return found[0]
    bodies.append(found[1])
    return f"'vitrine body {len(bodies) - 1}'"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _columns(result: Any) -> list[str]:
    names: list[str] = result.columns if hasattr(result, "sparkSession") else result.column_names
    return names
