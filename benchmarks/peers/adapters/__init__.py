"""Who takes part? One file a contestant, named as in the report."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.base import Adapter

REFERENCE = "matvec"  # not a contestant: what reading all vectors once costs
ENVIRONMENT = {
    REFERENCE: dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "2")
}  # of its process, from its start
NAMES = (
    "vitrine",
    "vitrine_exact",
    "numpy_scan",
    "faiss_flat",
    "faiss_hnsw32",
    "hnswlib",
    "usearch",
    "qdrant_edge",
    "sqlite_vec",
    "chroma",
    "lancedb",
)


def adapter_of(name: str) -> type[Adapter]:
    """A contestant's class. Raises ImportError where its library is not installed."""
    return importlib.import_module(f"adapters.{name}").Contestant
