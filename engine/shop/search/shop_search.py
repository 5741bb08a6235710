"""Searches in the shop's terms: by words, by a photo, by both, or like a product.

Knows which index answers by default, and what is shown of its rows; not doors. Words search the image
index by default (cross-modal), as the shop does.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from engine.core.query import Query, QueryType
from engine.core.query_request import QueryRequest
from engine.core.schema import IndexSpec
from engine.errors import VitrineError
from engine.service.indexes.operations import Indexes
from engine.service.search.answer import first_ranking
from engine.service.search.hits import Timings, fetch, places
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.catalogue.stored import catalogue_of
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, IMAGE_PATH
from engine.shop.search.encoders import IndexEncoders
from engine.shop.search.photos import SearchPhotos
from engine.shop.search.query_vector import QueryVector, encoded, of_product
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult
from engine.store.indexes.versions import Version
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
    ) -> None:
        self._indexes, self._tables = indexes, tables
        self._encoders = IndexEncoders(models, serving)
        self._photos = SearchPhotos(tables, volumes)

    def search(self, request: SearchRequest) -> SearchResult:
        """See `Shop.search`."""
        kind = request.checked_type()
        spec, _, version = self._indexes.version_of(self._index_of(request))
        started = time.perf_counter()
        sought = self._sought(request, kind, spec, version)
        timings = Timings(encode_ms=_ms_since(started))
        catalogue = self._catalogue_of(spec)
        query = _query_of(request, kind, sought, spec, version, catalogue)
        hits = first_ranking(version, query, timings)
        if request.is_like:
            hits = [hit for hit in hits if hit.key != sought.product][: request.k]
        started = time.perf_counter()
        fetched = _fetched(query.columns, version)
        rows = list(zip(*fetch(version, *places(hits), fetched)))
        timings.fetch_ms = _ms_since(started)
        width = len(query.columns)
        place = fetched.index(IMAGE_PATH) if IMAGE_PATH in fetched else None
        return SearchResult(
            index=spec.name,
            query=request.in_words(sought.product),
            columns=(*query.columns, "score", "cosine"),
            timings=_parts(timings),
            plan=timings.plans,
            note=sought.note,
            _rows=tuple([(*row[:width], hit.score, hit.cosine) for row, hit in zip(rows, hits)]),
            _images=tuple([None if place is None else row[place] for row in rows]),
            _read_image=partial(self._photos.found, spec.source_table),
            catalogue=catalogue,
        )

    def _catalogue_of(self, spec: IndexSpec) -> Catalogue:
        """What the index's columns mean: as its source table says, if that is still there."""
        if spec.source_table is not None:
            with contextlib.suppress(VitrineError):
                return catalogue_of(self._tables, spec.source_table)
        return FASHION

    def model_notes(self) -> list[str]:
        """See `Shop.model_notes`."""
        return self._encoders.notes(self._indexes.published())

    def _index_of(self, request: SearchRequest) -> str:
        """Full name of the index that answers."""
        if request.index is not None:
            return self._indexes.full_name(request.index)
        return HYBRID_INDEX if request.is_blend or request.is_like else IMAGE_INDEX

    def _sought(
        self, request: SearchRequest, kind: QueryType, spec: IndexSpec, version: Version
    ) -> QueryVector:
        """The vector that rows are compared with; words alone need none."""
        if request.is_like:
            return of_product(spec, version, request.like)
        if request.vector is not None or kind == "FULL_TEXT":
            return QueryVector(request.vector)
        encoder = self._encoders.of(spec, version, request.encoder)
        image = self._photos.given(request.image)
        sought = encoded(encoder, request.text, image, request.text_weight)
        earlier = self._encoders.note(spec, encoder) if request.encoder is None else None
        notes = filter(None, (sought.note, earlier))
        return replace(sought, note=" ".join(notes) or None)


def _query_of(
    request: SearchRequest,
    kind: QueryType,
    sought: QueryVector,
    spec: IndexSpec,
    version: Version,
    catalogue: Catalogue,
) -> Query:
    """The checked query; a product that others are like is found too, and left out afterwards."""
    known = version.columns
    usual = [name for name in catalogue.columns if name in known] or [spec.primary_key]
    asked = QueryRequest(
        spec.name,
        columns=list(request.columns or usual),
        query_vector=sought.values,
        query_text=None if kind == "ANN" else request.text,
        query_type=kind,
        filters=request.filters,
        num_results=request.k + request.is_like,
        exact=request.exact,
    )
    return asked.checked(spec, known)


def _fetched(columns: Sequence[str], version: Version) -> list[str]:
    """The columns of a result, and that of its photos where the index has one."""
    apart = IMAGE_PATH in version.columns and IMAGE_PATH not in columns
    return [*columns, IMAGE_PATH] if apart else list(columns)


def _parts(timings: Timings) -> dict[str, float]:
    """Milliseconds by part of a search."""
    names = ("encode_ms", "filter_ms", "search_ms", "words_ms", "fetch_ms")
    return {name: getattr(timings, name) for name in names}


def _ms_since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)
