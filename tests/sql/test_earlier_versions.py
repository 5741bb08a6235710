"""VERSION AS OF, TIMESTAMP AS OF and `@v1` in the workspace's SQL, and the history that they go by."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs

needs("delta")

import deltalake

from engine import Workspace
from engine.errors import BadStatement, NotFound, NotSupported


@pytest.fixture
def travelled(workspace: Workspace, tmp_path: Path) -> Workspace:
    """Tables `d`, a registered Delta table of five versions, and `now`, as it is at last."""
    for number in range(5):
        rows = pa.table({"id": pa.array(range(number * 3), pa.int64())})
        mode: Any = "overwrite" if number % 2 else "append"
        deltalake.write_deltalake(tmp_path / "d", rows, mode=mode)
    workspace.register_table("main.fashion_demo.d", tmp_path / "d")
    workspace.sql("CREATE TABLE now AS SELECT * FROM d")
    return workspace


def ids(workspace: Workspace, name: str) -> list[int]:
    return sorted(workspace.sql(f"SELECT d.id FROM {name}")["id"].to_pylist())


def test_each_version_is_what_deltalake_reads(travelled: Workspace, tmp_path: Path) -> None:
    history = travelled.sql("DESCRIBE HISTORY d").to_pylist()
    assert [row["version"] for row in history] == [4, 3, 2, 1, 0]
    assert dict(history[1]["operationParameters"])["mode"] == "Overwrite"
    for row in history:
        reader = deltalake.QueryBuilder().register(
            "t", deltalake.DeltaTable(tmp_path / "d", row["version"])
        )
        expected = sorted(pa.table(reader.execute("SELECT id FROM t").read_all())["id"].to_pylist())
        stamp = row["timestamp"].strftime("%Y%m%d%H%M%S%f")[:17]
        same = next(r["version"] for r in history if r["timestamp"] == row["timestamp"])
        names = [f"d VERSION AS OF {row['version']}", f"main.fashion_demo.d@V{row['version']}"]
        if same == row["version"]:  # the newest one of its millisecond
            names += [f"d@{stamp}", f"d TIMESTAMP AS OF '{row['timestamp'].isoformat()}'"]
        for name in names:
            assert ids(travelled, name) == expected, name
    both = travelled.sql("SELECT count(*) AS n FROM d@v1 a JOIN d AS b ON a.id = b.id")
    assert both["n"].to_pylist() == [2 * 3]
    found = travelled.sql("SELECT count(*) AS n FROM d VERSION AS OF :v", parameters={"v": 1})
    assert found["n"].to_pylist() == [3]


def test_what_is_no_version_is_refused_by_name(travelled: Workspace) -> None:
    travelled.sql("CREATE VIEW seen AS SELECT * FROM d@v1")
    assert travelled.sql("SELECT * FROM seen").num_rows == 3
    later = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=1)
    for name, kind, said in (
        ("d@v5", BadStatement, r"DELTA_VERSION_NOT_FOUND.*\[0, 4\]"),
        (f"d TIMESTAMP AS OF '{later.isoformat()}'", BadStatement, "GREATER_THAN_COMMIT"),
        ("d TIMESTAMP AS OF '2001-01-01'", BadStatement, "EARLIER_THAN_COMMIT"),
        ("d TIMESTAMP AS OF 'then'", BadStatement, "CAST_INVALID_INPUT"),
        ("d TIMESTAMP AS OF NULL", BadStatement, "is no time"),
        ("d VERSION AS OF 'first'", BadStatement, "a whole number"),
        ("d VERSION AS OF -1", BadStatement, "a whole number"),
        ("d@v", BadStatement, "table@v and a number"),
        ("d@2026", BadStatement, "yyyyMMddHHmmssSSS"),
        ("seen@v1", NotSupported, "is a view, which has no versions"),
        ("none@v1", NotFound, "TABLE_OR_VIEW_NOT_FOUND"),
    ):
        with pytest.raises(kind, match=said):
            travelled.sql(f"SELECT * FROM {name}")
    for write in (
        "DELETE FROM now@v0",
        "INSERT INTO now@v0 VALUES (1)",
        "UPDATE now@v0 SET id = 1",
    ):
        with pytest.raises(BadStatement):
            travelled.sql(write)
    assert travelled.sql("SELECT count(*) AS n FROM now@v0")["n"].to_pylist() == [12 + 9]


def test_a_table_of_the_workspace_has_its_newest_version_alone(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS id")
    workspace.sql("INSERT INTO t VALUES (2)")
    assert workspace.sql("SELECT * FROM t@v1").num_rows == 2
    with pytest.raises(NotSupported, match=r"newest version alone.* 1; version 0.*Delta tables"):
        workspace.sql("SELECT * FROM t VERSION AS OF 0")


def test_a_clone_of_an_earlier_version_has_its_rows_and_columns(
    workspace: Workspace, tmp_path: Path
) -> None:
    place = tmp_path / "d"
    rows = pa.table({"id": pa.array([1, 2], pa.int64()), "kind": ["a", "b"]})
    deltalake.write_deltalake(place, rows, partition_by=["kind"])
    more = rows.append_column("later", pa.array([0.5, None]))
    deltalake.write_deltalake(place, more, mode="append", schema_mode="merge")
    workspace.register_table("main.fashion_demo.d", place)
    workspace.sql("COMMENT ON COLUMN d.later IS 'not yet'")
    workspace.sql("COMMENT ON COLUMN d.id IS 'k'")
    history = workspace.sql("DESCRIBE HISTORY d").to_pylist()
    stamp = history[-1]["timestamp"].isoformat()
    first = sorted(rows.to_pylist(), key=lambda row: row["id"])
    for number, said in enumerate(
        ("CLONE d VERSION AS OF 0 TBLPROPERTIES ('a' = 'b')", "SHALLOW CLONE d@v0",
         f"DEEP CLONE d TIMESTAMP AS OF '{stamp}'")
    ):  # fmt: skip
        answer = workspace.sql(f"CREATE OR REPLACE TABLE c{number} {said}").to_pylist()[0]
        assert answer["source_num_of_files"] == 2 and answer["source_table_size"] > 0, said
        found = workspace.sql(f"SELECT * FROM c{number} ORDER BY id")
        assert found.to_pylist() == first, said
    assert workspace.sql("SHOW PARTITIONS c0").to_pylist() == [{"kind": "a"}, {"kind": "b"}]
    assert workspace.sql("DESCRIBE c0 id").to_pylist()[-1]["info_value"] == "k"
    assert workspace.sql("CREATE TABLE c CLONE d").num_rows == 1
    assert workspace.sql("SELECT * FROM c").num_rows == 4
    for refused in ("VERSION AS OF 9", "TIMESTAMP AS OF '2001-01-01'", "VERSION AS OF x"):
        with pytest.raises(BadStatement):
            workspace.sql(f"CREATE TABLE gone CLONE d {refused}")
    assert "gone" not in workspace.sql("SHOW TABLES")["tableName"].to_pylist()
