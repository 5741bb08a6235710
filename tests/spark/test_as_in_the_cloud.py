"""What sessions do in the cloud, they do here: each test is named for what used to go wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

needs("spark")

from pyspark.errors import AnalysisException


def test_shuffles_may_find_their_partitions_themselves(spark: Any) -> None:
    name = "spark.sql.shuffle.partitions"
    before = spark.conf.get(name)
    spark.conf.set(name, "3")
    spark.conf.set(name, "auto")
    assert spark.conf.get(name) == before
    spark.conf.set(name, 3)
    assert spark.sql(f"SET {name} = auto").columns == [] and spark.conf.get(name) == before
    spark.sql(f"SET {name} = 5")
    assert spark.conf.get(name) == "5"
    spark.conf.set(name, before)


def test_photos_of_volumes_are_found_under_the_paths_that_tables_have(
    spark: Any, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "below").mkdir(parents=True)
    (photos / "1.jpg").write_bytes(b"one")
    (photos / "below" / "2 a.jpg").write_bytes(b"two")
    base = "/Volumes/main/fashion_demo/cloud_photos"
    spark.workspace.register_volume(base, photos)

    def found(path: Any, **options: str) -> list[str]:
        read = spark.read.format("binaryFile").options(**options).load(path)
        return sorted(row["path"] for row in read.select("path").collect())

    both = [f"dbfs:{base}/1.jpg", f"dbfs:{base}/below/2 a.jpg"]
    assert found(base, recursiveFileLookup="true") == both
    assert found([f"dbfs:{base}/*.jpg", f"{base}/below"]) == both
    assert found(f"{base}/*/*.jpg") == both[1:]
    assert found(str(photos)) == [f"file:{photos}/1.jpg"]
    read = spark.read.format("binaryFile").option("path", base).load()
    assert [row["path"] for row in read.collect()] == both[:1]


def test_changes_that_are_not_kept_are_refused_where_rows_would_be_taken_for_them(
    spark: Any,
) -> None:
    name = "main.fashion_demo.products"
    reads = [
        lambda: (
            spark.read.option("readChangeFeed", "true").option("startingVersion", 0).table(name)
        ),
        lambda: spark.sql(f"SELECT * FROM table_changes('{name}', 0)"),
    ]
    for read in reads:
        with pytest.raises(AnalysisException, match="changes of a table"):
            read()
    assert spark.read.option("readChangeFeed", "false").table(name).count() == 3


def test_where_names_start_is_told_by_sql_as_the_catalogue_tells_it(spark: Any) -> None:
    found = spark.sql("SELECT current_catalog(), current_schema() AS s, current_database() AS d")
    assert found.first() == ("main", "fashion_demo", "fashion_demo")
    assert found.columns[0] == "current_catalog()"


def test_a_name_may_be_made_of_parameters(spark: Any) -> None:
    given = {"catalog": "main", "schema": "fashion_demo", "id": 1}
    name = "IDENTIFIER(:catalog || '.' || :schema || '.products')"
    text = f"SELECT count(*) FROM {name} WHERE product_id >= :id"
    assert spark.sql(text, args=given).first()[0] == 3
    spark.sql("CREATE OR REPLACE TABLE IDENTIFIER(:schema || '.made') AS SELECT 7 AS n", given)
    assert spark.sql("SELECT IDENTIFIER(:c) FROM fashion_demo.made", {"c": "n"}).first()[0] == 7
    spark.sql("USE SCHEMA IDENTIFIER(:schema)", given)
    with pytest.raises(AnalysisException, match="IDENTIFIER was given 'a b'"):
        spark.sql("SELECT * FROM IDENTIFIER('a b')")
