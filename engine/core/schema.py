"""What an index is made of: its columns and its specification. Knows the API's words; not files."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from engine.errors import BadRequest, InvalidParameterValue

Kind = Literal["int", "float", "decimal", "string", "boolean", "date", "timestamp", "other"]
PipelineType = Literal["TRIGGERED", "CONTINUOUS"]
EndpointType = Literal["STANDARD", "STORAGE_OPTIMIZED"]
Subtype = Literal["HYBRID", "FULL_TEXT"]
VectorStorage = Literal["float32", "float16", "int8"]

MAX_DIMENSION = 4096  # documented limit of the service
_TEXT_WEIGHT = 64  # numbers that a row without a vector counts as
MAX_COLUMNS = 50  # documented limit of the service
RESERVED_COLUMN = "_id"  # the service keeps this name for itself


@dataclass(frozen=True)
class Column:
    """One column of an index.

    Attributes:
        kind: what a single value is; "other" can be fetched, not filtered.
        is_array: the column holds lists of such values.
        single: numbers of kind "float" are float32, and what they are compared with is rounded so.
        half: they were float16, and are stored as the shortest decimals that read back to these.
        scale: digits after the point of each number of kind "decimal".
    """

    name: str
    kind: Kind
    is_array: bool = False
    single: bool = False
    scale: int = 0
    half: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Its values by name; `half` only where it is, as releases before 0.7 don't know it."""
        return {name: value for name, value in asdict(self).items() if name != "half" or value}


Columns = Mapping[str, Column]


@dataclass(frozen=True)
class IndexSpec:
    """The specification of an index, as it was created.

    Attributes:
        source_table, pipeline_type: None for a direct access index.
        vector_column: the source table's column of vectors; with managed embeddings the internal
            column that the engine computes; empty for a full-text index, which has no vectors.
        dimension: length of a vector; 0 for a full-text index.
        columns: the columns that rows bring, in the source table's order, fixed when the index was
            created. A computed vector column is not among them.
        source_column: with managed embeddings the column of texts that are encoded; else None.
        model_endpoint: serving endpoint that encodes texts of rows (managed embeddings) or of
            queries (direct access); None where queries bring their vectors.
        query_model_endpoint: another one for queries, or None.
        writeback_table: where computed embeddings are written after each sync, or None.
        columns_to_sync: as asked for, or None for every column of the source table.
        schema: types of a direct access index by column, in the API's words; None otherwise.
        faiss_factory: the approximate index of each segment, as FAISS's factory reads it; None for
            the engine's own choice.
        vector_storage: the numbers that vectors are stored as; scores are of what is stored.
        id: identity of this index; a re-created name gets a new one.
        created_at: milliseconds since the epoch.
        orphan_of: id of the endpoint that it was on, where that was deleted: nobody finds the index any
            more, and its name may be given to another.
    """

    name: str
    id: str
    endpoint_name: str
    primary_key: str
    source_table: str | None
    vector_column: str
    dimension: int
    pipeline_type: PipelineType | None
    creator: str
    created_at: int
    columns: tuple[str, ...]
    index_subtype: Subtype = "HYBRID"
    columns_to_sync: tuple[str, ...] | None = None
    schema: Mapping[str, str] | None = None
    faiss_factory: str | None = None
    endpoint_type: EndpointType = "STANDARD"
    source_column: str | None = None
    model_endpoint: str | None = None
    query_model_endpoint: str | None = None
    writeback_table: str | None = None
    usage_policy_id: str | None = None
    payload_logging_enabled: bool | None = None
    orphan_of: str | None = None
    vector_storage: VectorStorage = "float32"

    @property
    def is_direct_access(self) -> bool:
        return self.schema is not None

    @property
    def has_vectors(self) -> bool:
        return bool(self.vector_column)

    @property
    def row_weight(self) -> int:
        """Numbers that a row counts as, where it is decided whether a segment is small."""
        return self.dimension or _TEXT_WEIGHT

    @property
    def is_managed(self) -> bool:
        """Whether the engine computes the vectors, from `source_column`."""
        return self.source_column is not None

    @property
    def text_endpoint(self) -> str | None:
        """The serving endpoint that encodes `query_text`, None where queries bring vectors."""
        return self.query_model_endpoint or self.model_endpoint

    def to_dict(self) -> dict[str, Any]:
        """Its values by name; those that older releases don't know only where they say something."""
        usual = {"orphan_of": None, "vector_storage": "float32"}
        return {k: v for k, v in asdict(self).items() if k not in usual or v != usual[k]}

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> IndexSpec:
        known = {**values, "columns": tuple(values["columns"])}
        if known.get("columns_to_sync") is not None:
            known["columns_to_sync"] = tuple(known["columns_to_sync"])
        return IndexSpec(**known)


