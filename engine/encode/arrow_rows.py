"""Embedding for engines that hand out Arrow: rows of a table in, vectors of its photos and texts out.

A pure function with one encoder a process, which Spark maps with `mapInArrow` (`engine.spark.embed`)
and Ray with `map_batches`. Knows columns and values; not tables, nor who distributes them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.encode.encoder import Encoder
from engine.encode.pipeline import embed_batches
from engine.encode.registry import load_encoder
from engine.errors import BadImage, BadSourceFile, InvalidInputException, InvalidParameterValue
from engine.photo_files import path_forms, read_photo
from engine.photo_texts import photo_bytes

_OF_PHOTOS = (
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
    *(pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view),
    *(pa.types.is_fixed_size_binary, pa.types.is_struct, pa.types.is_map, pa.types.is_null),
)
VECTORS = pa.list_(pa.float32())
REASON, MODEL = "reason", "embedding_model"


def read_path(path: str) -> bytes:
    """The bytes of a photo by its path or `file:` link on this machine. Raises BadImage."""
    forms = list(path_forms(path.removeprefix("dbfs:")))
    there = (form for form in forms if os.path.lexists(form))
    return read_photo(Path(next(there, forms[0] if forms else path)), path)


@dataclass(frozen=True)
class ArrowEmbedder:
    """Embeds the rows of Arrow batches or tables, row for row; pickles to any process, where it loads
    its encoder once.

    Ray needs no adapter: it is `map_batches`' function, with `batch_format="pyarrow"`, and each of Ray's
    processes loads the encoder once. So with Ray 2.60, photos bit for bit as in one process:

        rows = ray.data.read_parquet("products.parquet")
        embedder = ArrowEmbedder(key="product_id", image="image_path")
        rows.map_batches(embedder, batch_format="pyarrow").write_parquet("vectors")

    Attributes:
        key: the column that names a row.
        image: the column of photos: paths, base64, `data:` links, bytes of image files, or structures
            of Spark's `binaryFile` (`content`, else `path`) and Hugging Face (`bytes`, else `path`);
            None for none.
        text: the column of texts; None for none.
        encoder: by name, as `load_encoder` takes it. device: where it computes.
        read: the bytes of a photo by its path, or a BadImage.

    Raises:
        InvalidInputException: neither photos nor texts. InvalidParameterValue: photos for an encoder of
            texts. ModelUnavailable, MissingExtra: the encoder is not here.
    """

    key: str
    image: str | None = None
    text: str | None = None
    encoder: str | None = None
    device: str | None = None
    read: Callable[[str], bytes] = read_path

    def __post_init__(self) -> None:
        if self.image is None and self.text is None:
            raise InvalidInputException(
                "neither image nor text was given; expected the name of a column of photos or of texts."
            )
        model = loaded(self.encoder, self.device)
        if self.image is not None and not model.takes_photos:
            raise InvalidParameterValue(
                f"encoder {model.name} encodes texts only; it can't take the photos of {self.image!r}."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, each once."""
        named = (self.key, self.image, self.text)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def __call__(self, rows: Any) -> Any:
        """A RecordBatch or a Table with the columns, to one of the same kind.

        Returns:
            row for row: the key, `image_embedding` and `text_embedding` (list<float>[d], unit length,
            null where it failed) as asked for, `embedding_model`, and `reason`: null where nothing
            failed.

        Raises:
            BadSourceFile: a column is missing, or holds neither photos nor texts.
        """
        model = loaded(self.encoder, self.device)
        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        for name in self.columns:
            if name not in table.column_names:
                has = ", ".join(table.column_names)
                raise BadSourceFile(
                    f"the rows have no column {name!r}; they have {has}", file="rows"
                )
        reasons: list[list[str]] = [[] for _ in range(table.num_rows)]
        found = {self.key: table[self.key]}
        for kind, column in (("image", self.image), ("text", self.text)):
            if column is not None:
                if kind == "image":
                    _check_photos(table[column].type)
                found[f"{kind}_embedding"] = self._embedded(model, kind, table[column], reasons)
        found[MODEL] = pa.array([model.label] * table.num_rows, pa.string())
        found[REASON] = pa.array(["; ".join(said) or None for said in reasons], pa.string())
        out = pa.table(found)
        if isinstance(rows, pa.Table):
            return out
        return out.combine_chunks().to_batches()[0] if out.num_rows else _empty(out.schema)

    def _embedded(
        self, model: Encoder, kind: str, column: pa.ChunkedArray, reasons: list[list[str]]
    ) -> pa.ChunkedArray:
        """The vectors of one column; adds why rows have none."""
        unread: dict[int, str] = {}
        size = model.image_batch if kind == "image" else model.text_batch
        values = _images if kind == "image" else _texts

        def batches() -> Iterator[pa.RecordBatch]:
            for start in range(0, len(column), size):
                given = values(column.slice(start, size), start, unread, self.read)
                keys = pa.array(range(start, start + len(given)), pa.int64())
                yield pa.record_batch([keys, given], names=["key", kind])

        chunks = []
        for out in embed_batches(batches(), model):
            chunks.append(out["embedding"].cast(VECTORS))
            for row, reason in zip(out["key"].to_pylist(), out["reason"].to_pylist()):
                if reason is not None:
                    reasons[row].append(f"{kind}: {unread.get(row, reason)}")
        return pa.chunked_array(chunks, VECTORS)


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], kind) for kind in schema.types], schema=schema)


def _texts(column: pa.ChunkedArray, start: int, unread: dict[int, str], read: Any) -> pa.Array:
    return pa.array([None if one is None else str(one) for one in column.to_pylist()], pa.string())


def _check_photos(kind: pa.DataType) -> None:
    """Raises BadSourceFile for a column that can't hold photos."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if not any(is_kind(kind) for is_kind in _OF_PHOTOS):
        raise BadSourceFile(
            f"the column of photos is {kind}; expected paths, base64, the bytes of files, or structures "
            "as Spark's binaryFile and Hugging Face have them",
            file="rows",
        )


def _images(
    column: pa.ChunkedArray, start: int, unread: dict[int, str], read: Callable[[str], bytes]
) -> pa.Array:
    """The bytes of some photos; those that can't be read are null, and `unread` says why by row."""
    found: list[bytes | None] = []
    for row, value in enumerate(column.to_pylist(), start):
        try:
            found.append(None if value in (None, "") else photo_bytes(value, read))
        except BadImage as error:
            unread[row] = error.message
            found.append(None)
    return pa.array(found, pa.large_binary())


@lru_cache(maxsize=4)
def loaded(name: str | None, device: str | None) -> Encoder:
    """An encoder by name, one for the process; see `load_encoder`."""
    return load_encoder(name, device)
