"""`vitrine index check`, `compact` and `restore`, on intact indexes and on damaged ones."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from support.command import typed as run

from engine import CorruptFile, StorageFailed, Workspace

INDEX = "main.a.i"
SCHEMA = {"id": "int", "v": "array<float>"}


def rows(keys: range) -> list[dict[str, object]]:
    return [{"id": key, "v": [float(key), 1.0]} for key in keys]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with an index of two versions: rows 0 to 9, then 10 to 14 too; all in files."""
    monkeypatch.setattr("engine.store.indexes.changes.HELD_NUMBERS", 0)
    workspace = Workspace(tmp_path / "ws")
    workspace.create_direct_access_index(
        INDEX, dimension=2, vector_column="v", schema=SCHEMA, primary_key="id", create_endpoint=True
    )
    for keys in (range(10), range(10, 15)):
        workspace.upsert(INDEX, rows(keys))
    return tmp_path / "ws"


def at(folder: Path) -> tuple[str, str]:
    return ("--workspace", str(folder))


def segment_of(folder: Path, number: int) -> Path:
    """The folder of the only segment of a version."""
    version = Workspace(folder).registry.open(INDEX)[1].get(number)
    (part,) = version.parts
    return folder / "indexes" / INDEX / "segments" / part.segment.id


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)


def test_an_intact_index_is_told_with_its_versions(folder: Path) -> None:
    done = run("index", "check", INDEX, *at(folder))
    assert (done.exit_code, done.stdout) == (0, f"{INDEX}: 2 versions, all intact\n")


def test_each_fault_is_one_line_and_the_exit_status_says_so(folder: Path) -> None:
    flip_a_bit(segment_of(folder, 3) / "vectors.npy")
    (segment_of(folder, 2) / "rows.parquet").unlink()
    done = run("index", "check", INDEX, *at(folder))
    assert done.exit_code == 1
    first, second = done.stdout.splitlines()
    assert first.startswith("version 2: ")
    assert "lacks " in first and "rows.parquet. Run: vitrine index restore" in first
    assert second.startswith("version 3: ")
    assert "vectors.npy does not match its checksum" in second


def test_compacting_drops_deleted_rows_and_then_has_nothing_to_do(folder: Path) -> None:
    Workspace(folder).delete_rows(INDEX, [0, 1])
    assert run("index", "compact", INDEX, *at(folder)).stdout == f"compacted {INDEX}: 13 rows\n"
    assert len(np.load(segment_of(folder, 5) / "vectors.npy")) == 13
    done = run("index", "compact", INDEX, *at(folder))
    assert (done.exit_code, done.stdout) == (0, f"nothing to compact in {INDEX}: 13 rows\n")


def test_a_damaged_version_is_restored_from_the_one_before(folder: Path) -> None:
    flip_a_bit(segment_of(folder, 3) / "vectors.npy")
    broken = run("index", "compact", INDEX, *at(folder))
    assert broken.exit_code == 1
    assert f"Run: vitrine index restore {INDEX}" in broken.stderr
    done = run("index", "restore", INDEX, *at(folder))
    assert (done.exit_code, done.stdout) == (0, f"restored {INDEX}: version 4, 10 rows\n")
    assert run("index", "restore", INDEX, *at(folder)).stdout == (
        f"nothing to restore in {INDEX}: version 4, 10 rows\n"
    )
    found = Workspace(folder).query_index(
        INDEX, columns=["id"], query_vector=[0.0, 0.0], num_results=20
    )
    assert [row[0] for row in found["result"]["data_array"]] == list(range(10))


def test_where_no_version_is_intact_every_one_is_named(folder: Path) -> None:
    for number in (2, 3):
        flip_a_bit(segment_of(folder, number) / "vectors.npy")
    done = run("index", "restore", INDEX, *at(folder))
    assert done.exit_code == 1
    assert "No version of index main.a.i is intact: version 3: " in done.stderr
    assert "version 2: " in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("command", ["check", "compact", "restore"])
def test_an_index_that_is_not_there_is_named(folder: Path, command: str) -> None:
    done = run("index", command, "main.a.other", *at(folder))
    assert done.exit_code == 1
    assert "Vector search index main.a.other not found" in done.stderr


def test_a_restored_index_is_intact_for_good(folder: Path) -> None:
    flip_a_bit(segment_of(folder, 3) / "vectors.npy")
    assert run("index", "restore", INDEX, *at(folder)).exit_code == 0
    done = run("index", "check", INDEX, *at(folder))
    assert (done.exit_code, done.stdout) == (0, f"{INDEX}: 1 versions, all intact\n")
    reply = Workspace(folder).query_index(
        INDEX, columns=["id"], query_vector=[1.0, 1.0], num_results=20
    )
    assert reply["result"]["row_count"] == 10


def test_a_restore_that_can_not_write_leaves_the_intact_version(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flip_a_bit(segment_of(folder, 3) / "vectors.npy")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("engine.store.indexes.manifests.write_json", full)
        with pytest.raises(StorageFailed):
            Workspace(folder).restore_index(INDEX)
    assert Workspace(folder).restore_index(INDEX) == 4
    assert Workspace(folder).check_index(INDEX) == []


def test_a_file_that_is_cut_short_while_it_is_open_is_a_named_error(folder: Path) -> None:
    workspace = Workspace(folder)
    ask = {"columns": ["id"], "query_vector": [1.0, 1.0]}
    assert workspace.query_index(INDEX, **ask)["result"]["row_count"] == 10
    os.truncate(segment_of(folder, 3) / "vectors.npy", 0)
    with pytest.raises(CorruptFile, match=r"vectors\.npy has 0 bytes"):
        workspace.query_index(INDEX, **ask)
