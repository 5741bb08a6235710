"""Indexes that fixtures give are ready at any pace; what a test does with them takes its time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.paced import paced, state_of

from engine.doors.testing.mirrors import Mirror

ROWS = [{"id": 1, "v": [1.0, 0.0]}, {"id": 2, "v": [0.0, 1.0]}]


def found(index: Any) -> int:
    reply = index.similarity_search(columns=["id"], query_vector=[1.0, 0.0], num_results=9)
    return int(reply["result"]["row_count"])


def test_an_index_of_a_fixture_is_ready(tmp_path: Path) -> None:
    vitrine = Mirror(paced(tmp_path))
    index = vitrine.index("main.shop.shirts", ROWS)
    assert state_of(index.describe()) == (True, "ONLINE_NO_PENDING_UPDATE", 2)
    vitrine.table("main.shop.shirts_source", ROWS[:1])
    index.sync()
    assert found(index) == 2
    vitrine.workspace.clock.finish()
    index.wait_until_ready(wait_for_updates=True)


def test_a_direct_access_index_of_a_fixture_has_its_rows(tmp_path: Path) -> None:
    vitrine = Mirror(paced(tmp_path))
    index = vitrine.direct_index("main.shop.direct", ROWS)
    assert found(index) == 2
    index.upsert([{"id": 3, "v": [1.0, 1.0]}])
    assert found(index) == 2
    vitrine.workspace.clock.finish()
    assert found(index) == 3
