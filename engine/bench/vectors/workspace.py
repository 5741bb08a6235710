"""The vectors of a workspace's own index."""

from __future__ import annotations

import numpy as np

from engine.bench.vectors.vector_set import VectorSet
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace


def workspace_vectors(workspace: Workspace, index: str) -> VectorSet:
    """The vectors of an index's live rows, in the order of its segments, without queries.

    Mapped where the index is one segment without deleted rows, else a copy in memory.

    Raises:
        NotFound: no such index. BadRequest: it has no version yet.
        InvalidParameterValue: it has no row, or no vectors (FULL_TEXT).
    """
    spec, _, version = workspace.version_of(index)
    if not spec.dimension:
        raise InvalidParameterValue(f"index {index} has no vectors: it is searched by words only")
    if not version.rows:
        raise InvalidParameterValue(f"index {index} has no row; write to it, or sync it")
    parts = [part for part in version.parts if part.live_rows]
    only = parts[0]
    if len(parts) == 1 and only.delete_bitmap is None:
        vectors = only.segment.vectors.matrix[:]  # a view, or unpacked
    else:
        vectors = np.concatenate(
            [part.segment.vectors.matrix[part.live_row_numbers()] for part in parts]
        )
    return VectorSet(spec.name, vectors, source=f"index {spec.name}, version {version.number}")
