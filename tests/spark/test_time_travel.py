"""Earlier versions of tables, by number and by time: by options, in SQL, by path; or why not."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("spark", "delta")

from pyspark.errors import AnalysisException

NAME = "main.fashion_demo.travelled"


@pytest.fixture(scope="module")
def travelled(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered Delta table of three versions: one row, two rows, one other row."""
    folder = tmp_path_factory.mktemp("travel") / "t"
    for rows, mode in (([1], "append"), ([2], "append"), ([3], "overwrite")):
        frame = spark.createDataFrame([(one,) for one in rows], "id INT")
        frame.write.format("delta").mode(mode).save(str(folder))
        time.sleep(0.02)
    spark.workspace.register_table(NAME, folder)
    return folder


def times(spark: Any) -> list[dt.datetime]:
    """When each version was committed, the first one first."""
    rows = spark.sql(f"DESCRIBE HISTORY {NAME}").collect()
    assert [(row.version, row.operation) for row in rows] == [(n, "WRITE") for n in (2, 1, 0)]
    history = spark.workspace.sql(f"DESCRIBE HISTORY {NAME}").to_pylist()
    return [row["timestamp"] for row in reversed(history)]


def ids(frame: Any) -> list[int]:
    return sorted(row.id for row in frame.collect())


VERSIONS = [[1], [1, 2], [3]]


@pytest.mark.parametrize("version", range(3))
def test_a_version_is_read_in_each_way(spark: Any, travelled: Path, version: int) -> None:
    expected = VERSIONS[version]
    at = times(spark)[version]
    later = at + dt.timedelta(milliseconds=1) if version < 2 else at
    for option, value in (
        ("versionAsOf", version),
        ("VersionAsOf", str(version)),
        ("timestampAsOf", at.isoformat()),
        ("timestampAsOf", later),
    ):
        assert ids(spark.read.option(option, value).table(NAME)) == expected
        read = spark.read.format("delta").option(option, value)
        assert ids(read.load(str(travelled))) == expected
    read = spark.read.format("delta")
    assert ids(read.load(str(travelled), versionAsOf=version)) == expected
    stamp = at.strftime("%Y%m%d%H%M%S%f")[:17]
    for name in (
        f"{NAME} VERSION AS OF {version}",
        f"travelled /* a */ FOR VERSION AS OF {version}",
        f"{NAME} VERSION AS OF '{version}'",
        f"{NAME} TIMESTAMP AS OF '{at.isoformat()}'",
        f"{NAME} TIMESTAMP AS OF to_timestamp('{later.isoformat()}')",
        f"{NAME}@v{version}",
        f"{NAME}@{stamp}",
        f"delta.`{travelled}` VERSION AS OF {version}",
    ):
        assert ids(spark.sql(f"SELECT id FROM {name} -- {NAME}")) == expected, name
        if "delta" not in name:
            own = spark.workspace.sql(f"SELECT id FROM {name} WHERE travelled.id > 0")
            assert sorted(own["id"].to_pylist()) == expected, name
            assert ids(spark.sql(f"SELECT travelled.id FROM {name}")) == expected, name


def test_versions_are_joined_and_said_by_parameters(spark: Any, travelled: Path) -> None:
    text = f"SELECT old.id FROM {NAME}@v1 AS old LEFT ANTI JOIN {NAME} AS now ON old.id = now.id"
    assert ids(spark.sql(text)) == [1, 2]
    text = f"SELECT id FROM {NAME} VERSION AS OF :n UNION ALL SELECT id FROM {NAME}"
    assert ids(spark.sql(text, {"n": 0})) == [1, 3]
    assert ids(spark.read.option("versionAsOf", 0).table(NAME)) == [1]
    spark.sql(f"CREATE OR REPLACE TEMP VIEW once AS SELECT * FROM {NAME}@v1")
    spark.sql("CREATE OR REPLACE TABLE copied AS SELECT * FROM once")
    assert ids(spark.table("copied")) == [1, 2]
    spark.sql(f"CREATE VIEW earlier AS SELECT * FROM {NAME} VERSION AS OF 0")
    assert ids(spark.table("earlier")) == [1]
    spark.sql(f"INSERT INTO copied SELECT * FROM {NAME}@v2")
    assert ids(spark.table("copied")) == [1, 2, 3]


