"""Searches in the shop's terms: by words, by a photo, by both, like a product, or composed of many.

Knows which index answers by default, and what is shown of its rows; not doors. Words search the image
index by default (cross-modal), as the shop does.
"""

from __future__ import annotations

import contextlib
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from engine.core.arrays import Vector
from engine.core.query import Query, QueryType
from engine.core.query_request import check_columns
from engine.core.ranking.facets import count_facet
from engine.core.schema import IndexSpec
from engine.encode.encoder import Encoder
from engine.errors import VitrineError
from engine.service.indexes.operations import Indexes
from engine.service.inspection.recent import AnsweredQuery, RecentQueries, in_short
from engine.service.search.answer import first_ranking
from engine.service.search.hits import Hit, Timings, fetch, fetch_rows, places
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.browsing.products import Products
from engine.shop.browsing.rows import Facets
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.catalogue.stored import Catalogues
from engine.shop.latent.directions import directions_of
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, IMAGE_PATH, TEXT_INDEX
from engine.shop.search.encoders import IndexEncoders
from engine.shop.search.keyword import find_keywords
from engine.shop.search.parts import SearchParts
from engine.shop.search.photos import SearchPhotos
from engine.shop.search.queries import COUNTED, SearchQueries
from engine.shop.search.query_vector import QueryVector, TermVectors
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult
from engine.shop.search.terms import Term
from engine.store.indexes.versions import Version
from engine.store.segments.finished_rows import Row
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore


