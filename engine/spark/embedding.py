"""Embedding on a cluster: the pure function of `engine.encode.arrow_rows` over Spark's batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from engine.core.names import is_volume_path, quoted_name
from engine.encode.arrow_rows import MODEL, REASON, ArrowEmbedder, read_path
from engine.errors import InvalidInputException
from engine.optional import require
from engine.photo_files import path_forms
from engine.store.layout import Layout
from engine.store.volumes import VolumeStore

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class PhotosOf:
    """Reads photos by path on any worker of this machine, those of a workspace's volumes too."""

    workspace: Path

    def __call__(self, path: str) -> bytes:
        if any(map(is_volume_path, path_forms(path))):
            return _volumes(self.workspace).read(path)
        return read_path(path)


def embed(
    df: DataFrame,
    *,
    encoder: str | None = None,
    image: str | None = None,
    text: str | None = None,
    key: str = "product_id",
    device: str | None = None,
) -> DataFrame:
    """The vectors of a DataFrame's photos, texts, or both: computed by Spark's workers, when it is read.

    Photos' vectors are those of one process bit for bit; texts' may differ from them in the last digit,
    which the texts decide that are computed together. Write it as Parquet or Delta, which `vitrine table
    register` takes, and the cloud.

    Args:
        encoder: by name, as `load_encoder` takes it; each worker process loads it once.
        image: the column of photos: paths (in a session on a workspace also of its volumes), bytes, or
            structures of `spark.read.format("binaryFile")`; None for none.
        text: the column of texts; None for none.
        key: the column that names a row.
        device: where the workers compute.

    Returns:
        a row for each row: the key, `image_embedding` and `text_embedding` (array<float>, unit length)
        as asked for, `embedding_model` and `reason`. What failed has a null for its vector and says why
        in `reason`: keep the others with `.where("reason IS NULL")`.

    Raises:
        MissingExtra: pyspark is not installed. InvalidInputException: no DataFrame, a column that it
            lacks, or neither photos nor texts. ModelUnavailable: an encoder that is not here.
    """
    _check(df, key, image, text)
    workspace = getattr(df.sparkSession, "workspace", None)
    read = read_path if workspace is None else PhotosOf(workspace.path.absolute())
    embedder = ArrowEmbedder(key, image, text, encoder, device, read)

    return _mapped(df, embedder)


def _mapped(df: DataFrame, embedder: ArrowEmbedder) -> DataFrame:
    names = list(embedder.columns)

    def mapped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield embedder(pa.RecordBatch.from_arrays(batch.columns, names=names))

    # mapInArrow resolves the names that it is given, and knows none with a dot.
    given = df.select(*(quoted_name(name) for name in names)).toDF(
        *(f"c{n}" for n in range(len(names)))
    )
    return given.mapInArrow(mapped, _schema(df, embedder))


def _check(df: DataFrame, key: str, image: str | None, text: str | None) -> None:
    """Refuse what is no DataFrame, or lacks a column; see `embed`."""
    require("pyspark", "Embedding with Spark")
    if not hasattr(df, "mapInArrow"):
        raise InvalidInputException(f"df is {df!r:.80}; expected a DataFrame of Spark.")
    for name in (key, image, text):
        if name is not None and name not in df.columns:
            has = ", ".join(df.columns)
            raise InvalidInputException(f"df has no column {name!r}; it has {has}.")


def _schema(df: DataFrame, embedder: ArrowEmbedder) -> Any:
    from pyspark.sql.types import ArrayType, FloatType, StringType, StructField, StructType

    kinds = {"image": embedder.image, "text": embedder.text}
    vectors = [
        StructField(f"{kind}_embedding", ArrayType(FloatType()))
        for kind, column in kinds.items()
        if column is not None
    ]
    words = [StructField(name, StringType()) for name in (MODEL, REASON)]
    return StructType([df.schema[embedder.key], *vectors, *words])


@lru_cache(maxsize=4)
def _volumes(workspace: Path) -> VolumeStore:
    return VolumeStore(Layout(workspace))
