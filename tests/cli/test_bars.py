"""Bars that meet trouble: an interruption, an error, a narrow or a dumb terminal, no stream at all."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import pytest
from support.storefront import built_shop
from support.terminal import shown
from wcwidth import width

from engine import progress
from engine.doors.cli.options import Group
from engine.errors import NotFound

KEPT = "interrupted: what was done is kept, run it again to go on\n"


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


class Interrupting(Terminal):
    """A terminal in which somebody types ^C as soon as a bar is seen."""

    drawn = ""

    def flush(self) -> None:
        if not self.drawn and "work" in self.getvalue():
            self.drawn = self.getvalue().lstrip("\r")
            raise KeyboardInterrupt


def drawn(error: BaseException | None) -> str:
    """What a command draws that ends amid a bar."""
    group = Group("group")

    @group.command()
    def work() -> None:
        each = progress.tracked(range(9), unit="row", desc="work", delay=0)
        for _ in each:
            if error is not None:
                raise error

    stream = Terminal()
    with contextlib.redirect_stderr(stream):
        try:
            group.main(["work"], standalone_mode=False)
        except click.ClickException as told:
            told.show(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyboardInterrupt(), KEPT),
        (NotFound("No such thing."), "Error: No such thing.\n"),
        (OSError(28, "No space left on device"), "Error: No space left on device\n"),
    ],
)
def test_a_bar_is_gone_before_a_message_says_why_it_ended(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    """A loop over a name keeps its bar as long as the error is held."""
    monkeypatch.setenv("TERM", "xterm")
    *bars, last = drawn(error).split("\r")
    assert bars and last == said and bars[-1].strip() == ""


def test_no_bar_is_drawn_in_a_terminal_that_can_not_go_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert drawn(None) == ""


STEP = """
import sys
import time
from engine import progress
for _ in progress.tracked(range(20), total=20, unit="row", desc="export", delay=0):
    time.sleep(0.02)
"""


def test_a_bar_that_is_interrupted_while_it_is_first_drawn_goes_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Interrupting()
    with contextlib.redirect_stderr(stream), pytest.raises(KeyboardInterrupt):
        for _ in progress.tracked(range(9), unit="row", desc="work", delay=0.01):
            time.sleep(0.2)
    assert stream.drawn and stream.getvalue().endswith("\r")
    made: list[bool] = []
    other = threading.Thread(
        target=lambda: made.append(progress.bar(unit="row").disable), daemon=True
    )
    other.start()
    other.join(20)
    assert made, "the interrupted drawing kept the lock, and no other thread can have a bar"


@pytest.mark.parametrize("columns", [30, 80])
def test_a_bar_leaves_room_for_what_is_typed_and_clears_it(columns: int) -> None:
    """`^C` at the end of a full line would break it, and what is left above stays for good."""
    *frames, _ = shown(code=STEP, columns=columns).err.split("\r")
    drawn_ones = [frame for frame in frames if frame.strip()]
    assert drawn_ones and max(map(width, drawn_ones)) <= columns - 3
    assert frames[-1] == " " * (columns - 1)


def test_closed_streams_are_no_terminals(tmp_path: Path) -> None:
    shop = built_shop(tmp_path)
    typed = f"{sys.executable} -m engine.doors.cli search dress -k 2 -w {shop.path}"
    for closed in (">&-", ">&- 2>&-", "2>&-"):
        done = subprocess.run(
            ["sh", "-c", f"{typed} {closed}"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
