"""What a run showed, as a page in one file. Knows outputs; how the page looks is the page's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.doors.notebook.showing.markdown import html_of
from engine.doors.notebook.showing.screen import Shown, ShownCell
from engine.shop.page.sheets import notebook_sheet


def page_of(title: str, summary: str, cells: Sequence[ShownCell]) -> str:
    """The page of a run."""
    return notebook_sheet(title, summary, [_cell_values(each) for each in cells])


def _cell_values(shown: ShownCell) -> dict[str, Any]:
    language = shown.notebook.language_of(shown.cell)
    return {
        "name": shown.cell.name,
        "where": shown.notebook.where(shown.cell),
        "seconds": shown.seconds,
        "failed": shown.failed,
        "code": "" if language.startswith("md") else _code(shown),
        "outputs": [_output(each) for each in shown.joined()],
    }


def _code(shown: ShownCell) -> str:
    magic = f"%{shown.cell.magic}" if shown.cell.magic else ""
    return f"{magic}{shown.cell.body}".strip("\n")


def _output(shown: Shown) -> dict[str, Any]:
    if shown.kind == "markdown":
        return {"kind": "own", "text": html_of(shown.text), "table": None}
    return {"kind": shown.kind, "text": shown.text, "table": shown.table}
