"""Functions of whole columns that DuckDB is given, in Python: what its own words can't say."""
