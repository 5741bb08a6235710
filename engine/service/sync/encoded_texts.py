"""Managed embeddings: texts of rows and of queries become vectors. Knows serving endpoints.

Also the table that computed embeddings are written back to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Mask, Matrix, Vector
from engine.core.assumptions import MAX_SOURCE_BYTES
from engine.core.names import table_name
from engine.core.schema import IndexSpec
from engine.errors import (
    InvalidParameterValue,
    InvalidState,
    MissingExtra,
    ModelUnavailable,
    NotFound,
    ResourceConflict,
)
from engine.service.serving.serving_endpoints import ServingEndpoints, failed_call
from engine.store.indexes.versions import Version
from engine.store.tables.table_store import TableStore

if TYPE_CHECKING:
    from engine.service.serving.models import Models
    from engine.service.sync.row_vectors import BatchVectors

_INDEX = "writeback_of"  # properties of a write-back table
_WRITTEN = "writeback_from"


def encode_query(models: Models, spec: IndexSpec, version: Version, text: str) -> Vector:
    """The vector of a query text, by the index's query endpoint: (dimension,) float32.

    Raises:
        NotFound: there is no such endpoint any more. InvalidParameterValue: the endpoint fails.
        InvalidState: it has another model today than the one that encoded the rows.
    """
    name = spec.text_endpoint
    assert name is not None
    model = _model(models.serving, name)
    _check_dimension(spec, name, model)
    if spec.is_managed and spec.query_model_endpoint is None:
        made_by = version.facts["encoder"]
        if made_by["fingerprint"] != model.fingerprint:
            raise InvalidState(
                f"The rows of index {spec.name} were encoded by {made_by['encoder']}; serving "
                f"endpoint {name} now has {model.name}, whose vectors can't be compared with them. "
                "Sync the index: every row is encoded anew. Or put the former model behind it."
            )
    return models.serving.encode_text(name, text)


@dataclass(frozen=True)
class _Model:
    """What is known of an endpoint's encoder without loading it."""

    name: str
    fingerprint: str
    dimension: int


def _model(serving: ServingEndpoints, endpoint: str) -> _Model:
    """The model behind an endpoint. Raises NotFound; InvalidParameterValue where it can't be had."""
    try:
        encoder = serving.encoder(endpoint)
        return _Model(str(encoder.name), str(encoder.fingerprint), int(encoder.dimension))
    except NotFound:
        raise
    except Exception as error:  # a model's own
        raise InvalidParameterValue(failed_call(endpoint, error)) from error


def _check_dimension(spec: IndexSpec, endpoint: str, model: _Model) -> None:
    if model.dimension != spec.dimension:
        raise InvalidState(
            f"Index {spec.name} holds vectors of length {spec.dimension}; serving endpoint {endpoint} "
            f"now makes {model.dimension} (encoder {model.name}). Put the former model behind it, or "
            "create the index again."
        )


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
        model = _model(serving, self._endpoint)
        _check_dimension(spec, self._endpoint, model)
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


class _BatchTexts:
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


# ------------------------------------------------------------------ what an index is created with
def computed_column(source_column: str | None) -> str:
    """The internal column of the vectors that are computed of a column, as the cloud calls it."""
    return "" if source_column is None else f"__db_{source_column}_vector"


def computed_dimension(
    serving: ServingEndpoints, model_endpoint: str, query_model_endpoint: str | None
) -> int:
    """Length of the vectors that an index's serving endpoints make.

    Raises:
        NotFound: one does not exist. InvalidParameterValue: they differ, or a model can't be had.
    """
    dimension = _model(serving, model_endpoint).dimension
    if query_model_endpoint is not None:
        other = _model(serving, query_model_endpoint).dimension
        if other != dimension:
            raise InvalidParameterValue(
                f"Serving endpoint {query_model_endpoint} for queries makes vectors of length {other}, "
                f"{model_endpoint} for rows {dimension}; expected equal lengths."
            )
    return dimension


def check_query_model(serving: ServingEndpoints, endpoint: str, dimension: int) -> None:
    """Refuse a serving endpoint whose vectors can't be compared with an index's.

    Raises:
        NotFound: it does not exist. InvalidParameterValue: its vectors have another length.
    """
    made = _model(serving, endpoint).dimension
    if made != dimension:
        raise InvalidParameterValue(
            f"Serving endpoint {endpoint} makes vectors of length {made}; embedding_dimension is "
            f"{dimension}. Expected equal lengths."
        )


# ------------------------------------------------------------------ write-back
def check_writeback(tables: TableStore, index: str) -> str:
    """The name of an index's write-back table, which nothing else may have.

    Raises:
        ResourceConflict: a table of this name exists that no index of this name wrote.
    """
    name = table_name(f"{index}_writeback_table")
    if tables.exists(name) and tables.get(name).properties.get(_INDEX) != index:
        raise ResourceConflict(
            f"Table {name} already exists, and the computed embeddings of index {index} would be "
            "written there. Rename it, or leave sync_computed_embeddings out."
        )
    return str(name)


def write_back(tables: TableStore, spec: IndexSpec, version: Version) -> None:
    """Write key, text and vector of every row to the index's write-back table, if it is not there.

    The table is the user's: it stays when the index is deleted.

    Raises:
        ResourceConflict: a table of this name exists that this index did not write.
    """
    name = table_name(check_writeback(tables, spec.name))
    written: list[Any] = [spec.id, version.facts["created_at"]]
    if tables.exists(name) and tables.get(name).properties.get(_WRITTEN) == written:
        return
    held = [column for column in spec.columns if column in (spec.primary_key, spec.source_column)]
    fields = [_field(version, column) for column in held]
    schema = pa.schema([*fields, pa.field(spec.vector_column, pa.list_(pa.float32()))])
    with tables.writing(name, schema, {_INDEX: spec.name, _WRITTEN: written}) as writer:
        for part in version.parts:
            for rows, vectors in part.segment.batches(part.live_row_numbers()):
                arrays = [rows[column].combine_chunks() for column in held]
                writer.write_table(pa.table([*arrays, _lists(vectors)], schema=schema))


def _field(version: Version, column: str) -> pa.Field:
    """A key or text column: of an index without rows only its kind is known."""
    if version.parts:
        return version.parts[0].segment.metadata.schema.field(column)
    return pa.field(column, pa.int64() if version.columns[column].kind == "int" else pa.string())


def _lists(vectors: Matrix) -> pa.Array:
    rows, dimension = vectors.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(dimension)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.reshape(-1)))
