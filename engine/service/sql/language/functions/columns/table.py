"""The functions of this room: names in DuckDB, types of what they take and give. One table."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from engine.service.sql.language.functions.columns import (
    hashes,
    json_schemas,
    moments,
    numbers,
    said,
    texts,
    urls,
)
from engine.service.sql.language.functions.types.decimals import decimal_results


@dataclass(frozen=True)
class Function:
    """A function from whole columns to a column.

    Attributes:
        name: in DuckDB.
        call: from chunked arrays of equal length to an array of that length.
        arguments: their types in DuckDB's words; None for any number of any types.
        result: the type of what it gives.
        takes_null: whether nulls are given to it; else of a null comes a null, without a call.
    """

    name: str
    call: Callable[..., pa.Array]
    arguments: tuple[str, ...] | None
    result: str
    takes_null: bool = False


_TEXT, _INT = "VARCHAR", "INTEGER"
FUNCTIONS = (
    Function("vitrine_type_text", said.type_texts, (_TEXT,), _TEXT),
    Function("vitrine_decimal", decimal_results, (_TEXT, _TEXT, _TEXT, _INT), _TEXT),
    Function("vitrine_hash", hashes.murmur, None, _INT, takes_null=True),
    Function("vitrine_xxhash64", hashes.xxhash64, None, "BIGINT", takes_null=True),
    Function("vitrine_sha2", hashes.sha2, ("BLOB", _INT), _TEXT),
    Function("vitrine_crc32", hashes.crc32, ("BLOB",), "BIGINT"),
    Function("vitrine_said", said.texts, None, _TEXT, takes_null=True),
    Function("vitrine_json", said.json_texts, None, _TEXT, takes_null=True),
    Function("vitrine_csv", said.csv_lines, None, _TEXT, takes_null=True),
    Function("vitrine_conv", numbers.conv, (_TEXT, _INT, _INT), _TEXT),
    Function("vitrine_to_char", numbers.to_char, (_TEXT, _TEXT), _TEXT),
    Function("vitrine_to_number", numbers.to_number, (_TEXT, _TEXT, "BOOLEAN"), _TEXT),
    Function("vitrine_split", texts.split, (_TEXT, _TEXT, _INT), "VARCHAR[]"),
    Function("vitrine_failed", texts.failed, (_TEXT,), _TEXT),
    Function("vitrine_soundex", texts.soundex, (_TEXT,), _TEXT),
    Function("vitrine_luhn", texts.luhn_check, (_TEXT,), "BOOLEAN"),
    Function(
        "vitrine_url_part", urls.url_part, (_TEXT, _TEXT, _TEXT, "BOOLEAN"), _TEXT, takes_null=True
    ),
    Function("vitrine_schema_of_json", json_schemas.schema_of_json, (_TEXT,), _TEXT),
    Function("vitrine_skewness", moments.skewness, ("DOUBLE[]",), "DOUBLE"),
    Function("vitrine_csv_fields", said.csv_fields, (_TEXT, _TEXT), "VARCHAR[]"),
)


def carried_out(one: Function) -> Callable[..., pa.Array]:
    """What DuckDB calls for a function."""
    return one.call if one.takes_null else _beside_nulls(one.call)


def _beside_nulls(call: Callable[..., pa.Array]) -> Callable[..., pa.Array]:
    """A function that is given the rows without a null alone."""

    def called(*columns: pa.ChunkedArray) -> pa.Array:
        if not any(one.null_count for one in columns):
            return call(*columns)
        there = np.logical_and.reduce([_valid(one) for one in columns])
        found = call(*(one.filter(pa.array(there)) for one in columns))
        places = np.cumsum(there) - 1
        return found.take(pa.array(places, pa.int64(), mask=~there))

    # DuckDB counts the parameters of what it is given.
    counted: dict[int, Callable[..., pa.Array]] = {
        1: lambda a: called(a),
        2: lambda a, b: called(a, b),
        3: lambda a, b, c: called(a, b, c),
        4: lambda a, b, c, d: called(a, b, c, d),
    }
    return counted[len(inspect.signature(call).parameters)]


def _valid(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.asarray(column.is_valid().to_numpy(), np.bool_)
