"""A CONTINUOUS index whose source has trouble: it answers as before, says why, and follows again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import VectorSearchClient, Workspace
from engine.service.sync import failures
from engine.service.sync import run as syncing

INDEX = "main.a.i"
TABLE = "main.a.t"


def table(keys: list[int | None], dimension: int = 2) -> pa.Table:
    vectors = [[float(key or 0), *[1.0] * (dimension - 1)] for key in keys]
    return pa.table(
        {
            "id": pa.array(keys, pa.int64()),
            "v": pa.array(vectors, pa.list_(pa.float32())),
            "label": [f"row {key}" for key in keys],
        }
    )


class Shop:
    """A registered file of three rows, and a CONTINUOUS index over it."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace, self.file = workspace, folder / "t.parquet"
        self.write(table([1, 2, 3]))
        workspace.create_index(
            INDEX,
            source_table=TABLE,
            vector_column="v",
            primary_key="id",
            pipeline_type="CONTINUOUS",
            create_endpoint=True,
        )

    def write(self, rows: pa.Table) -> None:
        pq.write_table(rows, self.file)
        self.workspace.register_table(TABLE, self.file)

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.workspace.get_index(INDEX)["status"]
        return status

    def keys(self) -> list[int]:
        """Keys of all rows; every way to ask finds the same."""
        asked = self.workspace.query_index(
            INDEX, columns=["id"], query_vector=[0.0, 0.0], num_results=100
        )
        found = sorted(int(row[0]) for row in asked["result"].get("data_array", []))
        words = self.workspace.query_index(
            INDEX,
            columns=["id"],
            query_vector=[0.0, 0.0],
            query_text="row",
            query_type="HYBRID",
            num_results=100,
        )
        assert sorted(int(row[0]) for row in words["result"].get("data_array", [])) == found
        assert len(self.workspace.scan_index(INDEX, 100)["data"]) == len(found)
        many = self.workspace.similarity_search_batch(
            INDEX, query_vectors=[[0.0, 0.0]], columns=["id"], num_results=100
        )
        assert len(many[0]) == len(found)
        return found


@pytest.fixture
def shop(workspace: Workspace, tmp_path: Path) -> Shop:
    return Shop(workspace, tmp_path)


def drop(shop: Shop) -> None:
    shutil.rmtree(shop.workspace.path / "tables" / "main" / "a" / "t")


def damage_table(shop: Shop) -> None:
    (shop.workspace.path / "tables" / "main" / "a" / "t" / "table.json").write_bytes(b'{"files"')


