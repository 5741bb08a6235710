"""Rerankers by name: what one must do, and which are registered. Knows names; not texts or scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from engine.core.values import shown
from engine.errors import InvalidInputException


class RerankingModel(Protocol):
    """What `register_reranker` takes: anything that scores how well texts answer a query."""

    def rerank(self, query_text: str, documents: Sequence[str]) -> Sequence[float]:
        """One finite number for each document, in their order; higher is better.

        May be called from several threads at once. Where it raises, or returns anything else, the
        first ranking is returned with a warning.
        """
        ...


class Rerankers(Mapping[str, RerankingModel]):
    """The rerankers that were registered with a workspace, by name."""

    def __init__(self) -> None:
        self._by_name: dict[str, RerankingModel] = {}

    def __getitem__(self, name: str) -> RerankingModel:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def register(self, name: str, reranker: RerankingModel) -> None:
        """Let queries of this workspace name a reranker; see `RerankingModel` for what it must do.

        Args:
            name: what queries say as `model`; `databricks_reranker` replaces the built-in one.

        Raises:
            InvalidInputException: no name, or an object without a method `rerank`.
        """
        if not isinstance(name, str) or not name:
            raise InvalidInputException(f"name is {shown(name)}; expected a name for the reranker.")
        if not callable(getattr(reranker, "rerank", None)):
            raise InvalidInputException(
                f"reranker is {shown(reranker)}; expected an object with a method "
                "rerank(query_text, documents) that returns a number for each document."
            )
        self._by_name[name] = reranker
