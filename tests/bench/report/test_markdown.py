"""Figures in documents: blocks are made anew, marked numbers are what their lines say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.journals import every_case, read

from engine.bench.records import floors, journal
from engine.bench.records.journal import Journal
from engine.bench.records.line import Line, one
from engine.bench.report.figures import latest
from engine.bench.report.markdown.blocks import END, filled, selectors
from engine.bench.report.markdown.marks import MARK, marks, problem, unmarked
from engine.bench.report.markdown.selector import selector
from engine.doors.cli.command import main
from engine.errors import InvalidParameterValue

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks" / "results"
RAW = sorted(RESULTS.glob("*/raw.jsonl"))
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "engine").rglob("README.md")),
    *sorted(RESULTS.rglob("*.md")),
]
BUILD = f"a\n<!-- figures: case: engines; columns: build -->\nold\n{END}\nz\n"
NOT_MOVED = floors.Floors(10.0, 8.0, 50.0, 5.0)
LATENCY = "<!-- figure: case: ann; contestants: vitrine; columns: latency; where: k=10 -->"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Journal:
    return read(every_case(tmp_path_factory.mktemp("report") / "raw.jsonl"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(p.relative_to(ROOT)) for p in DOCUMENTS])
def test_every_block_and_number_is_what_the_raw_lines_say(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    kept = journal.read(RAW)
    assert filled(text, kept) == text, "fill it in again: vitrine bench report ... --write"
    lines = [line for line, _ in latest(kept)]
    assert [said for mark in marks(text) if (said := problem(mark, lines))] == []


def test_every_measured_number_of_the_readme_is_marked() -> None:
    """From the first mark on: without any, the document isn't held to its raw lines yet."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if MARK.search(text) or selectors(text):
        assert unmarked(text) == []


def test_a_block_is_made_anew_and_the_rest_stays(found: Journal) -> None:
    text = filled(BUILD, found)
    assert text == (
        "a\n<!-- figures: case: engines; columns: build -->\n"
        "| contestant | build, s |\n| --- | ---: |\n| vitrine | 2.00 |\n| DuckDB | **1.00** |\n\n"
        "`vitrine bench engines` (2026-11-26, commit abcdef123456; Quick 3000, 2 cores, seed 7).\n"
        f"Left out: milvus-lite (its server ended with status 1).\n{END}\nz\n"
    )
    assert filled(text, found) == text
    assert selectors(text) == ["case: engines; columns: build"]


def test_rows_columns_and_contestants_are_chosen(found: Journal) -> None:
    asked = (
        "case: serving; contestants: chroma | vitrine; columns: latency p99 | throughput n; "
        "rows: contestant | clients; where: workers=none"
    )
    text = filled(f"<!-- figures: {asked} -->\n{END}", found)
    rows = [line.split(" | ")[:2] for line in text.splitlines() if line.startswith("| chroma")]
    assert rows == [["| chroma", "1"], ["| chroma", "8"], ["| chroma", "32"]]
    assert "latency p99, ms | throughput n |" in text and "| 5 |" in text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("case: ann; columns: latency", "name more in `rows` or `where`"),
        ("case: nothing; columns: latency", "no line of"),
        ("columns: latency", "at least `case"),
        ("case: ann; colour: red", "expected NAME: VALUE"),
        ("case: ann; columns: build; where: rows", "expected NAME=VALUE"),
        ("case: engines; columns: build low", "no interval"),
        ("case: engines; columns: build floor", "no floor"),
    ],
)
def test_a_selector_that_means_nothing_or_too_much_is_refused(
    asked: str, said: str, found: Journal
) -> None:
    with pytest.raises(InvalidParameterValue, match=said):
        filled(f"<!-- figures: {asked} -->\n{END}", found)


def test_texts_beside_a_line_are_words_of_its_row(found: Journal) -> None:
    asked = "case: scale; columns: slope | slope low; rows: of | grows | why; where: from=1000"
    text = filled(f"<!-- figures: {asked} -->\n{END}", found)
    assert (
        "| of | grows | why | slope, log cost / log rows | slope low, log cost / log rows |" in text
    )
    assert "| build | linear | as each row is read | 1.01 | 0.900 |" in text
    assert "| upsert | constant |  | **0.0100** | **-0.100** |" in text


def test_a_block_without_an_end_is_refused(found: Journal) -> None:
    for text in (
        "<!-- figures: case: engines; columns: build -->\nx",
        BUILD.replace(END, "<!-- hm -->"),
    ):
        with pytest.raises(InvalidParameterValue, match="has no end"):
            filled(text, found)


@pytest.mark.parametrize("number", ["0.50 ms", "about 0.5 ms", "0.00050 s"])
def test_a_number_that_its_line_says_passes(number: str) -> None:
    line = Line("ann", "vitrine", "latency", "ms", one(0.501), {"k": 10})
    (mark,) = marks(f"It takes 7 things\nand {number}{LATENCY}.")
    assert problem(mark, [line]) is None


