"""Plain rows as tables: columns, types and what can't be one."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pytest

from engine import InvalidInputException
from engine.service.direct import check_type
from engine.service.given_rows import dimension_of, schema_of, table_of, vector_columns


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
