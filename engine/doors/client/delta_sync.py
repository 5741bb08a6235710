"""A new delta sync index in the mirrored client's words, and the request that they stand for.

Knows the package's own checks and their texts; not what the service checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from engine.core.index_request import IndexRequest
from engine.core.values import listed
from engine.doors.client.checks import check_payload_logging, check_policies
from engine.errors import InvalidInputException


@dataclass(frozen=True)
class _DeltaSync:
    """The arguments that both of the package's methods begin with."""

    endpoint_name: str
    index_name: str
    primary_key: str
    source_table_name: str
    pipeline_type: str
    embedding_dimension: int | None = None
    embedding_vector_column: str | None = None
    embedding_source_column: str | None = None
    embedding_model_endpoint_name: str | None = None
    sync_computed_embeddings: bool = False
    columns_to_sync: list[str] | None = None
    model_endpoint_name_for_query: str | None = None
    budget_policy_id: str | None = None
    usage_policy_id: str | None = None

    def _request(
        self, index_subtype: str | None, payload_logging_enabled: bool | None
    ) -> IndexRequest:
        check_policies(self.budget_policy_id, self.usage_policy_id)
        if not self.pipeline_type:
            raise AssertionError(
                "Pipeline type cannot be None. Please use CONTINUOUS/TRIGGERED as the pipeline type."
            )
        own = bool(self.embedding_vector_column)
        if own:
            self._check_vectors()
        elif self.embedding_source_column:
            self._check_texts()
        elif not index_subtype or index_subtype.upper() != "FULL_TEXT":
            raise InvalidInputException(
                "At least one valid embedding_source_column or embedding_vector_column must be "
                "specified."
            )
        check_payload_logging(payload_logging_enabled)
        computed = not own and bool(self.embedding_source_column)
        return IndexRequest(
            self.index_name,
            source_table=self.source_table_name,
            vector_column=self.embedding_vector_column if own else None,
            dimension=self.embedding_dimension if own else None,
            source_column=self.embedding_source_column if computed else None,
            model_endpoint=self.embedding_model_endpoint_name if computed else None,
            query_model_endpoint=(self.model_endpoint_name_for_query or None) if computed else None,
            sync_computed_embeddings=computed and bool(self.sync_computed_embeddings),
            primary_key=self.primary_key,
            endpoint=self.endpoint_name,
            pipeline_type=self.pipeline_type,
            columns_to_sync=listed(self.columns_to_sync),
            index_subtype=index_subtype or None,
            usage_policy_id=self.usage_policy_id or self.budget_policy_id or None,
            payload_logging_enabled=payload_logging_enabled,
        )

    def _check_vectors(self) -> None:
        if not self.embedding_dimension:
            raise AssertionError("Embedding dimension must be specified if source column is used")
        if self.sync_computed_embeddings:
            raise AssertionError(
                "Sync computed embedding is not supported with embedding vector column"
            )

    def _check_texts(self) -> None:
        if not self.embedding_model_endpoint_name:
            raise AssertionError("You must specify Embedding Model Endpoint")


@dataclass(frozen=True)
class DeltaSyncIndex(_DeltaSync):
    """What `create_delta_sync_index` takes.

    Attributes:
        pipeline_type: TRIGGERED, or CONTINUOUS for an index that follows its table by itself.
        embedding_dimension, embedding_vector_column: a column of vectors, and their length.
        embedding_source_column, embedding_model_endpoint_name: instead, a column of texts, and the
            serving endpoint that encodes them at each sync.
        sync_computed_embeddings: write computed embeddings to the table `<name>_writeback_table`.
        columns_to_sync: None for every column of the table.
        model_endpoint_name_for_query: another serving endpoint for the texts of queries.
        budget_policy_id, usage_policy_id: at most one; both mean the same.
        index_subtype: HYBRID (default), or FULL_TEXT for an index without vectors.
        payload_logging_enabled: noted; nothing is logged here.
    """

    index_subtype: str | None = None
    payload_logging_enabled: bool | None = None

    def request(self) -> IndexRequest:
        """The index that is asked for.

        Raises:
            AssertionError, InvalidInputException: the client's own checks.
        """
        return self._request(self.index_subtype, self.payload_logging_enabled)


@dataclass(frozen=True)
class DeltaSyncIndexAndWait(_DeltaSync):
    """What `create_delta_sync_index_and_wait` takes, in its own order; see `create_delta_sync_index`.

    Attributes:
        verbose: print states while waiting. timeout: of the waiting.
    """

    verbose: bool = False
    timeout: timedelta = timedelta(hours=24)
    index_subtype: str | None = None
    payload_logging_enabled: bool | None = None

    def request(self) -> IndexRequest:
        """As `DeltaSyncIndex.request`."""
        return self._request(self.index_subtype, self.payload_logging_enabled)
