"""What the command says, and by what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.core.schema import SyncReport
from engine.doors import cli
from engine.doors.cli.printing import print_json, print_raw, print_sync, say


@pytest.mark.parametrize(
    ("failed", "kept", "warning"),
    [
        (0, 0, ""),
        (1, 0, "warning: 1 rows were left out (7: no photo ...)\n"),
        (3, 2, "warning: 3 rows were left out, 2 of them kept as they were (7: no photo ...)\n"),
    ],
)
def test_what_a_sync_left_out_or_kept_as_it_was_is_a_warning(
    capsys: pytest.CaptureFixture[str], failed: int, kept: int, warning: str
) -> None:
    failures = [("7", "no photo")] if failed else []
    report = SyncReport(
        indexed=5, failed=failed, kept=kept, seconds=0.1, changed=True, failures=failures
    )
    print_sync("main.a.i", report)
    printed = capsys.readouterr()
    assert printed.out == "synced main.a.i: 5 rows in 0.1 s\n"
    assert printed.err == warning


def test_everything_is_said_by_what_takes_control_characters_out() -> None:
    folder = Path(cli.__file__).parent
    by_itself = [
        str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        if any(one in file.read_text() for one in ("click.echo", "click.secho", "stdout.write"))
    ]
    assert by_itself == ["printing.py"]


def test_lines_and_tabs_stay_and_the_rest_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    say("größe\t1\n\x1b[31m\r\x07\x9b\u202e日本")
    assert capsys.readouterr().out == "größe\t1\n\\x1b[31m\\r\\x07\\x9b日本\n"


def test_what_programs_read_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"a\x9b\x7f\u202e": "\x1b[31m"}
    print_json(given)
    printed = capsys.readouterr().out
    assert json.loads(printed) == given
    assert "\\u009b\\u007f" in printed
    print_raw("\x1b[31m\x9b\u202e")
    assert capsys.readouterr().out == "\x1b[31m\x9b\u202e"
