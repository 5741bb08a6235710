"""What the command says of syncs."""

from __future__ import annotations

import pytest

from engine.core.schema import SyncReport
from engine.doors.cli.printing import print_sync


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
