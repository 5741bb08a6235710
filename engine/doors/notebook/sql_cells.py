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

    def run(self, text: str, show: Show) -> None:
        """Run the statements of a cell and show the rows of the last."""
        text = _OLD_FORM.sub(lambda found: self._widgets.get(found[1]), text)
        text = _ARGUMENT.sub(lambda found: _quoted(self._widgets.get(found[2])), text)
        result = None
        for statement in self._workspace.statements.split(text):
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


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _columns(result: Any) -> list[str]:
    names: list[str] = result.columns if hasattr(result, "sparkSession") else result.column_names
    return names
