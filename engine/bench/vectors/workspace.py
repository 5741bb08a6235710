"""The vectors of a workspace's own index."""

from __future__ import annotations

from engine.bench.vectors.vector_set import VectorSet
from engine.workspace import Workspace


def workspace_vectors(workspace: Workspace, index: str) -> VectorSet:
    """An index's live vectors, in the order of its segments, without queries."""
    raise NotImplementedError
