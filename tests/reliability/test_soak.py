"""The soak for some seconds; for longer: `PYTHONPATH=tests python -m reliability.soak --minutes 30`."""

from __future__ import annotations

from reliability.soak import soak


def test_nothing_is_lost_while_threads_processes_kills_and_damage_run_together() -> None:
    problems, summary = soak(seconds=12, seed=20261125)
    assert not problems, "\n".join([*problems, summary])
