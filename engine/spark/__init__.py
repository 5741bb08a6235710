"""Spark on a workspace: a local session that knows its tables, offline. Needs [spark] and Java.

`session(workspace)` gives a `SparkSession` for code that is written for a cluster. Loads pyspark when it
is called.
"""

from engine.spark.starting import session

__all__ = ["session"]