def test_a_version_that_is_not_there_is_refused_by_name(spark: Any, travelled: Path) -> None:
    where = str(travelled)
    last = times(spark)[-1] + dt.timedelta(seconds=1)
    for ask, said in (
        (
            lambda: spark.read.option("versionAsOf", 3).table(NAME),
            r"DELTA_VERSION_NOT_FOUND.*\[0, 2\]",
        ),
        (lambda: spark.sql(f"SELECT * FROM {NAME}@v3"), r"DELTA_VERSION_NOT_FOUND.*\[0, 2\]"),
        (lambda: spark.read.format("delta").load(where, versionAsOf=9), "DELTA_VERSION_NOT_FOUND"),
        (lambda: spark.read.option("versionAsOf", "x").table(NAME), "versionAsOf is 'x'"),
        (lambda: spark.read.option("timestampAsOf", "x").table(NAME), "CAST_INVALID_INPUT"),
        (
            lambda: spark.read.option("timestampAsOf", last).table(NAME),
            "TIMESTAMP_GREATER_THAN_COMMIT",
        ),
        (
            lambda: spark.read.option("timestampAsOf", "2001-01-01").table(NAME),
            "TIMESTAMP_EARLIER_THAN_COMMIT_RETENTION",
        ),
        (
            lambda: spark.read.options(versionAsOf=1, timestampAsOf="2026-01-01").table(NAME),
            "expected one",
        ),
        (lambda: spark.sql(f"SELECT * FROM {NAME}@last"), "@v and a number|SYNTAX_ERROR"),
        (lambda: spark.sql(f"DELETE FROM {NAME}@v1"), "only read"),
        (lambda: spark.read.option("versionAsOf", 0).table("none"), "TABLE_OR_VIEW_NOT_FOUND"),
    ):
        with pytest.raises(AnalysisException, match=said):
            ask()


def test_a_table_of_the_workspace_has_its_newest_version_alone(spark: Any) -> None:
    spark.range(3).write.saveAsTable("of_one_version")
    spark.sql("INSERT INTO of_one_version VALUES (7)")
    for ask in (
        lambda version: spark.read.option("versionAsOf", version).table("of_one_version"),
        lambda version: spark.sql(f"SELECT * FROM of_one_version VERSION AS OF {version}"),
    ):
        assert ask(1).count() == 4
        with pytest.raises(
            AnalysisException, match=r"newest version.* 1; version 0 .*Delta tables"
        ):
            ask(0)


def test_a_delta_folder_is_restored_by_a_statement(spark: Any, tmp_path: Path) -> None:
    folder = str(tmp_path / "t")
    for value in (1, 2):
        frame = spark.createDataFrame([(value,)], "id INT").write.format("delta")
        frame.mode("append").save(folder)
    answer = spark.sql(f"RESTORE TABLE delta.`{folder}` TO VERSION AS OF 0").first()
    assert (answer.num_removed_files, answer.num_of_files_after_restore) == (1, 1)
    assert ids(spark.read.format("delta").load(folder)) == [1]
    first = spark.sql(f"DESCRIBE HISTORY delta.`{folder}`").collect()[1].timestamp
    spark.sql(f"RESTORE delta.`{folder}` TO TIMESTAMP AS OF '{first.isoformat()}+00:00'")
    assert ids(spark.read.format("delta").load(folder)) == [1, 2]
    for said, why in (
        (f"delta.`{folder}` TO VERSION AS OF 9", "9"),
        (f"delta.`{folder}` TO TIMESTAMP AS OF 'soon'", "'soon' is no time"),
        (f"delta.`{tmp_path}/no` TO VERSION AS OF 0", "DELTA_MISSING_DELTA_TABLE"),
    ):
        with pytest.raises(AnalysisException, match=why):
            spark.sql(f"RESTORE TABLE {said}")
