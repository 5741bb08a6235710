"""Products to embedding tables. Knows the shop's rules for them; not how a model works.

The products stream through in chunks; each chunk's vectors come from the cache or the encoder, and
go to all tables at once, so memory does not grow with the catalogue. An interrupted run publishes no
table, but every batch it encoded is in the cache, and the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix
from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT, blend_vectors
from engine.encode.cache.embeddings import Cached, CachePart, EmbeddingCache, digest
from engine.encode.encoder import Encoder
from engine.encode.pipeline import embed_batches
from engine.errors import BadImage, BadSourceFile
from engine.shop.photos import Held, photos_of
from engine.shop.recipes import FIELDS_OF, text_content
from engine.store.tables.table import IMAGE_FOLDER, Table
from engine.store.tables.table_store import TableStore
from engine.store.vector_columns import to_double_lists
from engine.store.volumes import VolumeStore

CHUNK_ROWS = 4096  # products in work at a time; texts are sorted by length within a chunk

IMAGES = "product_image_embeddings"
TEXTS = "product_text_embeddings"
ENRICHED = "product_embeddings_enriched"
MULTIMODAL = "product_embeddings_multimodal"
FAILURES = "embedding_failures"
_TIME = pa.timestamp("us", tz="UTC")
_DOUBLES = pa.list_(pa.float64())

Progress = Callable[[int], object]


@dataclass(frozen=True)
class EmbedReport:
    """What one `embed` did.

    Attributes:
        products: rows of the products table.
        images, texts: rows of the two embedding tables.
        encoded_images, encoded_texts: vectors that had to be computed; the others were cached or
            shared between products with equal content.
        failures: rows of `embedding_failures` by stage: image_read, image_decode, text.
        skipped: products left out by `limit_photos`.
        note: what must be known of the encoder, such as untrained weights, and of a cache that was
            found damaged.
    """

    products: int
    images: int
    texts: int
    encoded_images: int
    encoded_texts: int
    failures: dict[str, int]
    skipped: int
    seconds: float
    encoder: str
    note: str | None


@dataclass
class _Vectors:
    """Vectors of some rows of a chunk: `matrix` holds those where `mask` is true, in order."""

    mask: Mask
    matrix: Matrix
    created_at: np.ndarray[Any, np.dtype[np.int64]]

    def where(self, mask: Mask) -> tuple[Matrix, np.ndarray[Any, np.dtype[np.int64]]]:
        chosen = mask[self.mask]
        return self.matrix[chosen], self.created_at[chosen]


@dataclass
class _Tally:
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[Any, str, str]] = field(default_factory=list)

    def fail(self, key: object, stage: str, reason: str) -> None:
        self.counts[f"failed {stage}"] += 1
        self.failures.append((key, stage, reason))


class Embedder:
    """One run over one products table."""

    def __init__(
        self,
        tables: TableStore,
        volumes: VolumeStore,
        cache: EmbeddingCache,
        encoder: Encoder,
        source: Table,
        key: str,
        recipe: str,
        limit_photos: int | None,
    ) -> None:
        missing = [name for name in (key, "image_path") if name not in source.schema.names]
        if missing:
            raise BadSourceFile(
                f"table {source.name} has no column {', '.join(missing)}; it has: "
                f"{', '.join(source.schema.names)}",
                file=str(source.folder or source.files[0]),
            )
        self._tables, self._volumes, self._encoder = tables, volumes, encoder
        self._source, self._key, self._recipe = source, key, recipe
        self._left = limit_photos
        fingerprint, precision = encoder.fingerprint, encoder.precision
        self._cache = cache
        facts = (fingerprint, precision, encoder.dimension, True)
        self._image_cache = cache.part("image", *facts)
        self._text_cache = cache.part("text", *facts)
        self._properties: dict[str, Any] = {
            "encoder": encoder.name,
            "fingerprint": fingerprint,
            "embedding_model": encoder.label,
            "text_recipe": recipe,
            "text_weight": DEFAULT_TEXT_WEIGHT,
        }
        if source.folder is not None:
            self._properties[IMAGE_FOLDER] = str(source.folder)
        self._schemas = _schemas(source.schema, key)
        self._tally = _Tally()

    # ------------------------------------------------------------------ the run
    def run(self, progress: Progress) -> EmbedReport:
        """Embed every product and publish the five tables.

        Args:
            progress: called with the number of finished images and texts, two for each product.
        """
        started = time.monotonic()
        counts = self._tally.counts
        with contextlib.ExitStack() as stack:
            writers = {
                name: stack.enter_context(
                    self._tables.writing(self._source.name.sibling(name), schema, self._properties)
                )
                for name, schema in self._schemas.items()
            }
            for chunk in self._source.batches(rows=CHUNK_ROWS):
                for name, batch in self._embed_chunk(chunk, progress).items():
                    writers[name].write_batch(batch)
        failed = {k.removeprefix("failed "): v for k, v in counts.items() if k.startswith("failed")}
        return EmbedReport(
            products=counts["products"],
            images=counts["images"],
            texts=counts["texts"],
            encoded_images=counts["encoded image"],
            encoded_texts=counts["encoded text"],
            failures=dict(sorted(failed.items())),
            skipped=counts["skipped"],
            seconds=time.monotonic() - started,
            encoder=self._encoder.name,
            note=" ".join(filter(None, (self._encoder.note, self._cache.note))) or None,
        )

    def _embed_chunk(self, chunk: pa.RecordBatch, progress: Progress) -> dict[str, pa.RecordBatch]:
        """The rows that one chunk of products adds to each table."""
        self._tally.failures = []
        keys = chunk.column(self._key).to_pylist()
        paths = [self._source.photo_path(path) for path in chunk.column("image_path").to_pylist()]
        photos_of, texts_of = self._choose(paths)
        images = self._images(keys, paths, photos_of, progress)
        contents, texts = self._texts(chunk, keys, texts_of, progress)
        both = images.mask & texts.mask
        self._tally.counts.update(
            products=len(chunk), images=int(images.mask.sum()), texts=int(texts.mask.sum())
        )
        image, image_time = images.where(images.mask)
        text, text_time = texts.where(texts.mask)
        both_image, both_image_time = images.where(both)
        both_text, both_text_time = texts.where(both)
        made: dict[str, tuple[Mask, dict[str, pa.Array]]] = {
            IMAGES: (
                images.mask,
                {"image_embedding": to_double_lists(image), "created_at": _times(image_time)},
            ),
            TEXTS: (
                texts.mask,
                {
                    "text_content": pa.array(contents, pa.string()).filter(pa.array(texts.mask)),
                    "text_embedding": to_double_lists(text),
                    "created_at": _times(text_time),
                },
            ),
            ENRICHED: (
                images.mask,
                {"image_embedding": to_double_lists(image), "updated_at": _times(image_time)},
            ),
            MULTIMODAL: (
                both,
                {
                    "image_embedding": to_double_lists(both_image),
                    "text_embedding": to_double_lists(both_text),
                    "hybrid_embedding": to_double_lists(blend_vectors(both_text, both_image)),
                    "updated_at": _times(np.maximum(both_image_time, both_text_time)),
                },
            ),
        }
        rows = {
            name: self._rows(name, chunk, mask, columns) for name, (mask, columns) in made.items()
        }
        failures = list(zip(*self._tally.failures)) or [(), (), ()]
        schema = self._schemas[FAILURES]
        arrays = [pa.array(list(column), kind) for column, kind in zip(failures, schema.types)]
        return {**rows, FAILURES: pa.record_batch(arrays, schema=schema)}

    def _rows(
        self,
        table: str,
        chunk: pa.RecordBatch,
        mask: Mask,
        made: dict[str, pa.Array],
    ) -> pa.RecordBatch:
        """Rows of one table: the masked products, the columns made for them, and the model."""
        count = int(mask.sum())
        made["embedding_model"] = pa.array([self._encoder.label] * count, pa.string())
        made["embedding_dimension"] = pa.array([self._encoder.dimension] * count, pa.int32())
        keep = pa.array(mask)
        schema = self._schemas[table]
        arrays = [
            made[name] if name in made else chunk.column(name).filter(keep) for name in schema.names
        ]
        return pa.record_batch(arrays, schema=schema)

    def _choose(self, paths: Sequence[str | None]) -> tuple[Mask, Mask]:
        """Whose photos to read and whose texts to encode.

        Without a limit, everybody's. With one, those of the next products that have a photo; the
        photos that are missing are still looked for, so that they are reported.
        """
        everybody = np.ones(len(paths), dtype=np.bool_)
        if self._left is None:
            return everybody, everybody
        has_photo = np.array([self._has_photo(path) for path in paths], dtype=np.bool_)
        chosen = has_photo & (np.cumsum(has_photo) <= self._left)
        self._left -= int(chosen.sum())
        self._tally.counts["skipped"] += int((has_photo & ~chosen).sum())
        return chosen | ~has_photo, chosen

    def _has_photo(self, path: str | None) -> bool:
        try:
            return self._volumes.resolve(path or "").is_file()
        except (BadImage, OSError, ValueError):  # reading it will give the reason
            return False

    # ------------------------------------------------------------------ images
    def _images(
        self, keys: list[Any], paths: list[str | None], chosen: Mask, progress: Progress
    ) -> _Vectors:
        digests: list[bytes | None] = [None] * len(keys)
        known: dict[bytes, Cached] = {}
        broken: dict[bytes, str] = {}
        unread: dict[int, str] = {}

        def misses() -> Iterator[pa.RecordBatch]:
            """Batches of images that no one has encoded yet; runs ahead of the model."""
            waiting, fresh = Held(), Held()
            seen: set[bytes] = set()

            def look_up() -> None:
                found = self._image_cache.get(list(fresh.images))
                known.update(found)
                for name, data in fresh.take():
                    if name not in found:
                        waiting.add(name, data)

            size = self._encoder.image_batch
            for row, outcome in photos_of(self._volumes, paths, np.flatnonzero(chosen)):
                if isinstance(outcome, str):
                    unread[row] = outcome
                    continue
                name, data = outcome
                digests[row] = name
                if name not in seen:
                    seen.add(name)
                    fresh.add(name, data)
                if fresh.is_full(size):
                    look_up()
                while waiting.is_full(size):
                    yield _batch("image", waiting.take(size))
            look_up()
            while waiting.images:
                yield _batch("image", waiting.take(size))

        done = self._encode(misses(), self._image_cache, known, broken, progress)
        progress(len(keys) - done)
        self._tally.counts["encoded image"] += done - len(broken)
        for row, key in enumerate(keys):
            name = digests[row]
            if row in unread:
                self._tally.fail(key, "image_read", unread[row])
            elif name in broken and name is not None:
                self._tally.fail(key, "image_decode", f"{paths[row]}: {broken[name]}")
        return _collect(digests, known, self._encoder.dimension)

    # ------------------------------------------------------------------ texts
    def _texts(
        self, chunk: pa.RecordBatch, keys: list[Any], chosen: Mask, progress: Progress
    ) -> tuple[list[str | None], _Vectors]:
        fields = [name for name in FIELDS_OF[self._recipe] if name in chunk.schema.names]
        products = chunk.select(fields).to_pylist()
        contents = [
            text_content(product, self._recipe) if wanted else None
            for product, wanted in zip(products, chosen)
        ]
        digests = [None if text is None else digest(text.encode()) for text in contents]
        distinct = {name: text for name, text in zip(digests, contents) if name and text}
        known = dict(self._text_cache.get(list(distinct)))
        missing = [name for name in distinct if name not in known]
        broken: dict[bytes, str] = {}
        batches = (
            (
                _batch("text", [(missing[i], distinct[missing[i]]) for i in rows])
                for rows, _ in self._encoder.text_batches([distinct[name] for name in missing])
            )
            if missing
            else iter(())
        )
        done = self._encode(batches, self._text_cache, known, broken, progress)
        progress(len(keys) - done)
        self._tally.counts["encoded text"] += done - len(broken)
        for row, (text, name) in enumerate(zip(contents, digests)):
            if text is None and chosen[row]:
                self._tally.fail(keys[row], "text", "the product has no display name")
            elif name in broken and name is not None:
                self._tally.fail(keys[row], "text", broken[name])
        return contents, _collect(digests, known, self._encoder.dimension)

    def _encode(
        self,
        batches: Iterator[pa.RecordBatch],
        cache: CachePart,
        known: dict[bytes, Cached],
        broken: dict[bytes, str],
        progress: Progress,
    ) -> int:
        """Encode batches keyed by digest, store each durably; returns how many rows went through."""
        done = 0
        for out in embed_batches(batches, self._encoder):
            names, reasons = out.column("key").to_pylist(), out.column("reason").to_pylist()
            good = [row for row, reason in enumerate(reasons) if reason is None]
            broken.update({names[row]: reason for row, reason in enumerate(reasons) if reason})
            flat = out.column("embedding").drop_null().flatten().to_numpy()
            if good:
                vectors = flat.reshape(len(good), -1)
                known.update(cache.put([names[row] for row in good], vectors))
            done += len(out)
            progress(len(out))
        return done


def _batch(kind: str, items: list[tuple[bytes, Any]]) -> pa.RecordBatch:
    content = pa.binary() if kind == "image" else pa.string()
    names, contents = zip(*items)
    return pa.record_batch(
        [pa.array(names, pa.binary()), pa.array(contents, content)], names=["key", kind]
    )


def _collect(
    digests: Sequence[bytes | None], known: dict[bytes, Cached], dimension: int
) -> _Vectors:
    found = [known.get(name) if name else None for name in digests]
    mask = np.array([item is not None for item in found], dtype=np.bool_)
    good = [item for item in found if item is not None]
    matrix = np.array([item.vector for item in good], dtype=np.float32).reshape(-1, dimension)
    return _Vectors(mask, matrix, np.array([item.created_at for item in good], dtype=np.int64))


def _times(microseconds: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    return pa.array(microseconds, pa.int64()).cast(_TIME)


def _schemas(products_schema: pa.Schema, key_name: str) -> dict[str, pa.Schema]:
    """Schemas of the tables that an embedding writes, for a products table."""
    key = products_schema.field(key_name)
    model = [("embedding_model", pa.string()), ("embedding_dimension", pa.int32())]
    created, updated = ("created_at", _TIME), ("updated_at", _TIME)
    image, text, hybrid = ((f"{name}_embedding", _DOUBLES) for name in ("image", "text", "hybrid"))
    ours = {name for name, _ in (*model, updated, image, text, hybrid)}
    products = [field for field in products_schema if field.name not in ours]
    return {
        IMAGES: pa.schema([key, image, *model, created]),
        TEXTS: pa.schema([key, ("text_content", pa.string()), text, *model, created]),
        ENRICHED: pa.schema([*products, image, *model, updated]),
        MULTIMODAL: pa.schema([*products, image, text, hybrid, *model, updated]),
        FAILURES: pa.schema([key, ("stage", pa.string()), ("reason", pa.string())]),
    }
