"""The table of types: what one column of it says is what the others say of the same type."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine.core.types import (
    TYPES,
    WORDS,
    DataType,
    catalog_type,
    column_of,
    parse_schema_type,
    row_of,
    schema_type,
    stored_type,
    widest_type,
)

TAKEN = [row for row in TYPES if row.words]


@pytest.mark.parametrize("word", WORDS)
def test_a_word_of_a_schema_leads_to_a_type_and_back(word: str) -> None:
    parsed = parse_schema_type(f" {word.upper()} ")
    assert parsed is not None
    spelling, kind = parsed
    assert parse_schema_type(spelling) == parsed
    assert catalog_type(kind)[1] == spelling
    assert stored_type(kind) == kind
    assert parse_schema_type(f"array<{word}>") == (f"array<{spelling}>", pa.list_(kind))


@pytest.mark.parametrize(
    "text", ["", "decimal", "array<>", "array<array<int>>", None, 7, pa.int64()]
)
def test_what_no_schema_may_say_is_no_type(text: object) -> None:
    assert parse_schema_type(text) is None


@pytest.mark.parametrize("row", TAKEN, ids=[row.words[0] for row in TAKEN])
def test_what_an_index_stores_is_of_the_same_row(row: DataType) -> None:
    assert row_of(row.stored) is row


@pytest.mark.parametrize("row", TYPES, ids=[str(number) for number in range(len(TYPES))])
def test_a_type_is_stored_as_one_of_its_own_kind(row: DataType) -> None:
    if row.stored is not None:
        assert column_of(pa.field("x", row.stored)).kind == row.kind


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (pa.int64(), "long"),
        (pa.uint8(), "integer"),
        (pa.float16(), "double"),
        (pa.list_(pa.float64(), 3), "array<float>"),
        (pa.large_list(pa.large_string()), "array<string>"),
        (pa.decimal128(5, 2), None),
        (pa.list_(pa.struct([("a", pa.int8())])), None),
    ],
    ids=str,
)
def test_rows_of_a_type_make_a_schema_that_is_taken(kind: pa.DataType, word: str | None) -> None:
    assert schema_type(kind) == word
    assert word is None or parse_schema_type(word) is not None


def test_a_kind_alone_leads_to_a_type_that_holds_its_values() -> None:
    assert widest_type("int") == pa.int64()
    assert widest_type("float") == pa.float64()
    assert widest_type("timestamp") == pa.timestamp("us")
    assert widest_type("decimal") == widest_type("other") == pa.string()
