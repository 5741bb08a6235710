"""What a run shows: written as it comes, and kept for a page. Knows outputs; not cells' meaning.

Values of secrets are taken out of all of it.
"""

from __future__ import annotations

import base64
import functools
import json
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any, TextIO
from urllib.parse import quote

from engine.doors.cli.printing import terminal_width
from engine.doors.notebook.reading.cells import Cell, Notebook
from engine.doors.notebook.showing.tables import TABLE, Table, value_text
from engine.text_table import Column, text_table

REDACTED = "[REDACTED]"
MOST_PRINTED = 10_000_000  # characters of a cell that are kept, as in the cloud
_PRINTED_ROWS = 20
_IMAGES = ("image/png", "image/jpeg", "image/svg+xml")


@dataclass(frozen=True)
class Shown:
    """One output.

    Attributes:
        kind: "text", "error", "note", "table", "markdown", "image", "html" of anybody, "own" HTML.
        text: what it says; of an image its address.
    """

    kind: str
    text: str = ""
    table: Table | None = None


@dataclass
class ShownCell:
    """A cell that was run, and what it showed."""

    notebook: Notebook
    cell: Cell
    outputs: list[Shown] = field(default_factory=list)
    seconds: float = 0.0
    failed: bool = False
    _kept: int = 0  # characters that were printed and are in `outputs`

    def keep_text(self, text: str) -> None:
        """What was printed, behind what was printed before, to a limit; a loop may print without end."""
        if self._kept >= MOST_PRINTED:
            return
        kept = text[: MOST_PRINTED - self._kept]
        self._kept += len(kept)
        self.outputs.append(Shown("text", kept))
        if self._kept == MOST_PRINTED:
            self.outputs.append(
                Shown(
                    "note",
                    f"what else it printed is left out: more than {MOST_PRINTED:,} characters",
                )
            )

    def joined(self) -> list[Shown]:
        """The outputs, what was printed in a row as one."""
        found: list[Shown] = []
        for kind, group in groupby(self.outputs, key=lambda one: one.kind):
            if kind == "text":
                found.append(Shown("text", "".join(one.text for one in group)))
            else:
                found.extend(group)
        return found


