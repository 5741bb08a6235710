"""A process of its own: a session that is stopped, and what each call of it says then."""

from __future__ import annotations

import sys

import engine
from engine.spark import session


def main() -> None:
    workspace = engine.Workspace(sys.argv[1])
    spark = session(workspace, master="local[1]")
    spark.range(3).write.saveAsTable("kept")
    frame = spark.table("kept")
    spark.stop()
    calls = {
        "sql": lambda: spark.sql("SELECT 1"),
        "statement": lambda: spark.sql("SHOW TABLES"),
        "table": lambda: spark.table("kept"),
        "read": lambda: spark.read.parquet("/none"),
        "createDataFrame": lambda: spark.createDataFrame([(1,)], "id INT"),
        "range": lambda: spark.range(3),
        "newSession": spark.newSession,
        "collect": frame.collect,
        "count": frame.count,
        "show": frame.show,
        "toPandas": frame.toPandas,
        "write": lambda: frame.write.saveAsTable("other"),
        "writeTo": lambda: frame.writeTo("kept").append(),
        "mergeInto": lambda: frame.mergeInto("kept", "id"),
    }
    for name, call in calls.items():
        try:
            call()
        except Exception as error:
            print(name, type(error).__name__, str(error)[:60], sep="|")
    again = session(workspace, master="local[1]")
    print("again", again.table("kept").count(), sep="|")
    spark.stop()
    print("still", again.table("kept").count(), sep="|")
    again.stop()


if __name__ == "__main__":
    main()
