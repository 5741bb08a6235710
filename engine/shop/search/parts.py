"""What a search by an index is made of, before it is searched. Knows terms and indexes; not rankings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.core.arrays import Vector
from engine.core.query import MAX_RANKED_RESULTS, MAX_RESULTS, QueryType
from engine.core.schema import Columns, IndexSpec
from engine.encode.encoder import Encoder
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.search.request import SearchRequest
from engine.shop.search.terms import Term
from engine.store.indexes.versions import Version


@dataclass(frozen=True)
class SearchParts:
    """A search that was checked against its index.

    Attributes:
        encoder: of texts and images; None where no term is one.
        is_usual: whether the index is the one that answers such a search where none is named.
        terms: none for a vector of one's own.
        vector_of: a product's stored key (of other terms None), and the vector of a term.
    """

    request: SearchRequest
    kind: QueryType
    spec: IndexSpec
    version: Version
    catalogue: Catalogue
    encoder: Encoder | None
    is_usual: bool
    terms: tuple[Term, ...]
    vector_of: Callable[[Term], tuple[Any, Vector]]

    @property
    def columns(self) -> list[str]:
        """The columns that its rows show."""
        asked = self.request.columns
        return list(asked or usual_columns(self.spec, self.version.columns, self.catalogue))

    @property
    def most(self) -> int:
        """How many results such a search can have."""
        return MAX_RESULTS if self.kind == "ANN" else MAX_RANKED_RESULTS


def largest_segment(version: Version) -> int:
    """Rows of the largest batch of rows that are searched together."""
    return max((part.segment.rows for part in version.parts), default=0)


def usual_columns(spec: IndexSpec, known: Columns, catalogue: Catalogue) -> list[str]:
    """The columns of a product that an index has; its key where it has none of these."""
    return [name for name in catalogue.columns if name in known] or [spec.primary_key]
