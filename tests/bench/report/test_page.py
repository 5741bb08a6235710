"""The page of a report: one file, readable by everybody, with all that was measured and left out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.browser import NARROW, WIDE, Scheme, browser_of
from support.journals import every_case, read, written
from support.needs import needs

from engine.bench.records.line import Line, one

if TYPE_CHECKING:
    from playwright.sync_api import Request

needs("evaluation")

from engine.bench.report.page import page
from engine.bench.report.plots.drawing import drawn
from engine.bench.report.shapes.shape import Axis, Bar, Bars


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page(read(every_case(tmp_path_factory.mktemp("report") / "raw.jsonl")), "A & B")


def test_all_cases_contestants_reasons_and_commands_are_there(html: str) -> None:
    for case in ("ann", "serving", "retrieval", "embedding", "engines", "scale"):
        assert f'<h2 id="{case}">{case}</h2>' in html
        assert f"<code>vitrine bench {case}</code>" in html
    assert "chromadb is not &lt;installed&gt;" in html and "its server ended" in html
    assert "abcdef123456 and changes" in html and "numpy 2.0" in html
    assert "Quick 3000, 2 cores, 24 GiB" in html and "p 0.0100" in html
    assert "<title>A &amp; B</title>" in html


def test_costs_over_rows_are_curves_and_their_slopes_say_how_they_grow(html: str) -> None:
    assert "cost by rows, ms" in html and "cost by rows, s<" in html
    assert "grows as: root (or logarithm)" in html and "as each row is read" in html
    assert "the steepest first: latency, upsert." in html


def test_nothing_is_markup_that_was_none(html: str) -> None:
    assert "<b>usearch" not in html and "&lt;b&gt;usearch&lt;/b&gt;" in html


def test_the_page_needs_no_other_file_no_script_and_no_host(html: str) -> None:
    assert "<script" not in html and "@import" not in html
    for attribute in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert attribute.startswith(("#", "data:")), attribute
    assert not re.findall(r"url\((?!#)[^)]*\)", html)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_no_two_elements_share_an_id(html: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 50
    for used in re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html):
        assert "".join(used) in {*ids, "content"}


def test_plots_are_text_in_the_pages_own_colours(html: str) -> None:
    assert html.count('<svg role="img"') >= 8
    assert ">hnswlib</text>" in html and ">recall@10 (right is better)</text>" in html
    assert "var(--series-0)" in html and "var(--ink)" in html
    assert not re.findall(r"#0[1-5]00?0\d", html)


def test_everybody_can_use_the_page_in_light_and_dark(html: str, tmp_path: Path) -> None:
    needs("browser")
    from axe_playwright_python.sync_playwright import Axe

    (tmp_path / "report.html").write_text(html)
    looks: list[tuple[Scheme, tuple[int, int]]] = [("light", WIDE), ("dark", NARROW)]
    with browser_of() as browser:
        for scheme, (width, height) in looks:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            shown = context.new_page()
            asked: list[Request] = []
            shown.on("request", lambda request, kept=asked: kept.append(request))
            shown.goto((tmp_path / "report.html").as_uri())
            assert Axe().run(shown).response["violations"] == []
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            assert [o.url for o in asked if not o.url.startswith(("file:", "data:"))] == []


def test_a_report_leaves_home_environment_and_matplotlib_as_they_were(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    raw = every_case(tmp_path / "raw.jsonl")
    code = f"""
import os, sys, tempfile
from pathlib import Path
before = dict(os.environ)
from engine.bench.records import journal
from engine.bench.report.page import page
page(journal.read([Path({str(raw)!r})]), "t")
import matplotlib
assert "matplotlib.pyplot" not in sys.modules
assert dict(os.environ) == before
own, default = (dict(one.copy()) for one in (matplotlib.rcParams, matplotlib.rcParamsDefault))
assert own.pop("backend") is default.pop("backend") and own == default
"""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith("MPL")}
    env |= {"HOME": str(home), "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert list(home.rglob("*")) == [] and list(temporary.iterdir()) == []


def test_odd_values_are_drawn() -> None:
    for values in ((0.0, 0.0), (1e9, 1e-9), (-1.0, 2.0)):
        bars = Bars("t", "said", Axis("x"), tuple(Bar(str(v), v, (v, v)) for v in values))
        assert "<svg" in drawn(bars)


def test_a_case_of_one_line_is_a_page(tmp_path: Path) -> None:
    line = Line("odd case", "x" * 80, "a thing", "furlongs", one(3), {"none": None, "yes": True})
    html = page(read(written(tmp_path / "raw.jsonl", [line])), "t")
    assert "none = none, yes = yes" in html and "furlongs" in html
