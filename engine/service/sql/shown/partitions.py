"""The partitions of a table: which columns, which values, which folder. Knows no statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import BadStatement, NotFound
from engine.store.tables.changing import PARTITION_COLUMNS
from engine.store.tables.delta import DeltaSource, delta_detail
from engine.store.tables.table import Table


def laid_out(table: Table, said: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The columns of a table's partitions and clusters, by their keys in `changing`.

    Args:
        said: those of its definition; those that a Delta log or folders of the user's name come first.
    """
    if table.delta is not None:
        return {**said, PARTITION_COLUMNS: _log(table.delta)["partitions"]}
    if table.partitions:
        return {**said, PARTITION_COLUMNS: list(table.partitions[0])}
    return dict(said)


def files_of(table: Table) -> tuple[int, int]:
    """How many files a table has, and their bytes. Raises BadSourceFile: a Delta log is unreadable."""
    if table.delta is not None:
        found = _log(table.delta)
        return found["files"], found["bytes"]
    return len(table.files), sum(file.stat().st_size for file in table.files)


def _log(delta: DeltaSource) -> dict[str, Any]:
    return delta_detail(delta.folder, delta.version)


def partition_information(table: Table, asked: Sequence[tuple[str, str | None]]) -> str:
    """The text of SHOW TABLE EXTENDED for one partition, which a folder of the user's is.

    Args:
        asked: each column that parts the table, with its value as the folder's name says it.

    Raises:
        BadStatement: the table has no such folders, or isn't parted by these columns.
        NotFound: no folder is named so.
    """
    said, files = _partition(table, asked)
    size, rows = sum(file.stat().st_size for file in files), sum(map(table.rows_of, files))
    inner = f"{list(table.partitions[0])[-1]}="
    place = next((one for one in files[0].parents if one.name.startswith(inner)), files[0].parent)
    return (
        f"Partition Values: [{said}]\nLocation: {place}\n"
        f"Partition Statistics: {size} bytes, {rows} rows\n\n"
    )


def _partition(table: Table, asked: Sequence[tuple[str, str | None]]) -> tuple[str, list[Path]]:
    """One partition as its folders say it, and its files; see `partition_information`."""
    if not table.partitions:
        raise BadStatement(
            "[INVALID_PARTITION_OPERATION.PARTITION_MANAGEMENT_IS_UNSUPPORTED] The partition command is "
            f"invalid. Table {table.name} does not support partition management. Its partitions are "
            f"told by SHOW PARTITIONS {table.name}."
        )
    columns = list(table.partitions[0])
    wanted = {name.lower(): value for name, value in asked}
    if wanted.keys() != {one.lower() for one in columns} or None in wanted.values():
        raise BadStatement(
            f"Partition spec is invalid. The spec ({', '.join(name for name, _ in asked)}) must match "
            f"the partition spec ({', '.join(columns)}) defined in table {table.name}, each with a "
            "value."
        )
    said = ", ".join(f"{one}={wanted[one.lower()]}" for one in columns)
    files = [
        file
        for file, parts in zip(table.files, table.partitions)
        if all(parts[one] == wanted[one.lower()] for one in columns)
    ]
    if not files:
        raise NotFound(
            f"[PARTITIONS_NOT_FOUND] The partition(s) PARTITION ({said}) cannot be found in table "
            f"{table.name}. SHOW PARTITIONS {table.name} tells which there are."
        )
    return said, files


def partitions(
    table: Table, columns: Sequence[str], asked: Sequence[tuple[str, str | None]]
) -> pa.Table:
    """Each partition once, in order; a column of the answer for each that parts the table.

    Args:
        columns: those. asked: some of them, with the values as texts that their partitions have; None
            for any value.

    Raises:
        BadStatement: the table has no partitions, or isn't parted by a column that is asked for.
    """
    if not columns:
        raise BadStatement(
            "[DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_TABLE] SHOW PARTITIONS is not allowed on a table "
            f"that is not partitioned: {table.name}. A table is made so by PARTITIONED BY (column)."
        )
    known = {name.lower(): name for name in columns}
    strange = [name for name, _ in asked if name.lower() not in known]
    if strange:
        raise BadStatement(
            "[DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_COLUMN] Non-partitioning column(s) "
            f"[{', '.join(strange)}] are specified for SHOW PARTITIONS; {table.name} is partitioned by "
            f"{', '.join(columns)}."
        )
    rows = table.read(columns)
    found = rows.group_by(list(columns), use_threads=False).aggregate([])
    for name, value in asked:
        if value is not None:
            texts = pc.cast(found.column(known[name.lower()]), pa.string())
            found = found.filter(pc.fill_null(pc.equal(texts, value), False))
    return found.select(list(columns)).sort_by([(name, "ascending") for name in columns])
