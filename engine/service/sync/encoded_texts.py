"""Managed embeddings: texts of rows become vectors. Knows serving endpoints; not queries."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix, Vector
from engine.core.assumptions import MAX_SOURCE_BYTES
from engine.core.schema import IndexSpec
from engine.errors import InvalidParameterValue, MissingExtra, ModelUnavailable
from engine.progress import bar
from engine.service.serving.endpoint_models import check_dimension, model_of
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.serving.text_vectors import failed_call
from engine.service.sync.row_vectors import BatchVectors


class EncodedTexts:
    """Vectors of rows, made by the index's serving endpoint from its column of texts.

    Attributes:
        retry: the endpoint failed on some row.
        model: `encoder` and `fingerprint` of the endpoint's encoder.
    """

    def __init__(
        self, serving: ServingEndpoints, spec: IndexSpec, progress: Callable[[int], object]
    ) -> None:
        """
        Args:
            progress: called with the number of texts that were encoded just now.

        Raises:
            NotFound: no such serving endpoint. InvalidState: its vectors have another length now.
            InvalidParameterValue: its model can't be had here.
        """
        assert spec.model_endpoint is not None and spec.source_column is not None
        self._serving, self._progress = serving, progress
        self._endpoint, self._column = spec.model_endpoint, spec.source_column
        self.retry = False
        model = model_of(serving, self._endpoint)
        check_dimension(spec, self._endpoint, model)
        self.model = {"encoder": model.name, "fingerprint": model.fingerprint}

    def of(self, batch: pa.RecordBatch) -> BatchVectors:
        """The vectors of a batch; see `RowVectors`."""
        return _BatchTexts(batch.column(self._column).to_pylist(), self._encode)

    def _encode(self, texts: list[str]) -> list[Vector | str]:
        try:
            outcomes = self._serving.embed_texts(self._endpoint, texts, self._progress)
        except (ModelUnavailable, MissingExtra) as error:
            raise InvalidParameterValue(failed_call(self._endpoint, error)) from error
        self.retry = self.retry or any(isinstance(outcome, str) for outcome in outcomes)
        return outcomes


@contextlib.contextmanager
def encoding_progress() -> Iterator[Callable[[int], object]]:
    """What is to be called with the number of texts encoded; the first call makes a bar."""
    bars: list[Any] = []

    def update(count: int) -> None:
        if not bars:
            bars.append(bar(unit="text", desc="encode"))
        bars[0].update(count)

    try:
        yield update
    finally:
        for made in bars:
            made.close()


class _BatchTexts:
    """The vectors of one batch, by position: those that were computed; see `BatchVectors`."""

    def __init__(
        self, texts: list[str | None], encode: Callable[[list[str]], list[Vector | str]]
    ) -> None:
        self._texts, self._encode = texts, encode
        self._vectors: dict[int, Vector] = {}
        self.given = None
        self.reasons = {
            row: reason for row, text in enumerate(texts) if (reason := _unusable(text)) is not None
        }
        self.absent = np.array([not text for text in texts], dtype=np.bool_)
        self.good = np.ones(len(texts), dtype=np.bool_)
        self.good[list(self.reasons)] = False

    def compute(self, rows: Mask) -> dict[int, str]:
        wanted = np.flatnonzero(rows).tolist()
        outcomes = self._encode([self._texts[row] or "" for row in wanted]) if wanted else []
        failed = {}
        for row, outcome in zip(wanted, outcomes):
            if isinstance(outcome, str):
                failed[row] = outcome
            else:
                self._vectors[row] = outcome
        return failed

    def take(self, rows: Mask) -> Matrix:
        return np.stack([self._vectors[row] for row in np.flatnonzero(rows).tolist()])


def _unusable(text: str | None) -> str | None:
    if not text:
        return "the text is null" if text is None else "the text is empty"
    size = len(text.encode()) if len(text) > MAX_SOURCE_BYTES // 4 else 0
    if size > MAX_SOURCE_BYTES:
        return f"the text has {size} bytes, expected at most {MAX_SOURCE_BYTES}"
    return None
