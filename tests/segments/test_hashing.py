"""Content hashes: equal for equal values, else not, by a slow twin that follows the definition."""

from __future__ import annotations

import datetime as dt
import math
import os
import struct
import subprocess
import sys
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xxhash import xxh3_64_digest

from engine.errors import NotSupported
from engine.store.segments.hashing import content_hashes

NAN, INF = math.nan, math.inf


# ------------------------------------------------------------------ the slow twin
def value_bytes(scalar: pa.Scalar) -> bytes:
    """The nine bytes of one value, by the definition."""
    if isinstance(scalar, pa.DictionaryScalar):
        return value_bytes(pa.scalar(scalar.as_py(), scalar.type.value_type))
    if not scalar.is_valid:
        return bytes(9)
    return content_of(scalar) + b"\1"


def content_of(scalar: pa.Scalar) -> bytes:
    kind = scalar.type
    if pa.types.is_floating(kind):
        number = float(scalar.as_py())
        return struct.pack("<d", NAN if math.isnan(number) else number)
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return (int(scalar.as_py()) % 2**64).to_bytes(8, "little")
    if pa.types.is_temporal(kind):
        return (int(scalar.value) % 2**64).to_bytes(8, "little")
    if pa.types.is_decimal(kind):
        with localcontext() as context:
            context.prec = 80
            unscaled = int(scalar.as_py().scaleb(kind.scale))
        return digest((unscaled % 2**256).to_bytes(32, "little"))
    if pa.types.is_struct(kind):
        return digest(b"".join(value_bytes(scalar[n]) for n in range(kind.num_fields)))
    if pa.types.is_map(kind):
        keys, values = kind.key_type, kind.item_type
        pairs = [(pa.scalar(k, keys), pa.scalar(v, values)) for k, v in scalar.as_py()]
        return digest(b"".join(value_bytes(k) + value_bytes(v) for k, v in pairs))
    value = scalar.as_py()
    if isinstance(value, list):
        return digest(b"".join(value_bytes(element) for element in scalar.values))
    return digest(value.encode() if isinstance(value, str) else value)


def digest(data: bytes) -> bytes:
    return xxh3_64_digest(data)[::-1]  # which gives the number's big-endian form


def slow_hashes(table: pa.Table, vectors: np.ndarray | None = None) -> list[int]:
    out = []
    for row in range(table.num_rows):
        data = b"".join(value_bytes(column[row]) for column in table.columns)
        if vectors is not None:
            data += digest(struct.pack(f"<{vectors.shape[1]}f", *vectors[row])) + b"\1"
        out.append(int.from_bytes(digest(data), "little"))
    return out


def hashes(*columns: pa.Array | pa.ChunkedArray) -> list[int]:
    names = [str(number) for number in range(len(columns))]
    found: list[int] = content_hashes(pa.table(list(columns), names)).tolist()
    return found


