"""How good a model is over a catalogue: figures, each with its queries, and what compares models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["evaluate_vectors", "read_query_set"]

if TYPE_CHECKING:
    from engine.shop.evaluation.figures.catalogue import evaluate_vectors
    from engine.shop.evaluation.figures.query_sets import read_query_set


def __getattr__(name: str) -> Any:
    """Loaded when they are asked for: a workspace is opened without them."""
    if name == "evaluate_vectors":
        from engine.shop.evaluation.figures.catalogue import evaluate_vectors

        return evaluate_vectors
    if name == "read_query_set":
        from engine.shop.evaluation.figures.query_sets import read_query_set

        return read_query_set
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