@pytest.mark.parametrize("number", ["0.51 ms", "0.4 ms", "about 0.6 ms", "501 ms", "5 s"])
def test_a_number_that_its_line_does_not_say_is_found(number: str) -> None:
    line = Line("ann", "vitrine", "latency", "ms", one(0.501), {"k": 10})
    (mark,) = marks(f"It takes {number}{LATENCY}.")
    assert "the line says" in (problem(mark, [line]) or "")


def test_percents_and_counts(found: Journal) -> None:
    line = Line("r", "m", "recall", "share", one(0.8649), {}, "higher")
    told = "<!-- figure: case: r; columns: recall -->"
    good, bad = marks(f"finds 86 %{told} and 87 %{told}")
    assert problem(good, [line]) is None and problem(bad, [line]) is not None
    (mark,) = marks("44,446 rows<!-- figure: case: ann; columns: latency -->")
    assert "lines are meant" in (problem(mark, found.lines) or "")
    with pytest.raises(InvalidParameterValue, match="no number before"):
        marks(f"nothing {told}")


MEASURED = (
    "0.7 ms",
    "1,200 queries/s",
    "366 photos a second",
    "recall@10 0.99",
    "2.5 times",
    "recall of 0.9",
    "accuracy 0.89",
    "99.5 %",
    "right of the first ten: red dress 8",
)


def test_what_reads_like_a_measured_number_needs_a_mark() -> None:
    for text in MEASURED:
        assert len(unmarked(f"It has {text} here.")) == 1, text
        assert unmarked(f"It has {text}{LATENCY} here.") == [], text
    for text in (
        "60 x 80 pixels",
        "31 MB",
        "Python 3.10",
        "k=10",
        "41,639 photos",
        "http://127.0.0.1:8765/",
    ):
        assert unmarked(f"It has {text} here.") == [], text
    assert unmarked("```console\n$ x\n1 passed in 2.5 s\n```\n") == []
    assert unmarked(f"<!-- figures: case: a -->\n| 3 ms |\n{END}\n") == []


def test_the_command_fills_documents_and_writes_tables(tmp_path: Path) -> None:
    raw = every_case(tmp_path / "raw.jsonl")
    document = tmp_path / "doc.md"
    document.write_text(BUILD)
    tables = tmp_path / "deep" / "tables"
    command = ["bench", "report", str(raw), "--write", str(document), "--tables", str(tables)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "**1.00**" in document.read_text()
    assert {path.name for path in tables.iterdir()} == {
        "ann.md", "embedding.md", "engines.md", "retrieval.md", "scale.md", "serving.md"
    }  # fmt: skip
    text = (tables / "ann.md").read_text()
    assert "| contestant | own settings | recall@1, share |" in text and "chromadb is not" in text
    assert selector("case: a; columns: x p99").columns[0].statistic == "p99"


def test_a_document_on_a_full_disk_stays_as_it_was(tmp_path: Path) -> None:
    raw, document = every_case(tmp_path / "raw.jsonl"), tmp_path / "page.md"
    text = "x" * 3000 + "\n" + BUILD
    document.write_text(text)
    program = (
        "import resource, signal, sys; from engine.doors.cli.command import main; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)); "
        "main(['bench', 'report', sys.argv[1], '--write', sys.argv[2]])"
    )
    asked = [sys.executable, "-B", "-c", program, str(raw), str(document)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "File too large" in done.stderr
    assert document.read_text() == text


def test_a_document_keeps_its_ends_of_lines_its_mode_and_its_link(tmp_path: Path) -> None:
    raw, document, link = every_case(tmp_path / "raw.jsonl"), tmp_path / "a.md", tmp_path / "l.md"
    document.write_bytes(BUILD.replace("\n", "\r\n").encode())
    document.chmod(0o664)
    link.symlink_to(document)
    done = CliRunner().invoke(main, ["bench", "report", str(raw), "--write", str(link)])
    assert done.exit_code == 0, done.output
    content = document.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") > 6
    assert link.is_symlink() and document.stat().st_mode & 0o777 == 0o664


def test_a_case_of_any_name_is_a_file_in_the_folder_of_tables(tmp_path: Path) -> None:
    raw, tables = tmp_path / "raw.jsonl", tmp_path / "a" / "tables"
    kept = journal.begin(raw, "x", floors=NOT_MOVED)
    kept.add(Line("../b/c", "<img src=x> | `", "latency", "ms", one(1.0)))
    done = CliRunner().invoke(main, ["bench", "report", str(raw), "--tables", str(tables)])
    assert done.exit_code == 0, done.output
    (made,) = tables.iterdir()
    assert "&lt;img" in made.read_text() and "<img" not in made.read_text()


def test_a_contestant_that_is_asked_for_and_not_there_is_named(found: Journal) -> None:
    text = (
        f"<!-- figures: case: engines; contestants: vitrine | vitrin; columns: build -->\n{END}\n"
    )
    with pytest.raises(InvalidParameterValue, match="no line of vitrin, "):
        filled(text, found)
    with pytest.raises(InvalidParameterValue, match=r"of: case: engines; columns: bild$"):
        filled(f"<!-- figures: case: engines; columns: bild -->\n{END}\n", found)
