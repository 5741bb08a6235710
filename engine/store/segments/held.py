"""A few rows that a version's manifest itself holds: a segment without files of its own.

Rows written one by one would else cost a folder of files each time. Knows rows and vectors; not
manifests, whose checksum covers what is here.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix, squared_lengths
from engine.core.schema import IndexSpec
from engine.errors import CorruptFile
from engine.store.segments.hashing import HASH_KIND
from engine.store.segments.metadata import RowTable
from engine.store.segments.segment import Segment
from engine.store.segments.vectors import HeldVectors, Shape, shape_of

Held = Mapping[str, Any]  # what a manifest holds of the rows, as JSON


def held_rows(batches: Sequence[tuple[pa.Table, Matrix]]) -> tuple[str, Held]:
    """A new segment's id, and what a manifest holds of its rows.

    Args:
        batches: tables without the vector column, each with its (n, dimension) float32; at least one.
    """
    sink = pa.BufferOutputStream()
    table = pa.concat_tables([rows for rows, _ in batches]).combine_chunks()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    vectors = np.concatenate([block for _, block in batches]).astype("<f4", copy=False)
    numbers = np.ascontiguousarray(vectors).data if vectors.size else b""
    facts = {
        "rows": len(vectors),
        "shape": shape_of(squared_lengths(vectors), vectors.shape[1]).to_dict(),
        "hash": HASH_KIND,
        "columns": base64.b64encode(sink.getvalue()).decode(),
        "vectors": base64.b64encode(numbers).decode(),
    }
    return uuid.uuid4().hex, facts


class HeldSegment(Segment):
    """An open segment whose rows came with the manifest; see `Segment`."""

    def __init__(self, segment_id: str, held: Held, spec: IndexSpec, where: str) -> None:
        """Open what `held_rows` made.

        Args:
            where: the manifest, for messages.

        Raises:
            CorruptFile: it is not what was made.
        """
        try:
            columns = base64.b64decode(held["columns"], validate=True)
            table = pa.ipc.open_stream(columns).read_all()
            numbers = np.frombuffer(base64.b64decode(held["vectors"], validate=True), dtype="<f4")
            shape = Shape(**held["shape"])
            matrix = numbers.reshape(held["rows"], shape.dimension)
            self.held_bytes = len(columns) + matrix.nbytes
        except (KeyError, TypeError, ValueError, pa.ArrowException, OSError) as error:
            raise CorruptFile(f"{where} holds rows that can't be read: {error!r}.") from None
        facts = {"rows": held["rows"], "hash": held["hash"], "files": {}}
        self._begin(segment_id, spec, facts, HeldVectors(matrix, shape), RowTable(table))
        self.held = held

    @property
    def row_bytes(self) -> float:
        return 0.0  # nothing of it is read from a disk

    def verify(self) -> None:
        """Nothing is left to read: the manifest's checksum was compared when it was."""
