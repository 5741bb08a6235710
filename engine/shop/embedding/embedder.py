"""Products to embedding tables. Knows the shop's rules for them; not how a model works.

The products stream through in chunks; each chunk's vectors come from the cache or the encoder, and
go to all tables at once, so memory does not grow with the catalogue. An interrupted run publishes no
table, but every batch it encoded is in the cache, and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask
from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT
from engine.encode.cache.embeddings import EmbeddingCache, digest
from engine.encode.encoder import Encoder
from engine.errors import BadSourceFile
from engine.photo_texts import photo_name
from engine.shop.catalogue.catalogue import FASHION
from engine.shop.catalogue.stored import PROPERTY, stored_catalogue
from engine.shop.embedding.photo_limit import PhotoLimit
from engine.shop.embedding.photos import ProductPhotos
from engine.shop.embedding.recipes import check_recipe, fields_of, text_content
from engine.shop.embedding.report import EmbedReport, Tally
from engine.shop.embedding.request import ALL, EmbedRequest
from engine.shop.embedding.tables import EmbeddingTables
from engine.shop.embedding.vectors import ContentVectors, Progress, Vectors
from engine.shop.names import FAILURES, IMAGE_PATH
from engine.store.tables.table import IMAGE_FOLDER, Table
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore

CHUNK_ROWS = 4096  # products in work at a time; texts are sorted by length within a chunk


class Embedder:
    """One run over one products table."""

    def __init__(
        self,
        tables: TableStore,
        volumes: VolumeStore,
        cache: EmbeddingCache,
        encoder: Encoder,
        source: Table,
        request: EmbedRequest,
    ) -> None:
        """
        Raises:
            BadSourceFile: the table has no column of keys or of photos.
            InvalidParameterValue: an unknown recipe, or a template over columns that aren't there.
        """
        self._said = stored_catalogue(tables, str(source.name))
        self._catalogue = self._said or FASHION
        self._key = request.primary_key or self._catalogue.key
        _check_columns(source, self._key)
        recipe = request.recipe or self._catalogue.text
        self._recipe = check_recipe(recipe, self._catalogue, source.schema.names)
        title = "display name" if self._said is None else self._catalogue.title
        self._no_text = f"the product has no {title}"
        self._tables, self._volumes = tables, volumes
        self._cache, self._encoder = cache, encoder
        self._source, self._with_all_texts = source, request.text_index == ALL
        self._limit = PhotoLimit(volumes, request.limit_photos)
        self._vectors = ContentVectors(encoder, cache)
        self._made = EmbeddingTables(source.schema, self._key, encoder, self._with_all_texts)
        self._tally = Tally()

    def run(self, progress: Progress) -> EmbedReport:
        """Embed every product and publish the tables.

        Args:
            progress: called with the number of finished images and texts, two for each product.
        """
        properties = self._properties()
        with contextlib.ExitStack() as stack:
            writers = {
                name: stack.enter_context(
                    self._tables.writing(self._source.name.sibling(name), schema, properties)
                )
                for name, schema in self._made.schemas.items()
            }
            for chunk in self._source.batches(rows=CHUNK_ROWS):
                for name, batch in self._embed_chunk(chunk, progress).items():
                    writers[name].write_batch(batch)
        self._tally.counts["skipped"] = self._limit.skipped
        note = " ".join(filter(None, (self._encoder.note, self._cache.note))) or None
        encoder, waited = self._encoder, self._vectors.watch.waited
        return self._tally.report(encoder.name, note, encoder.dimension, waited)

    def _properties(self) -> dict[str, Any]:
        """What the tables say of how they were made."""
        properties: dict[str, Any] = {
            "encoder": self._encoder.name,
            "fingerprint": self._encoder.fingerprint,
            "embedding_model": self._encoder.label,
            "text_recipe": self._recipe,
            "text_weight": DEFAULT_TEXT_WEIGHT,
        }
        if self._said is not None:
            properties[PROPERTY] = self._said.to_json()
        if self._source.folder is not None:
            properties[IMAGE_FOLDER] = str(self._source.folder)
        return properties

    def _embed_chunk(self, chunk: pa.RecordBatch, progress: Progress) -> dict[str, pa.RecordBatch]:
        """The rows that one chunk of products adds to each table."""
        keys = chunk.column(self._key).to_pylist()
        paths = [self._source.photo_path(path) for path in chunk.column(IMAGE_PATH).to_pylist()]
        with_image, with_text = self._limit.choose(paths)
        if self._with_all_texts:  # a product without a photo is none that failed
            with_image = with_image & np.array([path is not None for path in paths], dtype=np.bool_)
        images = self._images(keys, paths, with_image, progress)
        contents = self._contents(chunk, with_text)
        texts = self._texts(keys, contents, with_text, progress)
        self._tally.counts.update(
            products=len(chunk), images=int(images.mask.sum()), texts=int(texts.mask.sum())
        )
        rows = self._made.rows(chunk, images, texts, contents)
        return {**rows, FAILURES: self._made.failures(self._tally.take_failures())}

    def _images(
        self, keys: Sequence[Any], paths: Sequence[Any], chosen: Mask, progress: Progress
    ) -> Vectors:
        photos = ProductPhotos(self._volumes.read, paths, np.flatnonzero(chosen))
        outcome = self._vectors.of_images(photos.distinct(), progress)
        progress(len(keys) - outcome.done)
        self._tally.counts["encoded_images"] += outcome.encoded
        for row, (key, name) in enumerate(zip(keys, photos.digests)):
            if row in photos.unread:
                self._tally.fail(key, "image_read", photos.unread[row])
            elif name is not None and name in outcome.failed:
                self._tally.fail(
                    key, "image_decode", f"{photo_name(paths[row])}: {outcome.failed[name]}"
                )
        return outcome.vectors(photos.digests, self._encoder.dimension)

    def _contents(self, chunk: pa.RecordBatch, chosen: Mask) -> list[str | None]:
        """The text of each product; None where it is not wanted, or the product has no name."""
        fields = [n for n in fields_of(self._recipe, self._catalogue) if n in chunk.schema.names]
        return [
            text_content(product, self._recipe, self._catalogue) if wanted else None
            for product, wanted in zip(chunk.select(fields).to_pylist(), chosen)
        ]

    def _texts(
        self, keys: Sequence[Any], contents: list[str | None], chosen: Mask, progress: Progress
    ) -> Vectors:
        digests = [None if text is None else digest(text.encode()) for text in contents]
        distinct = {name: text for name, text in zip(digests, contents) if name and text}
        outcome = self._vectors.of_texts(distinct, progress)
        progress(len(keys) - outcome.done)
        self._tally.counts["encoded_texts"] += outcome.encoded
        for row, (text, name) in enumerate(zip(contents, digests)):
            if text is None and chosen[row]:
                self._tally.fail(keys[row], "text", self._no_text)
            elif name is not None and name in outcome.failed:
                self._tally.fail(keys[row], "text", outcome.failed[name])
        return outcome.vectors(digests, self._encoder.dimension)


def _check_columns(source: Table, key: str) -> None:
    missing = [name for name in (key, IMAGE_PATH) if name not in source.schema.names]
    if missing:
        raise BadSourceFile(
            f"table {source.name} has no column {', '.join(missing)}; it has: "
            f"{', '.join(source.schema.names)}",
            file=str(source.folder or source.files[0]),
        )
