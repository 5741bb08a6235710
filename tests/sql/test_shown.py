"""SHOW and DESCRIBE of tables, in the cloud's columns; SHOW CREATE TABLE makes the same again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import BadStatement, NotFound, NotSupported, Workspace

MADE = [
    "CREATE TABLE t (id BIGINT NOT NULL COMMENT 'it''s \\\\ one', `a b` DECIMAL(5, 2), d DATE, "
    "ts TIMESTAMP, m MAP<STRING, ARRAY<STRUCT<`x-y`: FLOAT, z: BINARY>>>, CONSTRAINT k PRIMARY KEY "
    "(id)) CLUSTER BY (d, `a b`) COMMENT 'so \\'far\\'' TBLPROPERTIES ("
    "'delta.enableChangeDataFeed' = 'true', 'x' = '')",
    "CREATE TABLE t PARTITIONED BY (two) AS SELECT 1 AS one, 'b' AS two, array(1.5) AS v",
    "CREATE VIEW t (a COMMENT 'first', `b c`) TBLPROPERTIES ('k' = 'w') AS SELECT 1, \"it's\"",
    "CREATE TABLE t (flag BOOLEAN)",
]  # fmt: skip


def facts(workspace: Workspace) -> Any:
    """All that is told of the table but what differs between two tables."""
    told = workspace.describe_tables(["main.fashion_demo.t"])[0]
    for one in ("table_id", "created_at", "updated_at", "storage_location"):
        told.pop(one, None)
    return told, workspace.sql("SELECT * FROM t LIMIT 0").schema


@pytest.mark.parametrize("statement", MADE)
def test_what_is_shown_makes_the_same_table(workspace: Workspace, statement: str) -> None:
    workspace.sql(statement)
    before = facts(workspace)
    shown = workspace.sql("SHOW CREATE TABLE t").column("createtab_stmt")[0].as_py()
    workspace.sql("DROP VIEW t" if "VIEW" in statement else "DROP TABLE t")
    workspace.sql(shown)
    assert facts(workspace) == before
    assert workspace.sql("SHOW CREATE TABLE t").column(0)[0].as_py() == shown


def test_no_statement_is_shown_of_an_index_or_a_temporary_view(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t AS SELECT 1 AS product_id, array(1.0D, 0.0D) AS v")
    workspace.create_endpoint("e")
    workspace.sql("CREATE VECTOR SEARCH INDEX i ON t(v) USING ENDPOINT e")
    workspace.sql("CREATE TEMP VIEW w AS SELECT 1 AS x")
    for name, why in (("i", "VECTOR SEARCH INDEX"), ("w", "temporary view")):
        with pytest.raises(NotSupported, match=why):
            workspace.sql(f"SHOW CREATE TABLE {name}")


def test_a_table_is_described_in_the_clouds_rows(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT NOT NULL, CONSTRAINT k PRIMARY KEY (id)) CLUSTER BY (id) "
                  "TBLPROPERTIES ('a' = 'b', 'c' = 'd')")  # fmt: skip
    rows = [tuple(row.values()) for row in workspace.sql("DESCRIBE EXTENDED t").to_pylist()]
    assert rows[:3] == [
        ("id", "int", None),
        ("# Clustering Information", "", ""),
        ("# col_name", "data_type", "comment"),
    ]
    told = {name: value for name, value, _ in rows}
    assert told["Provider"] == "delta" and told["Table Properties"] == "[a=b,c=d]"
    assert told["k"] == "PRIMARY KEY (`id`)" and told["Type"] == "MANAGED"
    assert told["Created Time"].endswith(("2026", "2027")) or "UTC" in told["Created Time"]
    assert told["Location"] == workspace.sql("DESCRIBE DETAIL t")["location"][0].as_py()


def test_details_are_in_the_clouds_columns(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')")
    found = workspace.sql("DESCRIBE DETAIL TABLE t")
    assert found.column_names == [
        "format", "id", "name", "description", "location", "createdAt", "lastModified",
        "partitionColumns", "clusteringColumns", "numFiles", "sizeInBytes", "properties",
        "minReaderVersion", "minWriterVersion", "tableFeatures", "statistics", "clusterByAuto",
    ]  # fmt: skip
    row = found.to_pylist()[0]
    assert (row["minReaderVersion"], row["minWriterVersion"]) == (1, 4)
    assert row["tableFeatures"] == ["appendOnly", "changeDataFeed", "invariants"]


def test_a_history_is_cut_where_it_says_so(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT)")
    for place in range(3):
        workspace.sql(f"INSERT INTO t VALUES ({place})")
    assert workspace.sql("DESCRIBE HISTORY t LIMIT 2")["version"].to_pylist() == [3, 2]
    assert workspace.sql("DESCRIBE HISTORY t").num_rows == 4


def test_a_comment_may_be_a_parameter(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id INT)")
    for said, kept in (("it's", "it's"), (None, "")):
        workspace.sql("COMMENT ON TABLE t IS :said", parameters={"said": said})
        assert workspace.describe_tables(["main.fashion_demo.t"])[0].get("comment", "") == kept
    for given, why in (({}, "UNBOUND_SQL_PARAMETER"), ({"said": 1}, "expected a text")):
        with pytest.raises(BadStatement, match=why):
            workspace.sql("COMMENT ON TABLE t IS :said", parameters=given)


def test_a_table_is_described_in_json(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (id BIGINT NOT NULL COMMENT 'it', n DECIMAL(5, 2), ts TIMESTAMP, "
                  "m MAP<STRING, ARRAY<STRUCT<z: SMALLINT>>>) PARTITIONED BY (id) COMMENT 'so' "
                  "TBLPROPERTIES ('a' = 'b')")  # fmt: skip
    found = workspace.sql("DESCRIBE TABLE EXTENDED t AS JSON")
    assert found.column_names == ["json_metadata"]
    told = json.loads(found.column(0)[0].as_py())
    assert told["columns"] == [
        {"name": "id", "type": {"name": "bigint"}, "comment": "it", "nullable": False},
        {"name": "n", "type": {"name": "decimal", "precision": 5, "scale": 2}, "nullable": True},
        {"name": "ts", "type": {"name": "timestamp_ltz"}, "nullable": True},
        {
            "name": "m",
            "type": {
                "name": "map",
                "key_type": {"name": "string"},
                "value_type": {
                    "name": "array",
                    "element_type": {
                        "name": "struct",
                        "fields": [{"name": "z", "type": {"name": "smallint"}, "nullable": True}],
                    },
                    "element_nullable": True,
                },
                "value_nullable": True,
            },
            "nullable": True,
        },
    ]
    assert (told["table_name"], told["catalog_name"]) == ("t", "main")
    assert (told["namespace"], told["schema_name"]) == (["fashion_demo"], "fashion_demo")
    assert (told["type"], told["provider"], told["comment"]) == ("MANAGED", "delta", "so")
    assert told["partition_columns"] == ["id"] and "clustering_columns" not in told
    assert told["table_properties"] == {"a": "b"}
    assert told["location"] == workspace.sql("DESCRIBE DETAIL t")["location"][0].as_py()
    workspace.sql("CREATE VIEW w (x) AS SELECT id FROM t")
    told = json.loads(workspace.sql("DESC FORMATTED w AS JSON").column(0)[0].as_py())
    assert (told["type"], told["view_text"]) == ("VIEW", "SELECT id FROM t")
    assert told["view_query_output_columns"] == ["x"] and "provider" not in told


def test_tables_of_a_pattern_are_told_of_at_length(workspace: Workspace, tmp_path: Path) -> None:
    workspace.sql("CREATE TABLE t_one (id INT NOT NULL, st STRUCT<a: ARRAY<STRING>>, m MAP<STRING, "
                  "STRUCT<b: INT>>) COMMENT 'so' TBLPROPERTIES ('a' = 'b')")  # fmt: skip
    workspace.sql("CREATE VIEW t_view AS SELECT id FROM t_one")
    workspace.sql("CREATE TABLE other AS SELECT 1 AS x")
    pq.write_table(pa.table({"n": [1]}), tmp_path / "a.parquet")
    workspace.register_table("t_gone", tmp_path / "a.parquet")
    (tmp_path / "a.parquet").unlink()
    found = workspace.sql("SHOW TABLE EXTENDED IN main.fashion_demo LIKE 't_*'").to_pylist()
    assert list(found[0]) == ["database", "tableName", "isTemporary", "information"]
    told = {row["tableName"]: row["information"] for row in found}
    assert list(told) == ["t_gone", "t_one", "t_view"]
    assert "Catalog: main\nDatabase: fashion_demo\nTable: t_one\n" in told["t_one"]
    for line in ("Type: MANAGED", "Comment: so", "Provider: delta", "Table Properties: [a=b]"):
        assert f"\n{line}\n" in told["t_one"]
    assert told["t_one"].endswith(
        "Schema: root\n |-- id: integer (nullable = false)\n |-- st: struct (nullable = true)\n"
        " |    |-- a: array (nullable = true)\n"
        " |    |    |-- element: string (containsNull = true)\n"
        " |-- m: map (nullable = true)\n |    |-- key: string\n"
        " |    |-- value: struct (valueContainsNull = true)\n"
        " |    |    |-- b: integer (nullable = true)\n\n"
    )
    assert "Type: VIEW" in told["t_view"] and "View Text: SELECT id FROM t_one" in told["t_view"]
    assert "damaged" in told["t_gone"]
    assert workspace.sql("SHOW TABLE EXTENDED LIKE 'other'").num_rows == 1


def test_partitions_are_those_of_the_folders_of_the_user(
    workspace: Workspace, tmp_path: Path
) -> None:
    for year in (2026, 2025):
        (tmp_path / f"year={year}").mkdir()
        pq.write_table(pa.table({"n": [1, 2]}), tmp_path / f"year={year}" / "a.parquet")
    workspace.register_table("mine", tmp_path)
    assert workspace.sql("SHOW PARTITIONS mine").to_pydict() == {"year": [2025, 2026]}
    asked = workspace.sql("SHOW PARTITIONS mine PARTITION (year = 2026)")
    assert asked.to_pydict() == {"year": [2026]}
    assert workspace.sql("SHOW PARTITIONS mine PARTITION (year = -1)").num_rows == 0
    with pytest.raises(BadStatement, match=r"COLUMN\].*\[n\].*partitioned by year"):
        workspace.sql("SHOW PARTITIONS mine PARTITION (n = 1)")


def test_volumes_of_a_schema_are_shown(workspace: Workspace) -> None:
    assert workspace.sql("SHOW VOLUMES").to_pydict() == {"database": [], "volume_name": []}
    workspace.sql("CREATE SCHEMA main.fashion_demo")
    for name in ("photos", "texts"):
        workspace.unity_catalog.volumes.create("main", "fashion_demo", name, "MANAGED")
    found = workspace.sql("SHOW VOLUMES IN main.fashion_demo LIKE 'ph*'").to_pydict()
    assert found == {"database": ["fashion_demo"], "volume_name": ["photos"]}
    assert workspace.sql("SHOW VOLUMES").num_rows == 2


@pytest.fixture
def parted(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A table `t` registered from folders `year=.../kind=...`."""
    for number, (year, kind) in enumerate(((2025, "a"), (2025, "b"), (2026, "a"), (2026, "a"))):
        folder = tmp_path / "files" / f"year={year}" / f"kind={kind}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"id": [number, number + 10]}), folder / f"{number}.parquet")
    workspace.register_table("main.fashion_demo.t", tmp_path / "files")
    return workspace


