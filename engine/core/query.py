"""One checked query, and the API's limits. Knows what a query consists of; not how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from engine.core.arrays import Vector
from engine.core.filters.tree import Node
from engine.core.ranking.facets import Facet
from engine.core.ranking.sorting import SortColumn

QueryType = Literal["ANN", "HYBRID", "FULL_TEXT"]

DEFAULT_RESULTS = 10  # the service's default; its Python client sends 5
MAX_RESULTS = 10_000  # ANN, documented limit of the service
MAX_RANKED_RESULTS = 200  # HYBRID and FULL_TEXT, documented limit of the service
PAGE_ROWS = 1000  # rows in one reply, documented limit of the service
QUERY_TYPES: tuple[QueryType, ...] = ("ANN", "HYBRID", "FULL_TEXT")


@dataclass(frozen=True)
class Reranking:
    """The second ranking that a query asks for.

    Attributes:
        model: `databricks_reranker`, or the name of a reranker or serving endpoint of the workspace.
        model_type: MODEL_TYPE_BASE or MODEL_TYPE_FINETUNED.
        columns: whose texts are joined and ranked.
    """

    model: str
    model_type: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """A checked query against one index.

    Attributes:
        vector: (d,) float32; empty where none is needed, or where the text must be encoded first.
        columns: what to return for each row, in order; the score follows them.
        num_results: rows wanted over all pages.
        condition: the filter, or None.
        score_threshold: rows whose API score is lower are left out.
        debug_level: 1 and more adds timings and the plan to the reply.
        exact: no approximate first pass.
        text: what to encode (ANN, HYBRID) and whose words to find (HYBRID, FULL_TEXT). Beside a vector,
            ANN has no use for it but reranking.
        text_columns: where words are searched.
        sort, facets, reranking: what is done with the rows that were found; FULL_TEXT sorts all rows
            that match, and then cuts.
    """

    vector: Vector
    columns: tuple[str, ...]
    num_results: int
    condition: Node | None
    score_threshold: float
    debug_level: int
    exact: bool = False
    query_type: QueryType = "ANN"
    text: str = ""
    text_columns: tuple[str, ...] = ()
    sort: tuple[SortColumn, ...] = ()
    facets: tuple[Facet, ...] = ()
    reranking: Reranking | None = None

    @property
    def needs_encoding(self) -> bool:
        """Whether `text` must become `vector` before the query can be answered."""
        return self.query_type != "FULL_TEXT" and not len(self.vector)

    def with_vector(self, vector: Vector) -> Query:
        """The same query with an encoded text."""
        return replace(self, vector=vector)

    def alike(self, vector: Vector, condition: Node | None) -> Query:
        """The same query for another checked vector and filter."""
        other = object.__new__(Query)  # `replace` sets each field by itself, which takes longer
        vars(other).update(vars(self), vector=vector, condition=condition)
        return other
