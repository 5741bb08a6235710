"""What a test asks of Spark on a cluster, as a program: the test's own process has another Spark.

    python cluster.py WORKSPACE MASTER FOLDER

FOLDER holds `good/*.jpg` and gets a folder of Parquet files for each way to hand photos over, and
`loads/PROCESS` with a line for each encoder that a process of Python's loaded, from `cluster_worker.py`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ENCODER = "embedded"
PARTS = 6  # three times as many tasks as workers


def rows_of(folder: Path) -> list[tuple[int, str | None, str | None]]:
    """Photos and texts with their keys: good ones, and between them what fails."""
    good = sorted(str(path) for path in (folder / "good").iterdir())
    rows: list[tuple[int, str | None, str | None]] = [
        (place, path, f"a {Path(path).stem} dress") for place, path in enumerate(good)
    ]
    rows[3:3] = [(100, str(folder / "none.jpg"), "no photo"), (101, str(folder / "bad.jpg"), "")]
    return [*rows, (102, None, None)]


def main(workspace: str, master: str, given: str) -> None:
    import engine.spark

    assert "pyspark" not in sys.modules
    folder = Path(given)
    options = {
        "spark.python.daemon.module": "support.cluster_worker",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",  # no task before both workers are there
        "spark.executorEnv.VITRINE_LOADS": str(folder / "loads"),
        "spark.executor.extraJavaOptions": os.environ["SPARK_SUBMIT_OPTS"],  # as the driver's
    }
    spark = engine.spark.session(workspace, master=master, options=options)
    rows = spark.createDataFrame(rows_of(folder), "product_id INT, path STRING, words STRING")
    rows.write.saveAsTable("photos")
    for name, frame in _ways(spark, folder).items():
        text = "words" if name == "path" else None
        found = engine.spark.embed(
            frame.repartition(PARTS), encoder=ENCODER, image="photo", text=text
        )
        if name == "path":
            (folder / "kill").touch()  # the first worker that gets to its rows
        found.write.parquet(str(folder / name))
    print(spark.conf.get("spark.driver.host"))
    spark.stop()


def _ways(spark: Any, folder: Path) -> dict[str, Any]:
    paths = spark.table("photos").withColumnRenamed("path", "photo")
    files = spark.read.format("binaryFile").load(str(folder / "*" / "*.jpg"))
    plain = files.selectExpr("path AS product_id", "content AS photo")
    return {
        "path": paths,
        "bytes": plain,
        "binaryFile": files.selectExpr("path AS product_id", "struct(*) AS photo"),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
