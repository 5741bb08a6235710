"""What commands print of their lines: the figure that says something."""

from __future__ import annotations

import pytest

from engine.bench.records.line import LeftOut, Line
from engine.doors.cli.bench.options.recording import print_lines


def test_of_shares_of_single_queries_the_mean_is_shown_and_of_times_the_median(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recall = Line("engines", "short", "recall@10", "share", (1.0, 1.0, 0.25), {"k": 10}, "higher")
    latency = Line("engines", "short", "latency", "ms", (1.0, 2.0, 99.0), {"k": 10})
    print_lines([recall, latency, LeftOut("engines", "gone", "no such library")], None)
    said = capsys.readouterr()
    of_recall, of_latency = said.out.splitlines()[2:]
    assert of_recall.split() == ["short", "k=10", "recall@10", "0.75", "share", "3"]
    assert of_latency.split() == ["short", "k=10", "latency", "2", "ms", "3"]
    assert "gone: no such library" in said.err
