"""The vector of a search: encoded, blended, or a product's own. Knows no tables."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.arrays import Vector
from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT, blend_vectors
from engine.core.schema import IndexSpec
from engine.core.values import integer_of
from engine.encode.encoder import Encoder
from engine.errors import NotFound
from engine.store.indexes.versions import Version
from engine.store.vector_columns import shortest_decimals

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput


@dataclass(frozen=True)
class QueryVector:
    """What rows are compared with.

    Attributes:
        values: the numbers; None for a search by words alone.
        product: stored key of the product whose vector it is, if it is one's.
        note: what must be known of the encoder that made it.
    """

    values: Sequence[float] | None
    product: Any = None
    note: str | None = None


def encoded(
    encoder: Encoder, text: str | None, image: ImageInput | None, text_weight: float | None
) -> QueryVector:
    """The vector of a text, of an image, or of both blended.

    Raises:
        BadImage: the image can't be used. InvalidParameterValue: a weight that isn't from 0 to 1.
    """
    texts = encoder.encode_texts([text]) if text else None
    images = encoder.encode_images([image]) if image is not None else None
    if texts is not None and images is not None:
        weight = DEFAULT_TEXT_WEIGHT if text_weight is None else text_weight
        vector: Vector = blend_vectors(texts, images, weight)[0]
    else:
        vector = (images if texts is None else texts)[0]  # type: ignore[index]
    return QueryVector(vector.tolist(), note=encoder.note)


def of_product(spec: IndexSpec, version: Version, key: object) -> QueryVector:
    """The stored vector of a product.

    An integer key may come as text, as numpy's integer, or as the float that the API's replies hold.

    Raises:
        NotFound: the index has no such product.
    """
    if isinstance(key, np.generic):
        key = key.item()
    if isinstance(key, float) and key.is_integer():
        key = int(key)
    candidates = [key]
    if isinstance(key, str):
        with contextlib.suppress(ValueError):
            candidates.append(integer_of(key))
    for part in version.parts:
        for candidate, row in zip(candidates, part.segment.keys.find(candidates).tolist()):
            if row >= 0 and (part.delete_bitmap is None or row not in part.delete_bitmap):
                stored = part.segment.vectors.take(np.array([row]))
                return QueryVector(shortest_decimals(stored)[0], product=candidate)
    raise NotFound(
        f"Product {key!r:.80} is not in index {spec.name}. Products without a usable photo or name are "
        "left out; table embedding_failures lists them with the reason."
    )