# ------------------------------------------------------------------ values of every type
DAY, MOMENT = dt.date(1969, 12, 31), dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)
VALUES: list[tuple[pa.DataType, list[Any]]] = [
    (pa.int8(), [0, 1, -1, 127, -128]),
    (pa.int64(), [0, 1, -1, 2**63 - 1, -(2**63)]),
    (pa.uint32(), [0, 1, 2**32 - 1]),
    (pa.uint64(), [0, 2**63, 2**64 - 1]),
    (pa.float16(), [np.float16(0.5), np.float16(-0.0), np.float16(0)]),
    (pa.float32(), [0.0, -0.0, 1.5, NAN, INF, -INF, 1e-45]),
    (pa.float64(), [0.0, -0.0, 0.1, NAN, INF, -INF, 5e-324]),
    (pa.bool_(), [True, False]),
    (pa.string(), ["", "a", "A", "ä", "a\u0308", "\0", "a\0", " ", "null", "x" * 300]),
    (pa.large_string(), ["", "a", "日本語"]),
    (pa.binary(), [b"", b"\0", b"\xff" * 20]),
    (pa.binary(2), [b"ab", b"\0\0"]),
    (pa.date32(), [DAY, dt.date(1970, 1, 1), dt.date(2024, 2, 29)]),
    (pa.date64(), [DAY, dt.date(2024, 2, 29)]),
    (pa.timestamp("us"), [MOMENT, dt.datetime(1, 1, 1), dt.datetime(1970, 1, 1)]),
    (pa.timestamp("s", tz="UTC"), [dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc)]),
    (pa.time32("ms"), [dt.time(0), dt.time(23, 59, 59, 999_000)]),
    (pa.time64("us"), [dt.time(0), dt.time(23, 59, 59, 999_999)]),
    (pa.duration("us"), [dt.timedelta(0), dt.timedelta(days=-1)]),
    (
        pa.decimal128(10, 2),
        [Decimal("19.99"), Decimal("-19.99"), Decimal("0.00"), Decimal("20.00")],
    ),
    (pa.decimal256(60, 5), [Decimal("1.00001"), Decimal("-123456789012345678901234567890.5")]),
    (pa.list_(pa.int64()), [[], [None], [0], [0, 0], [1, 2], [2, 1]]),
    (pa.list_(pa.string()), [[], [""], [None], ["", ""], ["a", "b"], ["ab"]]),
    (pa.large_list(pa.float64()), [[], [0.0], [-0.0], [NAN]]),
    (pa.list_(pa.float32(), 2), [[0.0, 1.0], [1.0, 0.0], [None, 1.0]]),
    (pa.list_(pa.list_(pa.int8())), [[], [[]], [[], []], [None], [[None]], [[1], [2]], [[1, 2]]]),
    (pa.struct([("x", pa.int64()), ("y", pa.string())]), [{"x": 1, "y": ""}, {"x": 1, "y": None}]),
    (pa.map_(pa.string(), pa.int64()), [[], [("a", 1)], [("a", None)], [("a", 1), ("b", 2)]]),
    (pa.list_(pa.struct([("x", pa.bool_())])), [[], [{"x": None}], [None], [{"x": False}]]),
    (pa.dictionary(pa.int8(), pa.string()), ["a", "", "b"]),
]


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[str(kind) for kind, _ in VALUES])
def test_values_that_differ_have_hashes_that_differ_as_the_definition_says(
    kind: pa.DataType, values: list[Any]
) -> None:
    column = pa.array([*values, None, *values], kind)
    found = hashes(column)
    assert found == slow_hashes(pa.table({"x": column}))
    assert len(set(found)) == len(values) + 1
    assert found[: len(values)] == found[len(values) + 1 :]
    # Neither nulls, nor where an array starts, nor chunks make a difference.
    assert hashes(column.slice(1)) == found[1:]
    assert hashes(column.slice(len(values), 2)) == found[len(values) : len(values) + 2]
    assert hashes(column.take(pa.array(range(len(column))[::-1]))) == found[::-1]
    chunks = pa.chunked_array([column.slice(0, 2), column.slice(2, 0), column.slice(2)])
    assert hashes(chunks) == found
    assert hashes(pa.chunked_array([], kind)) == []
    assert hashes(column, column.slice(0)) != [*zip(found, found)]


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[str(kind) for kind, _ in VALUES])
def test_lists_and_structs_of_values_follow_the_definition(
    kind: pa.DataType, values: list[Any]
) -> None:
    column = pa.array([*values, None], kind)
    offsets = pa.array([0, 0, 1, 1, len(column)], pa.int32())
    lists = pa.ListArray.from_arrays(offsets, column)
    assert hashes(lists) == slow_hashes(pa.table({"x": lists}))
    assert hashes(lists.slice(2)) == hashes(lists)[2:]
    structs = pa.StructArray.from_arrays([column, column], ["x", "y"])
    assert hashes(structs) == slow_hashes(pa.table({"x": structs}))
    assert hashes(structs.slice(1)) == hashes(structs)[1:]


@pytest.mark.parametrize(
    ("narrow", "wide", "values"),
    [
        (pa.int8(), pa.int64(), [1, -1, None]),
        (pa.uint8(), pa.int32(), [1, 255, None]),
        (pa.float32(), pa.float64(), [0.5, -0.0, NAN, None]),
        (pa.string(), pa.large_string(), ["", "ä", None]),
        (pa.string(), pa.dictionary(pa.int32(), pa.string()), ["b", "a", "b", None]),
        (pa.string(), pa.string_view(), ["", "a text that is longer than twelve", None]),
        (pa.list_(pa.int8()), pa.large_list(pa.int64()), [[], [1], None, [None]]),
        (pa.list_(pa.int8()), pa.list_(pa.int8(), 2), [[1, 2], None, [None, 3]]),
        (pa.decimal128(10, 2), pa.decimal256(60, 2), [Decimal("1.50"), None]),
    ],
    ids=str,
)
def test_the_width_of_a_type_makes_no_difference(
    narrow: pa.DataType, wide: pa.DataType, values: list[Any]
) -> None:
    assert hashes(pa.array(values, narrow)) == hashes(pa.array(values, wide))


def test_what_lies_below_a_null_makes_no_difference() -> None:
    mask = np.array([True, False])
    for dirty, clean in [
        (pa.array([7, 1], mask=mask), pa.array([None, 1], pa.int64())),
        (pa.array(["x", "y"], mask=mask), pa.array([None, "y"])),
    ]:
        assert hashes(dirty) == hashes(clean)
    offsets, values = pa.array([0, 2, 3]), pa.array([1, 2, 3])
    dirty_list = pa.ListArray.from_arrays(offsets, values, mask=pa.array(mask))
    assert hashes(dirty_list) == hashes(pa.array([None, [3]], pa.list_(pa.int64())))


