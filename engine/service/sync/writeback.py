"""The table that an index's computed embeddings are written back to. Knows tables; not models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix
from engine.core.names import table_name
from engine.core.schema import IndexSpec
from engine.core.types import widest_type
from engine.errors import ResourceConflict
from engine.store.indexes.versions import Version
from engine.store.tables.table_store import TableStore

_INDEX = "writeback_of"  # properties of a write-back table
_WRITTEN = "writeback_from"


def check_writeback(tables: TableStore, index: str) -> str:
    """The name of an index's write-back table, which nothing else may have.

    Raises:
        ResourceConflict: a table of this name exists that no index of this name wrote.
    """
    name = table_name(f"{index}_writeback_table")
    if tables.exists(name) and tables.get(name).properties.get(_INDEX) != index:
        raise ResourceConflict(
            f"Table {name} already exists, and the computed embeddings of index {index} would be "
            "written there. Rename it, or leave sync_computed_embeddings out."
        )
    return str(name)


def write_back(tables: TableStore, spec: IndexSpec, version: Version) -> None:
    """Write key, text and vector of every row to the index's write-back table, unless it has them.

    The table is the user's: it stays when the index is deleted.

    Raises:
        ResourceConflict: a table of this name exists that this index did not write.
    """
    name = table_name(check_writeback(tables, spec.name))
    written: list[Any] = [spec.id, version.facts["created_at"]]
    if tables.exists(name) and tables.get(name).properties.get(_WRITTEN) == written:
        return
    held = [column for column in spec.columns if column in (spec.primary_key, spec.source_column)]
    fields = [_field(version, column) for column in held]
    schema = pa.schema([*fields, pa.field(spec.vector_column, pa.list_(pa.float32()))])
    with tables.writing(name, schema, {_INDEX: spec.name, _WRITTEN: written}) as writer:
        for part in version.parts:
            for rows, vectors in part.segment.batches(part.live_row_numbers()):
                arrays = [rows[column].combine_chunks() for column in held]
                writer.write_table(pa.table([*arrays, _lists(np.asarray(vectors))], schema=schema))


def _field(version: Version, column: str) -> pa.Field:
    """A key or text column: of an index without rows only its kind is known."""
    if version.parts:
        return version.parts[0].segment.metadata.schema.field(column)
    return pa.field(column, widest_type(version.columns[column].kind))


def _lists(vectors: Matrix) -> pa.Array:
    rows, dimension = vectors.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(dimension)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.reshape(-1)))
