"""What a file says of rows and their columns: where rows come from, types, keys. Knows forms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.core.schema import suggestion
from engine.core.values import shown
from engine.core.yaml_text import Place, Problem
from engine.doors.rest.fields import Values
from engine.doors.seeding.file.document import Document
from engine.errors import VitrineError
from engine.service.catalogs.given_tables import TableSaid
from engine.service.table_files.formats import FORMATS
from engine.service.table_files.reading import RowFormat, column_type

ROW_SECTIONS = ("tables", "vector_search_indexes")
_FACTS = ("name", "type", "type_text", "comment", "nullable")


def check_rows(section: str, fields: Values, place: Place, problems: list[Problem]) -> None:
    """Check what is said of rows; what is wrong is added to `problems`."""
    given = [name for name in ("rows", "from", "storage_location") if name in fields]
    if len(given) > 1:
        reason = f"{' and '.join(given)} are ways to say where rows are; give one."
        problems.append(Problem(place, reason))
    if section == "tables" and not given and "columns" not in fields:
        reason = (
            "there are no rows: give rows: (a list), from: (a file), storage_location: (files that stay "
            "where they are), or columns: for an empty table."
        )
        problems.append(Problem(place, reason))
    _check_listed(fields, place, problems)
    for name in ("from", "storage_location"):
        if name in fields and not _paths(fields[name]):
            reason = f"this is {shown(fields[name])}; expected a path, or a list of paths."
            problems.append(Problem((*place, name), reason))
    if "format" in fields and fields["format"].lower() not in FORMATS:
        kind = fields["format"]
        reason = f"this is {kind!r:.40}; expected {', '.join(FORMATS)}.{suggestion(kind, FORMATS)}"
        problems.append(Problem((*place, "format"), reason))
    if len(fields.get("delimiter", ",")) != 1:
        problems.append(Problem((*place, "delimiter"), "expected one character."))
    if section == "vector_search_indexes":
        if given and str(fields.get("index_type", "")).upper() == "DELTA_SYNC":
            reason = (
                "an index of type DELTA_SYNC has the rows of its source_table; list them there."
            )
            problems.append(Problem((*place, given[0]), reason))
        return
    _check_table(fields, place, problems)


def _check_listed(fields: Values, place: Place, problems: list[Problem]) -> None:
    rows = fields.get("rows", [])
    if not isinstance(rows, list):
        problems.append(Problem((*place, "rows"), f"this is {shown(rows)}; expected a list."))
        return
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            reason = f"this is {shown(row)}; expected a row, with names of columns and values."
            problems.append(Problem((*place, "rows", number), reason))


def _check_table(fields: Values, place: Place, problems: list[Problem]) -> None:
    kind = fields.get("table_type", "MANAGED").upper()
    if kind not in ("MANAGED", "EXTERNAL"):
        reason = f"this is {kind!r:.40}; expected MANAGED or EXTERNAL."
        problems.append(Problem((*place, "table_type"), reason))
    elif "table_type" in fields and (kind == "EXTERNAL") != ("storage_location" in fields):
        problems.append(
            Problem((*place, "table_type"), "a table is EXTERNAL with a storage_location only.")
        )
    key = fields.get("primary_key", [])
    if not _names(key):
        reason = f"this is {shown(key)}; expected the name of a column, or a list of names."
        problems.append(Problem((*place, "primary_key"), reason))
    names = [name for name, _, _ in _columns(fields, place, problems)]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        problems.append(Problem((*place, "columns"), f"column {twice!r:.80} is named twice."))


def _columns(
    fields: Values, place: Place, problems: list[Problem]
) -> Iterator[tuple[str, dict[str, Any], Place]]:
    """The listed columns: `{name: type}`, `{name: {type, comment}}`, or a list of the latter."""
    listed = fields.get("columns", [])
    if not isinstance(listed, (dict, list)):
        reason = f"this is {shown(listed)}; expected types by column, or a list of columns."
        problems.append(Problem((*place, "columns"), reason))
        return
    for key, value in listed.items() if isinstance(listed, dict) else enumerate(listed):
        inner = (*place, "columns", key)
        facts = {"type": value} if isinstance(value, str) else value
        if not isinstance(facts, dict):
            reason = f"this is {shown(value)}; expected a type, or a mapping with type and comment."
            problems.append(Problem(inner, reason))
            continue
        name = facts.get("name", key)
        if not isinstance(name, str) or not name:
            problems.append(Problem(inner, "a column needs a name."))
            continue
        _check_column(name, facts, inner, problems)
        yield name, facts, inner


def _check_column(name: str, facts: dict[str, Any], place: Place, problems: list[Problem]) -> None:
    for fact, value in facts.items():
        if fact not in _FACTS:
            hint = suggestion(str(fact), _FACTS) or f" It takes {', '.join(_FACTS)}."
            problems.append(Problem((*place, fact), f"unknown field {fact!r:.80}.{hint}"))
        elif fact == "nullable" and not isinstance(value, bool):
            problems.append(
                Problem((*place, fact), f"this is {shown(value)}; expected true or false.")
            )
        elif fact != "nullable" and not isinstance(value, str):
            problems.append(Problem((*place, fact), f"this is {shown(value)}; expected a string."))
    kind = facts.get("type", facts.get("type_text"))
    if isinstance(kind, str):
        try:
            column_type(name, kind)
        except VitrineError as error:
            problems.append(Problem(place, error.message))


def _names(given: object) -> list[str] | bool:
    """A name, or a list of names; False for something else, True for an empty list."""
    if isinstance(given, str) and given:
        return [given]
    if isinstance(given, list) and all(isinstance(one, str) and one for one in given):
        return given or True
    return False


def _paths(given: object) -> list[str]:
    names = _names(given)
    return names if isinstance(names, list) else []


def paths_of(document: Document, given: object) -> list[Path]:
    """The files that a field names, each from the document's folder."""
    return [document.path(one) for one in _paths(given)]


def row_format(fields: Values) -> RowFormat:
    """How the files of rows are to be read."""
    types = {
        name: kind
        for name, facts, _ in _columns(fields, (), [])
        if (kind := facts.get("type", facts.get("type_text"))) is not None
    }
    return RowFormat(fields.get("format"), fields.get("delimiter"), fields.get("encoding"), types)


def said_of_table(fields: Values) -> TableSaid:
    """What is said of a table beside its rows."""
    columns = [(name, facts) for name, facts, _ in _columns(fields, (), [])]
    return TableSaid(
        comment=fields.get("comment"),
        properties=fields.get("properties", {}),
        column_comments={name: one["comment"] for name, one in columns if one.get("comment")},
        not_null=tuple(name for name, one in columns if one.get("nullable") is False),
        primary_key=tuple(_paths(fields.get("primary_key"))),
    )