def cut_short(shop: Shop) -> None:
    data = shop.file.read_bytes()
    shop.file.write_bytes(data[: len(data) // 2])


def damage_rows(shop: Shop) -> None:
    """The file's footer, which says the columns, stays."""
    data = bytearray(shop.file.read_bytes())
    data[4 : len(data) // 3] = bytes(len(data) // 3 - 4)
    shop.file.write_bytes(data)


def make_a_folder(shop: Shop) -> None:
    shop.file.unlink()
    shop.file.mkdir()


TROUBLES: dict[str, tuple[Callable[[Shop], object], str, str]] = {
    "the table is dropped": (drop, "RESOURCE_DOES_NOT_EXIST", "Table main.a.t not found"),
    "table.json is damaged": (damage_table, "DATA_LOSS", "table.json"),
    "the file is gone": (lambda s: s.file.unlink(), "BAD_SOURCE_FILE", "t.parquet"),
    "the file is empty": (lambda s: s.file.write_bytes(b""), "BAD_SOURCE_FILE", "t.parquet"),
    "the file is no Parquet": (
        lambda s: s.file.write_text("id,v\n1,2\n" * 9),
        "BAD_SOURCE_FILE",
        "t.parquet",
    ),
    "the file is cut short": (cut_short, "BAD_SOURCE_FILE", "t.parquet"),
    "the file's rows are damaged": (damage_rows, "BAD_SOURCE_FILE", "t.parquet"),
    "a folder took the file's place": (make_a_folder, "BAD_SOURCE_FILE", "t.parquet"),
    "a column is lost": (
        lambda s: s.write(table([1]).drop_columns(["label"])),
        "INVALID_STATE",
        "no longer has the column label",
    ),
    "the key's type changed": (
        lambda s: s.write(table([1]).set_column(0, "id", pa.array([1.5]))),
        "INVALID_STATE",
        "id from int64 to double",
    ),
    "the vectors' length changed": (
        lambda s: s.write(table([1, 2, 3], 3)),
        "INVALID_STATE",
        "the vector has 3 numbers, expected 2",
    ),
    "every key is null": (
        lambda s: s.write(table([None, None])),
        "INVALID_STATE",
        "the primary key is null",
    ),
}


@pytest.mark.parametrize(("trouble", "code", "words"), TROUBLES.values(), ids=TROUBLES.keys())
def test_it_answers_as_before_says_why_and_follows_again(
    shop: Shop, trouble: Callable[[Shop], object], code: str, words: str
) -> None:
    version = shop.workspace.index_versions(INDEX)[-1]
    trouble(shop)
    for _ in range(2):
        assert shop.keys() == [1, 2, 3]
        status = shop.status
        assert (status["ready"], status["indexed_row_count"]) == (True, 3)
        assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
        failed = status["failed_status"]
        assert (failed["error_code"], failed["last_processed_commit_version"]) == (code, version)
        assert words in failed["error_message"]
        assert failed["error_message"] in status["message"]
    assert [index["name"] for index in shop.workspace.list_indexes("fashion_vector_search")]
    other = Workspace(shop.workspace.path)  # as another process sees it
    assert other.get_index(INDEX)["status"]["failed_status"] == failed
    if shop.file.is_dir():
        shop.file.rmdir()
    shop.write(table([2, 3, 4, 5]))
    assert shop.keys() == [2, 3, 4, 5]
    status = shop.status
    assert status["detailed_state"] == "ONLINE_CONTINUOUS_UPDATE"
    assert "failed_status" not in status


@pytest.mark.parametrize(
    "error",
    [ValueError("odd"), MemoryError(), pa.ArrowInvalid("odd"), KeyError("x"), OSError(5, "I/O")],
)
def test_whatever_goes_wrong_in_its_sync_fails_no_query(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*arguments: object) -> None:
        raise error

    shop.write(table([2, 3, 4]))
    with monkeypatch.context() as patch:
        patch.setattr(syncing, "take_difference", fail)
        assert shop.keys() == [1, 2, 3]
        failed = shop.status["failed_status"]
        if isinstance(error, OSError):
            assert failed["error_code"] == "STORAGE_FAILED"
        else:
            assert failed["error_code"] == "INTERNAL_ERROR"
            assert failed["error_message"].startswith(type(error).__name__)
    monkeypatch.setattr(failures, "RETRY_SECONDS", -1)
    assert shop.keys() == [2, 3, 4]


def test_a_table_that_fails_is_read_again_when_it_changed_or_after_a_while(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    real = syncing.take_difference

    def counted(*arguments: Any) -> Any:
        read.append(1)
        return real(*arguments)

    monkeypatch.setattr(syncing, "take_difference", counted)
    shop.write(table([1, 2, 3], 3))
    record = next(shop.workspace.path.glob(f"indexes/{INDEX}")) / "failed_sync.json"
    for _ in range(3):
        assert shop.keys() == [1, 2, 3]
    assert len(read) == 1
    before = record.read_bytes()
    monkeypatch.setattr(failures, "RETRY_SECONDS", -1)
    shop.keys()
    assert len(read) > 1
    assert record.read_bytes() != before
    monkeypatch.undo()
    shop.write(table([7, 8]))
    assert shop.keys() == [7, 8]
    assert not record.exists()


def test_a_failure_that_stays_is_written_once(shop: Shop) -> None:
    drop(shop)
    shop.keys()
    record = next(shop.workspace.path.glob(f"indexes/{INDEX}")) / "failed_sync.json"
    before = record.stat()
    shop.keys()
    after = record.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_index_that_never_had_a_version_says_why(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(syncing, "take_difference", fail)
    with pytest.raises(ValueError, match="odd"):
        Shop(workspace, tmp_path)
    index = VectorSearchClient(workspace=workspace).get_index(index_name=INDEX)
    assert index.describe()["status"]["detailed_state"] == "OFFLINE_FAILED"
    with pytest.raises(Exception, match=r"no version yet\. .*ValueError: odd"):
        index.similarity_search(["id"], query_vector=[0.0, 0.0])
    monkeypatch.undo()
    monkeypatch.setattr(failures, "RETRY_SECONDS", -1)
    assert index.similarity_search(["id"], query_vector=[0.0, 0.0])["result"]["row_count"] == 3


def test_a_delta_table_that_is_gone_or_damaged_fails_no_query(
    workspace: Workspace, tmp_path: Path
) -> None:
    deltalake = pytest.importorskip("deltalake", reason="needs the extra 'delta'")
    folder = tmp_path / "delta"
    feed = {"delta.enableChangeDataFeed": "true"}
    deltalake.write_deltalake(folder, table([1, 2, 3]), configuration=feed)
    workspace.register_table(TABLE, folder)
    workspace.create_index(
        INDEX,
        source_table=TABLE,
        vector_column="v",
        primary_key="id",
        pipeline_type="CONTINUOUS",
        create_endpoint=True,
    )

    def keys() -> list[int]:
        reply = workspace.query_index(INDEX, columns=["id"], query_vector=[0.0, 0.0])
        return sorted(int(row[0]) for row in reply["result"]["data_array"])

    away = folder.with_name("away")
    folder.rename(away)
    assert keys() == [1, 2, 3]
    failed = workspace.get_index(INDEX)["status"]["failed_status"]
    assert failed["error_code"] == "BAD_SOURCE_FILE"
    away.rename(folder)
    log = folder / "_delta_log" / f"{0:020}.json"
    whole = log.read_bytes()
    log.write_bytes(whole[: len(whole) // 2])
    assert keys() == [1, 2, 3]
    assert workspace.get_index(INDEX)["status"]["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    log.write_bytes(whole)
    deltalake.write_deltalake(folder, table([4]), mode="append")
    assert keys() == [1, 2, 3, 4]
    assert workspace.get_index(INDEX)["status"]["detailed_state"] == "ONLINE_CONTINUOUS_UPDATE"
