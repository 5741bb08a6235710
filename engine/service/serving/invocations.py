"""Calls of model serving endpoints: texts and photos in, vectors out. Knows payloads; not HTTP.

Truth: the payloads that the shop's code and the API's documents use.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, Vector
from engine.core.ranking.fusion import blend_vectors
from engine.core.values import is_text, shown
from engine.encode.encoder import Encoder, stacked
from engine.encode.models.pyfunc import ModelFailed
from engine.errors import (
    BadImage,
    InvalidParameterValue,
    MissingExtra,
    ModelUnavailable,
    NotFound,
)
from engine.photo_texts import read_written
from engine.service.serving.entities.python_models import ServedModel
from engine.service.serving.micro_batching import MAX_ITEMS, MicroBatching
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.serving.serving_files import FLAT
from engine.service.serving.text_vectors import checked_rows, failed_call

Json = dict[str, Any]
FORMATS = ("dataframe_records", "dataframe_split", "inputs", "instances", "input")
MAX_RECORDS = 1024  # in one call; more would hold all other calls up


@dataclass(frozen=True)
class Record:
    """What is encoded to one vector: a text, a photo's bytes, or both."""

    text: str | None
    image: bytes | None


def invoke(serving: ServingEndpoints, name: str, payload: object) -> Json:
    """The reply of an endpoint to a payload in one of the formats that model serving takes.

    Returns:
        `{"predictions": [...]}` with one vector a record, or what a Python model answers; an
        endpoint whose output is "flat" answers one record alone with its vector. To `input`, the
        reply of OpenAI's embeddings.

    Raises:
        NotFound: no such endpoint. InvalidParameterValue: a payload or a record that can't be used,
            or a model that fails. InvalidState: the endpoint's model is still being deployed.
    """
    facts = serving.facts(name)
    if not isinstance(payload, Mapping):
        raise InvalidParameterValue(f"The payload is {payload!r:.80}; expected a JSON object.")
    model = serving.python_model(name)
    format_, rows = _given_rows(payload)
    as_base64 = format_ == "input" and _is_base64(payload.get("encoding_format"))
    is_flat = facts.live is not None and facts.live.output == "flat" and len(rows) == 1
    if model is not None and format_ != "input":
        answered = _predicted(model, name, rows)
        is_one = is_flat and isinstance(answered, list) and len(answered) == 1
        return {"predictions": answered[0] if is_one else answered}
    if model is not None:
        records, vectors = _texts_by_model(model, name, rows)
    else:
        images_only = name == FLAT and serving.is_built_in(name)
        records = [_record(row, place, name, images_only) for place, row in enumerate(rows)]
        vectors = encode_records(serving, name, records)
    if format_ == "input":
        _check_dimensions(payload.get("dimensions"), vectors.shape[1])
        return _embeddings(facts.name, records, vectors, as_base64)
    return {"predictions": (vectors[0] if is_flat else vectors).tolist()}


