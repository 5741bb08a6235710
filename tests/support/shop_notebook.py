"""A notebook as users of the shop's demo have it: from products to a search, by SQL and UDFs."""

from __future__ import annotations

from support.notebooks import Written

TABLE = "main.fashion_demo.product_embeddings_demo"
INDEX = "main.fashion_demo.vs_demo_search"
CELLS = [
    Written("\n# Fashion search\nText, image and **hybrid** embeddings.", "md"),
    Written("%pip install databricks-vectorsearch databricks-sdk -q\ndbutils.library.restartPython()"),
    Written(
        """import base64
import pandas as pd
import requests
from pyspark.sql import functions as F
from pyspark.sql.functions import pandas_udf, col
from pyspark.sql.types import ArrayType, DoubleType

dbutils.widgets.text("limit", "12", "Products")
CATALOG, SCHEMA = "main", "fashion_demo"
limit = int(dbutils.widgets.get("limit"))
ctx = dbutils.notebook.entry_point.getDbutils().notebook().getContext()
HOST, TOKEN = ctx.apiUrl().get(), ctx.apiToken().get()
ENDPOINT = "clip-multimodal-encoder"
""",
        title="Configuration",
    ),
    Written(
        """
CREATE OR REPLACE TEMP VIEW described AS
SELECT product_id, image_path,
       concat_ws(' ', product_display_name, article_type, base_color, master_category, sub_category,
                 gender, season, usage,
                 CASE WHEN price < 30 THEN 'affordable budget friendly'
                      WHEN price < 70 THEN 'mid-range value'
                      WHEN price < 120 THEN 'premium quality'
                      ELSE 'luxury high-end designer' END) AS text_content
FROM main.fashion_demo.products
WHERE product_display_name IS NOT NULL
ORDER BY product_id LIMIT 12;
SELECT * FROM described""",
        "sql",
        "Text descriptions",
    ),
    Written(
        """display(_sqldf.select("product_id", "text_content"))
described = spark.table("described")
assert described.count() == limit, described.count()""",
    ),
    Written(
        """def invoke(records):
    response = requests.post(
        f"{HOST}/serving-endpoints/{ENDPOINT}/invocations",
        headers={"Authorization": f"Bearer {TOKEN}"},
        json={"dataframe_records": records},
        timeout=60,
    )
    response.raise_for_status()
    return response.json()["predictions"]

@pandas_udf(ArrayType(DoubleType()))
def text_embedding(texts: pd.Series) -> pd.Series:
    return pd.Series(invoke([{"text": text} for text in texts]))

@pandas_udf(ArrayType(DoubleType()))
def image_embedding(paths: pd.Series) -> pd.Series:
    records = []
    for path in paths:
        with open(path, "rb") as file:
            records.append({"image": base64.b64encode(file.read()).decode()})
    return pd.Series(invoke(records))

embedded = (
    described.repartition(2)
    .withColumn("text_embedding", text_embedding(col("text_content")))
    .withColumn("image_embedding", image_embedding(col("image_path")))
)
embedded.createOrReplaceTempView("new_embeddings")""",
        title="Embeddings by the serving endpoint",
    ),
    Written(
        f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
  product_id INT, text_content STRING, image_path STRING,
  text_embedding ARRAY<DOUBLE>, image_embedding ARRAY<DOUBLE>
);
MERGE INTO {TABLE} AS target
USING (SELECT product_id, text_content, image_path, text_embedding, image_embedding
       FROM new_embeddings) AS source
ON target.product_id = source.product_id
WHEN MATCHED THEN UPDATE SET *
WHEN NOT MATCHED THEN INSERT *""",
        "sql",
        "MERGE",
    ),
    Written(
        f"""import numpy as np

pdf = spark.table("{TABLE}").toPandas()

def hybrid(row, weight=0.5):
    mixed = weight * np.array(row["text_embedding"]) + (1 - weight) * np.array(row["image_embedding"])
    return (mixed / np.linalg.norm(mixed)).tolist()

pdf["hybrid_embedding"] = pdf.apply(hybrid, axis=1)
products = spark.table("main.fashion_demo.products").drop("image_path")
multimodal = spark.createDataFrame(pdf).join(products, "product_id")
multimodal.write.mode("overwrite").saveAsTable("{TABLE}_multimodal")
print("saved", spark.table("{TABLE}_multimodal").count())""",
        title="Hybrid embeddings",
    ),
    Written(
        f"""from databricks.sdk import WorkspaceClient
from databricks.vector_search.client import VectorSearchClient
import time

w = WorkspaceClient()
vsc = VectorSearchClient(
    workspace_url=w.config.host, personal_access_token=w.config.token, disable_notice=True
)
index = vsc.create_delta_sync_index(
    endpoint_name="fashion_vector_search",
    index_name="{INDEX}",
    source_table_name="{TABLE}_multimodal",
    pipeline_type="TRIGGERED",
    primary_key="product_id",
    embedding_dimension=512,
    embedding_vector_column="hybrid_embedding",
)
while not index.describe()["status"]["ready"]:
    time.sleep(0.2)
print(index.describe()["status"]["indexed_row_count"], "rows")""",
        title="Index",
    ),
    Written(
        f"""query = invoke([{{"text": "red dress"}}])[0]
found = vsc.get_index(index_name="{INDEX}").similarity_search(
    query_vector=query, columns=["product_id", "product_display_name", "price"],
    filters={{"price <": 1000}}, num_results=5)
rows = found["result"]["data_array"]
display(pd.DataFrame(rows, columns=["product_id", "name", "price", "score"]))
assert len(rows) == 5 and rows == sorted(rows, key=lambda row: -row[-1])
dbutils.notebook.exit(f"{{len(rows)}} found")""",
        title="Search",
    ),
]  # fmt: skip
