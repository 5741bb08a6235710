"""Notebooks in source form: comments part cells and hold other languages. Knows no cell's meaning.

Truth: files that the cloud's workspace exports as "source file", Python and SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engine.doors.notebook.reading.cells import (
    PYTHON,
    SQL,
    Cell,
    Notebook,
    cell_of,
    without_blank_ends,
)
from engine.errors import BadSourceFile, NotSupported

_HEADER = re.compile(r"(#|--|//)\s*Databricks notebook source\s*")
_LANGUAGES = {"#": PYTHON, "--": SQL}
_EXPECTED = (
    "expected an exported notebook, whose first line is '# Databricks notebook source' (Python) or "
    "'-- Databricks notebook source' (SQL), or an .ipynb. In the workspace: File, Export, Source file"
)


@dataclass(frozen=True)
class _Forms:
    """The comments that mean something, for one sign of comments."""

    separator: re.Pattern[str]
    magic: re.Pattern[str]
    title: re.Pattern[str]

    @staticmethod
    def of(sign: str) -> _Forms:
        return _Forms(
            re.compile(rf"{sign} COMMAND -+\s*"),
            re.compile(rf"{sign} MAGIC(?: |(?=\s)|$)"),
            re.compile(rf"{sign} DBTITLE \d+,(.*)"),
        )


def read_source_form(path: Path, text: str) -> Notebook:
    """A notebook from its source.

    Args:
        text: with line feeds alone.

    Raises:
        BadSourceFile: no notebook; says what its first line is. NotSupported: one in Scala or R.
    """
    lines = text.split("\n")
    header = _HEADER.fullmatch(lines[0])
    if header is None:
        given = lines[0][:60]
        raise BadSourceFile(f"this is {given!r}; {_EXPECTED}", file=str(path), line=1, value=given)
    language = _LANGUAGES.get(header[1])
    if language is None or path.suffix.lower() == ".r":
        other = "R" if header[1] == "#" else "Scala"
        raise NotSupported(
            f"{path} is a notebook in {other}; notebooks in Python and in SQL can be run."
        )
    forms = _Forms.of(header[1])
    cells: list[Cell] = []
    for first, block in _blocks(lines, forms.separator):
        found = _cell(len(cells) + 1, first, block, forms, language)
        if found is not None:
            cells.append(found)
    return Notebook(path, language, tuple(cells))


def _blocks(lines: list[str], separator: re.Pattern[str]) -> list[tuple[int, list[str]]]:
    """The lines between separators, each with the number of the first of them."""
    blocks: list[tuple[int, list[str]]] = [(2, [])]
    for number, line in enumerate(lines[1:], 2):
        if separator.fullmatch(line):
            blocks.append((number + 1, []))
        else:
            blocks[-1][1].append(line)
    return blocks


def _cell(number: int, first: int, block: list[str], forms: _Forms, language: str) -> Cell | None:
    """The cell of a block; None where it is blank."""
    first, block = without_blank_ends(first, block)
    title = ""
    if block and (titled := forms.title.fullmatch(block[0])):
        title = titled[1].strip()
        first, block = without_blank_ends(first + 1, block[1:])
    plain = [
        forms.magic.sub("", line, count=1) if forms.magic.match(line) else line for line in block
    ]
    first, plain = without_blank_ends(first, plain)
    if not plain:
        return None
    return cell_of(number, "\n".join(plain), first, title, language)
