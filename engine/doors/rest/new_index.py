"""A new index as bodies describe it, and the request that they stand for. Knows fields; not indexes."""

from __future__ import annotations

from typing import Any

from engine.core.index_request import DirectAccessRequest, IndexRequest
from engine.doors.rest.fields import Field, Values
from engine.doors.rest.json_text import parse_json
from engine.doors.rest.routing import Json
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

MODEL = "embedding_model_endpoint_name"  # the field of a source column's serving endpoint
_VECTOR_COLUMN = (
    Field("name", "string", required=True),
    Field("embedding_dimension", "integer"),
)


def source_column(model: str) -> tuple[Field, ...]:
    """Fields of a column whose texts are encoded; `model` is the field of the serving endpoint."""
    return (
        Field("name", "string"),
        Field(model, "string"),
        Field("model_endpoint_name_for_query", "string"),
    )


def create_fields(model: str) -> tuple[Field, ...]:
    """What describes a new index, beside its name and its endpoint's."""
    vectors = Field("embedding_vector_columns", "objects", fields=_VECTOR_COLUMN)
    sources = Field("embedding_source_columns", "objects", fields=source_column(model))
    delta_sync = (
        Field("source_table", "string", required=True),
        Field("pipeline_type", "string", required=True),
        sources,
        vectors,
        Field("embedding_writeback_table", "string"),
        Field("columns_to_sync", "strings"),
        Field("columns_to_index", "strings"),
        Field("budget_policy_id", "string"),
        Field("usage_policy_id", "string"),
    )
    direct = (Field("schema_json", "string"), sources, vectors)
    return (
        Field("index_type", "string", required=True),
        Field("primary_key", "string", required=True),
        Field("index_subtype", "string"),
        Field("payload_logging_enabled", "boolean"),
        Field("delta_sync_index_spec", "object", fields=delta_sync),
        Field("direct_access_index_spec", "object", fields=direct),
    )


_SPECS = {"DELTA_SYNC": "delta_sync_index_spec", "DIRECT_ACCESS": "direct_access_index_spec"}


def create_index(
    workspace: Workspace, name: str, endpoint: str, body: Values, model: str = MODEL
) -> Json:
    """Create an index as its body describes it; returns it as the API shows it.

    Args:
        model: name of the field that holds the serving endpoint of a source column.

    Raises:
        InvalidParameterValue: the type and the specification don't go together. Otherwise as
            `Indexes.create` and `create_direct_access`.
    """
    request = index_request(name, endpoint, body, model)
    if isinstance(request, DirectAccessRequest):
        workspace.indexes.create_direct_access(request)
    else:
        workspace.indexes.create(request)
    return workspace.get_index(name)


def index_request(
    name: str, endpoint: str, body: Values, model: str = MODEL
) -> IndexRequest | DirectAccessRequest:
    """The index that a body describes; see `create_index`."""
    if _kind(body) == "DIRECT_ACCESS":
        return _direct_request(name, endpoint, body, model)
    return _delta_sync_request(name, endpoint, body, model)


def _kind(body: Values) -> str:
    """DELTA_SYNC or DIRECT_ACCESS, of a body that has the specification of this type alone."""
    kind: str = body["index_type"].upper()
    if kind not in _SPECS:
        raise InvalidParameterValue(
            f"index_type is {body['index_type']!r:.80}; expected {' or '.join(_SPECS)}."
        )
    if [spec for spec in _SPECS.values() if spec in body] != [_SPECS[kind]]:
        raise InvalidParameterValue(
            f"An index of type {kind} is described by {_SPECS[kind]}, and by nothing else."
        )
    return kind


def _only(spec: Values, field: str) -> Values | None:
    """The one column that a list holds, None where it is absent or empty."""
    columns = spec.get(field) or [None]
    if len(columns) > 1:
        raise InvalidParameterValue(f"{field} has {len(columns)} columns; expected one.")
    first: Values | None = columns[0]
    return first


