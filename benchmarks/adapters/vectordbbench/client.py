"""vitrine in VectorDBBench, by its interface `VectorDB`: a direct access index of a workspace."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from vectordb_bench.backend.clients.api import DBCaseConfig, MetricType, VectorDB
from vectordb_bench.backend.filter import Filter, FilterOp
from vectordb_bench.backend.payload import PayloadProfile

from engine import VitrineError, Workspace

ENDPOINT = "vectordbbench"
KEY, VECTOR, LABEL = "id", "vector", "label"
METRICS = (None, MetricType.COSINE)
log = logging.getLogger(__name__)


class RowsRefused(RuntimeError):
    """Rows that an index doesn't take, and why; another try would not help."""

    non_retryable = True


class Vitrine(VectorDB):
    """Cosine similarity; filters `id >= N` and `label == L`. One connection serves many threads."""

    supported_filter_types: ClassVar = [FilterOp.NonFilter, FilterOp.NumGE, FilterOp.StrEqual]
    name = "Vitrine"
    thread_safe = True

    def __init__(
        self,
        dim: int,
        db_config: Mapping[str, Any],
        db_case_config: DBCaseConfig | None,
        collection_name: str = "vector_bench_test",
        drop_old: bool = False,
        with_scalar_labels: bool = False,
        **kwargs: object,
    ) -> None:
        metric = getattr(db_case_config, "metric_type", None)
        if metric not in METRICS:
            raise ValueError(f"vitrine compares unit vectors: metric {metric}; expected COSINE")
        self._path = db_config["path"]
        self._index = f"main.bench.{collection_name.lower()}"
        self._exact = bool(db_case_config and db_case_config.search_param().get("exact"))
        self._labelled = with_scalar_labels
        self._filters: dict[str, object] | None = None
        self._workspace: Workspace | None = None
        workspace = Workspace(self._path)
        there = workspace.index_exists(self._index)
        if there and drop_old:
            workspace.delete_index(self._index)
        if drop_old or not there:
            self._create(workspace, dim)

    def _create(self, workspace: Workspace, dim: int) -> None:
        labels = {LABEL: "string"} if self._labelled else {}
        workspace.create_direct_access_index(
            self._index,
            endpoint=ENDPOINT,
            create_endpoint=True,
            primary_key=KEY,
            dimension=dim,
            vector_column=VECTOR,
            schema={KEY: "long", VECTOR: "array<float>", **labels},
        )

    @contextmanager
    def init(self) -> Iterator[None]:
        """Open the workspace in this process."""
        self._workspace = Workspace(self._path)
        try:
            yield
        finally:
            self._workspace = None

    @property
    def _open(self) -> Workspace:
        if self._workspace is None:
            raise RuntimeError("the workspace is not open; use `with client.init():`")
        return self._workspace

    def need_normalize_cosine(self) -> bool:
        """A direct access index takes unit vectors."""
        return True

    def insert_embeddings(
        self,
        embeddings: Sequence[Sequence[float]],
        metadata: Sequence[int],
        labels_data: Sequence[str] | None = None,
        tenant_labels_data: Sequence[str] | None = None,
        **kwargs: object,
    ) -> tuple[int, Exception | None]:
        """Write a batch; durable when it returns. How many rows were written, and what failed."""
        rows = [{KEY: key, VECTOR: vector} for key, vector in zip(metadata, embeddings)]
        if self._labelled:
            rows = [{**row, LABEL: label} for row, label in zip(rows, labels_data or [])]
        try:
            reply = self._open.upsert(self._index, rows)
        except VitrineError as error:
            log.warning("vitrine: a batch of %d rows was refused: %s", len(rows), error)
            return 0, error
        refused = reply.get("failures")
        written: int = reply["result"]["success_row_count"]
        return written, RowsRefused(str(refused)) if refused else None

    def prepare_filter(self, filters: Filter) -> None:
        """The filter of all searches from now on."""
        if filters.type == FilterOp.NonFilter:
            self._filters = None
        elif filters.type == FilterOp.NumGE:
            self._filters = {f"{KEY} >=": filters.int_value}  # type: ignore[attr-defined]
        elif filters.type == FilterOp.StrEqual:
            self._filters = {LABEL: filters.label_value}  # type: ignore[attr-defined]
        else:
            raise ValueError(
                f"filter {filters.type}; expected one of {self.supported_filter_types}"
            )

    def search_embedding(
        self,
        query: Sequence[float],
        k: int = 100,
        payload_profile: PayloadProfile = PayloadProfile.IDS_ONLY,
        tenant: str | None = None,
    ) -> list[int]:
        """Keys of the k nearest that pass the filter, nearest first."""
        found = self._open.search(
            vector=query,
            index=self._index,
            columns=[KEY],
            filters=self._filters,
            k=k,
            exact=self._exact,
        )
        return [row[KEY] for row in found]

    def optimize(self, data_size: int | None = None) -> None:
        """Merge what many batches wrote into one segment, with its approximate index."""
        self._open.compact_index(self._index)
