"""Content hashes: what shows that a row changed. Knows Arrow's values; not what an index holds.

A hash is XXH3-64, which its specification fixes for good, of bytes that are fixed here, so that it is
the same under any release of any package and on any machine. Each value becomes nine bytes, all zero
for null, otherwise eight for the value and a one:

- integers, dates, times, durations, booleans: the stored number, in 64 bits;
- floats: the double's bits; every NaN is alike, and -0.0 is another value than 0.0;
- text and bytes: their XXH3-64; decimals: that of their 256-bit integer;
- lists, structs and maps: that of the bytes of their elements, fields or pairs, one after another;
- a vector: that of its float32 numbers.

A row's hash is that of its columns' bytes, and numbers are little-endian. The width of an integer, a
float, a text or a list makes no difference, nor do dictionaries, chunks and offsets.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix
from engine.errors import NotSupported
from engine.store.segments.columns import number_array, valid_mask

HASH_KIND = "xxh3-1"  # of this file's bytes; a change of them is another kind
_WIDTH = 9  # bytes that a value becomes


def content_hashes(columns: pa.Table | pa.RecordBatch, vectors: Matrix | None = None) -> np.ndarray:
    """A 64-bit hash of each row: (n,) uint64.

    Args:
        columns: n rows of values. vectors: (n, dimension) float32 that belong to them, or None.

    Raises:
        NotSupported: a column of a type that no Parquet file holds.
    """
    found = [_column_bytes(column) for column in columns.columns]
    if vectors is not None:
        whole = np.ascontiguousarray(vectors, dtype="<f4").view(np.uint8)
        found.append(_as_bytes(_digests_of_rows(whole), None))
    if not found or not columns.num_rows:
        return np.zeros(columns.num_rows, dtype=np.uint64)
    return _digests_of_rows(np.hstack(found))


# ------------------------------------------------------------------ bytes of values
def _column_bytes(column: pa.Array | pa.ChunkedArray) -> np.ndarray:
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    # Not joined first: text may be more than one array holds.
    return np.concatenate(
        [np.empty((0, _WIDTH), dtype=np.uint8), *(_value_bytes(_plain(c)) for c in chunks)]
    )


def _plain(column: pa.Array) -> pa.Array:
    """A column without dictionaries and names of types."""
    if isinstance(column, pa.ExtensionArray):
        return _plain(column.storage)
    return _plain(column.dictionary_decode()) if pa.types.is_dictionary(column.type) else column


def _value_bytes(column: pa.Array) -> np.ndarray:
    """(n, 9) uint8 of a column."""
    kind, n = column.type, len(column)
    if not n or pa.types.is_null(kind) or column.null_count == n:
        return np.zeros((n, _WIDTH), dtype=np.uint8)
    encode = next((encode for test, encode in _ENCODINGS if test(kind)), None)
    if encode is None:
        raise NotSupported(
            f"a column of type {kind} can't be compared between syncs; expected a type that "
            "Parquet files hold. Write the column in another type."
        )
    return _as_bytes(encode(column), valid_mask(column))


def _as_bytes(numbers: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """(n,) uint64 as (n, 9) uint8; `valid` says which are not null, None that all are."""
    out = np.ones((len(numbers), _WIDTH), dtype=np.uint8)
    out[:, :8] = numbers.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
    if valid is not None:
        out[~valid] = 0
    return out


def _integers(column: pa.Array) -> np.ndarray:
    signed = pa.types.is_signed_integer(column.type)
    return number_array(column).astype(np.int64 if signed else np.uint64).view(np.uint64)


def _floats(column: pa.Array) -> np.ndarray:
    numbers = number_array(column).astype(np.float64)
    numbers[np.isnan(numbers)] = np.nan
    return numbers.view(np.uint64)


def _times(column: pa.Array) -> np.ndarray:
    return _integers(column.view(pa.int32() if column.type.bit_width == 32 else pa.int64()))


def _booleans(column: pa.Array) -> np.ndarray:
    return _integers(column.cast(pa.uint8()))


def _texts(column: pa.Array) -> np.ndarray:
    """Text and bytes: each distinct one is hashed once."""
    kind = column.type
    if not (pa.types.is_binary(kind) or pa.types.is_string(kind)):
        column = column.cast(pa.large_binary())
    coded = column.dictionary_encode()
    distinct = coded.dictionary
    _, offsets, data = distinct.buffers()
    width = np.int64 if pa.types.is_large_binary(distinct.type) else np.int32
    places = np.frombuffer(offsets, dtype=width)[distinct.offset :][: len(distinct) + 1]
    hashes = _digests(data.to_pybytes() if data is not None else b"", places.tolist())
    # A null has no code; its bytes are cleared by the caller.
    found: np.ndarray = hashes[np.clip(number_array(coded.indices), 0, len(hashes) - 1)]
    return found


def _decimals(column: pa.Array) -> np.ndarray:
    wide = column.cast(pa.decimal256(76, column.type.scale))
    numbers = np.frombuffer(wide.buffers()[1], dtype=np.uint8).reshape(-1, 32)
    return _digests_of_rows(numbers[wide.offset : wide.offset + len(wide)])


def _lists(column: pa.Array) -> np.ndarray:
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        places = (column.offset + np.arange(len(column) + 1)) * kind.list_size
    else:
        places = number_array(column.offsets).astype(np.int64)
    start, end = int(places[0]), int(places[-1])
    held = [column.keys, column.items] if pa.types.is_map(kind) else [column.values]
    cut = [_value_bytes(_plain(values.slice(start, end - start))) for values in held]
    data = np.hstack(cut)
    return _digests(data.tobytes(), ((places - start) * data.shape[1]).tolist())


def _structs(column: pa.StructArray) -> np.ndarray:
    fields = [_value_bytes(_plain(column.field(n))) for n in range(column.type.num_fields)]
    if not fields:
        return np.zeros(len(column), dtype=np.uint64)
    return _digests_of_rows(np.hstack(fields))


def _is_list(kind: pa.DataType) -> bool:
    names = ("list", "large_list", "fixed_size_list", "map")
    return any(getattr(pa.types, f"is_{name}")(kind) for name in names)


def _is_text(kind: pa.DataType) -> bool:
    names = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
    return any(getattr(pa.types, f"is_{name}")(kind) for name in (*names, "fixed_size_binary"))


_ENCODINGS: list[tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], np.ndarray]]] = [
    (pa.types.is_integer, _integers),
    (_is_text, _texts),
    (pa.types.is_floating, _floats),
    (pa.types.is_boolean, _booleans),
    (pa.types.is_decimal, _decimals),
    (lambda kind: pa.types.is_temporal(kind) and not pa.types.is_interval(kind), _times),
    (_is_list, _lists),
    (pa.types.is_struct, _structs),
]


# ------------------------------------------------------------------ hashes of bytes
def _digests(data: bytes | memoryview, places: list[int]) -> np.ndarray:
    """Hashes of pieces of bytes, each from one place to the next: (len(places) - 1,) uint64."""
    from xxhash import xxh3_64_intdigest as digest  # only syncs need it

    pieces = itertools.pairwise(places)
    return np.array([digest(data[start:end]) for start, end in pieces], dtype=np.uint64)


def _digests_of_rows(rows: np.ndarray) -> np.ndarray:
    """Hashes of the rows of an (n, width) array of bytes: (n,) uint64."""
    count, width = rows.shape
    data = np.ascontiguousarray(rows).reshape(-1).data  # not copied: vectors are long
    return _digests(data, [width * row for row in range(count + 1)])
