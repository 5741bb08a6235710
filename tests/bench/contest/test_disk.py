"""What a contestant's files take on disk."""

from __future__ import annotations

import os
from pathlib import Path

from engine.bench.contest.memory import on_disk


def test_blocks_that_were_written_count_once_whatever_a_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    one = tmp_path / "one"
    one.write_bytes(b"x" * 100_000)
    alone = on_disk(tmp_path)
    assert 100_000 <= alone < 200_000
    os.link(one, tmp_path / "deep" / "the same")
    assert on_disk(tmp_path) == alone
    with (tmp_path / "hole").open("wb") as out:
        out.truncate(10 << 20)
    assert on_disk(tmp_path) < alone + (1 << 20)
    (tmp_path / "two").write_bytes(b"x" * 100_000)
    assert on_disk(tmp_path) >= 2 * alone
