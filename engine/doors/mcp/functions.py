"""Functions of catalogs as tools: listed, and called. Knows a workspace; no transport.

Truth: the vendor's page on managed MCP (a schema's functions, or one); names of tools as
`UCFunctionToolkit` makes them; the form of results (`is_truncated`, `columns`, `rows`, with the column
`output` for one value) and the words of refusals as programs of others that call the cloud's server
have them. Functions in Python are no tools here, because statements don't carry them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.doors.mcp.parameters import Refused, check_known
from engine.doors.mcp.tool import Tool, last_part, tool_name
from engine.doors.rest.bodies import encode_json
from engine.errors import NotFound, VitrineError
from engine.service.near_names import meant
from engine.service.sql.session import Session
from engine.service.warehouse.result_forms import json_rows
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.service.sql.routines.routine import Field, Routine


class FunctionTools:
    """The tools of one address: a schema's functions, or one. Safe to use from many threads."""

    def __init__(
        self, workspace: Workspace, catalog: str, schema: str, function: str | None = None
    ) -> None:
        self._workspace, self._place = workspace, (catalog, schema)
        self._schema, self._function = f"{catalog}.{schema}", function

    def listed(self) -> list[Tool]:
        """The tools by name; a function in another language, or that can't be read, has none.

        Raises:
            Refused: no such schema, or the address names a function that is none.
            VitrineError: the function that the address names can't be a tool; says why.
        """
        if self._function is not None:
            return [_tool(self._routine(self._function))]
        found = []
        for name in self._names():
            try:
                found.append(_tool(self._routine(name.rpartition(".")[2])))
            except VitrineError:
                continue
        return found

    def call(self, name: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
        """The value or all rows of a function, as the JSON text of an object.

        Raises:
            Refused: no such function at this address, or a wrong argument.
            VitrineError: the function can't be carried out.
        """
        from engine.service.sql.routines.asking import call_of  # with sqlglot, which takes a while
        from engine.service.sql.routines.json_values import WrongArgument

        routine = self._routine(last_part(name, self._schema, self._function, "function"))
        if self._workspace.settings.strict_fields:
            check_known(arguments, meta, [one.name for one in routine.parameters], ())
        try:
            call = call_of(routine, arguments)
        except WrongArgument as error:
            raise Refused(error.message) from None
        found = self._workspace.sql(call.statement, parameters=call.parameters, session=Session())
        answer = {"is_truncated": False, "columns": found.column_names, "rows": json_rows(found)}
        return encode_json(answer).decode()

    def _names(self) -> list[str]:
        try:
            return self._workspace.unity_catalog.functions.names(*self._place)
        except NotFound as error:
            raise Refused(error.message) from None

    def _routine(self, function: str) -> Routine:
        from engine.service.sql.routines.routine import routine_of

        names, wanted = self._names(), f"{self._schema}.{function}"
        name = next((one for one in names if one.lower() == wanted.lower()), None)
        try:
            if name is not None:
                return routine_of(self._workspace.unity_catalog.functions.get(name))
        except NotFound:  # dropped just now
            pass
        near = meant(wanted, names)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise Refused(f"Function '{wanted:.300}' not found.{hint}")


def _tool(routine: Routine) -> Tool:
    from engine.service.sql.routines.asking import arguments_schema

    description = routine.comment or _sentence(routine)
    return Tool(tool_name(routine.name), description, arguments_schema(routine))


def _sentence(routine: Routine) -> str:
    """What is said of a function without a comment."""
    if routine.columns is None:
        result = f"a value of the type {routine.result}" if routine.result else "a value"
    elif routine.columns:
        result = f"rows of {', '.join(map(_said, routine.columns))}"
    else:
        result = "rows"
    return f"Calls the function {routine.name}, which gives {result}."


def _said(field: Field) -> str:
    said = f"{field.name} {field.type or ''}".strip()
    return f"{said} ({field.comment})" if field.comment else said
