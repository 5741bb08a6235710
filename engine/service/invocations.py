"""Calls of model serving endpoints: texts and photos in, vectors out. Knows payloads; not HTTP.

Truth: the payloads that the shop's code and the API's documents use.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.arrays import Matrix, Vector
from engine.core.fusion import blend_vectors
from engine.encode.encoder import Encoder
from engine.errors import BadImage, InvalidParameterValue, NotFound, VitrineError
from engine.service.gathering import Gathering
from engine.service.serving import failed_call

if TYPE_CHECKING:
    from engine.service.models import Models

Json = dict[str, Any]
FORMATS = ("dataframe_records", "dataframe_split", "inputs", "instances", "input")
MAX_RECORDS = 1024  # in one call; more would hold all other calls up
IMAGES_ONLY = "clip-image-encoder"  # the older endpoint: photos only, and one vector comes flat
_DATA_URL = re.compile(r"data:[\w/+.-]*;base64,")


@dataclass(frozen=True)
class Record:
    """What is encoded to one vector: a text, a photo's bytes, or both."""

    text: str | None
    image: bytes | None


def invoke(models: Models, name: str, payload: object) -> Json:
    """The reply of an endpoint to a payload in one of the formats that model serving takes.

    Returns:
        `{"predictions": [...]}` with one vector a record; `clip-image-encoder` answers one record
        with a flat vector. To `input`, the reply of OpenAI's embeddings.

    Raises:
        NotFound: no such endpoint. InvalidParameterValue: a payload or a record that can't be used,
            or a model that fails.
    """
    found = models.get_serving_endpoint(name)
    if not isinstance(payload, Mapping):
        raise InvalidParameterValue(f"The payload is {payload!r:.80}; expected a JSON object.")
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
    records = [_record(row, place, name) for place, row in enumerate(rows)]
    vectors = encode_records(models, name, records)
    if format_ == "input":
        return _embeddings(found["name"], records, vectors)
    if name == IMAGES_ONLY and len(records) == 1:
        return {"predictions": vectors[0].tolist()}
    return {"predictions": vectors.tolist()}


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


def _record(row: object, place: int, endpoint: str) -> Record:
    if isinstance(row, str):
        row = {"image" if endpoint == IMAGES_ONLY else "text": row}
    if not isinstance(row, Mapping):
        raise InvalidParameterValue(
            f"record {place} is {row!r:.80}; expected an object with text, image or both."
        )
    for key in ("text", "image"):
        if row.get(key) is not None and not isinstance(row[key], str):
            raise InvalidParameterValue(
                f"record {place}: {key} is {row[key]!r:.80}; expected text."
            )
    # Some callers send both keys, one of them empty.
    text, image = row.get("text") or None, row.get("image") or None
    if text is None and image is None:
        raise InvalidParameterValue(
            f"record {place} has neither 'text' nor 'image' (keys: "
            f"{', '.join(map(str, row)) or 'none'}); give at least one of the two."
        )
    if text is not None and endpoint == IMAGES_ONLY:
        raise InvalidParameterValue(
            f"record {place} has 'text'; endpoint {endpoint} takes 'image' only. "
            "clip-multimodal-encoder takes both."
        )
    return Record(text, None if image is None else _decoded(image, place))


def _decoded(text: str, place: int) -> bytes:
    match = _DATA_URL.match(text)
    try:
        return base64.b64decode("".join(text[match.end() if match else 0 :].split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidParameterValue(
            f"record {place}: image is {text[:40]!r}...; expected the base64 of a JPEG or PNG file."
        ) from None


def encode_records(models: Models, name: str, records: Sequence[Record]) -> Matrix:
    """(n, dimension) float32 unit rows: of a text, of a photo, or of both blended half and half.

    Calls that come while the model is busy are encoded together.

    Raises:
        NotFound: no such endpoint. InvalidParameterValue: a photo that can't be used, or a model
            that fails.
    """
    try:
        encoder = models.serving.encoder(name)
        return _encoded(models.gathering, encoder, records)
    except (NotFound, InvalidParameterValue):
        raise
    except VitrineError as error:
        raise InvalidParameterValue(failed_call(name, error)) from error
    except Exception as error:  # a model's own: whatever it is, it is the reason
        raise InvalidParameterValue(failed_call(name, error)) from error


def _encoded(gathering: Gathering, encoder: Encoder, records: Sequence[Record]) -> Matrix:
    texts = [record.text for record in records if record.text is not None]
    images = [
        _prepared(encoder, record.image, place)
        for place, record in enumerate(records)
        if record.image is not None
    ]
    key = encoder.fingerprint
    of_texts = iter(gathering.run(("text", key), texts, encoder.encode_texts)) if texts else None
    of_images = iter(gathering.run(("image", key), images, _pixels_of(encoder))) if images else None
    out: list[Vector] = []
    for record in records:
        text = next(of_texts) if of_texts and record.text is not None else None
        image = next(of_images) if of_images and record.image is not None else None
        if text is not None and image is not None:
            out.append(blend_vectors(text[None, :], image[None, :])[0])
        else:
            alone = image if text is None else text
            assert alone is not None  # a record has one of them
            out.append(alone)
    return np.asarray(np.stack(out), dtype=np.float32)


def _pixels_of(encoder: Encoder) -> Callable[[list[Any]], Matrix]:
    return lambda images: encoder.encode_pixels(np.stack(images))


def _prepared(encoder: Encoder, image: bytes, place: int) -> Any:
    if not hasattr(encoder, "prepare_image"):
        raise InvalidParameterValue(f"record {place}: this endpoint's model takes no images.")
    try:
        return encoder.prepare_image(image)
    except BadImage as error:
        raise InvalidParameterValue(f"record {place}: {error.message}") from error


def _embeddings(name: str, records: Sequence[Record], vectors: Matrix) -> Json:
    """The reply of OpenAI's embeddings. Tokens are counted as words: models count differently."""
    words = sum(len((record.text or "").split()) for record in records)
    data = [
        {"object": "embedding", "index": place, "embedding": vector}
        for place, vector in enumerate(vectors.tolist())
    ]
    usage = {"prompt_tokens": words, "total_tokens": words}
    return {"object": "list", "model": name, "data": data, "usage": usage}
