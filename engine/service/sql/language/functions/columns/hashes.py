"""`hash`, `xxhash64` and `crc32`: Spark's very values, of columns of any types.

Several columns are hashed one after another, each with the hash so far as its seed; a null leaves it.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from decimal import Context
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from engine.core.types import is_list
from engine.errors import BadStatement

_SEED = 42
_WIDE = Context(prec=80)  # more digits than any decimal has
_LONG_DIGITS = 18  # of the decimals that are hashed as one number
_SHA2 = {
    0: hashlib.sha256,
    224: hashlib.sha224,
    256: hashlib.sha256,
    384: hashlib.sha384,
    512: hashlib.sha512,
}
_DAY_MICROS = 86_400_000_000
_is = pa.types
Hashes = np.ndarray[Any, np.dtype[Any]]  # one of each row
# From numbers or texts, and seeds, to hashes.
OfNumbers = Callable[[Hashes, Hashes], Hashes]
OfTexts = Callable[[Sequence[bytes], Hashes], Hashes]


class _Kind:
    """One way to hash: of numbers of four bytes and of eight, and of texts."""

    def __init__(self, dtype: type, ints: OfNumbers, longs: OfNumbers, texts: OfTexts) -> None:
        self.dtype, self.ints, self.longs, self.texts = dtype, ints, longs, texts


def murmur(*columns: pa.ChunkedArray) -> pa.Array:
    """Murmur3 of 32 bits, as `hash` gives it: INT."""
    return pa.array(_hashed(columns, _MURMUR).view(np.int32), pa.int32())


def xxhash64(*columns: pa.ChunkedArray) -> pa.Array:
    """XXH64, as `xxhash64` gives it: BIGINT."""
    return pa.array(_hashed(columns, _XXH).view(np.int64), pa.int64())


def crc32(column: pa.ChunkedArray) -> pa.Array:
    """The cyclic redundancy check of texts or bytes: BIGINT."""
    return pa.array([zlib.crc32(one) for one in column.to_pylist()], pa.int64())


def sha2(column: pa.ChunkedArray, bits: pa.ChunkedArray) -> pa.Array:
    """Hashes of SHA-2 of 224, 256, 384 or 512 bits, 0 for 256, in hexadecimal; null for other sizes."""
    rows = zip(column.to_pylist(), bits.to_pylist())
    return pa.array(
        [_SHA2[size](one).hexdigest() if size in _SHA2 else None for one, size in rows], pa.string()
    )


def _hashed(columns: Sequence[pa.ChunkedArray], kind: _Kind) -> Hashes:
    hashes: Hashes = np.full(len(columns[0]), _SEED, kind.dtype)
    for column in columns:
        hashes = _folded(column.combine_chunks(), hashes, kind)
    return hashes


def _folded(values: pa.Array, hashes: Hashes, kind: _Kind) -> Hashes:
    """The hashes with one more column."""
    there = values.is_valid().to_numpy(zero_copy_only=False)
    if not there.any():
        return hashes
    out: Hashes = hashes.copy()
    out[there] = _of_values(values.filter(pa.array(there)), hashes[there], kind)
    return out


def _of_values(values: pa.Array, seeds: Hashes, kind: _Kind) -> Hashes:
    """Hashes of values none of which is null."""
    of = values.type
    if _is.is_map(of):
        raise BadStatement(
            "[DATATYPE_MISMATCH.HASH_MAP_TYPE] Maps can't be hashed, as equal ones may have other "
            "orders; hash their map_entries, sorted."
        )
    if _is.is_struct(of):
        for field in values.flatten():
            seeds = _folded(field, seeds, kind)
        return seeds
    if is_list(of):
        return _of_lists(values, seeds, kind)
    if _is.is_decimal(of):
        return _of_decimals(values, seeds, kind)
    if _is.is_string(of) or _is.is_large_string(of) or _is.is_binary(of) or _is.is_large_binary(of):
        return kind.texts(values.cast(pa.large_binary()).to_pylist(), seeds)
    if _is.is_float32(of) or _is.is_float64(of):
        numbers = values.to_numpy(zero_copy_only=False) + 0.0  # of -0.0 it is 0.0
        numbers = np.where(np.isnan(numbers), np.array(np.nan, numbers.dtype), numbers)
        if _is.is_float32(of):
            return kind.ints(numbers.astype(np.float32).view(np.uint32), seeds)
        return kind.longs(numbers.view(np.uint64), seeds)
    if _is.is_interval(of):
        spans = [one.days * _DAY_MICROS + one.nanoseconds // 1000 for one in values.to_pylist()]
        return kind.longs(np.array(spans, np.int64).view(np.uint64), seeds)
    if _is.is_boolean(of):
        values = values.cast(pa.int32())
    if values.type.bit_width > 32:
        return kind.longs(
            values.cast(pa.int64()).to_numpy(zero_copy_only=False).view(np.uint64), seeds
        )
    return kind.ints(values.cast(pa.int32()).to_numpy(zero_copy_only=False).view(np.uint32), seeds)


def _of_lists(values: pa.Array, seeds: Hashes, kind: _Kind) -> Hashes:
    """Hashes of lists: of their first values, then of their second ones, and so on."""
    lengths = np.array([len(one) for one in values], np.int64)
    starts, flat = np.cumsum(lengths) - lengths, values.flatten()
    out: Hashes = seeds.copy()
    for place in range(int(lengths.max(initial=0))):
        longer = lengths > place
        found = flat.take(pa.array(starts[longer] + place))
        out[longer] = _folded(found, out[longer], kind)
    return out


def _of_decimals(values: pa.Array, seeds: Hashes, kind: _Kind) -> Hashes:
    scale = values.type.scale
    numbers = [int(one.scaleb(scale, _WIDE)) for one in values.to_pylist()]
    if values.type.precision <= _LONG_DIGITS:
        return kind.longs(np.array(numbers, np.int64).view(np.uint64), seeds)
    return kind.texts([_shortest(one) for one in numbers], seeds)


def _shortest(number: int) -> bytes:
    """A number in as few bytes as hold it and its sign, the highest first."""
    bits = (number if number >= 0 else ~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


# ------------------------------------------------------------------ Murmur3
_C1, _C2 = np.uint32(0xCC9E2D51), np.uint32(0x1B873593)


def _turned(value: Hashes, by: int) -> Hashes:
    turned: Hashes = (value << np.uint32(by)) | (value >> np.uint32(32 - by))
    return turned


def _mixed(hashes: Hashes, words: Hashes) -> Hashes:
    words = _turned(words * _C1, 15) * _C2
    mixed: Hashes = _turned(hashes ^ words, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    return mixed


def _ended(hashes: Hashes, length: Hashes | int) -> Hashes:
    hashes = hashes ^ np.asarray(length, np.uint32)
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    ended: Hashes = hashes ^ (hashes >> np.uint32(16))
    return ended


def _murmur_ints(numbers: Hashes, seeds: Hashes) -> Hashes:
    return _ended(_mixed(seeds, numbers), 4)


def _murmur_longs(numbers: Hashes, seeds: Hashes) -> Hashes:
    low, high = numbers.astype(np.uint32), (numbers >> np.uint64(32)).astype(np.uint32)
    return _ended(_mixed(_mixed(seeds, low), high), 8)


def _murmur_texts(texts: Sequence[bytes], seeds: Hashes) -> Hashes:
    """Words of four bytes, then each byte that is left as a number of its own: Spark's variant."""
    lengths = np.array([len(one) for one in texts], np.int64)
    flat = np.frombuffer(b"".join(texts) + bytes(4), np.uint8)
    starts, hashes = np.cumsum(lengths) - lengths, seeds.copy()
    whole = lengths // 4
    for place in range(int(whole.max(initial=0))):
        longer = whole > place
        at = starts[longer][:, None] + 4 * place + np.arange(4)
        words = np.ascontiguousarray(flat[at]).view("<u4").ravel()
        hashes[longer] = _mixed(hashes[longer], words)
    for place in range(3):
        longer = lengths - 4 * whole > place
        left = flat[starts[longer] + 4 * whole[longer] + place].view(np.int8)
        hashes[longer] = _mixed(hashes[longer], left.astype(np.int32).view(np.uint32))
    return _ended(hashes, lengths)


# ------------------------------------------------------------------ XXH64
def _xxh_texts(texts: Sequence[bytes], seeds: Hashes) -> Hashes:
    found = [xxhash.xxh64_intdigest(one, seed=seed) for one, seed in zip(texts, seeds.tolist())]
    return np.array(found, np.uint64)


def _xxh_numbers(numbers: Hashes, seeds: Hashes) -> Hashes:
    size, raw = numbers.dtype.itemsize, numbers.astype(numbers.dtype.newbyteorder("<")).tobytes()
    return _xxh_texts([raw[at : at + size] for at in range(0, len(raw), size)], seeds)


_MURMUR = _Kind(np.uint32, _murmur_ints, _murmur_longs, _murmur_texts)
_XXH = _Kind(np.uint64, _xxh_numbers, _xxh_numbers, _xxh_texts)