@dataclass(frozen=True)
class SyncReport:
    """What one sync did; every number is a count of rows.

    Attributes:
        indexed: rows in the published version.
        inserted, updated, deleted: what became of rows.
        failed: rows of the source table that could not be used.
        kept: failed rows that are in the version as they were before: what the table holds now in
            their place is faulty (a vector of another length, a text that the model failed on).
        zero_vectors: rows in the published version whose vector has length 0: they are indexed, and
            seldom meant.
        failures: the first failures as (primary key, reason), at most `MAX_LISTED_FAILURES`.
        changed: False when the source table was as the version already has it.
    """

    indexed: int
    failed: int
    seconds: float
    changed: bool
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    zero_vectors: int = 0
    kept: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list, repr=False)


MAX_LISTED_FAILURES = 1000


def check_strings(given: Mapping[str, object]) -> None:
    """Refuse what is no text. Raises InvalidParameterValue: names the argument and what it is."""
    for name, value in given.items():
        if not isinstance(value, str):
            raise InvalidParameterValue(
                f"{name} is {value!r:.80} of type {type(value).__name__}; expected text."
            )


def check_columns(name: str, given: object) -> None:
    """Refuse what is no list of columns' names. Raises InvalidParameterValue."""
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
        raise InvalidParameterValue(
            f"{name} is {given!r:.80}; expected the names of columns, each a text."
        )


def check_pipeline_type(text: str) -> PipelineType:
    """TRIGGERED or CONTINUOUS, in any letter case.

    Raises:
        InvalidParameterValue: anything else.
    """
    upper = text.upper() if isinstance(text, str) else text
    if upper not in get_args(PipelineType):
        raise InvalidParameterValue(f"pipeline_type is {text!r}; expected TRIGGERED or CONTINUOUS.")
    return "TRIGGERED" if upper == "TRIGGERED" else "CONTINUOUS"


def check_vector_storage(text: object) -> VectorStorage:
    """float32, float16 or int8.

    Raises:
        InvalidParameterValue: anything else.
    """
    for known in get_args(VectorStorage):
        if text == known:
            found: VectorStorage = known
            return found
    raise InvalidParameterValue(
        f"vector_storage is {text!r}; expected {', '.join(get_args(VectorStorage))}."
    )


def check_dimension(dimension: object) -> int:
    """A vector length of 1 to 4096.

    Raises:
        InvalidParameterValue: another type or out of range.
    """
    if isinstance(dimension, bool) or not isinstance(dimension, int):
        raise InvalidParameterValue(f"embedding_dimension is {dimension!r}; expected an integer.")
    if not 1 <= dimension <= MAX_DIMENSION:
        raise InvalidParameterValue(
            f"embedding_dimension is {dimension}; expected 1 to {MAX_DIMENSION}."
        )
    return dimension


def suggestion(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` for the nearest known word, or nothing; letter case matters least."""
    words = sorted(map(str, known))
    same = [other for other in words if other.casefold() == word.casefold()]
    folded = {other.casefold(): other for other in reversed(words)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=1)
    found = same or [folded[other] for other in near]
    return f" Did you mean {found[0]!r}?" if found else ""


def unknown_column(where: str, name: str, known: Iterable[str]) -> BadRequest:
    """The refusal of a column that the index lacks; `where` is the argument that names it."""
    columns = sorted(known)
    return BadRequest(
        f"{where} uses column {name!r}, which the index does not have."
        f"{suggestion(name, columns)} Columns: {', '.join(columns)}."
    )


def missing_columns(missing: Sequence[str], known: Iterable[str]) -> BadRequest:
    """The service's refusal of columns that an index lacks: its exact text, and a hint."""
    error = BadRequest(f"Requested columns to fetch are not present in index: {','.join(missing)}")
    columns = sorted(known)
    error.hint = f"{suggestion(missing[0], columns)} Columns: {', '.join(columns)}.".lstrip()
    return error
