"""The formats of files of rows, by the endings of their names. Imports nothing: commands name them."""

from __future__ import annotations

FORMATS = ("csv", "json", "parquet", "delta")
FORMAT_OF_ENDING = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
