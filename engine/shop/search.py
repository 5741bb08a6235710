"""Searches in the shop's terms: by words, by a photo, by both, or like a product.

Knows which encoder made an index's vectors and how queries are blended; not doors. Words search the
image index by default (cross-modal), as the shop does.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.arrays import Vector
from engine.core.names import is_volume_path, table_name
from engine.core.query import DEFAULT_RESULTS, MAX_RANKED_RESULTS, MAX_RESULTS, QueryType
from engine.core.query_request import QueryRequest, check_query_type
from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT, blend_vectors
from engine.core.reply import json_value
from engine.core.schema import IndexSpec
from engine.core.values import integer_of
from engine.encode.encoder import Encoder
from engine.errors import (
    BadImage,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    VitrineError,
)
from engine.service.indexes.operations import Indexes
from engine.service.search.answer import first_ranking
from engine.service.search.hits import Timings, fetch, places
from engine.service.serving.models import Models
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.shop.importing import PRODUCT_COLUMNS
from engine.shop.result import SearchResult
from engine.store.indexes.versions import Version
from engine.store.tables.table_store import TableStore
from engine.store.vector_columns import shortest_decimals
from engine.store.volumes import VolumeStore

if TYPE_CHECKING:
    from engine.encode.photos.fitting import ImageInput

IMAGE_INDEX = "main.fashion_demo.vs_image_search"
TEXT_INDEX = "main.fashion_demo.vs_text_search"
HYBRID_INDEX = "main.fashion_demo.vs_hybrid_search"
_IMAGE_PATH = "image_path"


@dataclass(frozen=True)
class SearchRequest:
    """A search in the shop's terms, as it was asked.

    Attributes:
        text: what to look for. image: a path, bytes or PIL image.
        like: primary key of a product; it is not among the results.
        text_weight: share of the text in a blend of both, 0 to 1, default 0.5.
        index: full name, or a last part that no other index has; default `vs_image_search`, and
            `vs_hybrid_search` for a blend or `like`.
        filters: as in the API, `{"price <": 50, "gender": "Women"}` or `"price < 50"`.
        k: results wanted, 1 to 10,000 (HYBRID and FULL_TEXT: 200).
        columns: default the product's columns.
        encoder: the model's name, for an index over a table that was made elsewhere.
        exact: look at every row that passes, instead of the likely ones first.
        query_type: ANN (default) compares meanings, FULL_TEXT finds words (BM25), HYBRID fuses both
            rankings; see `Workspace.query_index` for their scores.
    """

    text: str | None = None
    _: KW_ONLY
    image: ImageInput | None = None
    like: object = None
    vector: Sequence[float] | None = None
    text_weight: float | None = None
    index: str | None = None
    filters: object = None
    k: int = DEFAULT_RESULTS
    columns: Sequence[str] | None = None
    encoder: str | None = None
    exact: bool = False
    query_type: str | None = None


@dataclass(frozen=True)
class ShopSearch:
    """Searches over the indexes of one workspace."""

    indexes: Indexes
    models: Models
    serving: ServingEndpoints
    tables: TableStore
    volumes: VolumeStore

    def search(self, asked: SearchRequest) -> SearchResult:
        """See `Workspace.search`."""
        text, image, like, vector = asked.text, asked.image, asked.like, asked.vector
        blended = _is_blended(text, image, like, vector, asked.text_weight)
        kind = _kind(asked.query_type, text, image)
        _check_k(asked.k, kind, like is not None)
        usual = HYBRID_INDEX if blended or like is not None else IMAGE_INDEX
        full_name = usual if asked.index is None else self.indexes.full_name(asked.index)
        spec, _, version = self.indexes.version_of(full_name)
        started = time.perf_counter()
        note = None
        if like is not None:
            like, vector = _vector_of(spec, version, like)
        elif vector is None and kind != "FULL_TEXT":
            model = self.encoder_of(spec, version, asked.encoder)
            given = self._given_photo(image)
            note, vector = model.note, _encode(model, text, given, asked.text_weight).tolist()
        encoded = time.perf_counter()
        known = version.columns
        wanted = asked.columns or [n for n in PRODUCT_COLUMNS if n in known] or [spec.primary_key]
        request = QueryRequest(
            spec.name,
            columns=list(wanted),
            query_vector=vector,
            query_text=None if kind == "ANN" else text,
            query_type=kind,
            filters=asked.filters,
            num_results=asked.k + (like is not None),
            exact=asked.exact,
        )
        query = request.checked(spec, known)
        timings = Timings()
        hits = first_ranking(version, query, timings)
        if like is not None:
            hits = [hit for hit in hits if hit.key != like][: asked.k]
        fetching = time.perf_counter()
        has_photo = _IMAGE_PATH in known
        images_apart = has_photo and _IMAGE_PATH not in wanted
        fetched = [*wanted, _IMAGE_PATH] if images_apart else list(wanted)
        rows = list(zip(*fetch(version, *places(hits), fetched)))
        photo = list(wanted).index(_IMAGE_PATH) if has_photo and not images_apart else -1
        return SearchResult(
            index=spec.name,
            query=_in_words(text, image, like),
            columns=(*wanted, "score", "cosine"),
            timings={
                "encode_ms": 1000 * (encoded - started),
                "filter_ms": timings.filter_ms,
                "search_ms": timings.search_ms,
                "words_ms": timings.words_ms,
                "fetch_ms": 1000 * (time.perf_counter() - fetching),
            },
            plan=timings.plans,
            note=note,
            _rows=tuple(
                [(*row[: len(wanted)], hit.score, hit.cosine) for row, hit in zip(rows, hits)]
            ),
            _images=tuple([row[photo] if has_photo else None for row in rows]),
            _read_image=partial(self._read_photo, spec.source_table),
        )

    def _read_photo(self, source_table: str | None, path: str) -> bytes:
        """The bytes of a result's photo; a relative path starts in the folder of the index's table."""
        if source_table is not None:
            with contextlib.suppress(VitrineError):  # the table may be gone; the photo need not be
                path = self.tables.get(table_name(source_table)).photo_path(path) or path
        return self.volumes.read(path)

    def _given_photo(self, image: ImageInput | None) -> ImageInput | None:
        """A photo to search with; a path in a volume is read there, unless it is only this machine's."""
        if not isinstance(image, (str, Path)) or not is_volume_path(str(image)):
            return image
        try:
            return self.volumes.read(str(image))
        except BadImage:
            if Path(image).is_file():  # some systems mount disks there
                return image
            raise

    def encoder_of(self, spec: IndexSpec, version: Version, name: str | None = None) -> Encoder:
        """The encoder that made an index's vectors.

        Args:
            name: which one that is, where the index does not know: a table made elsewhere.

        Raises:
            InvalidState: nobody says which, it has other weights today, or vectors of another length.
        """
        recorded = version.facts["encoder"]
        if name is None and spec.text_endpoint is not None:
            encoder = self.serving.encoder(spec.text_endpoint)
        elif recorded["encoder"] is None and name is None:
            raise InvalidState(
                f"Index {spec.name} does not know which model made its vectors, because its table "
                f"{spec.source_table} was made elsewhere. Name that model: --encoder NAME "
                "(encoder=NAME in Python); a query by another would find nonsense."
            )
        else:
            encoder = self.models.encoder(name or recorded["encoder"])
        if recorded["fingerprint"] not in (None, encoder.fingerprint):
            raise InvalidState(
                f"Index {spec.name} was made with encoder {recorded['encoder']} of fingerprint "
                f"{recorded['fingerprint']}; encoder {encoder.name} has {encoder.fingerprint} here. "
                "Embed and sync again, or bring back the weights that it was made with."
            )
        if encoder.dimension != spec.dimension:
            raise InvalidState(
                f"Index {spec.name} holds vectors of length {spec.dimension}; encoder {encoder.name} "
                f"makes {encoder.dimension}. Name the model that made them: --encoder NAME."
            )
        return encoder


