"""What an index is asked to be: built and checked once, at the door. Knows arguments; not files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import get_args

from engine.core.names import index_name
from engine.core.schema import (
    PipelineType,
    Subtype,
    check_columns,
    check_dimension,
    check_pipeline_type,
    check_strings,
    check_vector_storage,
)
from engine.errors import InvalidParameterValue
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
        dimension: length of the vectors; None reads it from the table's first vector. Computed
            embeddings have the length that their model makes, whatever is given.
        pipeline_type: TRIGGERED, or CONTINUOUS for an index that follows its table by itself; in any
            letter case.
        columns_to_sync: None for every column of the table.
        index_subtype: HYBRID (default), or FULL_TEXT for an index without vectors; in any letter case.
        faiss_factory: fix the approximate index, as a FAISS factory string such as "HNSW32"; None
            leaves it to the engine.
        vector_storage: numbers that vectors are stored as: "float32", "float16" or "int8", a half and a
            quarter of the bytes; scores are of what is stored. None for the workspace's setting.
        create_endpoint: make the endpoint too where it does not exist.

    Raises:
        InvalidParameterValue: a bad name or word, or arguments that don't go together.
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
    vector_storage: str | None = None
    create_endpoint: bool = False
    # `pipeline_type` and `index_subtype` as the API spells them.
    pipeline: PipelineType = field(init=False, repr=False)
    subtype: Subtype = field(init=False, repr=False)

    def __post_init__(self) -> None:
        index_name(self.name)
        check_strings(
            {
                "source_table": self.source_table,
                "primary_key": self.primary_key,
                "endpoint_name": self.endpoint,
            }
        )
        optional = {
            "embedding_vector_column": self.vector_column,
            "embedding_source_column": self.source_column,
            "embedding_model_endpoint_name": self.model_endpoint,
            "model_endpoint_name_for_query": self.query_model_endpoint,
        }
        check_strings({name: given for name, given in optional.items() if given is not None})
        if self.columns_to_sync is not None:
            check_columns("columns_to_sync", self.columns_to_sync)
        object.__setattr__(self, "pipeline", check_pipeline_type(self.pipeline_type))
        object.__setattr__(self, "subtype", _subtype(self.index_subtype))
        if self.subtype == "FULL_TEXT":
            self._check_full_text()
        elif not self.has_vectors:
            raise InvalidParameterValue(
                "At least one valid embedding_source_column or embedding_vector_column must be "
                "specified; only an index of index_subtype FULL_TEXT has none."
            )
        if self.vector_storage is not None:
            check_vector_storage(self.vector_storage)
        if self.source_column is not None:
            self._check_computed()
            return
        self._check_not_computed()
        if self.vector_column is not None and self.dimension is not None:
            check_dimension(self.dimension)

    @property
    def has_vectors(self) -> bool:
        """Whether the index has vectors, the table's or computed ones."""
        return self.vector_column is not None or self.source_column is not None

    def _check_full_text(self) -> None:
        """Refuse what only an index with vectors has."""
        if self.has_vectors:
            raise InvalidParameterValue(
                "index_subtype FULL_TEXT has no embeddings; leave embedding_source_column and "
                "embedding_vector_column out."
            )
        if (self.dimension, self.faiss_factory, self.vector_storage) != (None, None, None):
            raise InvalidParameterValue(
                "dimension, faiss_factory and vector_storage say what vectors are like; an index of "
                "index_subtype FULL_TEXT has none. Leave them out."
            )

    def _check_computed(self) -> None:
        """Refuse texts beside vectors, and texts that nothing encodes."""
        if self.vector_column is not None:
            raise InvalidParameterValue(
                "Both embedding_vector_column and embedding_source_column were given; an index has "
                "vectors of its own or computes them."
            )
        if self.model_endpoint is None:
            raise InvalidParameterValue(
                "embedding_source_column needs embedding_model_endpoint_name, the serving endpoint "
                "that encodes its texts, such as databricks-gte-large-en."
            )

    def _check_not_computed(self) -> None:
        """Refuse what has no use without texts to encode."""
        given = {
            "embedding_model_endpoint_name": self.model_endpoint is not None,
            "model_endpoint_name_for_query": self.query_model_endpoint is not None,
            "sync_computed_embeddings": self.sync_computed_embeddings,
        }
        extra = [name for name, was_given in given.items() if was_given]
        if extra:
            raise InvalidParameterValue(
                f"{', '.join(extra)} needs embedding_source_column, the column of texts to encode; "
                "name it, or leave it out."
            )


@dataclass(frozen=True)
class DirectAccessRequest:
    """A direct access index as it is asked for; callers write its rows themselves.

    Attributes:
        schema: type of each column in the API's words, the key and the vector among them.
        model_endpoint: serving endpoint that encodes the texts of queries; rows bring their vectors
            all the same.
        faiss_factory, vector_storage, create_endpoint: see `IndexRequest`.

    Raises:
        InvalidParameterValue: a bad name or dimension. The schema is checked when the index is made.
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
    vector_storage: str | None = None
    create_endpoint: bool = False

    def __post_init__(self) -> None:
        index_name(self.name)
        given = {"primary_key": self.primary_key, "embedding_vector_column": self.vector_column}
        check_strings({**given, "endpoint_name": self.endpoint})
        if isinstance(self.schema, Mapping):
            check_columns("schema", list(self.schema))
        check_dimension(self.dimension)
        if self.vector_storage is not None:
            check_vector_storage(self.vector_storage)


def _subtype(given: str | None) -> Subtype:
    upper = "HYBRID" if given is None else str(given).upper()
    if upper not in get_args(Subtype):
        raise InvalidParameterValue(f"index_subtype is {given!r}; expected HYBRID or FULL_TEXT.")
    return "FULL_TEXT" if upper == "FULL_TEXT" else "HYBRID"
