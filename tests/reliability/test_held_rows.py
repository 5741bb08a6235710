"""Rows that a manifest itself holds: whatever becomes of that file, nothing wrong is answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reliability.world import INDEX, create_direct, held_by, rows

from engine import Workspace
from engine.errors import CorruptFile, NewerRelease


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an index of which all rows lie in its manifests."""
    folder = tmp_path_factory.mktemp("held")
    workspace = Workspace(folder)
    create_direct(workspace)
    workspace.upsert(INDEX, rows(1, range(5)))
    workspace.upsert(INDEX, rows(2, [3, 7]))
    return folder


BEFORE = dict.fromkeys(range(5), 1)
NOW = {**BEFORE, 3: 2, 7: 2}


def manifest(folder: Path) -> Path:
    """The published one."""
    files = (folder / "indexes" / INDEX / "versions").glob("*.json")
    return max(files, key=lambda file: int(file.stem))


def test_few_rows_make_no_file_but_the_manifest(prepared: Path) -> None:
    index = prepared / "indexes" / INDEX
    there = sorted(str(path.relative_to(index)) for path in index.rglob("*") if path.is_file())
    assert there == ["index.json", "index.json.copy", "versions/2.json", "versions/3.json"]
    assert held_by(Workspace(prepared)) == NOW
    assert Workspace(prepared).check_index(INDEX) == []


_some = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@_some
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_flipped_bit_is_told_and_the_version_before_can_be_restored(
    prepared: Path, tmp_path: Path, place: int, bit: int
) -> None:
    whole = manifest(prepared).read_bytes()
    damaged = bytearray(whole)
    # Not in the word `checksum`, without which all the rest is as it was.
    damaged[12 + place % (len(whole) - 12)] ^= 1 << bit
    _told_and_restored(_copied(prepared, tmp_path), bytes(damaged))


@_some
@given(place=st.integers(0))
def test_a_manifest_cut_at_any_byte_is_told_and_the_version_before_can_be_restored(
    prepared: Path, tmp_path: Path, place: int
) -> None:
    whole = manifest(prepared).read_bytes()
    _told_and_restored(_copied(prepared, tmp_path), whole[: place % len(whole)])


def _copied(prepared: Path, folder: Path) -> Path:
    for file in prepared.rglob("*"):
        if file.is_file():
            copy = folder / file.relative_to(prepared)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    for file in (folder / "indexes" / INDEX / "versions").glob("*.json"):
        if not (prepared / file.relative_to(folder)).exists():  # of the example before
            file.unlink()
    return folder


def _told_and_restored(folder: Path, damaged: bytes) -> None:
    file = manifest(folder)
    file.write_bytes(damaged)
    workspace = Workspace(folder)
    with pytest.raises(CorruptFile, match=file.name):
        held_by(workspace)
    assert file.name in " ".join(workspace.check_index(INDEX))
    workspace.restore_index(INDEX)
    assert held_by(workspace) == BEFORE
    assert workspace.check_index(INDEX) == []


# ------------------------------------------------------------------ releases before
def _format_of(folder: Path) -> int:
    made_by: int = json.loads((folder / "indexes" / INDEX / "index.json").read_bytes())["format"]
    return made_by


def test_an_older_release_refuses_an_index_whose_manifest_may_hold_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.indexes.specs.FORMAT", 1)
    create_direct(Workspace(tmp_path))
    assert _format_of(tmp_path) == 1
    monkeypatch.undo()

    workspace = Workspace(tmp_path)
    assert workspace.get_index(INDEX)["status"]["indexed_row_count"] == 0
    assert _format_of(tmp_path) == 1  # reading leaves it as it is
    workspace.upsert(INDEX, rows(1, [1]))
    assert _format_of(tmp_path) == 2
    assert held_by(workspace) == held_by(Workspace(tmp_path)) == {1: 1}

    monkeypatch.setattr("engine.store.indexes.specs.FORMAT", 1)
    with pytest.raises(NewerRelease, match="format 2"):
        held_by(Workspace(tmp_path))
