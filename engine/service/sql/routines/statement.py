"""A function as the statement that makes it, for engines that carry out such statements themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.names import quoted_name, quoted_text
from engine.service.sql.language.table_names import tables_named
from engine.service.sql.routines.routine import Field, Routine, is_query, routine_of


def creation_of(shown: Mapping[str, Any], leaves: bool = False) -> str:
    """`CREATE OR REPLACE FUNCTION ...` of a function as Unity Catalog shows it; tables in its body have
    their full names.

    Args:
        leaves: one that is there is left as it is, by IF NOT EXISTS.

    Raises:
        BadStatement: it has no body.
    """
    is_sql = str(shown.get("routine_body") or "SQL").upper() == "SQL"
    routine = routine_of({**shown, "routine_body": "SQL"})
    name = ".".join(map(quoted_name, routine.name.split(".")))
    given = ", ".join(_said(field, with_default=True) for field in routine.parameters)
    begin = "CREATE FUNCTION IF NOT EXISTS" if leaves else "CREATE OR REPLACE FUNCTION"
    comment = f" COMMENT {quoted_text(shown['comment'])}" if leaves and shown.get("comment") else ""
    head = f"{begin} {name}({given}){_returns(routine)}{comment}"
    if is_sql:
        return f"{head} RETURN {_body(routine)}"
    return f"{head} LANGUAGE {shown.get('external_language', 'PYTHON')} AS $${routine.body}$$"


def _said(field: Field, with_default: bool = False) -> str:
    default = f" DEFAULT {field.default}" if with_default and field.default is not None else ""
    return f"{quoted_name(field.name)} {field.type or 'STRING'}{default}"


def _returns(routine: Routine) -> str:
    if routine.columns is None:
        return "" if routine.result is None else f" RETURNS {routine.result}"
    columns = ", ".join(map(_said, routine.columns))
    return f" RETURNS TABLE ({columns})" if columns else " RETURNS TABLE"


def _body(routine: Routine) -> str:
    """Its text, a query of a value in parentheses."""
    text = routine.text
    before = "" if is_query(text) else "SELECT "
    session = routine.session
    named = tables_named(f"{before}{text}", session)
    names = {
        one: ".".join(map(quoted_name, str(session.full_name(one.parts)).split(".")))
        for one in named.tables
    }
    whole = named.renamed(f"{before}{text}", names).removeprefix(before)
    return f"({whole})" if not before and routine.columns is None else whole
