"""A notebook that merges by `delta.tables`, as in the cloud, beside the same statements in SQL."""

from __future__ import annotations

import sys
from pathlib import Path

from support.needs import needs
from support.notebooks import Written, ran, run_notebook, source_form

from engine import Workspace

needs("notebook", "spark", "delta")

CELLS = [
    Written("%pip install delta-spark"),
    Written("from delta.tables import *\nfrom delta import configure_spark_with_delta_pip as configure\n"
            "import helper"),
    Written("\nCREATE TABLE shop (id INT, price DOUBLE, place STRUCT<city: STRING>);\n"
            "CREATE TABLE twin (id INT, price DOUBLE, place STRUCT<city: STRING>);\n"
            "INSERT INTO shop VALUES (1, 1.0, NULL), (2, 2.0, named_struct('city', 'Bern'));\n"
            "INSERT INTO twin SELECT * FROM shop", "sql"),
    Written("from pyspark.sql.functions import col, lit\n"
            "new = spark.createDataFrame([(2, 20.0), (3, 30.0)], 'id INT, price DOUBLE')\n"
            "new.createOrReplaceTempView('fresh')\n"
            "told = (helper.table(spark, 'main.fashion_demo.shop').alias('t')\n"
            "    .merge(spark.table('fresh').alias('s'), 't.id = s.id')\n"
            "    .whenMatchedUpdate('s.price > t.price', {'price': col('s.price') + 1, "
            "'place.city': lit('Basel')})\n"
            "    .whenNotMatchedInsert(values={'id': 's.id', 'price': 's.price'})\n"
            "    .whenNotMatchedBySourceDelete(col('t.id') < 1)\n"
            "    .execute())\n"
            "display(told)"),
    Written("\nMERGE INTO twin t USING fresh s ON t.id = s.id\n"
            "WHEN MATCHED AND s.price > t.price THEN UPDATE SET price = s.price + 1, "
            "place = named_struct('city', 'Basel')\n"
            "WHEN NOT MATCHED THEN INSERT (id, price) VALUES (s.id, s.price)", "sql"),
    Written("DeltaTable.forName(spark, 'shop').history(1).select('operation').show()\n"
            "dbutils.notebook.exit(str(DeltaTable.forName(spark, 'shop').toDF().count()))"),
]  # fmt: skip
HELPER = """
from delta.tables import DeltaTable

def table(spark, name):
    return DeltaTable.forName(spark, name)
"""


def test_a_notebook_merges_by_delta_tables_as_by_sql(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    workspace.sql("CREATE TABLE first (id INT)")
    (tmp_path / "helper.py").write_text(HELPER)
    done = run_notebook(source_form(CELLS), tmp_path, workspace.path)
    printed = ran(done)
    assert "num_updated_rows" in printed and "MERGE" in printed
    assert done.stderr.rstrip().endswith("ended with the value '3'")
    shop, twin = (
        workspace.read_table(f"main.fashion_demo.{name}").to_pylist() for name in ("shop", "twin")
    )
    assert shop == twin and {"id": 2, "price": 21.0, "place": {"city": "Basel"}} in shop
    assert "delta" not in sys.modules
