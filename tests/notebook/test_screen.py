"""What a screen keeps of what cells print: all of it in order, to a limit, without their secrets."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.doors.notebook.reading.cells import Cell, Notebook
from engine.doors.notebook.showing import screen as showing
from engine.doors.notebook.showing.screen import Screen, Shown


def screen() -> Screen:
    made = Screen(io.StringIO())
    cell = Cell(1, "", "1", 1)
    made.begin(Notebook(Path("shop.py"), "python", (cell,)), cell)
    return made


@given(st.lists(st.one_of(st.text(), st.none())))
def test_what_was_printed_is_kept_whole_and_in_order(printed: list[str | None]) -> None:
    made, whole = screen(), [""]
    for text in printed:
        if text is None:
            made.html("<b>")
            whole.append("")
        else:
            made.text(text)
            whole[-1] += text
    shown = made.cells[0].joined()
    parts = [""]
    for one in shown:
        parts[-1:] = [parts[-1] + one.text] if one.kind == "text" else [parts[-1], ""]
    assert parts == whole
    assert all(one.kind != "text" or two.kind != "text" for one, two in pairwise(shown))


def test_printing_a_line_copies_none_of_those_before() -> None:
    made = screen()
    made.text("x" * 1000)
    before = made.cells[0].outputs[0]
    made.text("y")
    assert made.cells[0].outputs[0] is before


def test_a_loop_that_prints_without_end_is_kept_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "MOST_PRINTED", 10)
    made = screen()
    for _ in range(5):
        made.text("1234")
    assert made.cells[0].joined() == [
        Shown("text", "1234123412"),
        Shown("note", "what else it printed is left out: more than 10 characters"),
    ]


@pytest.mark.parametrize("wrap", [str, repr, json.dumps, escape, lambda text: quote(text, safe="")])
def test_a_secret_is_hidden_in_each_form_that_texts_have(wrap: Callable[[str], str]) -> None:
    made = screen()
    made.hidden.add("p'w<\\d é/1")
    made.text(wrap("p'w<\\d é/1"))
    assert "[REDACTED]" in made.cells[0].joined()[0].text
    assert "1" not in made.cells[0].joined()[0].text
