"""What an index is asked to be: what a door fills in, once. Knows arguments; not what there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

from engine.settings import DEFAULT_ENDPOINT, DEFAULT_KEY


@dataclass(frozen=True)
class IndexRequest:
    """A delta sync index as it is asked for.

    Attributes:
        name: full name. source_table: whose rows it follows.
        vector_column: the table's column of vectors.
        source_column: instead, a column of texts, which the serving endpoint `model_endpoint` encodes
            at each sync. Neither of both for an index without vectors.
        query_model_endpoint: another serving endpoint for the texts of queries.
        sync_computed_embeddings: write computed embeddings to the table `<name>_writeback_table`
            after each sync; it stays when the index is deleted.
        dimension: length of the vectors; None reads it from the table's first vector.
        pipeline_type: TRIGGERED, or CONTINUOUS for an index that follows its table by itself.
        columns_to_sync: None for every column of the table.
        index_subtype: HYBRID (default), or FULL_TEXT for an index without vectors.
        faiss_factory: fix the approximate index, as a FAISS factory string such as "HNSW32"; None
            leaves it to the engine.
        create_endpoint: make the endpoint too where it does not exist.
    """

    name: str
    _: KW_ONLY
    source_table: str
    vector_column: str | None = None
    source_column: str | None = None
    model_endpoint: str | None = None
    query_model_endpoint: str | None = None
    sync_computed_embeddings: bool = False
    primary_key: str = DEFAULT_KEY
    endpoint: str = DEFAULT_ENDPOINT
    dimension: int | None = None
    pipeline_type: str = "TRIGGERED"
    columns_to_sync: Sequence[str] | None = None
    index_subtype: str | None = None
    usage_policy_id: str | None = None
    payload_logging_enabled: bool | None = None
    faiss_factory: str | None = None
    create_endpoint: bool = False


@dataclass(frozen=True)
class DirectAccessRequest:
    """A direct access index as it is asked for; callers write its rows themselves.

    Attributes:
        schema: type of each column in the API's words, the key and the vector among them.
        model_endpoint: serving endpoint that encodes the texts of queries; rows bring their vectors
            all the same.
        faiss_factory, create_endpoint: see `IndexRequest`.
    """

    name: str
    _: KW_ONLY
    dimension: int
    vector_column: str
    schema: Mapping[str, str]
    primary_key: str = DEFAULT_KEY
    endpoint: str = DEFAULT_ENDPOINT
    model_endpoint: str | None = None
    payload_logging_enabled: bool | None = None
    faiss_factory: str | None = None
    create_endpoint: bool = False
