"""What sessions do in the cloud, they do here: each test is named for what used to go wrong."""

from __future__ import annotations

from typing import Any


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
