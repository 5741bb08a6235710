"""Damaged photos of all formats, for a while: a picture or a declared failure, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.fuzz_photos import KINDS, SIZES, attempt, run, seeds


def test_whole_files_of_all_formats_are_pictures() -> None:
    files = seeds()
    assert len({KINDS[name.rpartition(" ")[0]][0] for name in files}) >= 10
    assert len(files) >= 10 * len(SIZES)
    assert {attempt(data) for data in files.values()} == {"picture"}


@pytest.mark.parametrize("seed", [0, 1])
def test_damaged_files_are_pictures_or_failures(tmp_path: Path, seed: int) -> None:
    report = run(tmp_path, seed, count=600, seconds=300)
    assert report["finds"] == []
    assert report["next"] == 600
    counts = report["counts"]
    assert isinstance(counts, dict)
    assert min(counts["picture"], counts["failure"]) > 200, (
        "the damages are too light, or too heavy"
    )
