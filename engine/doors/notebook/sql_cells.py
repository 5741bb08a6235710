"""Cells of SQL: statements one after the other, widgets as parameters. Knows statements; not cells."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from engine.doors.notebook.dbutils.widgets import Widgets
from engine.workspace import Workspace

Show = Callable[[Any], None]
_WIDGET = re.compile(
    r"\s*CREATE\s+WIDGET\s+(TEXT|DROPDOWN|COMBOBOX|MULTISELECT)\s+(\w+)\s+DEFAULT\s+(\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_REMOVE = re.compile(r"\s*REMOVE\s+WIDGET\s+(\w+)\s*", re.IGNORECASE)
_OLD_FORM = re.compile(r"\$\{\s*([\w.]+)\s*\}")
_NAMED = re.compile(r"(?<![:\w]):([A-Za-z_]\w*)")


class SqlCells:
    """Runs cells of SQL on a workspace.

    Attributes:
        last: the rows of the statement that was run last, an Arrow table; None before the first.
    """

    def __init__(self, workspace: Workspace, widgets: Widgets) -> None:
        self._workspace, self._widgets = workspace, widgets
        self.last: Any = None

    def run(self, text: str, show: Show) -> None:
        """Run the statements of a cell and show the rows of the last that has any."""
        text = _OLD_FORM.sub(lambda found: self._widgets.get(found[1]), text)
        result = None
        for statement in self._workspace.statements.split(text):
            if self._made_widget(statement):
                continue
            result = self.rows(statement)
        if result is not None:
            self.last = result
            if result.num_columns:
                show(result)

    def rows(self, statement: str) -> Any:
        """What one statement gives, as an Arrow table."""
        values = self._widgets.getAll()
        named = {name: values[name] for name in _NAMED.findall(statement) if name in values}
        return self._workspace.sql(statement, parameters=named)

    def _made_widget(self, statement: str) -> bool:
        """Carry out a statement on widgets; False for any other."""
        removed, made = _REMOVE.fullmatch(statement), _WIDGET.fullmatch(statement)
        if removed:
            self._widgets.remove(removed[1])
        if made:
            default = shlex.split(made[3])[0]
            self._widgets.text(made[2], default)
        return bool(removed or made)