def test_values_do_not_run_into_each_other() -> None:
    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), (None, "abc"), ("abc", None)]
    first, second = (pa.array(column, pa.string()) for column in zip(*pairs))
    assert len(set(hashes(first, second))) == len(pairs)
    assert len({hashes(pa.nulls(1), x)[0] for x in (pa.array([1]), pa.nulls(1))}) == 2


def test_vectors_count_in_single_precision() -> None:
    table = pa.table({"id": [1, 1, 1]})
    vectors = np.array([[0.5, 1.0], [1.0, 0.5], [0.5, 1.0]], dtype=np.float32)
    found = content_hashes(table, vectors)
    assert found.tolist() == slow_hashes(table, vectors)
    assert found[0] == found[2] != found[1]
    assert content_hashes(table)[0] != found[0]
    turned = np.asfortranarray(vectors)
    assert content_hashes(table, turned).tolist() == found.tolist()


def test_tables_without_rows_have_no_hashes() -> None:
    empty = pa.table({"id": pa.array([], pa.int64())})
    assert content_hashes(empty).shape == (0,)
    assert content_hashes(empty, np.empty((0, 3), dtype=np.float32)).shape == (0,)


def test_a_type_that_no_file_holds_is_refused_by_name() -> None:
    column = pa.array([(1, 2, 3)], pa.month_day_nano_interval())
    with pytest.raises(NotSupported, match="month_day_nano_interval"):
        hashes(column)


# ------------------------------------------------------------------ the numbers are fixed
FIXED = """
import pyarrow as pa, numpy as np
from decimal import Decimal
from engine.store.segments.hashing import content_hashes
table = pa.table({
    "id": [1, 2], "price": [0.1, None], "text": ["ä", ""], "on": [True, False],
    "tags": pa.array([[], None], pa.list_(pa.string())),
    "cost": pa.array([Decimal("19.99"), None], pa.decimal128(10, 2)),
    "at": pa.array([0, 1], pa.timestamp("us")), "day": pa.array([0, -1], pa.date32()),
})
print(content_hashes(table, np.array([[0, 1], [-1, 0.5]], dtype=np.float32)).tolist())
"""


def test_hashes_are_the_same_in_every_release_and_process() -> None:
    # Indexes hold these: a change of them needs another HASH_KIND.
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", FIXED],
            capture_output=True,
            text=True,
            env=environment,
            check=True,
        )
        assert done.stdout.strip() == "[14587616288822282108, 9190835790026411361]"


# ------------------------------------------------------------------ any values
scalars = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2),
    pa.float64(): st.floats() | st.sampled_from([0.0, -0.0, NAN]),
    pa.string(): st.text(max_size=4) | st.sampled_from(["", "a"]),
    pa.bool_(): st.booleans(),
    pa.decimal128(20, 3): st.decimals(-1000, 1000, places=3),
    pa.timestamp("us"): st.datetimes(),
}


@st.composite
def columns(draw: st.DrawFn) -> tuple[pa.DataType, list[Any]]:
    """A type, lists of lists among them, and values of it."""
    kind = draw(st.sampled_from(list(scalars)))
    values: st.SearchStrategy[Any] = scalars[kind] | st.none()
    for _ in range(draw(st.integers(0, 2))):
        kind, values = pa.list_(kind), st.lists(values, max_size=3) | st.none()
    return kind, draw(st.lists(values, max_size=12))


def canonical(value: Any) -> Any:
    """A form that is equal for equal contents: NaN is itself, and -0.0 not 0.0."""
    if isinstance(value, list):
        return tuple(canonical(element) for element in value)
    if isinstance(value, float):
        return "nan" if math.isnan(value) else (value, math.copysign(1, value))
    return value


@settings(max_examples=200, deadline=None)
@given(column=columns(), start=st.integers(0, 12))
def test_any_values_are_equal_exactly_where_their_hashes_are(
    column: tuple[pa.DataType, list[Any]], start: int
) -> None:
    kind, values = column
    array = pa.array(values, kind)
    found = hashes(array)
    assert found == slow_hashes(pa.table({"x": array}))
    plain = [canonical(value) for value in values]
    for a in range(len(values)):
        for b in range(a):
            assert (found[a] == found[b]) == (plain[a] == plain[b])
    assert hashes(array.slice(start)) == found[start:]
    assert hashes(pa.concat_arrays([array.slice(start), array])) == found[start:] + found
