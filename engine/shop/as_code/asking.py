"""What was asked, as code: finds what the languages need to say it. Knows services; not languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Union

from engine.core.names import table_name
from engine.core.query import MAX_RESULTS
from engine.errors import InvalidInputException
from engine.service.indexes.operations import Indexes
from engine.service.search.planner import results_for_exactness
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.as_code.endpoints import endpoint_of
from engine.shop.as_code.latent import DimensionAsked, dimension
from engine.shop.as_code.look import LookAsked, LookRequest, look
from engine.shop.as_code.photos import name_of, photo_of
from engine.shop.as_code.recommended import RecommendAsked, recommended
from engine.shop.as_code.search.asked import SaidTerm, SearchAsked
from engine.shop.as_code.search.command import command_search
from engine.shop.as_code.search.curl import curl_search
from engine.shop.as_code.search.python import python_search
from engine.shop.as_code.search.sql import sql_search
from engine.shop.as_code.snippets import AsCode, in_all_languages
from engine.shop.as_code.table import Table, by_keywords, listed
from engine.shop.as_code.validated import ValidateAsked, validated
from engine.shop.browsing.listing import ListRequest
from engine.shop.browsing.products import Products
from engine.shop.browsing.storefront import CANDIDATES, Storefront
from engine.shop.indexed.products import IndexedProducts
from engine.shop.latent.request import DimensionRequest
from engine.shop.names import HYBRID_INDEX
from engine.shop.people.recommending.recommender import BY_VECTOR, Recommender
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.search.parts import largest_segment, usual_columns
from engine.shop.search.request import SearchRequest
from engine.shop.search.shop_search import ShopSearch
from engine.shop.validation.query_files import read_queries
from engine.shop.validation.request import STANDARD_QUERIES, ValidateRequest, check_texts
from engine.store.tables.table_store import TableStore

Asked = Union[
    SearchRequest, ListRequest, LookRequest, RecommendRequest, DimensionRequest, ValidateRequest
]


@dataclass(frozen=True)
class AsCodes:
    """Says queries of one workspace as code.

    Attributes:
        root: the workspace's directory.
    """

    root: Path
    indexes: Indexes
    tables: TableStore
    serving: ServingEndpoints
    products: Products
    search: ShopSearch
    storefront: Storefront
    recommender: Recommender

    def as_code(self, asked: Asked, *, photos: Sequence[str] = ()) -> AsCode:
        """See `Shop.as_code`."""
        if isinstance(asked, SearchRequest):
            if asked.keyword:
                return AsCode(asked.in_words(), by_keywords(asked, self._table()))
            return self._search(asked, tuple(photos))
        if isinstance(asked, ListRequest):
            return AsCode("products", listed(asked, self._table()))
        if isinstance(asked, LookRequest):
            return self._look(asked)
        if isinstance(asked, RecommendRequest):
            return self._recommended(asked)
        if isinstance(asked, DimensionRequest):
            return self._dimension(asked)
        if isinstance(asked, ValidateRequest):
            return self._validated(asked)
        raise InvalidInputException(
            f"{type(asked).__name__} is no query; expected a SearchRequest, ListRequest, LookRequest, "
            "RecommendRequest, DimensionRequest or ValidateRequest."
        )

    @property
    def _workspace(self) -> str:
        """The directory, as a command takes it wherever it runs."""
        return str(self.root.absolute())

    # ------------------------------------------------------------------ searches
    def _search(self, request: SearchRequest, photos: tuple[str, ...]) -> AsCode:
        asked = self._asked(request, photos)
        key = asked.only.key if asked.only is not None else None
        writers = (python_search, sql_search, curl_search, command_search)
        snippets = in_all_languages(*[partial(write, asked) for write in writers])
        return AsCode(request.in_words(key), snippets)

    def _asked(self, request: SearchRequest, photos: tuple[str, ...] = ()) -> SearchAsked:
        parts = self.search.parts(request)
        terms: list[SaidTerm] = []
        unnamed = 0
        for term in parts.terms:
            photo = None
            if term.kind == "image":
                photo = photo_of(term.value, name_of(unnamed, photos))
                unnamed += not photo.is_kept
            key = parts.vector_of(term)[0] if term.kind == "product" else None
            terms.append(SaidTerm(term, key, photo))
        endpoint, is_there = None, True
        if parts.encoder is not None:
            endpoint, is_there = endpoint_of(self.serving, parts.encoder)
        return SearchAsked(
            parts=parts,
            terms=tuple(terms),
            endpoint=endpoint,
            is_there=is_there,
            workspace=self._workspace,
            exact_at=results_for_exactness(largest_segment(parts.version)),
        )

    def _table(self) -> Table:
        rows = self.products.now()
        return Table(rows, self.tables.get(table_name(rows.name)).num_rows, self._workspace)

    # ------------------------------------------------------------------ what goes with a product
    def _look(self, request: LookRequest) -> AsCode:
        found = self.storefront.complete_the_look(request.key, k=request.k)
        product = self.storefront.get(request.key)
        catalogue = self.products.now().catalogue
        key = product[catalogue.key]
        filters = {name: product[name] for name in found.same}
        search = SearchRequest(
            like=key,
            k=CANDIDATES,
            filters={**filters, f"{found.category} NOT": product[found.category]},
        )
        asked = LookAsked(
            key, request.k, self._asked(search), found.category, found.is_co_liked, self._workspace
        )
        return AsCode(f"what goes with product {key}", look(asked))

    # ------------------------------------------------------------------ users
    def _recommended(self, request: RecommendRequest) -> AsCode:
        found = self.recommender.recommend(request)
        spec, _, version = self.indexes.version_of(HYBRID_INDEX)
        catalogue = self.products.now().catalogue
        by_vector = found.basis == BY_VECTOR and not request.diversity
        asked = RecommendAsked(
            request=request,
            index=spec.name,
            columns=usual_columns(spec, version.columns, catalogue),
            key=spec.primary_key,
            is_by_vector=by_vector,
            trouble=found.note,
            seen=found.seen,
            exact_at=results_for_exactness(largest_segment(version)),
            most=MAX_RESULTS,
            workspace=self._workspace,
        )
        return AsCode(f"recommendations for {request.user}", recommended(asked))

    # ------------------------------------------------------------------ what vectors hold
    def _dimension(self, request: DimensionRequest) -> AsCode:
        products = IndexedProducts.open(self.indexes, self.tables, request.index)
        request.check(products.spec.dimension)
        version = products.version
        asked = DimensionAsked(
            request=request,
            spec=products.spec,
            columns=usual_columns(products.spec, version.columns, products.catalogue),
            has_unit_vectors=all(part.segment.vectors.lengths is None for part in version.parts),
            rows=version.rows,
            exact_at=results_for_exactness(largest_segment(version)),
            most=MAX_RESULTS,
            workspace=self._workspace,
        )
        return AsCode(f"dimension {request.dimension} of {products.spec.name}", dimension(asked))

    def _validated(self, request: ValidateRequest) -> AsCode:
        request.check()
        given = request.queries
        if isinstance(given, Path):
            queries = list(read_queries(given))
        else:
            queries = list(STANDARD_QUERIES) if given is None else check_texts(given)
        parts = self.search.parts(
            SearchRequest(queries[0], index=request.index or None, encoder=request.encoder)
        )
        endpoint, is_there = None, False
        if parts.encoder is not None:
            endpoint, is_there = endpoint_of(self.serving, parts.encoder)
        asked = ValidateAsked(
            request=request,
            queries=queries,
            index=parts.spec.name,
            key=parts.spec.primary_key,
            columns=parts.columns,
            endpoint=endpoint if is_there else None,
            workspace=self._workspace,
        )
        return AsCode(f"{len(queries)} queries held against their words", validated(asked))