def _given_rows(payload: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The one format that a payload has, and its records."""
    given = [format_ for format_ in FORMATS if payload.get(format_) is not None]
    if len(given) != 1:
        shown = " and ".join(given) or f"none of them (but {', '.join(map(str, payload))})"
        raise InvalidParameterValue(
            f"The payload must hold one of {', '.join(FORMATS)}; it holds {shown:.200}."
        )
    (format_,) = given
    rows = _rows(format_, payload[format_])
    if not 1 <= len(rows) <= MAX_RECORDS:
        raise InvalidParameterValue(
            f"{format_} holds {len(rows)} records; expected 1 to {MAX_RECORDS}."
        )
    return format_, rows


def _predicted(model: ServedModel, name: str, rows: Sequence[object]) -> Any:
    try:
        return model.predict(name, rows)
    except (ModelFailed, ModelUnavailable, MissingExtra) as error:
        raise InvalidParameterValue(failed_call(name, error)) from error


def _texts_by_model(
    model: ServedModel, name: str, rows: Sequence[object]
) -> tuple[list[Record], Matrix]:
    """Texts of OpenAI's `input`, and their vectors by a Python model."""
    records = [_record(row, place, name, images_only=False) for place, row in enumerate(rows)]
    texts = [record.text for record in records if record.text is not None]
    if len(texts) != len(records):
        raise InvalidParameterValue("input must hold texts alone.")
    try:
        rows_of = checked_rows(model.encode_texts(texts), len(texts), model.dimension)
    except InvalidParameterValue:
        raise
    except Exception as error:  # a model's own: whatever it is, it is the reason
        raise InvalidParameterValue(failed_call(name, error)) from error
    return records, rows_of


def _rows(format_: str, value: object) -> list[Any]:
    """The records of a payload, each as a dict or a text."""
    if format_ == "dataframe_split":
        if not isinstance(value, Mapping) or not isinstance(value.get("data"), list):
            raise InvalidParameterValue(
                'dataframe_split must be an object such as {"columns": ["text"], "data": [["red"]]}.'
            )
        columns, data = value.get("columns"), value["data"]
        if not isinstance(columns, list) or not all(isinstance(c, str) for c in columns):
            raise InvalidParameterValue("dataframe_split.columns must be a list of names.")
        twice = [name for place, name in enumerate(columns) if name in columns[:place]]
        if twice:
            raise InvalidParameterValue(
                f"dataframe_split.columns has {shown(twice[0])} twice; give each name once."
            )
        if not all(isinstance(row, list) and len(row) == len(columns) for row in data):
            raise InvalidParameterValue(
                f"dataframe_split.data must hold rows of {len(columns)} values, as columns has."
            )
        return [dict(zip(columns, row)) for row in data]
    if format_ == "input" and isinstance(value, str):
        return [value]
    if format_ == "inputs" and isinstance(value, Mapping):
        return _rows_of_columns(value)
    if not isinstance(value, list):
        raise InvalidParameterValue(f"{format_} is {value!r:.80}; expected a list of records.")
    return value


def _rows_of_columns(columns: Mapping[str, Any]) -> list[Json]:
    """Records of `{"text": [...], "image": [...]}`."""
    lists = {name: v if isinstance(v, list) else [v] for name, v in columns.items()}
    if len({len(values) for values in lists.values()}) != 1:
        raise InvalidParameterValue("inputs holds columns of different lengths.")
    return [dict(zip(lists, row)) for row in zip(*lists.values())]


def _record(row: object, place: int, endpoint: str, images_only: bool) -> Record:
    if isinstance(row, str):
        row = {"image" if images_only else "text": row}
    if not isinstance(row, Mapping):
        raise InvalidParameterValue(
            f"record {place} is {row!r:.80}; expected an object with text, image or both."
        )
    for key in ("text", "image"):
        if row.get(key) is not None and not isinstance(row[key], str):
            raise InvalidParameterValue(
                f"record {place}: {key} is {row[key]!r:.80}; expected text."
            )
        if row.get(key) and not is_text(row[key]):
            raise InvalidParameterValue(
                f"record {place}: {key} is {shown(row[key])}, which holds a lone surrogate, half of a "
                "character; cut texts between characters."
            )
    # Some callers send both keys, one of them empty.
    text, image = row.get("text") or None, row.get("image") or None
    if text is None and image is None:
        raise InvalidParameterValue(
            f"record {place} has neither 'text' nor 'image' (keys: "
            f"{', '.join(map(str, row)) or 'none'}); give at least one of the two."
        )
    if text is not None and images_only:
        raise InvalidParameterValue(
            f"record {place} has 'text'; endpoint {endpoint} takes 'image' only. "
            "clip-multimodal-encoder takes both."
        )
    return Record(text, None if image is None else _decoded(image, place))


def _decoded(text: str, place: int) -> bytes:
    try:
        return read_written(text)
    except ValueError:
        raise InvalidParameterValue(
            f"record {place}: image is {text[:40]!r}...; expected the base64 of a JPEG or PNG file."
        ) from None


def encode_records(serving: ServingEndpoints, name: str, records: Sequence[Record]) -> Matrix:
    """(n, dimension) float32 unit rows: of a text, of a photo, or of both blended half and half.

    Calls that come while the model is busy are encoded together.

    Raises:
        NotFound: no such endpoint. InvalidParameterValue: a photo that can't be used, or a model
            that fails.
    """
    try:
        encoder = serving.encoder(name)
        return _encoded(serving.batching, encoder, records)
    except (NotFound, InvalidParameterValue):
        raise
    except Exception as error:  # of the engine, or a model's own: whatever it is, it is the reason
        raise InvalidParameterValue(failed_call(name, error)) from error


def _encoded(batching: MicroBatching, encoder: Encoder, records: Sequence[Record]) -> Matrix:
    parts = [
        _encoded_part(batching, encoder, records[start : start + MAX_ITEMS], start)
        for start in range(0, len(records), MAX_ITEMS)  # prepared photos take much memory
    ]
    return np.asarray(np.concatenate(parts), dtype=np.float32)


def _encoded_part(
    batching: MicroBatching, encoder: Encoder, records: Sequence[Record], first: int
) -> Matrix:
    """(n, dimension) of so many records as one batch holds; `first` is the place of their first."""
    texts = [record.text for record in records if record.text is not None]
    images = [
        _prepared(encoder, record.image, place)
        for place, record in enumerate(records, first)
        if record.image is not None
    ]
    key = encoder.fingerprint
    of_texts = iter(batching.run(("text", key), texts, _texts_of(encoder)) if texts else ())
    of_images = iter(batching.run(("image", key), images, _pixels_of(encoder)) if images else ())
    out: list[Vector] = []
    for place, record in enumerate(records, first):
        text = next(of_texts) if record.text is not None else None
        image = next(of_images) if record.image is not None else None
        if text is not None and image is not None:
            out.append(_blended(text, image, place))
        else:
            alone = image if text is None else text
            assert alone is not None  # a record has one of them
            out.append(alone)
    return np.stack(out)


def _blended(text: Vector, image: Vector, place: int) -> Vector:
    try:
        blend: Vector = blend_vectors(text[None, :], image[None, :])[0]
    except InvalidParameterValue as error:
        raise InvalidParameterValue(f"record {place}: {error.message}") from error
    return blend


def _texts_of(encoder: Encoder) -> Callable[[list[str]], Matrix]:
    return lambda texts: checked_rows(encoder.encode_texts(texts), len(texts), encoder.dimension)


def _pixels_of(encoder: Encoder) -> Callable[[list[Any]], Matrix]:
    def encode(images: list[Any]) -> Matrix:
        size = encoder.image_batch
        parts = [
            encoder.encode_pixels(stacked(images[start : start + size]))
            for start in range(0, len(images), size)
        ]
        return checked_rows(np.concatenate(parts), len(images), encoder.dimension)

    return encode


def _prepared(encoder: Encoder, image: bytes, place: int) -> Any:
    if not getattr(encoder, "takes_photos", hasattr(encoder, "prepare_image")):
        raise InvalidParameterValue(f"record {place}: this endpoint's model takes no images.")
    try:
        return encoder.prepare_image(image)
    except BadImage as error:
        raise InvalidParameterValue(f"record {place}: {error.message}") from error


def _is_base64(encoding_format: object) -> bool:
    """Whether vectors are asked for as base64, which OpenAI's own client does."""
    if encoding_format not in (None, "float", "base64"):
        raise InvalidParameterValue(
            f"encoding_format is {encoding_format!r:.80}; expected float or base64."
        )
    return encoding_format == "base64"


def _check_dimensions(given: object, own: int) -> None:
    if given is not None and given != own:
        raise InvalidParameterValue(
            f"dimensions is {given!r:.80}; the vectors of this endpoint have {own} numbers and "
            "can't be shortened."
        )


def _embeddings(name: str, records: Sequence[Record], vectors: Matrix, as_base64: bool) -> Json:
    """The reply of OpenAI's embeddings. Tokens are counted as words: models count differently.

    Args:
        as_base64: each vector is the base64 of its little-endian float32 numbers.
    """
    words = sum(len((record.text or "").split()) for record in records)
    shown: list[Any] = vectors.tolist()
    if as_base64:
        shown = [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors]
    data = [
        {"object": "embedding", "index": place, "embedding": vector}
        for place, vector in enumerate(shown)
    ]
    usage = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "model": name, "data": data, "usage": usage}
