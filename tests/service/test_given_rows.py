"""Plain rows as tables: columns, types and what can't be one."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from engine import InvalidInputException
from engine.service.given_rows import dimension_of, schema_of, table_of, vector_columns
from engine.service.indexes.direct_access import check_type


def test_columns_are_those_of_all_rows_and_gaps_are_null() -> None:
    table = table_of([{"b": 1}, {"a": "x", "b": 2}, {}])
    assert table.to_pydict() == {"b": [1, 2, None], "a": [None, "x", None]}


def test_numpy_values_are_taken_and_a_table_stays() -> None:
    table = table_of([{"id": np.int64(1), "v": np.array([1.0, 0.5], np.float32)}])
    assert table.to_pydict() == {"id": [1], "v": [[1.0, 0.5]]}
    assert table_of(table) is table


def test_a_column_of_nulls_is_text() -> None:
    assert table_of([{"a": None}]).schema.field("a").type == pa.string()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "empty list"),
        ({"a": 1}, "expected an Arrow table or a list of dicts"),
        ([1], "expected an Arrow table or a list of dicts"),
        ([{"a": 1}, {"a": "x"}], "column 'a'"),
        ([{"a": object()}], "column 'a'"),
    ],
)
def test_what_is_no_table_is_refused(rows: object, words: str) -> None:
    with pytest.raises(InvalidInputException, match=words):
        table_of(rows)


def test_types_in_the_apis_words() -> None:
    rows = [
        {
            "id": 1,
            "price": 2.5,
            "new": True,
            "name": "x",
            "on": date(2024, 1, 1),
            "at": datetime(2024, 1, 1),
            "v": [1.0, 2.0],
            "tags": ["a"],
            "sizes": [1],
        }
    ]
    table = table_of(rows).append_column("small", pa.array([1], pa.int16()))
    schema = schema_of(table)
    assert schema == {
        "id": "long",
        "price": "double",
        "new": "boolean",
        "name": "string",
        "on": "date",
        "at": "timestamp",
        "v": "array<float>",
        "tags": "array<string>",
        "sizes": "array<long>",
        "small": "integer",
    }
    assert vector_columns(table) == ["v"]
    assert dimension_of(table, "v") == 2
    for name, kind in schema.items():
        check_type(name, kind)


def test_what_the_api_has_no_word_for_is_named() -> None:
    with pytest.raises(InvalidInputException, match="column 'm' is of type struct"):
        schema_of(table_of([{"m": {"a": 1}}]))
    with pytest.raises(InvalidInputException, match="no vector in a column 'v'; they have id"):
        dimension_of(table_of([{"id": 1}]), "v")
    with pytest.raises(InvalidInputException, match="no vector in a column 'v'"):
        dimension_of(pa.table({"v": pa.array([None], pa.list_(pa.float32()))}), "v")


DAY, NOON = date(2024, 1, 1), datetime(2024, 1, 1, 12)
ZONED = NOON.replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, True], "booleans and integers"),
        ([1.5, True], "booleans and floats"),
        ([np.float64(1.5), np.bool_(True)], "booleans and floats"),
        ([DAY, NOON], "dates and times without a zone"),
        ([NOON, DAY], "dates and times without a zone"),
        ([NOON, ZONED], "times with a zone and times without a zone"),
        ([ZONED, np.datetime64("2024-01-01")], "times with a zone and times without a zone"),
        ([Decimal("1.5"), 2.5], "decimals and floats"),
        (["a", b"b"], "bytes and texts"),
        ([1, "1"], "integers and texts"),
        ([[1], 1], "integers and lists"),
        ([[1], [True]], "booleans and integers"),
        ([[1, "a"], None], "integers and texts"),
        ([{"a": 1}, {"a": True}], "booleans and integers"),
        ([[{"a": [DAY]}], [{"a": [NOON]}]], "dates and times without a zone"),
        ([2**53 + 1, 1.5], "9007199254740993"),
        ([[2**53 + 1], [1.5]], "9007199254740993"),
        ([2**63], "more than 64 bits"),
        ([-(2**70)], "column 'a'"),
    ],
    ids=str,
)
def test_a_column_of_two_types_is_refused_by_name(values: list[object], words: str) -> None:
    for order in (values, values[::-1]):
        with pytest.raises(InvalidInputException, match=words) as caught:
            table_of([{"a": value} for value in order])
        assert "column 'a' of rows" in caught.value.message


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, None], pa.float64()),
        ([2**53, 0.5], pa.float64()),
        ([1, Decimal("2.50")], pa.decimal128(3, 2)),
        ([np.int8(1), 2], pa.int64()),
        ([np.datetime64("2024-01-01T00:00:00.123456789")], pa.timestamp("ns")),
        ([ZONED, ZONED.astimezone(timezone(timedelta(hours=2)))], pa.timestamp("us", "UTC")),
        ([[1, None], [2.5], None], pa.list_(pa.float64())),
        ([np.array(["2024-01-01T00:00:00.123456789"], "M8[ns]")], pa.list_(pa.timestamp("ns"))),
        ([b"a", None], pa.binary()),
    ],
    ids=str,
)
def test_values_of_one_kind_are_a_column(values: list[object], kind: pa.DataType) -> None:
    column = table_of([{"a": value} for value in values])["a"]
    assert column.type == kind
    expected = [value.tolist() if isinstance(value, np.integer) else value for value in values]
    if not any(isinstance(value, (np.datetime64, np.ndarray)) for value in values):
        assert column.to_pylist() == expected
    else:
        assert "123456789" in str(column)
