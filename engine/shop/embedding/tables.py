"""The tables that an embedding writes: their schemas and rows. Knows Arrow; not models or files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask
from engine.core.ranking.fusion import blend_vectors
from engine.encode.encoder import Encoder
from engine.shop.embedding.vectors import Vectors
from engine.shop.names import ENRICHED, FAILURES, IMAGES, MULTIMODAL, TEXTS, WITH_TEXT
from engine.store.vector_columns import to_double_lists

_TIME = pa.timestamp("us", tz="UTC")
_DOUBLES = pa.list_(pa.float64())


class EmbeddingTables:
    """The tables that a run writes beside a table of products.

    Attributes:
        schemas: by the last part of a table's name.
    """

    def __init__(
        self, products: pa.Schema, key: str, encoder: Encoder, with_all_texts: bool = False
    ) -> None:
        """
        Args:
            with_all_texts: also make the table of all products that have a text.
        """
        self.schemas = _schemas(products, key)
        if not with_all_texts:
            del self.schemas[WITH_TEXT]
        self._encoder = encoder

    def rows(
        self,
        chunk: pa.RecordBatch,
        images: Vectors,
        texts: Vectors,
        contents: Sequence[str | None],
    ) -> dict[str, pa.RecordBatch]:
        """The rows that a chunk of products adds to each table of vectors.

        Args:
            images, texts: of the products of the chunk. contents: what the texts are.
        """
        both = images.mask & texts.mask
        image, image_time = to_double_lists(images.matrix), _times(images.created_at)
        made: dict[str, tuple[Mask, dict[str, pa.Array]]] = {
            IMAGES: (images.mask, {"image_embedding": image, "created_at": image_time}),
            TEXTS: (
                texts.mask,
                {
                    "text_content": pa.array(contents, pa.string()).filter(pa.array(texts.mask)),
                    "text_embedding": to_double_lists(texts.matrix),
                    "created_at": _times(texts.created_at),
                },
            ),
            ENRICHED: (images.mask, {"image_embedding": image, "updated_at": image_time}),
            MULTIMODAL: (both, _multimodal(images.where(both), texts.where(both))),
            WITH_TEXT: (
                texts.mask,
                {
                    "text_embedding": to_double_lists(texts.matrix),
                    "updated_at": _times(texts.created_at),
                },
            ),
        }
        wanted = {name: columns for name, columns in made.items() if name in self.schemas}
        return {name: self._rows(name, chunk, *columns) for name, columns in wanted.items()}

    def failures(self, failed: Sequence[tuple[Any, str, str]]) -> pa.RecordBatch:
        """Rows of `embedding_failures`: key, stage and reason of each."""
        schema = self.schemas[FAILURES]
        columns = list(zip(*failed)) or [(), (), ()]
        arrays = [pa.array(list(column), kind) for column, kind in zip(columns, schema.types)]
        return pa.record_batch(arrays, schema=schema)

    def _rows(
        self, table: str, chunk: pa.RecordBatch, mask: Mask, made: dict[str, pa.Array]
    ) -> pa.RecordBatch:
        """Rows of one table: the masked products, the columns made for them, and the model."""
        count = int(mask.sum())
        made["embedding_model"] = pa.array([self._encoder.label] * count, pa.string())
        made["embedding_dimension"] = pa.array([self._encoder.dimension] * count, pa.int32())
        keep = pa.array(mask)
        schema = self.schemas[table]
        arrays = [
            made[name] if name in made else chunk.column(name).filter(keep) for name in schema.names
        ]
        return pa.record_batch(arrays, schema=schema)


def _multimodal(images: Vectors, texts: Vectors) -> dict[str, pa.Array]:
    """The columns of products that have both an image and a text."""
    return {
        "image_embedding": to_double_lists(images.matrix),
        "text_embedding": to_double_lists(texts.matrix),
        "hybrid_embedding": to_double_lists(blend_vectors(texts.matrix, images.matrix)),
        "updated_at": _times(np.maximum(images.created_at, texts.created_at)),
    }


def _times(microseconds: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Array:
    return pa.array(microseconds, pa.int64()).cast(_TIME)


def _schemas(products_schema: pa.Schema, key_name: str) -> dict[str, pa.Schema]:
    """Schemas by table; columns of products that are named like ours are left out."""
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
        WITH_TEXT: pa.schema([*products, text, *model, updated]),
        FAILURES: pa.schema([key, ("stage", pa.string()), ("reason", pa.string())]),
    }
