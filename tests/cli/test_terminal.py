"""The command in a terminal: tables that fit it, bars for long steps; and as programs read it."""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.command import typed
from support.needs import needs
from support.storefront import built_shop
from support.terminal import shown
from wcwidth import width

from engine import Workspace, progress
from engine.doors.cli.command import main

LONG = "A very long name of a dress that nobody would read to its end, in red and in blue"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = built_shop(tmp_path_factory.mktemp("terminal"))
    workspace.build_users()
    workspace.write_table(
        "odd",
        pa.table({"id": [1, 2], "name": [LONG, "日本語\x1b[31m"], "vector": [[0.5] * 64] * 2}),
    )
    return workspace


COMMANDS = [
    ["search", "dress", "-k", "12"],
    ["search", "dress", "--facet", "gender", "--columns", "product_id,price,gender,season,usage"],
    ["products", "--limit", "5"],
    ["products", "9"],
    ["products", "9", "--similar", "text"],
    ["users", "list"],
    ["users", "show", "user_008828"],
    ["recommend", "user_008828", "-k", "3"],
    ["validate"],
    ["latent", "3"],
    ["classify", "--product", "9"],
    ["classify", "--to", "tags"],
    ["index", "list"],
    ["index", "scan", "vs_image_search", "--num-results", "3"],
    ["index", "query", "vs_image_search", "--query-type", "FULL_TEXT", "--query-text", "red"],
    ["table", "show", "odd"],
    ["table", "show", "product_embeddings_multimodal"],
    ["sql", "select *, 1 as one, name from odd"],
    ["serving", "list"],
    ["endpoint", "list"],
    ["catalog", "list"],
    ["schema", "list"],
    ["volume", "list"],
]


def in_terminal(*arguments: object, columns: int = 80) -> tuple[list[str], str]:
    """The lines, and what is on standard error, of a command in a terminal of so many columns."""
    out, err = Terminal(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.setenv("COLUMNS", str(columns))
        main.main([str(each) for each in arguments], standalone_mode=False)
    return out.getvalue().splitlines(), err.getvalue()


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_table_fits_a_terminal_of_80_columns(shop: Workspace, command: list[str]) -> None:
    lines, _ = in_terminal(*command, "-w", shop.path)
    rule = next(place for place, line in enumerate(lines) if line.startswith("--"))
    for line in lines[rule - 1 :]:
        assert width(line) <= 80, line


def test_a_wide_terminal_is_used_and_a_narrow_one_is_kept_to(shop: Workspace) -> None:
    show = ("table", "show", "odd", "-w", shop.path)
    assert any(LONG in line for line in in_terminal(*show, columns=150)[0])
    lines, said = in_terminal(*show, columns=30)
    assert max(map(width, lines)) <= 30
    assert "1 column has no room here: vector" in said


def test_the_width_is_the_terminal_s_own(shop: Workspace) -> None:
    seen = shown("table", "show", "odd", "-w", shop.path, columns=60)
    assert seen.status == 0 and 50 < max(map(width, seen.lines)) <= 60


def test_what_a_program_reads_is_whole_whatever_width_it_has(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    read = typed("table", "show", "odd", "-w", shop.path).stdout
    assert LONG in read and "日本語\\x1b[31m" in read and "64 numbers" in read
    assert "…" not in typed("search", "dress", "-w", shop.path).stdout


def test_a_search_says_rank_key_name_price_and_score(shop: Workspace) -> None:
    lines, _ = in_terminal("search", "dress", "-k", 2, "--offset", 3, "-w", shop.path)
    assert lines[0].split() == [
        *("rank", "product_id", "product_display_name", "article_type", "price", "score")
    ]
    assert [line.split()[0] for line in lines[2:]] == ["4", "5"]


def test_a_reason_stands_below_its_product(shop: Workspace) -> None:
    lines, _ = in_terminal("recommend", "user_008828", "-k", 1, "-w", shop.path, columns=60)
    assert lines[2].startswith("1 ") and lines[3].startswith("      ")
    assert max(map(width, lines[:-1])) <= 60


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], str]:
    """What bars draw while something is done, however short it is."""
    monkeypatch.setattr(progress, "DELAY", 0)
    monkeypatch.setenv("TERM", "xterm")

    def drawn_by(step: Callable[[], object]) -> str:
        stream = Terminal()
        with contextlib.redirect_stderr(stream):
            step()
        return stream.getvalue()

    return drawn_by


def command(*arguments: object) -> None:
    main.main([str(each) for each in arguments], standalone_mode=False)