class Screen:
    """Where a run shows things.

    Attributes:
        cells: what was shown, by cell. hidden: texts that are never shown.
    """

    def __init__(self, out: TextIO) -> None:
        self._out, self._said = out, sys.stderr
        self.cells: list[ShownCell] = []
        self.hidden: set[str] = set()
        self._started = 0.0

    # ------------------------------------------------------------------ cells
    def begin(self, notebook: Notebook, cell: Cell) -> None:
        """A cell starts."""
        self.cells.append(ShownCell(notebook, cell))
        self._started = time.monotonic()
        self.say(f"── {cell.name} · {notebook.where(cell)}")

    def end(self, failed: bool = False) -> None:
        """The cell that was begun last is done."""
        self.cells[-1].failed |= failed
        self.cells[-1].seconds = time.monotonic() - self._started

    def say(self, line: str) -> None:
        """A line on standard error, which is no output of the notebook."""
        self._out.flush()
        print(self._plain(line), file=self._said, flush=True)

    # ------------------------------------------------------------------ outputs
    def text(self, text: str, is_error: bool = False) -> None:
        """What a cell printed, on its standard output or on that for errors."""
        text = self._plain(text)
        out = self._said if is_error else self._out
        out.write(text)
        out.flush()
        if self.cells:
            self.cells[-1].keep_text(text)

    def note(self, text: str) -> None:
        """What the run has to say of a cell: something was skipped."""
        self.say(f"note: {text}")
        self._keep(Shown("note", self._plain(text)))

    def error(self, text: str) -> None:
        """Why a cell failed."""
        self.say(text)
        self._keep(Shown("error", self._plain(text)))

    def markdown(self, text: str) -> None:
        """A cell of Markdown."""
        self._print(text.strip())
        self._keep(Shown("markdown", self._plain(text)))

    def table(self, table: Table) -> None:
        """Rows."""
        rows = [tuple(self._plain(value_text(value)) for value in row) for row in table.rows]
        shown = Table(
            tuple(map(self._plain, table.columns)), tuple(rows), table.total, table.is_cut
        )
        self._keep(Shown("table", shown.note, shown))
        self._print(_rows_text(shown))
        more = table.total if table.total is not None else len(rows)
        if more > _PRINTED_ROWS or table.is_cut:
            at_least = "" if table.total is not None or not table.is_cut else "more than "
            self._print(f"{min(_PRINTED_ROWS, len(rows))} of {at_least}{more:,} rows")

    def show(self, forms: Mapping[str, Any]) -> None:
        """One output in its forms, by MIME type: the richest is kept, the plainest is printed."""
        if isinstance(forms.get(TABLE), Table):
            self.table(forms[TABLE])
            return
        self._keep(self._richest(forms))
        plain = forms.get("text/markdown") or forms.get("text/plain")
        self._print(str(plain) if plain else "(shown in the page of --html)")

    def own_html(self, html: str, plain: str) -> None:
        """A part of a page that this package made, and its text."""
        self._keep(Shown("own", self._plain(html)))
        self._print(plain)

    def html(self, html: str) -> None:
        """A part of a page that the notebook made."""
        self._keep(Shown("html", self._plain(html)))
        self._print("(HTML, shown in the page of --html)")

    def _richest(self, forms: Mapping[str, Any]) -> Shown:
        for kind in _IMAGES:
            if kind in forms:
                return Shown("image", _address(kind, forms[kind]))
        if "text/html" in forms:
            return Shown("html", self._plain(str(forms["text/html"])))
        if "text/markdown" in forms:
            return Shown("markdown", self._plain(str(forms["text/markdown"])))
        return Shown("text", self._plain(str(forms.get("text/plain", ""))) + "\n")

    def _keep(self, shown: Shown) -> None:
        if self.cells:
            self.cells[-1].outputs.append(shown)

    def _print(self, text: str) -> None:
        self._out.write(f"{self._plain(text)}\n")
        self._out.flush()

    def _plain(self, text: str) -> str:
        for secret in sorted(self.hidden, key=len, reverse=True):
            for form in _forms(secret):
                text = text.replace(form, REDACTED)
        return text


@functools.cache
def _forms(secret: str) -> tuple[str, ...]:
    """A text as it stands in prints, in Python's and JSON's quotes, in HTML and in an address."""
    quoted = (repr(secret)[1:-1], json.dumps(secret)[1:-1], escape(secret), quote(secret, safe=""))
    return tuple(dict.fromkeys((secret, *quoted)))


class Printed:
    """Standard output of a notebook, or that for errors: a file whose text a screen shows."""

    def __init__(self, screen: Screen, out: TextIO, is_error: bool = False) -> None:
        self._screen, self._out, self._is_error = screen, out, is_error

    def write(self, text: str) -> int:
        """Show text."""
        self._screen.text(text, self._is_error)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Show texts."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._out, name)


def _rows_text(table: Table) -> str:
    """The first rows for a terminal, or for a file, which has no width."""
    columns = [Column(str(place), name) for place, name in enumerate(table.columns)]
    rows = [{str(at): value for at, value in enumerate(row)} for row in table.rows[:_PRINTED_ROWS]]
    return "\n".join(text_table(rows, columns, terminal_width()).lines)


def _address(kind: str, content: object) -> str:
    """An image as an address that holds it."""
    if kind == "image/svg+xml" and isinstance(content, str):
        content = content.encode()
    encoded = content if isinstance(content, str) else base64.b64encode(bytes(content)).decode()  # type: ignore[call-overload]
    return f"data:{kind};base64,{encoded.strip()}"
