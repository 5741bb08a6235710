"""What a notebook is: cells, each with its magic and the place of its lines. Knows no file's form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PYTHON, SQL = "python", "sql"
# Magics that say what a whole cell is. All others, such as %pip and %time, are lines of Python.
CELL_MAGICS = frozenset({PYTHON, SQL, "md", "md-sandbox", "run", "sh", "fs", "scala", "r"})
_MAGIC = re.compile(r"%%?([A-Za-z][\w-]*)(?!\S)")
_PACKAGES = frozenset({"pip", "conda", "mamba", "uv"})


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: its place, from 1.
        magic: `sql`, `md`, ...; empty for a cell in the notebook's own language.
        body: its text behind the magic; begins on the magic's line.
        line: of the body's first line, in the file of a source form, in the cell of an .ipynb; from 1.
        title: empty where it has none.
    """

    number: int
    magic: str
    body: str
    line: int
    title: str = ""

    @property
    def name(self) -> str:
        """`cell 3 (Embeddings)`."""
        return f"cell {self.number}" + (f" ({self.title})" if self.title else "")


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was read.

    Attributes:
        path: its file. language: `python` or `sql`, of cells that name none.
        counts_in_cells: lines are counted in each cell, as in an .ipynb, not in the file.
    """

    path: Path
    language: str
    cells: tuple[Cell, ...]
    counts_in_cells: bool = False

    def language_of(self, cell: Cell) -> str:
        """What a cell is: its magic, else the notebook's language."""
        return cell.magic or self.language

    def file_name(self, cell: Cell) -> str:
        """What tracebacks call the place of a cell's lines."""
        return f"{self.path}, cell {cell.number}" if self.counts_in_cells else str(self.path)

    def where(self, cell: Cell, line: int | None = None) -> str:
        """`line 41 of shop.py`, or `line 2 of cell 4 of shop.ipynb`."""
        of_cell = f"cell {cell.number} of " if self.counts_in_cells else ""
        return f"line {cell.line if line is None else line} of {of_cell}{self.path.name}"


def cell_of(number: int, text: str, line: int, title: str, language: str) -> Cell:
    """A cell from its text as the notebook's editor shows it.

    Args:
        text: with its magic, without blank lines around it.
        line: where the text's first line is.
    """
    found = _MAGIC.match(text)
    name = found[1].lower() if found else ""
    if found and name in CELL_MAGICS:
        return Cell(number, "" if name == language else name, text[found.end() :], line, title)
    if name in _PACKAGES and language != PYTHON:
        return Cell(number, PYTHON, text, line, title)
    return Cell(number, "", text, line, title)


def without_blank_ends(first: int, lines: list[str]) -> tuple[int, list[str]]:
    """Lines without blank ones before and behind; `first` is the number of the first line."""
    filled = [place for place, line in enumerate(lines) if line.strip()]
    if not filled:
        return first, []
    return first + filled[0], lines[filled[0] : filled[-1] + 1]