STEPS: dict[str, Callable[[Workspace, Path], Any]] = {
    "import": lambda w, f: w.import_fashion(f / "styles.csv", f / "images"),
    "embed": lambda w, f: w.embed(encoder="hashed"),
    "sync": lambda w, f: w.sync("main.fashion_demo.vs_image_search"),
    "compact": lambda w, f: w.compact_index("main.fashion_demo.vs_text_search"),
    "check": lambda w, f: w.check_index("main.fashion_demo.vs_image_search"),
    "users": lambda w, f: w.build_users(),
    "interactions": lambda w, f: w.build_users(personas=True),
    "validate": lambda w, f: w.validate(),
    "classify": lambda w, f: w.tag_products(to="tags"),
    "photos": lambda w, f: w.search("dress").save(f / "sheet.html"),
    "export": lambda w, f: command("table", "export", "products", f / "p.csv", "-w", w.path),
    "copy": lambda w, f: command(
        *("volume", "cp", "-r", f / "images", "/Volumes/main/fashion_demo/raw_data/more"),
        *("-w", w.path, "--overwrite"),
    ),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    """A shop that may be changed, and the folder that it was made of."""
    folder = tmp_path_factory.mktemp("steps")
    workspace = built_shop(folder)
    changed = workspace.read_table("product_embeddings_multimodal")
    for _ in range(2):  # segments to merge
        changed = changed.slice(1)
        workspace.write_table("product_embeddings_multimodal", changed)
        workspace.sync("main.fashion_demo.vs_text_search")
    workspace.write_table("product_embeddings_multimodal", changed.slice(1))
    return workspace, folder / "given"


@pytest.mark.parametrize("step", STEPS)
def test_a_long_step_shows_how_far_it_is(
    drawn: Callable[..., str], own: tuple[Workspace, Path], step: str
) -> None:
    text = drawn(lambda: STEPS[step](*own))
    assert f"\r{step}: " in text
    assert re.search(r"\r +\r+$", text)  # the bar is gone when it is done


def test_latent_features_show_how_far_they_are(
    drawn: Callable[..., str], own: tuple[Workspace, Path]
) -> None:
    needs("latent")
    assert "\rlatent: " in drawn(lambda: own[0].latent_features(anew=True))


STEP = """
import time
from engine import progress
progress.DELAY = 0
for _ in progress.tracked(range(40), total=40, unit="row", desc="export"):
    time.sleep(0.02)
"""


def test_a_bar_has_rate_and_time_left_and_goes_when_it_is_done() -> None:
    seen = shown(code=STEP)
    bar = r"export: +\d+%\|.*\| \d+/40 \[\d\d:\d\d<\d\d:\d\d, +[\d.]+ row/s\]"
    frames = seen.err.replace("\r\n", "\r").split("\r")
    assert re.search(bar, seen.err) and max(map(width, frames)) <= 80
    assert frames[-1] == "" and frames[-2].strip() == "" and seen.out == ""


def test_no_bar_is_drawn_where_nobody_looks(
    shop: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "DELAY", 0)
    assert typed("table", "export", "odd", tmp_path / "odd.csv", "-w", shop.path).stderr == ""


def test_what_a_server_does_in_its_threads_draws_no_bar(
    drawn: Callable[..., str], own: tuple[Workspace, Path]
) -> None:
    thread = threading.Thread(target=lambda: own[0].validate())
    assert drawn(lambda: (thread.start(), thread.join())) == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [(["validate"], r"asked 5 queries in \d+\.\d s"), (["latent"], r"looked at \d attributes in ")],
)
def test_a_long_step_ends_with_a_line(shop: Workspace, command: list[str], said: str) -> None:
    if command == ["latent"]:
        needs("latent")
    assert re.search(said, typed(*command, "-w", shop.path).stderr)


OWNED = "\x1b]0;owned\x07\x9b31m\x1b[2J"  # would rename a terminal, colour it and clear it

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def in_terminals(*arguments: object) -> str:
    """All that a command prints where both streams are terminals, its own errors included."""
    out, err = Terminal(), Terminal()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.suppress(SystemExit),
    ):
        main.main([str(each) for each in arguments])
    return out.getvalue() + err.getvalue()


def test_no_name_or_value_steers_the_terminal(shop: Workspace, tmp_path: Path) -> None:
    """Names of files and columns, keys, messages and raw texts were printed with all that they hold."""
    folder = tmp_path / f"files{OWNED}"
    folder.mkdir()
    file = folder / f"a{OWNED}.csv"
    file.write_text(f"id,na{OWNED}me,text\n1,x{OWNED},y\n", encoding="utf-8")
    there = ("-w", shop.path)
    commands: list[list[object]] = [
        ["table", "create", "steering", "--from", file],
        ["table", "show", "steering"],
        ["table", "export", "steering", folder / "out.csv"],
        ["table", "register", "steered", file.with_suffix(".none")],
        ["volume", "register", "/Volumes/main/fashion_demo/v", folder],
        ["volume", "ls", "/Volumes/main/fashion_demo/v"],
        ["volume", "cp", folder / "none", "/Volumes/main/fashion_demo/v/x"],
        ["sql", "select * from steering"],
        ["sql", "--csv", "select * from steering"],
        ["sql", "--json", "select * from steering"],
        ["sql", f"select `{OWNED}` from steering"],
        ["search", OWNED, "--as-code"],
        ["search", OWNED, "--json"],
        ["products", OWNED],
        ["users", "show", OWNED],
        [OWNED],
        ["search", f"--none{OWNED}"],
        ["table", "show", "steering", f"more{OWNED}"],
    ]
    for command in commands:
        seen = in_terminals(*command, *there)
        assert CONTROLS.search(seen) is None, (command, seen)
        assert "owned" in seen, (command, seen)
