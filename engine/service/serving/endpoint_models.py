"""The models behind an index's serving endpoints: what they make, and the vectors of query texts.

Knows what can be compared with an index's rows; not how rows are encoded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from engine.core.arrays import Vector
from engine.core.schema import IndexSpec
from engine.encode.registry import recorded_name
from engine.errors import InvalidParameterValue, InvalidState, NotFound
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.serving.text_vectors import failed_call
from engine.store.indexes.versions import Version

# What the service says of an endpoint that fails at a query; the endpoint's own error follows.
_FAILED = "Failed to call Model Serving endpoint. Error message:"


def encode_query(serving: ServingEndpoints, spec: IndexSpec, version: Version, text: str) -> Vector:
    """The vector of a query text, by the index's query endpoint: (dimension,) float32.

    Raises:
        NotFound: there is no such endpoint any more. InvalidParameterValue: the endpoint fails.
        InvalidState: it has another model today than the one that encoded the rows.
    """
    name = spec.text_endpoint
    assert name is not None
    try:
        _check_model(serving, spec, version, name)
        return serving.encode_text(name, text)
    except InvalidParameterValue as error:
        own = {"error_code": error.error_code, "message": error.message}
        written = json.dumps(own, separators=(",", ":"), ensure_ascii=False)
        raise InvalidParameterValue(f"{_FAILED}\n{written}") from error


def _check_model(serving: ServingEndpoints, spec: IndexSpec, version: Version, name: str) -> None:
    """Refuse a query endpoint whose vectors can't be compared with an index's rows."""
    model = model_of(serving, name)
    check_dimension(spec, name, model)
    check_rows_model(serving, spec, version, model)


def check_rows_model(
    serving: ServingEndpoints, spec: IndexSpec, version: Version, asked: EndpointModel
) -> None:
    """Refuse queries of a managed index whose rows would be encoded by another model today.

    Args:
        asked: the model behind the endpoint of its queries' texts.

    Raises:
        InvalidState: names the index, its model, today's, and what to do.
    """
    if not spec.is_managed:
        return
    model = asked
    if spec.query_model_endpoint is not None:
        assert spec.model_endpoint is not None
        try:
            model = model_of(serving, spec.model_endpoint)
        except (NotFound, InvalidParameterValue):  # queries don't need it
            return
    made_by = version.facts["encoder"]
    if made_by["fingerprint"] != model.fingerprint:
        raise _other_model(spec, recorded_name(made_by), model)


def check_vectors_model(
    serving: ServingEndpoints, spec: IndexSpec, version: Version, endpoint: str
) -> None:
    """Refuse vectors that an endpoint makes, where an index knows of another model for its own.

    Raises:
        InvalidState: names the index, both models, and what to do. NotFound: no such endpoint.
    """
    made_by = version.facts["encoder"]
    if spec.is_managed or made_by["fingerprint"] is None:
        return
    model = model_of(serving, endpoint)
    if model.fingerprint != made_by["fingerprint"]:
        then = recorded_name(made_by)
        raise InvalidState(
            f"The vectors of index {spec.name} were made by {then}; serving endpoint {endpoint} has "
            f"{model.name}, whose vectors can't be compared with them. Encode anew: vitrine embed, then "
            f"vitrine index sync {spec.name}. Or go on with {then}: VITRINE_ENCODER={then}."
        )


def _other_model(spec: IndexSpec, then: str, model: EndpointModel) -> InvalidState:
    endpoint = spec.model_endpoint
    kept = "put the weights of then behind it again."
    if then != model.name:
        kept = (
            f"go on with {then}: VITRINE_ENCODER={then} for an endpoint of the workspace's encoder, "
            f"else vitrine serving delete {endpoint} and vitrine serving create {endpoint} --encoder "
            f"{then}."
        )
    return InvalidState(
        f"The rows of index {spec.name} were encoded by {then}; serving endpoint {endpoint} now has "
        f"{model.name}, whose vectors can't be compared with them. Encode every row anew: vitrine "
        f"index sync {spec.name} (index.sync() of a client). Or {kept}"
    )


@dataclass(frozen=True)
class EndpointModel:
    """What is known of an endpoint's encoder without loading it."""

    name: str
    fingerprint: str
    dimension: int


def model_of(serving: ServingEndpoints, endpoint: str) -> EndpointModel:
    """The model behind an endpoint. Raises NotFound; InvalidParameterValue where it can't be had."""
    try:
        encoder = serving.encoder(endpoint)
        return EndpointModel(str(encoder.name), str(encoder.fingerprint), int(encoder.dimension))
    except NotFound:
        raise
    except Exception as error:  # a model's own
        raise InvalidParameterValue(failed_call(endpoint, error)) from error


def check_dimension(spec: IndexSpec, endpoint: str, model: EndpointModel) -> None:
    """Refuse a model whose vectors have another length than an index's. Raises InvalidState."""
    if model.dimension != spec.dimension:
        raise InvalidState(
            f"Index {spec.name} holds vectors of length {spec.dimension}; serving endpoint {endpoint} "
            f"now makes {model.dimension} (encoder {model.name}). Put the former model behind it, or "
            "create the index again."
        )


def computed_dimension(
    serving: ServingEndpoints, model_endpoint: str, query_model_endpoint: str | None
) -> int:
    """Length of the vectors that an index's serving endpoints make.

    Raises:
        NotFound: one does not exist. InvalidParameterValue: they differ, or a model can't be had.
    """
    dimension = model_of(serving, model_endpoint).dimension
    if query_model_endpoint is not None:
        other = model_of(serving, query_model_endpoint).dimension
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
    made = model_of(serving, endpoint).dimension
    if made != dimension:
        raise InvalidParameterValue(
            f"Serving endpoint {endpoint} makes vectors of length {made}; embedding_dimension is "
            f"{dimension}. Expected equal lengths."
        )
