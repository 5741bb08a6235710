"""A search as the languages say it: names, terms, numbers of results. Knows facts; not languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.core.ranking.facets import parse_facets
from engine.shop.as_code.photos import Photo
from engine.shop.as_code.writing.quoting import plain
from engine.shop.search.parts import SearchParts
from engine.shop.search.terms import Term

COUNTED = 200  # of the best rows at least, for facets, as searches of the shop count them


@dataclass(frozen=True)
class SaidTerm:
    """One term, and what languages need to say it.

    Attributes:
        key: of a product, as its index stores it. photo: of an image, where to read it from.
    """

    term: Term
    key: Any = None
    photo: Photo | None = None


@dataclass(frozen=True)
class SearchAsked:
    """A search by an index.

    Attributes:
        endpoint: the serving endpoint that answers with the index's model; None where no term needs one.
        is_there: whether that endpoint exists; else one is to be made of the model.
        workspace: its directory, as a command takes it.
        exact_at: so many results that all rows are scored exactly.
    """

    parts: SearchParts
    terms: tuple[SaidTerm, ...]
    endpoint: str | None
    is_there: bool
    workspace: str
    exact_at: int

    @property
    def index(self) -> str:
        return self.parts.spec.name

    @property
    def key(self) -> str:
        """The column of primary keys."""
        return self.parts.spec.primary_key

    @property
    def columns(self) -> list[str]:
        return self.parts.columns

    @property
    def offset(self) -> int:
        return self.parts.request.offset

    @property
    def end(self) -> int:
        """The place of the last row that is wanted."""
        request = self.parts.request
        return min(request.offset + request.k, self.parts.most - request.left_out)

    @property
    def must_be_exact(self) -> bool:
        """Whether a shortlist may miss some of the best, or none is wanted."""
        return self.parts.request.exact or self.parts.request.leads_away

    @property
    def num_results(self) -> int:
        """Rows to ask an index for: more than are shown, where that makes their order or counts sure."""
        wanted = self.end
        if self.parts.request.facets:
            wanted = max(wanted, COUNTED)
        if self.must_be_exact and self.parts.kind == "ANN":
            wanted = max(wanted, min(self.exact_at, self.parts.most))
        return min(wanted, self.parts.most)

    @property
    def doubts(self) -> list[str]:
        """Where an index's own API can't be asked for the very same, though nearly always it is."""
        notes = []
        if self.must_be_exact and self.exact_at > self.parts.most:
            notes.append(
                f"The index is too large for its API to score every row: of {self.parts.most:,} "
                "results the best may miss one in a thousand."
            )
        if self.facets and self.num_results > max(self.end, COUNTED):
            notes.append(
                f"Facets count all {self.num_results:,} that are asked for; the shop's, the best "
                f"{max(self.end, COUNTED)}."
            )
        return notes

    @property
    def stores_vectors(self) -> bool:
        """Whether a product's vector can be read as a column of the index."""
        return self.parts.spec.vector_column in self.parts.version.columns

    @property
    def filters(self) -> Any:
        """The filter in the API's form, without the products that the search is made of."""
        given = plain(self.parts.request.filters) or None
        keys = [each.key for each in self.terms if each.key is not None]
        if not keys:
            return given
        name = f"{self.key} NOT"
        apart = {name: keys[0] if len(keys) == 1 else keys}
        if given is None:
            return apart
        if isinstance(given, str):
            listed = ", ".join(_in_text(key) for key in keys)
            return f"({given}) AND `{self.key}` NOT IN ({listed})"
        if isinstance(given, dict) and name not in given:
            return {**given, **apart}
        return [*([given] if isinstance(given, dict) else given), apart]

    @property
    def facets(self) -> Sequence[str]:
        return tuple(self.parts.request.facets or ())

    @cached_property
    def facet_columns(self) -> list[str]:
        """The columns that are counted."""
        return [each.column for each in parse_facets(self.facets, self.parts.version.columns)]

    @property
    def only(self) -> SaidTerm | None:
        """The one term of a search that is by one alone, and by its vector as it is."""
        if len(self.terms) == 1 and self.terms[0].term.weight > 0:
            return self.terms[0]
        return None

    @property
    def needs_vector(self) -> bool:
        """Whether a query brings a vector, so that its index need not encode."""
        if self.parts.kind == "FULL_TEXT":
            return False
        only = self.only
        return not (
            self.parts.spec.is_managed
            and only is not None
            and only.term.kind == "text"
            and self.parts.request.encoder is None
        )

    @property
    def query_text(self) -> str | None:
        """The text that an index is given beside a vector, or in its place."""
        by_words = self.parts.kind != "ANN" or not self.needs_vector
        return self.parts.request.text if by_words else None

    def vector(self, said: SaidTerm) -> list[float]:
        """The numbers of a term's vector."""
        numbers: list[float] = self.parts.vector_of(said.term)[1].tolist()
        return numbers


def _in_text(key: object) -> str:
    return "'" + key.replace("'", "''") + "'" if isinstance(key, str) else str(key)
