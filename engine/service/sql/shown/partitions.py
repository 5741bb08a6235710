"""SHOW PARTITIONS: the values by which a table's rows are parted. Knows rows; not files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import BadStatement
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