def _delta_sync_request(name: str, endpoint: str, body: Values, model: str) -> IndexRequest:
    spec = body["delta_sync_index_spec"]
    columns = _one_of(
        spec,
        "columns_to_sync",
        "columns_to_index",
        "columns_to_index is another name of columns_to_sync; give one of them.",
    )
    policy = _one_of(
        spec,
        "usage_policy_id",
        "budget_policy_id",
        "Both budget_policy_id and usage_policy_id were given; expected one of them.",
    )
    vector, source = _embeddings(spec, name)
    return IndexRequest(
        name,
        source_table=spec["source_table"],
        vector_column=vector.get("name"),
        source_column=source.get("name"),
        model_endpoint=source.get(model),
        query_model_endpoint=source.get("model_endpoint_name_for_query"),
        sync_computed_embeddings="embedding_writeback_table" in spec,
        primary_key=body["primary_key"],
        endpoint=endpoint,
        dimension=vector.get("embedding_dimension"),
        pipeline_type=spec["pipeline_type"],
        columns_to_sync=columns,
        index_subtype=body.get("index_subtype"),
        usage_policy_id=policy,
        payload_logging_enabled=body.get("payload_logging_enabled"),
    )


def _one_of(spec: Values, name: str, other: str, refusal: str) -> Any:
    """The value of a field that has two names, None where neither is given.

    Raises:
        InvalidParameterValue: both are; says `refusal`.
    """
    if name in spec and other in spec:
        raise InvalidParameterValue(refusal)
    return spec.get(name, spec.get(other))


def _embeddings(spec: Values, name: str) -> tuple[Values, Values]:
    """The column of vectors, and the one of texts to be encoded; empty for one that is not given.

    Raises:
        InvalidParameterValue: both are given, several of one kind, or one that is not complete.
    """
    vector = _only(spec, "embedding_vector_columns")
    source = _only(spec, "embedding_source_columns")
    if vector is not None and source is not None:
        raise InvalidParameterValue(
            "Both embedding_vector_columns and embedding_source_columns were given; an index has "
            "vectors of its own or computes them."
        )
    writeback = spec.get("embedding_writeback_table")
    if writeback not in (None, f"{name}_writeback_table"):
        raise InvalidParameterValue(
            f"embedding_writeback_table is {writeback!r:.200}; expected {name}_writeback_table."
        )
    if vector is not None and "embedding_dimension" not in vector:
        raise InvalidParameterValue(
            "embedding_vector_columns[0].embedding_dimension is missing; it is required."
        )
    if source is not None and not source.get("name"):
        raise InvalidParameterValue(
            "embedding_source_columns[0].name is missing; it is the column of texts."
        )
    return vector or {}, source or {}


def _direct_request(name: str, endpoint: str, body: Values, model: str) -> DirectAccessRequest:
    subtype = body.get("index_subtype")
    if subtype is not None and subtype.upper() != "HYBRID":
        raise InvalidParameterValue(
            f"index_subtype is {subtype!r:.80}; a direct access index is always HYBRID."
        )
    spec = body["direct_access_index_spec"]
    vector = _only(spec, "embedding_vector_columns")
    source = _only(spec, "embedding_source_columns") or {}
    if vector is None or "embedding_dimension" not in vector:
        raise InvalidParameterValue(
            "direct_access_index_spec needs embedding_vector_columns with one column's name and "
            "embedding_dimension."
        )
    model_endpoint = source.get(model) or None
    if model_endpoint is not None:
        model_endpoint = source.get("model_endpoint_name_for_query", model_endpoint)
    return DirectAccessRequest(
        name,
        dimension=vector["embedding_dimension"],
        vector_column=vector["name"],
        schema=_schema(spec, body["primary_key"], vector["name"], source.get("name")),
        primary_key=body["primary_key"],
        endpoint=endpoint,
        model_endpoint=model_endpoint,
        payload_logging_enabled=body.get("payload_logging_enabled"),
    )


def _schema(spec: Values, key: str, vector: str, source: str | None) -> dict[str, str]:
    """The types of columns: what `schema_json` holds, or without one the columns that are named.

    Raises:
        InvalidParameterValue: `schema_json` is no object of texts.
    """
    text = spec.get("schema_json")
    if text is None:
        texts = dict.fromkeys((key, source) if source else (key,), "string")
        return {**texts, vector: "array<float>"}
    try:
        schema = parse_json(text)
    except ValueError:
        schema = None
    if not isinstance(schema, dict) or not all(isinstance(kind, str) for kind in schema.values()):
        raise InvalidParameterValue(
            f"schema_json is {text!r:.200}; expected the JSON text of an object "
            'with the type of each column, such as {"id": "integer", "vector": "array<float>"}.'
        )
    return schema