def _is_blended(
    text: str | None,
    image: ImageInput | None,
    like: object,
    vector: Sequence[float] | None,
    text_weight: float | None,
) -> bool:
    """Whether a search is by a text and an image at once.

    Raises:
        InvalidInputException: what was given makes no search.
    """
    if text is None and image is None and like is None and vector is not None:
        if text_weight is not None:
            raise InvalidInputException("text_weight needs both a text and an image.")
        return False
    given = [
        name
        for name, value in (
            ("text", text),
            ("image", image),
            ("like", like),
            ("vector", vector),
        )
        if value is not None and not (isinstance(value, str) and not value)
    ]
    if given not in (["text"], ["image"], ["text", "image"], ["like"], ["vector"]):
        raise InvalidInputException(
            f"A search needs text, an image, both of these, like, or a vector; "
            f"{' and '.join(given) or 'nothing'} was given."
        )
    blended = given == ["text", "image"]
    if text_weight is not None and not blended:
        raise InvalidInputException("text_weight needs both a text and an image.")
    return blended


def _kind(query_type: str | None, text: str | None, image: ImageInput | None) -> QueryType:
    """The checked query type.

    Raises:
        InvalidInputException: words are to be found, but none or more than words were given.
    """
    kind = check_query_type(query_type)
    if kind != "ANN" and (not text or (image is not None and kind == "FULL_TEXT")):
        given = "a text beside a photo" if text else "no text"
        raise InvalidInputException(f"A {kind} search finds words in a text; {given} was given.")
    return kind