class ShopSearch:
    """Searches over the indexes of one workspace."""

    def __init__(
        self,
        indexes: Indexes,
        models: Models,
        serving: ServingEndpoints,
        tables: TableStore,
        volumes: VolumeStore,
        products: Products,
        user_vector: Callable[[str], Vector],
        recent: RecentQueries,
    ) -> None:
        """
        Args:
            user_vector: of a user by id. recent: what remembers the last queries.
        """
        self._recent = recent
        self._indexes, self._tables, self._products = indexes, tables, products
        self._catalogues, self._queries = Catalogues(tables), SearchQueries()
        self._encoders = IndexEncoders(models, serving)
        self._photos = SearchPhotos(tables, volumes)
        self._user_vector = user_vector

    def search(self, request: SearchRequest) -> SearchResult:
        """See `Shop.search`."""
        kind = request.checked_type()
        if request.keyword:
            result = self._by_keywords(request)
        else:
            result = self._by_index(request, kind)
        self._recent.add(_answered(request, kind, result))
        return result

    def _by_index(self, request: SearchRequest, kind: QueryType) -> SearchResult:
        """The best rows of an index."""
        spec, version = self._answering(request)
        started = time.perf_counter()
        sought = self._sought(request, kind, spec, version)
        timings = Timings(encode_ms=_ms_since(started))
        catalogue = self._catalogue_of(spec)
        query = self._queries.of(request, kind, sought, spec, version.columns, catalogue)
        hits = first_ranking(version, query, timings)
        if sought.products:
            hits = [hit for hit in hits if hit.key not in sought.products]
        end = request.offset + request.k
        shown = hits[request.offset : end]
        started = time.perf_counter()
        fetched = _fetched(query.columns, version)
        parts, rows, keys, scores, cosines = zip(*shown) if shown else ((),) * 5
        values = fetch_rows(version, parts, rows, fetched)
        facets = _facets(version, query, hits[: max(end, COUNTED)]) if query.facets else {}
        timings.fetch_ms = _ms_since(started)
        return SearchResult(
            index=spec.name,
            query=request.in_words(sought.products[0] if sought.products else None),
            columns=(*query.columns, "score", "cosine"),
            timings=_parts(timings),
            plan=timings.plans,
            note=sought.note,
            _rows=_rows(values, len(query.columns), scores, cosines),
            _images=_photos_of(fetched, values),
            _read_image=partial(self._photos.found, spec.source_table),
            _photo_file=partial(self._photos.file, spec.source_table),
            keys=keys,
            facets=facets,
            more=len(hits) > end,
            catalogue=catalogue,
            offset=request.offset,
        )

    def parts(self, request: SearchRequest) -> SearchParts:
        """What a search by an index is made of, for who says it in other words; nothing is searched.

        Raises:
            as `search`.
        """
        kind = request.checked_type()
        spec, version = self._answering(request)
        terms = () if request.vector is not None else request.terms
        encoder = None
        if kind != "FULL_TEXT" and any(term.kind in ("text", "image") for term in terms):
            encoder = self._encoders.of(spec, version, request.encoder)
        vectors = self._vectors(spec, version, encoder)
        catalogue = self._catalogue_of(spec)
        any_vector = QueryVector(_any_vector(spec, kind))
        self._queries.of(request, kind, any_vector, spec, version.columns, catalogue)
        return SearchParts(
            request=request,
            kind=kind,
            spec=spec,
            version=version,
            catalogue=catalogue,
            encoder=encoder,
            is_usual=self._is_usual(request, spec.name),
            terms=terms,
            vector_of=lambda term: vectors.found(self._read(term)),
        )

    def _by_keywords(self, request: SearchRequest) -> SearchResult:
        """The products that hold every word, from the table itself."""
        started = time.perf_counter()
        rows = self._products.now()
        found = find_keywords(rows, request.text or "", request.filters)
        end = request.offset + request.k
        cut, scores = found.rows[request.offset : end], found.scores[request.offset : end]
        products = rows.take(cut)
        columns = check_columns(request.columns or list(rows.columns), rows.columns)
        return SearchResult(
            index=rows.name,
            query=request.in_words(),
            columns=(*columns, "score", "cosine"),
            timings={"words_ms": _ms_since(started)},
            plan=(f"every word: {len(found.rows):,} of {len(rows):,} products",),
            note=None,
            _rows=tuple(
                [(*(p[c] for c in columns), score, None) for p, score in zip(products, scores)]
            ),
            _images=tuple([product.get(IMAGE_PATH) for product in products]),
            _read_image=partial(self._photos.found, rows.name),
            _photo_file=partial(self._photos.file, rows.name),
            keys=tuple([product[rows.catalogue.key] for product in products]),
            facets=rows.facets(request.facets, found.rows),
            more=len(found.rows) > end,
            total=len(found.rows),
            catalogue=rows.catalogue,
            offset=request.offset,
        )

    def _catalogue_of(self, spec: IndexSpec) -> Catalogue:
        """What the index's columns mean: as its source table says, if that is still there."""
        if spec.source_table is not None:
            with contextlib.suppress(VitrineError):
                return self._catalogues.of(spec.source_table)
        return FASHION

    def model_notes(self) -> list[str]:
        """See `Shop.model_notes`."""
        return self._encoders.notes(self._indexes.published())

    def _answering(self, request: SearchRequest) -> tuple[IndexSpec, Version]:
        """The index that answers, with the version that it answers of. Raises NotFound."""
        if request.index is not None:
            return self._published(self._indexes.full_name(request.index))
        usual = IMAGE_INDEX if request.is_of_one_kind else HYBRID_INDEX
        if request.is_of_texts_and_products:
            images = self._known(IMAGE_INDEX)
            if images is not None and not images[1].rows:  # not one product has a photo
                texts = self._known(TEXT_INDEX)
                if texts is not None and texts[1].rows:
                    return texts
            if images is not None and usual == IMAGE_INDEX:
                return images
        return self._published(usual)

    def _is_usual(self, request: SearchRequest, index: str) -> bool:
        """Whether an index answers where none is named."""
        with contextlib.suppress(VitrineError):  # it isn't here
            return self._answering(replace(request, index=None))[0].name == index
        return False

    def _published(self, index: str) -> tuple[IndexSpec, Version]:
        spec, _, version = self._indexes.version_of(index)
        return spec, version

    def _known(self, index: str) -> tuple[IndexSpec, Version] | None:
        try:
            return self._published(index)
        except VitrineError:
            return None

    def _sought(
        self, request: SearchRequest, kind: QueryType, spec: IndexSpec, version: Version
    ) -> QueryVector:
        """The vector that rows are compared with; words alone need none."""
        if request.vector is not None or kind == "FULL_TEXT":
            return QueryVector(request.vector)
        terms = [self._read(term) for term in request.terms]
        if not any(term.kind in ("text", "image") for term in terms):
            return self._vectors(spec, version, None).composed(terms)
        encoder = self._encoders.of(spec, version, request.encoder)
        sought = self._vectors(spec, version, encoder).composed(terms)
        earlier = self._encoders.note(spec, encoder) if request.encoder is None else None
        if earlier is None:
            return sought
        return replace(sought, note=" ".join(filter(None, (sought.note, earlier))))

    def _vectors(self, spec: IndexSpec, version: Version, encoder: Encoder | None) -> TermVectors:
        def direction(name: str) -> Vector:
            return directions_of(self._indexes, self._tables, spec.name).vector(name)

        return TermVectors(spec, version, encoder, self._user_vector, direction)

    def _read(self, term: Term) -> Term:
        """The same, its photo read where it lies in a volume."""
        return replace(term, value=self._photos.given(term.value)) if term.kind == "image" else term


