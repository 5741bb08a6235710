"""Rerankers of the mirrored client, and what it sends for them. Knows their form; not how they rank.

Names and arguments are those of `databricks.ai_search.reranker` 0.81.
"""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import Callable
from typing import Any

from engine.core.values import shown
from engine.errors import InvalidInputException


class Reranker(ABC):  # noqa: B024 - as in the package: a common base that asks for nothing
    """What all rerankers are."""


class DatabricksReranker(Reranker):
    """The base model, over some columns' texts: joined by spaces, cut at 2000 characters."""

    def __init__(self, columns_to_rerank: list[str]) -> None:
        """Name the columns; short and important ones first."""
        self.columns_to_rerank = columns_to_rerank


class ExperimentalDatabricksFinetunedReranker(Reranker):
    """A model of the workspace: one given to `register_reranker`, or a serving endpoint's encoder."""

    def __init__(self, columns_to_rerank: list[str], endpoint_name: str | None = None) -> None:
        """Name the columns and the model; None for the name that an index's own model has."""
        self.columns_to_rerank = columns_to_rerank
        self.endpoint_name = endpoint_name


def as_sent(
    reranker: object,
    columns_to_rerank: object,
    index_name: str,
    index_id: Callable[[], str],
) -> dict[str, Any] | None:
    """A reranker as the client sends it: `model`, `model_type` and `parameters`; None for none.

    Args:
        reranker: one of the classes above, or of the package's: their attributes are read.
        columns_to_rerank: the deprecated form, which stands for `DatabricksReranker`.
        index_id: asked only where an endpoint's default name is needed.

    Raises:
        InvalidInputException: an object without `columns_to_rerank`.
    """
    if reranker is None:
        return (
            _sent("databricks_reranker", "BASE", columns_to_rerank) if columns_to_rerank else None
        )
    if not hasattr(reranker, "columns_to_rerank"):
        raise InvalidInputException(
            f"reranker is {shown(reranker)}; expected a DatabricksReranker, such as "
            'DatabricksReranker(columns_to_rerank=["title"]).'
        )
    columns = reranker.columns_to_rerank
    if not hasattr(reranker, "endpoint_name"):
        return _sent("databricks_reranker", "BASE", columns)
    name = reranker.endpoint_name or default_endpoint_name(index_name, index_id())
    return _sent(name, "FINETUNED", columns)


def _sent(model: str, kind: str, columns: object) -> dict[str, Any]:
    given = list(columns) if isinstance(columns, tuple) else columns
    return {
        "model": model,
        "model_type": f"MODEL_TYPE_{kind}",
        "parameters": {"columns_to_rerank": given},
    }


def default_endpoint_name(index_name: str, index_id: str) -> str:
    """The name of an index's own finetuned model: at most 58 characters.

    `{catalog}_{schema}_{index}_{id}_finetuned_reranker`, of which 6, 6, 16 and 8 characters are taken,
    in lower case, with `_` for what is not a letter, a digit, `_` or `-`.

    Raises:
        ValueError: the index's name has fewer than three parts; the package's text.
    """
    parts = index_name.split(".", 2)
    if len(parts) < 3:
        raise ValueError(
            f"index_name must be fully qualified (catalog.schema.index): '{index_name}'"
        )
    plain = [re.sub("[^a-zA-Z0-9_-]", "_", part).lower() for part in parts]
    named = "_".join(part[:most] for part, most in zip(plain, (6, 6, 16)))
    return f"{named}_{index_id.replace('-', '').lower()[:8]}_finetuned_reranker"
