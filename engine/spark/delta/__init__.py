"""Delta tables without the jars of delta-spark: written by path, and what `delta.tables` offers."""