def _any_vector(spec: IndexSpec, kind: QueryType) -> list[float] | None:
    """A vector that stands for one not made yet, where all else is checked."""
    return None if kind == "FULL_TEXT" else [1.0] * spec.dimension


def _facets(version: Version, query: Query, hits: Sequence[Hit]) -> Facets:
    """Counts over the best rows, as many as the query found."""
    columns = fetch(version, *places(hits), [facet.column for facet in query.facets])
    counted = [count_facet(facet, values) for facet, values in zip(query.facets, columns)]
    return {
        facet.column: [(value, count) for _, value, count in entries]
        for facet, entries in zip(query.facets, counted)
    }


def _fetched(columns: Sequence[str], version: Version) -> list[str]:
    """The columns of a result, and that of its photos where the index has one."""
    apart = IMAGE_PATH in version.columns and IMAGE_PATH not in columns
    return [*columns, IMAGE_PATH] if apart else list(columns)


def _rows(
    fetched: Sequence[Row], columns: int, scores: Sequence[float], cosines: Sequence[float | None]
) -> tuple[Row, ...]:
    """A result's rows: of what was fetched the columns that were asked for, score and cosine."""
    if fetched and len(fetched[0]) > columns:
        fetched = [row[:columns] for row in fetched]
    return tuple([(*row, s, c) for row, s, c in zip(fetched, scores, cosines)])


def _photos_of(fetched: Sequence[str], rows: Sequence[Row]) -> tuple[str | None, ...]:
    """The photos' paths of some rows, where the index has any."""
    if IMAGE_PATH not in fetched:
        return (None,) * len(rows)
    return tuple(map(operator.itemgetter(fetched.index(IMAGE_PATH)), rows))


def _parts(timings: Timings) -> dict[str, float]:
    """Milliseconds by part of a search."""
    names = ("encode_ms", "filter_ms", "search_ms", "words_ms", "fetch_ms")
    return {name: getattr(timings, name) for name in names}


def _answered(request: SearchRequest, kind: QueryType, result: SearchResult) -> AnsweredQuery:
    filtered = in_short(request.filters)
    is_plain = bool(request.text) and request.image is None and request.index is None
    return AnsweredQuery(
        time.time(),
        result.index,
        in_short(request.text or result.query),
        "words" if request.keyword else kind,
        filtered,
        is_plain and not filtered and kind == "ANN",
        len(result),
        {name.removesuffix("_ms"): ms for name, ms in result.timings.items()},
        result.plan,
        "search",
    )


def _ms_since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)