def test_folders_that_part_a_registered_table_are_its_partitions(parted: Workspace) -> None:
    for statement in ("DESCRIBE t", "DESCRIBE EXTENDED t"):
        rows = [tuple(row.values()) for row in parted.sql(statement).to_pylist()]
        assert rows[:7] == [
            ("id", "bigint", None),
            ("year", "int", None),
            ("kind", "string", None),
            ("# Partition Information", "", ""),
            ("# col_name", "data_type", "comment"),
            ("year", "int", None),
            ("kind", "string", None),
        ]
    (detail,) = parted.sql("DESCRIBE DETAIL t").to_pylist()
    assert (detail["partitionColumns"], detail["numFiles"]) == (["year", "kind"], 4)
    assert "PARTITIONED BY (year, kind)" in parted.sql("SHOW CREATE TABLE t")[0][0].as_py()
    assert parted.sql("SHOW PARTITIONS t").to_pylist() == [
        {"year": 2025, "kind": "a"},
        {"year": 2025, "kind": "b"},
        {"year": 2026, "kind": "a"},
    ]
    found = parted.sql("SHOW PARTITIONS t PARTITION (year = 2026)").to_pylist()
    assert found == [{"year": 2026, "kind": "a"}]


def test_one_partition_of_a_registered_table_is_shown(parted: Workspace, tmp_path: Path) -> None:
    asked = "SHOW TABLE EXTENDED IN main.fashion_demo LIKE 't' PARTITION"
    (row,) = parted.sql(f"{asked} (KIND = 'a', year = 2026)").to_pylist()
    assert (row["database"], row["tableName"], row["isTemporary"]) == ("fashion_demo", "t", False)
    lines = row["information"].splitlines()
    assert lines[0] == "Partition Values: [year=2026, kind=a]"
    assert lines[1] == f"Location: {tmp_path / 'files' / 'year=2026' / 'kind=a'}"
    assert lines[2].startswith("Partition Statistics: ") and lines[2].endswith(" bytes, 4 rows")
    with pytest.raises(NotFound, match=r"PARTITIONS_NOT_FOUND.*year=2024, kind=a"):
        parted.sql(f"{asked} (year = 2024, kind = 'a')")
    for spec in ("year = 2026", "year, kind = 'a'", "year = 2026, kind = 'a', id = 1"):
        with pytest.raises(BadStatement, match="must match the partition spec"):
            parted.sql(f"{asked} ({spec})")


def test_a_delta_tables_own_log_says_its_partitions_and_files(
    workspace: Workspace, tmp_path: Path
) -> None:
    deltalake = pytest.importorskip("deltalake")
    rows = pa.table({"id": [1, 2, 3], "kind": ["a", "b", "a"]})
    deltalake.write_deltalake(tmp_path / "d", rows, partition_by=["kind"])
    workspace.register_table("main.fashion_demo.t", tmp_path / "d")
    (detail,) = workspace.sql("DESCRIBE DETAIL t").to_pylist()
    assert (detail["partitionColumns"], detail["numFiles"]) == (["kind"], 2)
    files = [one for one in (tmp_path / "d").rglob("*.parquet") if "kind=" in str(one)]
    assert detail["sizeInBytes"] == sum(one.stat().st_size for one in files)
    told = [row["col_name"] for row in workspace.sql("DESCRIBE t").to_pylist()]
    assert told == ["id", "kind", "# Partition Information", "# col_name", "kind"]
    with pytest.raises(BadStatement, match="PARTITION_MANAGEMENT_IS_UNSUPPORTED"):
        workspace.sql("SHOW TABLE EXTENDED LIKE 't' PARTITION (kind = 'a')")
