"""An evaluation, step by step: products, photos, vectors, figures. Knows the order; not the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.encode.cache.embeddings import EmbeddingCache
from engine.encode.encoder import Encoder
from engine.errors import BadSourceFile, InvalidInputException
from engine.shop.embedding.vectors import Progress
from engine.shop.evaluation.encoding import CachedEncoder, PhotoVectors
from engine.shop.evaluation.evaluation import Evaluation, Judgement
from engine.shop.evaluation.figures.catalogue import figures_of
from engine.shop.evaluation.figures.figure import Figure, Product
from engine.shop.evaluation.figures.query_sets import Query, read_query_set
from engine.shop.evaluation.photo_formats import PhotoFormat, photo_formats
from engine.shop.evaluation.products import is_held_out, read_products
from engine.shop.evaluation.request import EvaluationRequest
from engine.shop.evaluation.speed import Speed, speed_of
from engine.shop.evaluation.surrounded import (
    Surroundings,
    chosen_rows,
    surrounded_figures,
    varied_vectors,
)


class EvaluationRun:
    """One evaluation: everything that can be refused is, before a photo is encoded.

    Attributes:
        photos: how many will be encoded or found in the cache.
    """

    def __init__(
        self,
        request: EvaluationRequest,
        encoder_of: Callable[[str], Encoder],
        cache: EmbeddingCache,
    ) -> None:
        """Read products and query sets, and find the photos and the models.

        Raises:
            ModelUnavailable, MissingExtra: a model can't be loaded here.
            BadSourceFile: a file that can't be read as asked, a column or photos that are missing.
            InvalidInputException, InvalidParameterValue: see `EvaluationRequest`.
        """
        request.check()
        self._request, self._cache = request, cache
        self._surroundings = _surroundings() if request.surroundings else {}
        self._encoders = {name: _known(encoder_of(name)) for name in request.models}
        self._queries = query_sets(request.queries)
        asked = {name for some in self._queries.values() for query in some for name in query.fields}
        asked |= set(request.attributes)
        products = read_products(request.table, request.columns, asked, request.encoding)
        self._formats = photo_formats(_held_out(request, products), request.folders, request.limit)
        self.photos = len(self._encoders) * sum(
            len(form.products) + len(self._surroundings) * len(chosen_rows(form.products))
            for form in self._formats
        )

    def run(self, progress: Progress, device: str | None = None) -> Evaluation:
        """Judge every model over every format of photos.

        Args:
            progress: called with numbers of finished photos.
            device: where new processes load a model, if its speed is measured.
        """
        judgements = tuple(
            self._judged(name, encoder, form, progress)
            for form in self._formats
            for name, encoder in self._encoders.items()
        )
        speeds: dict[str, Speed] = {}
        if self._request.speed:
            for name, encoder in self._encoders.items():
                speeds[name] = self._speed(name, encoder, judgements, device)
        notes = [encoder.note for encoder in self._encoders.values()]
        found = tuple(note for note in [*notes, self._cache.note] if note)
        return Evaluation(tuple(self._formats), judgements, speeds, found)

    def _judged(
        self, name: str, encoder: Encoder, form: PhotoFormat, progress: Progress
    ) -> Judgement:
        cached = CachedEncoder(encoder, self._cache)
        photos = cached.photos(form.files, progress)
        if not photos.rows:
            reason = next(iter(photos.failed.values()))
            raise BadSourceFile(f"no photo can be used; the first: {reason}", file=str(form.folder))
        products = tuple(form.products[row] for row in photos.rows)
        figures = figures_of(
            photos.vectors, products, cached.texts, self._queries, self._request.attributes
        )
        failed = {form.products[row]["id"]: reason for row, reason in photos.failed.items()}
        surroundings = self._surrounded(encoder, cached, form, photos, progress)
        return Judgement(name, form.name, products, tuple(figures), failed, surroundings)

    def _surrounded(
        self,
        encoder: Encoder,
        cached: CachedEncoder,
        form: PhotoFormat,
        photos: PhotoVectors,
        progress: Progress,
    ) -> dict[str, tuple[Figure, ...]]:
        products = [form.products[row] for row in photos.rows]
        rows = chosen_rows(products)
        files = [form.files[photos.rows[row]] for row in rows]
        found = {}
        for name, change in self._surroundings.items():
            varied = varied_vectors(encoder, files, change, progress)
            found[name] = surrounded_figures(photos.vectors, varied, rows, products, cached.texts)
        return found

    def _speed(
        self, name: str, encoder: Encoder, judgements: Sequence[Judgement], device: str | None
    ) -> Speed:
        """With the photos and names of the first format."""
        form = self._formats[0]
        usable = {
            product["id"] for product in next(j for j in judgements if j.model == name).products
        }
        files = [f for f, product in zip(form.files, form.products) if product["id"] in usable]
        names = [str(p["name"]) for p in form.products if p.get("name")]
        return speed_of(name, device, encoder, files, names or ["red dress"])


def _known(encoder: Encoder) -> Encoder:
    _ = encoder.fingerprint  # weights that aren't here are found missing by it, and not loaded
    return encoder


def _surroundings() -> Surroundings:
    from engine.shop.evaluation.surroundings import SURROUNDINGS  # Pillow, which vectors don't need

    return SURROUNDINGS


def _held_out(request: EvaluationRequest, products: Sequence[Product]) -> list[Product]:
    share = request.hold_out
    chosen = [p for p in products if share is None or is_held_out(p["id"], share)]
    if not chosen:
        what = (
            "no product" if not products else f"none of its {len(products):,} products is held out"
        )
        raise BadSourceFile(what, file=str(request.table))
    return chosen


def query_sets(places: Sequence[str | Path]) -> dict[str, list[Query]]:
    """Query sets by the names of their files.

    Raises:
        BadSourceFile: a file that is none of the format, a folder without one.
        InvalidInputException: two files of one name.
    """
    found: dict[str, list[Query]] = {}
    for place in map(Path, places):
        files = sorted(place.glob("*.jsonl")) if place.is_dir() else [place]
        if not files:
            raise BadSourceFile("there is no file *.jsonl in this folder", file=str(place))
        for file in files:
            if file.stem in found:
                raise InvalidInputException(f"query set {file.stem!r} is given twice.")
            found[file.stem] = read_query_set(file)
    return found
