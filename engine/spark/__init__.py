"""Spark on a workspace: a local session that knows its tables, offline. Needs [spark] and Java.

`session(workspace)` gives a `SparkSession` for code that is written for a cluster; `embed(df, ...)`
computes vectors on its workers, and `ArrowEmbedder` is what they run, for Ray and others. pyspark is
loaded when one of the first two is called.
"""

from engine.encode.arrow_rows import ArrowEmbedder
from engine.spark.embedding import embed
from engine.spark.starting import session

__all__ = ["ArrowEmbedder", "embed", "session"]
