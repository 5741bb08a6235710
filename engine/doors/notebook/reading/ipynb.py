"""Notebooks in Jupyter's form. Knows its JSON; not what a cell means.

Read by `json` alone: of the form's many fields a run needs a cell's kind and text, and nbformat, with
the six packages that it brings, would check the others.
Truth: nbformat 4, and the fields that the cloud's workspace adds when it exports.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.doors.notebook.reading.cells import (
    PYTHON,
    SQL,
    Cell,
    Notebook,
    cell_of,
    without_blank_ends,
)
from engine.errors import BadSourceFile, NotSupported

_OLDEST = 4  # before it, cells lay in worksheets
_NOTEBOOK, _CELL = "application/vnd.databricks.v1+notebook", "application/vnd.databricks.v1+cell"


def read_ipynb(path: Path, text: str) -> Notebook:
    """A notebook from its JSON.

    Raises:
        BadSourceFile: no notebook; says where it stops being one. NotSupported: one in another language.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise BadSourceFile(f"this is not JSON ({error})", file=str(path)) from None
    if not isinstance(document, dict) or not isinstance(document.get("nbformat"), int):
        raise BadSourceFile("this is JSON, but no notebook: it has no 'nbformat'", file=str(path))
    if document["nbformat"] < _OLDEST:
        raise BadSourceFile(
            f"this is a notebook of form {document['nbformat']}; expected {_OLDEST} or later. "
            f"Bring it up to date with: jupyter nbconvert --to notebook --nbformat 4 {path.name}",
            file=str(path),
        )
    language = _language(path, _mapping(document.get("metadata")))
    cells: list[Cell] = []
    given = document.get("cells")
    for place, each in enumerate(given if isinstance(given, list) else [], 1):
        found = _cell(path, place, each, len(cells) + 1, language)
        if found is not None:
            cells.append(found)
    return Notebook(path, language, tuple(cells), counts_in_cells=True)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _language(path: Path, metadata: Mapping[str, Any]) -> str:
    named = (
        _mapping(metadata.get(_NOTEBOOK)).get("language")
        or _mapping(metadata.get("language_info")).get("name")
        or _mapping(metadata.get("kernelspec")).get("language")
        or PYTHON
    )
    language = str(named).lower()
    if language not in (PYTHON, SQL):
        raise NotSupported(
            f"{path} is a notebook in {named}; notebooks in Python and in SQL can be run."
        )
    return language


def _cell(path: Path, place: int, given: object, number: int, language: str) -> Cell | None:
    """A cell; None for one that is blank or raw."""
    cell = _mapping(given)
    source = cell.get("source")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise BadSourceFile(
            f"cell {place} has no text: its 'source' is {source!r:.40}; expected a text or a list of "
            "lines",
            file=str(path),
        )
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    first, lines = without_blank_ends(1, text.split("\n"))
    if cell.get("cell_type") == "raw" or not lines:
        return None
    title = str(_mapping(_mapping(cell.get("metadata")).get(_CELL)).get("title") or "").strip()
    if cell.get("cell_type") == "markdown":
        return Cell(number, "md", "\n".join(lines), first, title)
    return cell_of(number, "\n".join(lines), first, title, language)
