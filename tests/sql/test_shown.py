"""SHOW and DESCRIBE of tables, in the cloud's columns; SHOW CREATE TABLE makes the same again."""

from __future__ import annotations

from typing import Any

import pytest

from engine import BadStatement, NotSupported, Workspace

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