def _check_k(k: object, kind: QueryType, beside_itself: bool) -> None:
    """Refuse a number of results that can't be; a product that others are like is one more.

    Raises:
        InvalidParameterValue: no integer from 1 on, or too many.
    """
    most = (MAX_RESULTS if kind == "ANN" else MAX_RANKED_RESULTS) - beside_itself
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= most:
        raise InvalidParameterValue(
            f"k is {k!r:.80}; expected how many results are wanted, an integer from 1 to {most:,}."
        )


def _vector_of(spec: IndexSpec, version: Version, key: object) -> tuple[Any, list[float]]:
    """The stored key and vector of a product.

    An integer key may come as text, as numpy's integer, or as the float that the API's replies hold.
    """
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    candidates = [key]
    if isinstance(key, str):
        with contextlib.suppress(ValueError):
            candidates.append(integer_of(key))
    for part in version.parts:
        for candidate, row in zip(candidates, part.segment.keys.find(candidates).tolist()):
            if row >= 0 and (part.delete_bitmap is None or row not in part.delete_bitmap):
                return candidate, shortest_decimals(part.segment.vectors.take(np.array([row])))[0]
    raise NotFound(
        f"Product {key!r:.80} is not in index {spec.name}. Products without a usable photo or name are "
        "left out; table embedding_failures lists them with the reason."
    )


def _encode(
    encoder: Encoder, text: str | None, image: ImageInput | None, text_weight: float | None
) -> Vector:
    texts = encoder.encode_texts([text]) if text else None
    images = encoder.encode_images([image]) if image is not None else None
    if texts is not None and images is not None:
        weight = DEFAULT_TEXT_WEIGHT if text_weight is None else text_weight
        vector: Vector = blend_vectors(texts, images, weight)[0]
    else:
        vector = (images if texts is None else texts)[0]  # type: ignore[index]
    return vector


def _in_words(text: str | None, image: object, like: object) -> str:
    photo = f"photo {image}" if isinstance(image, str) else "a photo"
    parts = [f"“{text}”"] if text else []
    parts += [photo] if image is not None else []
    parts += (
        [f"like product {json_value(like, integers_as_floats=False)}"] if like is not None else []
    )
    return " and ".join(parts) or "a vector"
