"""Arrays of vectors: dtype, shape, finiteness, unit length. The only code that normalises.

Knows numpy; not where vectors come from. Never changes an argument.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence, Sized
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.values import shown
from engine.errors import InvalidParameterValue

Matrix = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]
Floats32 = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]

# Squared length of a vector that counts as unit: float32 rounding, far below what ranking can see.
UNIT_TOLERANCE = 2e-6
# Squared length of a vector whose numbers are finite in float32, which ends at 3.4e38.
_FITTING = 1e76


def kth_greatest(numbers: Floats32 | Doubles, k: int) -> float:
    """The k-th greatest of some numbers; -inf of fewer than k."""
    if len(numbers) < k:
        return -math.inf
    ordered, place = numbers.copy(), len(numbers) - k
    ordered.partition(place)  # np.partition does the same in Python
    return float(ordered[place])


def unit_rows(vectors: npt.ArrayLike) -> Matrix:
    """Scale each row to length 1 (L2).

    Args:
        vectors: (n, d) numbers; computed in float64.

    Returns:
        (n, d) float32, a fresh array.

    Raises:
        InvalidParameterValue: a row is zero or not finite; names the first such row.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    if wide.ndim != 2:
        raise InvalidParameterValue(f"expected a matrix (n, d); got an array of shape {wide.shape}")
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    bad = np.flatnonzero(~(np.isfinite(norms) & (norms > 0)))
    if bad.size:
        row = int(bad[0])
        raise InvalidParameterValue(
            f"row {row} of {len(wide)} has length {norms[row]}; it can't be scaled to 1"
        )
    unit: Matrix = (wide / norms[:, None]).astype(np.float32)
    return unit


def unit(vector: npt.ArrayLike) -> Vector:
    """Scale one vector (d,) to length 1; see `unit_rows`."""
    row: Vector = unit_rows(np.asarray(vector)[None, :])[0]
    return row


def squared_lengths(vectors: Matrix) -> npt.NDArray[np.float64]:
    """Squared L2 length of each row, (n,) float64."""
    wide = vectors.astype(np.float64)
    lengths: npt.NDArray[np.float64] = np.einsum("ij,ij->i", wide, wide)
    return lengths


def given_vector(values: Sequence[Any] | None, dimension: int) -> Sequence[Any]:
    """The numbers of a query vector as a caller gave it, unchecked but for having a length; () for none.

    Raises:
        InvalidParameterValue: no sequence.
    """
    if values is None:
        return ()
    # A numpy array without a dimension is one number, though it says that it is Sized.
    if not isinstance(values, Sized) or getattr(values, "shape", 1) == ():
        raise InvalidParameterValue(
            f"query_vector is {shown(values)}; expected a list of {dimension} numbers."
        )
    return values


def checked_vector(values: Sequence[Any] | None, dimension: int, owner: str) -> Vector:
    """A query vector as a caller gave it, (dimension,) float32; empty for none.

    Raises:
        InvalidParameterValue: see `query_vector`.
    """
    if type(values) is np.ndarray and values.dtype == np.float32 and values.shape == (dimension,):
        vector: Vector = values.copy()
        if math.isfinite(np.vdot(vector, vector)):  # which says nothing where it overflows
            return vector
    given = given_vector(values, dimension)
    return query_vector(given, dimension, owner) if len(given) else np.empty(0, dtype=np.float32)


def types_of(values: Iterable[object]) -> set[type]:
    """The types of many values: of a row of them that share one, in half the time of a set of all."""
    return {kind for kind, _ in groupby(values, type)}


def doubles(numbers: Sequence[float]) -> Doubles:
    """Numbers as an array, (d,) float64 that is only read: in a third of the time that numpy takes.

    Args:
        numbers: int and float alone; of others, some would pass for numbers.

    Raises:
        OverflowError: an integer beyond float64.
    """
    try:
        packed = struct.pack(f"{len(numbers)}d", *numbers)
    except struct.error:
        raise OverflowError("a number is beyond float64") from None
    return np.frombuffer(packed, dtype=np.float64)


def query_vector(values: Sequence[Any] | npt.NDArray[Any], dimension: int, owner: str) -> Vector:
    """Check one query vector as given by a caller.

    Args:
        values: `dimension` finite numbers.
        owner: name of the index, for the message.

    Returns:
        (dimension,) float32.

    Raises:
        InvalidParameterValue: wrong length, not numbers, NaN or infinity.
    """
    if len(values) != dimension:
        raise InvalidParameterValue(
            f"Query vector dimension {len(values)} does not match index dimension {dimension}. "
            f"Embed the query for index {owner} with the model that embedded its rows."
        )
    if type(values) is list and types_of(values) == {float}:
        values = doubles(values)
    if isinstance(values, np.ndarray) and _fits(values):
        return values.astype(np.float32)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
        for value in values if not set(map(type, values)) <= {float, int} else ():
            if not isinstance(value, (int, float, np.number)) or isinstance(value, bool):
                raise InvalidParameterValue(
                    f"query_vector holds {shown(value)} of type {type(value).__name__}; expected "
                    f"{dimension} numbers."
                )
        try:
            values = np.array(values, dtype=np.float64)
        except OverflowError:  # an integer beyond float64
            values = np.array([_wide(value) for value in values], dtype=np.float64)
    with np.errstate(over="ignore"):
        vector = np.array(values, dtype=np.float32)
    # A finite square, which is computed in a fifth of the time, says that all numbers are.
    if not math.isfinite(np.vdot(vector, vector)) and not np.isfinite(vector).all():
        raise _not_finite(values, int(np.flatnonzero(~np.isfinite(vector))[0]))
    return vector


def _fits(values: npt.NDArray[Any]) -> bool:
    """Whether these are doubles, and so few and small that all are finite in float32 for sure."""
    is_double = values.dtype == np.float64 and values.ndim == 1
    return is_double and float(np.vdot(values, values)) < _FITTING


def _not_finite(values: npt.NDArray[Any], place: int) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"query_vector[{place}] is {shown(float(values[place]))}; expected finite float32 numbers."
    )


def _wide(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond float64
        return float("inf")
