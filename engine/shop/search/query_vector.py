"""The vector of a search: its terms' vectors, composed. Knows encoders and indexes; no tables.

Every search is the unit vector of a weighted sum of unit vectors: a text alone is a sum of one, and a
text beside a photo one of two.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from engine.core.arrays import Vector, unit
from engine.core.ranking.fusion import compose_vectors
from engine.core.schema import IndexSpec
from engine.core.values import integer_of
from engine.encode.encoder import Encoder
from engine.errors import InvalidParameterValue, NotFound
from engine.shop.search.terms import Term, in_words
from engine.store.indexes.versions import Version

_CANCELLED = 1e-6  # length of a sum, as a share of the weights, that float32 can't tell from 0


@dataclass(frozen=True)
class QueryVector:
    """What rows are compared with.

    Attributes:
        values: (d,) numbers; None for a search by words alone.
        products: stored keys of the products that it is made of.
        note: what must be known of the encoder that made it.
    """

    values: Sequence[float] | None  # an array where it is ours
    products: tuple[Any, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class TermVectors:
    """Where the vectors of terms come from, for one version of one index.

    Attributes:
        encoder: of texts and images; None where no term is one. user: a user's vector by id.
        direction: the unit vector of a direction by name.
    """

    spec: IndexSpec
    version: Version
    encoder: Encoder | None
    user: Callable[[str], Vector]
    direction: Callable[[str], Vector]

    def composed(self, terms: Sequence[Term]) -> QueryVector:
        """The unit vector of the weighted sum of the terms' unit vectors.

        Raises:
            BadImage: an image can't be used. NotFound: no such product or user.
            InvalidParameterValue: the terms cancel; a user's vector has another length.
        """
        note = self.encoder.note if self.encoder is not None else None
        found = [self.found(term) for term in terms]
        products = tuple(key for key, _ in found if key is not None)
        if len(terms) == 1 and terms[0].weight > 0:
            return QueryVector(_numbers(found[0][1]), products, note)
        pairs = [
            (vector if key is None else self._directed(term, vector), term.weight)
            for term, (key, vector) in zip(terms, found)
        ]
        pairs = _of_usual_size(pairs)
        total = sum(weight * vector.astype(np.float64) for vector, weight in pairs)
        if np.linalg.norm(total) <= _CANCELLED * sum(abs(weight) for _, weight in pairs):
            raise InvalidParameterValue(
                f"{in_words(terms)}: the parts cancel, and a vector of length 0 is like nothing. Change "
                "a weight, or leave a part out."
            )
        rows = [(vector[None, :], weight) for vector, weight in pairs]
        return QueryVector(_numbers(compose_vectors(rows)[0]), products, note)

    def found(self, term: Term) -> tuple[Any, Vector]:
        """A product's key and stored vector; of other terms None and a unit vector.

        Raises:
            as `composed`.
        """
        if term.kind == "product":
            return stored_vector(self.spec, self.version, term.value)
        return None, self._vector(term)

    def _vector(self, term: Term) -> Vector:
        """The unit vector of a term that is no product."""
        if term.kind == "user":
            return self._fitting(unit(self.user(term.value)), term)
        if term.kind == "direction":
            return self.direction(term.value)
        assert self.encoder is not None
        if term.kind == "text":
            vectors = self.encoder.encode_texts([term.value])
        else:
            vectors = self.encoder.encode_images([term.value])
        vector: Vector = vectors[0]
        return vector

    def _fitting(self, vector: Vector, term: Term) -> Vector:
        if len(vector) != self.spec.dimension:
            raise InvalidParameterValue(
                f"{term.in_words()} has a vector of length {len(vector)}; index {self.spec.name} holds "
                f"vectors of length {self.spec.dimension}. Make the users anew."
            )
        return vector

    def _directed(self, term: Term, vector: Vector) -> Vector:
        """A stored vector as a unit vector: of a sum's parts only directions and weights count."""
        if not vector.any():
            raise InvalidParameterValue(
                f"{term.in_words()} has a vector of length 0 in index {self.spec.name}; it can't be "
                "part of a sum."
            )
        return unit(vector)


def _numbers(vector: Vector) -> Sequence[float]:
    """An array as it is: a list of its numbers would be made into one again."""
    return cast("Sequence[float]", vector)


def _of_usual_size(pairs: list[tuple[Vector, float]]) -> list[tuple[Vector, float]]:
    """The same with weights around 1, by a power of two: their sum points exactly where it did."""
    _, exponent = math.frexp(max(abs(weight) for _, weight in pairs))
    return [(vector, math.ldexp(weight, -exponent)) for vector, weight in pairs]


def stored_vector(spec: IndexSpec, version: Version, key: object) -> tuple[Any, Vector]:
    """A product's key as the index stores it, and its vector, (d,) float32.

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
                return candidate, part.segment.vectors.take(np.array([row]))[0]
    raise NotFound(
        f"Product {key!r:.80} is not in index {spec.name}. Products without a usable photo or name are "
        "left out; table embedding_failures lists them with the reason."
    )
