"""The stages of our embedding, with the engine's own functions, one after another. Knows no clock.

What the pipeline does at once in several threads is done here by itself, so that each stage's work is
seen. The model uses the threads that it always does.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from engine.bench.embedding.stages import Stage, seconds_by_stage
from engine.core.names import ThreePartName
from engine.encode.cache.embeddings import EmbeddingCache, Kind, digest
from engine.encode.encoder import Encoder, stacked
from engine.encode.images import decode
from engine.encode.photos.preprocessing import conversion
from engine.photo_files import read_photo
from engine.store.vector_columns import to_double_lists
from engine.workspace import Workspace

READING, LOOKING_UP, DECODING = "reading files", "cache look-up", "decoding"
PREPROCESSING, TOKENIZING, MODEL = "preprocessing", "tokenizing", "model"
CACHE, TABLE = "cache write", "table write"
IMAGE_STAGES = (READING, LOOKING_UP, DECODING, PREPROCESSING, MODEL, CACHE, TABLE)
TEXT_STAGES = (LOOKING_UP, TOKENIZING, MODEL, CACHE, TABLE)
TABLE_NAME = ThreePartName("main", "bench", "made")
SCHEMA = pa.schema([("key", pa.binary()), ("embedding", pa.list_(pa.float64()))])


class Writing:
    """A cache and a table that vectors go to, in a workspace of their own."""

    def __init__(self, encoder: Encoder, kind: Kind, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self._tables = Workspace(folder).tables
        self._cache = EmbeddingCache(folder / "cache.sqlite")
        facts = (encoder.fingerprint, encoder.precision, encoder.dimension, True)
        self._part = self._cache.part(kind, *facts)

    def __enter__(self) -> Writing:
        self._stack = ExitStack()
        self._stack.callback(self._cache.close)
        self._writer = self._stack.enter_context(self._tables.writing(TABLE_NAME, SCHEMA, {}))
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def unknown(self, contents: Mapping[bytes, Any]) -> tuple[list[bytes], list[Any]]:
        """Digests and contents of those that have no vector yet."""
        known = self._part.get(list(contents))
        names = [name for name in contents if name not in known]
        return names, [contents[name] for name in names]

    def put(self, made: tuple[list[bytes], Any]) -> tuple[list[bytes], Any]:
        self._part.put(*made)
        return made

    def write(self, made: tuple[list[bytes], Any]) -> None:
        names, vectors = made
        rows = [pa.array(names, pa.binary()), to_double_lists(vectors)]
        self._writer.write_batch(pa.record_batch(rows, schema=SCHEMA))

    def publish(self, _: None) -> None:
        """What comes after the last row: the file's end, and the table's new version."""
        self._stack.close()


def image_stages(encoder: Encoder, inputs: SimpleNamespace, folder: Path) -> dict[str, float]:
    """Seconds of each stage over some photos that nobody has seen, and the rest."""
    size = encoder.image_batch
    batches = [inputs.photos[at : at + size] for at in range(0, len(inputs.photos), size)]
    with Writing(encoder, "image", folder) as to:
        stages = (
            Stage(READING, lambda files: [read_photo(Path(file)) for file in files]),
            Stage(
                LOOKING_UP,
                lambda photos: to.unknown({digest(data, conversion(data)): data for data in photos}),
            ),
            Stage(DECODING, lambda pair: (pair[0], [decode(data) for data in pair[1]])),
            Stage(
                PREPROCESSING,
                lambda pair: (pair[0], stacked([encoder.prepare_image(each) for each in pair[1]])),
            ),
            Stage(MODEL, lambda pair: (pair[0], encoder.encode_pixels(pair[1]))),
            Stage(CACHE, to.put),
            Stage(TABLE, to.write),
        )
        return seconds_by_stage(batches, stages, Stage(TABLE, to.publish))


def text_stages(encoder: Encoder, inputs: SimpleNamespace, folder: Path) -> dict[str, float]:
    """The same over texts, all in one: batches of like length are made of all of them."""

    def encode(pair: tuple[list[bytes], Any]) -> tuple[list[bytes], Any]:
        names, batches = pair
        vectors = np.empty((len(names), encoder.dimension), dtype=np.float32)
        for rows, tokens in batches:
            vectors[rows] = encoder.encode_tokens(tokens)
        return names, vectors

    with Writing(encoder, "text", folder) as to:
        stages = (
            Stage(
                LOOKING_UP,
                lambda texts: to.unknown({digest(text.encode()): text for text in texts}),
            ),
            Stage(TOKENIZING, lambda pair: (pair[0], list(encoder.text_batches(pair[1])))),
            Stage(MODEL, encode),
            Stage(CACHE, to.put),
            Stage(TABLE, to.write),
        )
        return seconds_by_stage([inputs.texts], stages, Stage(TABLE, to.publish))
