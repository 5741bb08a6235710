"""Parquet files that become a Delta table where they lie. Knows types of Spark; not Delta's log."""

from __future__ import annotations

from typing import Any

from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import DataType, StructType

from engine.errors import BadStatement, InvalidInputException
from engine.spark.frames.volume_paths import local_folder
from engine.store.tables.delta_writing import convert_to_delta
from engine.store.tables.partitions import is_delta


def convert(session: Any, path: str, partitions: str | StructType | None) -> None:
    """Make a folder of Parquet files a Delta table; one that is one stays as it is.

    Args:
        partitions: the columns that its folders name, as text of SQL or as Spark's type; None for none.

    Raises:
        BadStatement: no such files. InvalidInputException: other partitions than it has.
    """
    folder = local_folder(session.workspace.volumes, path, written=True)
    if is_delta(folder):
        return
    files = [
        file for file in sorted(folder.rglob("*.parquet")) if not file.name.startswith(("_", "."))
    ]
    if not files:
        raise BadStatement(
            f"[DELTA_CONVERT_NON_PARQUET_TABLE] `{path:.200}` holds no Parquet files. Expected a "
            "folder of them, as parquet.`/folder`."
        )
    named = [file for file in files if "=" in str(file.parent.relative_to(folder))]
    if named and partitions is None:
        raise InvalidInputException(
            f"[DELTA_CONVERSION_NO_PARTITION_FOUND] Folders of `{path:.200}` name partitions, as "
            f"{named[0].parent.relative_to(folder)}. Say their columns: convertToDelta(spark, "
            f"identifier, 'name TYPE')."
        )
    convert_to_delta(folder, None if partitions is None else to_arrow_schema(_struct(partitions)))


def _struct(said: str | StructType) -> StructType:
    found = DataType.fromDDL(said) if isinstance(said, str) else said
    if not isinstance(found, StructType):
        raise InvalidInputException(
            f"partitionSchema is {said!r:.80}; expected columns, as 'day DATE, kind STRING'."
        )
    return found
