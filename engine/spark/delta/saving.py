"""Delta tables by path, written by the package deltalake: no jar of delta-spark is needed.

Knows Spark's words for how a table is written; not files.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from pyspark.sql import DataFrame

from engine.errors import ResourceConflict
from engine.spark.frames.worker_rows import rows_of
from engine.spark.kinds import OnWorkspace
from engine.store.layout import storage_failed
from engine.store.tables.delta_writing import add_to_delta, write_delta
from engine.store.tables.partitions import is_delta

OPTIONS = ("mergeSchema", "overwriteSchema")


def save_delta(
    session: OnWorkspace,
    frame: DataFrame,
    folder: Path,
    mode: str,
    options: Mapping[str, Any],
    partition_by: Sequence[str] = (),
) -> None:
    """Write a DataFrame's rows as a Delta table, or into one, in one commit.

    Args:
        mode: Spark's: `Append`, `Overwrite`, `ErrorIfExists`, `Ignore`.
        options: of `OPTIONS`, in small letters.

    Raises:
        ResourceConflict: a table is there and the mode refuses that, or other files are.
        InvalidInputException: columns that Delta, or the table, can't take. StorageFailed: the system
            refused to write. MissingExtra: the package deltalake is not installed.
    """
    chosen = {key for key, value in options.items() if str(value).lower() == "true"}
    there = is_delta(folder)
    if there and mode == "Ignore":
        return
    if there and mode == "ErrorIfExists":
        raise ResourceConflict(
            f"[DELTA_PATH_EXISTS] {folder} holds a Delta table. Append to it or replace it: "
            '.mode("append"), .mode("overwrite").'
        )
    if not there and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ResourceConflict(f"{folder} holds something else than a Delta table; give another.")
    with rows_of(frame, session.folder) as rows:
        try:
            if there:
                _add(folder, rows, mode == "Overwrite", chosen, partition_by)
            else:
                _write_new(folder, rows, partition_by)
        except OSError as error:
            raise storage_failed(f"{folder} was not written", error) from error


def _add(
    folder: Path,
    rows: pa.Table,
    replacing: bool,
    options: Set[str],
    partition_by: Sequence[str],
) -> None:
    columns: Literal["kept", "added", "replaced"] = "kept"
    if "mergeschema" in options:
        columns = "added"
    if replacing and "overwriteschema" in options:
        columns = "replaced"
    add_to_delta(
        folder,
        rows.schema,
        rows.to_batches(),
        replacing=replacing,
        columns=columns,
        partition_by=partition_by,
    )


def _write_new(folder: Path, rows: pa.Table, partition_by: Sequence[str]) -> None:
    was_there = folder.exists()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_delta(folder, rows.schema, rows.to_batches(), partition_by)
    except BaseException:  # no half of it is left
        shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            folder.mkdir(exist_ok=True)
        raise
