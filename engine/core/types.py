"""Types of columns: one row for each, and how Arrow, SQL, Unity Catalog and the API's schemas call it.

Knows types; not values. Filters know a column by its `Kind` alone, and DuckDB reads Arrow's own types.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa

from engine.core.schema import Column, Kind

_HALF = b"float16"  # in a field's metadata: what its numbers were in the table
DECIMAL_DIGITS = 38  # of the cloud's widest decimal, and of DuckDB's


@dataclass(frozen=True)
class DataType:
    """The type of a single value.

    Attributes:
        is_arrow: whether an Arrow type is this one.
        stored: the Arrow type that an index stores it in; None where it stays as it is.
        kind: what filters, sorting and replies know of a stored value.
        catalog: Unity Catalog's `type_name`.
        sql: Unity Catalog's `type_text`, SQL's own spelling, and that of a schema as the cloud shows
            it; formatted with the Arrow type.
        words: how the schema of a direct access index may call it; none where it can't hold it.
        of_rows: the word in a schema that is made from rows; None where none can be made.
    """

    is_arrow: Callable[[pa.DataType], bool]
    stored: pa.DataType | None
    kind: Kind
    catalog: str
    sql: str
    words: tuple[str, ...] = ()
    of_rows: str | None = None


# The first row that an Arrow type fits counts. What fits none is shown as a string, and is stored as
# it is. The order of the words is that of the refusal of an unknown one.
_is = pa.types
TYPES: tuple[DataType, ...] = (
    DataType(_is.is_int32, pa.int32(), "int", "INT", "int", ("integer", "int"), "integer"),
    DataType(_is.is_int64, pa.int64(), "int", "LONG", "bigint", ("long", "bigint"), "long"),
    DataType(
        _is.is_int16, pa.int16(), "int", "SHORT", "smallint", ("short", "smallint"), "integer"
    ),
    DataType(_is.is_int8, pa.int8(), "int", "BYTE", "tinyint", ("byte", "tinyint"), "integer"),
    DataType(_is.is_uint64, None, "int", "DECIMAL", "decimal(20,0)", of_rows="integer"),
    DataType(_is.is_unsigned_integer, None, "int", "LONG", "bigint", of_rows="integer"),
    DataType(_is.is_float32, pa.float32(), "float", "FLOAT", "float", ("float",), "float"),
    DataType(_is.is_float64, pa.float64(), "float", "DOUBLE", "double", ("double",), "double"),
    DataType(_is.is_float16, pa.float64(), "float", "DOUBLE", "double", of_rows="double"),
    DataType(_is.is_boolean, pa.bool_(), "boolean", "BOOLEAN", "boolean", ("boolean",), "boolean"),
    DataType(_is.is_string, pa.string(), "string", "STRING", "string", ("string",), "string"),
    DataType(_is.is_large_string, pa.string(), "string", "STRING", "string", of_rows="string"),
    DataType(_is.is_string_view, pa.string(), "string", "STRING", "string"),
    DataType(_is.is_date32, pa.date32(), "date", "DATE", "date", ("date",), "date"),
    DataType(_is.is_date64, pa.date32(), "date", "DATE", "date", of_rows="date"),
    DataType(
        _is.is_timestamp,
        pa.timestamp("us"),
        "timestamp",
        "TIMESTAMP",
        "timestamp",
        ("timestamp",),
        "timestamp",
    ),
    DataType(_is.is_decimal128, None, "decimal", "DECIMAL", "decimal({0.precision},{0.scale})"),
    DataType(_is.is_decimal, None, "other", "DECIMAL", "decimal({0.precision},{0.scale})"),
    DataType(_is.is_binary, pa.binary(), "other", "BINARY", "binary"),
)
_BY_WORD = {word: row for row in TYPES for word in row.words}
WORDS: tuple[str, ...] = tuple(_BY_WORD)
_SPARK_WORDS = {"int": "integer", "bigint": "long", "smallint": "short", "tinyint": "byte"}
_DECIMAL = re.compile(r"(?:decimal|dec|numeric)(?:\((\d{1,2})(?:,(\d{1,2}))?\))?")
_TEXT = re.compile(r"(?:varchar|char)\(\d+\)")
_OF_SQL = {  # types of a table that an index's schema has no word for, or stores in another way
    "binary": pa.binary(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "real": pa.float32(),
}
# Of each kind, the type that holds every value of it; text holds those of all others.
_WIDEST = {_BY_WORD[word].kind: _BY_WORD[word].stored for word in WORDS} | {
    "int": pa.int64(),
    "float": pa.float64(),
}


@lru_cache(maxsize=256)
def row_of(kind: pa.DataType) -> DataType | None:
    """The row of an Arrow type; None for lists, structures and what else has no row."""
    return next((row for row in TYPES if row.is_arrow(kind)), None)


def is_list(kind: pa.DataType) -> bool:
    """Whether a column of this Arrow type holds lists, of any layout but a view."""
    return bool(_is.is_list(kind) or _is.is_large_list(kind) or _is.is_fixed_size_list(kind))


# ------------------------------------------------------------------ Arrow to an index
def stored_type(kind: pa.DataType) -> pa.DataType:
    """The type that an index stores a column in: plain, and times in UTC without a zone."""
    if _is.is_dictionary(kind):
        return stored_type(kind.value_type)
    if is_list(kind):
        return pa.list_(stored_type(kind.value_type))
    if _is.is_decimal(kind):
        return _stored_decimal(kind)
    row = row_of(kind)
    return kind if row is None or row.stored is None else row.stored


def with_each(kind: pa.DataType, changed: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """A type with others in the place of those that it is made of; of lists the layout is kept only
    where nothing within changes."""
    if is_list(kind):
        inner = with_each(kind.value_type, changed)
        return kind if inner == kind.value_type else pa.list_(inner)
    if _is.is_struct(kind):
        return pa.struct([one.with_type(with_each(one.type, changed)) for one in kind])
    if _is.is_map(kind):
        return pa.map_(with_each(kind.key_type, changed), with_each(kind.item_type, changed))
    return changed(kind)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type in which a table shows what a file holds in views, or in a type that wraps another.

    JSON is text, as Spark reads it, and a tensor a list. UUIDs stay, which are shown as such.
    """
    return with_each(kind, _plain)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The columns of a file in their plain types, without metadata."""
    return pa.schema([field.with_type(plain_type(field.type)) for field in schema])


def _plain(kind: pa.DataType) -> pa.DataType:
    if _is.is_string_view(kind):
        return pa.string()
    if _is.is_binary_view(kind):
        return pa.binary()
    if isinstance(kind, pa.Bool8Type):
        return pa.bool_()
    if isinstance(kind, (pa.JsonType, pa.OpaqueType, pa.FixedShapeTensorType)):
        return plain_type(kind.storage_type)
    return kind


def written_type(kind: pa.DataType) -> pa.DataType:
    """The type that a table of the workspace keeps a column in.

    Arrow takes no rows out of views of texts, and Parquet has no decimals of negative scale.
    """
    return with_each(kind, _written)


def _written(kind: pa.DataType) -> pa.DataType:
    kind = _plain(kind)
    if _is.is_decimal(kind) and kind.scale < 0:
        digits = kind.precision - kind.scale
        return pa.decimal128(digits) if digits <= DECIMAL_DIGITS else pa.decimal256(digits)
    return kind


def _stored_decimal(kind: pa.DataType) -> pa.DataType:
    """A decimal that Parquet and filters know; what has more than 38 digits stays as it is."""
    scale = max(kind.scale, 0)
    digits = max(kind.precision + scale - kind.scale, scale)
    return pa.decimal128(digits, scale) if digits <= DECIMAL_DIGITS else kind


def stored_field(field: pa.Field) -> pa.Field:
    """A field of a table as an index stores it."""
    inner = field.type.value_type if is_list(field.type) else field.type
    said = {_HALF: b""} if _is.is_float16(inner) else None
    return pa.field(field.name, stored_type(field.type), metadata=said)


def column_of(field: pa.Field) -> Column:
    """What the API knows of a stored column."""
    is_array = _is.is_list(field.type)
    kind = field.type.value_type if is_array else field.type
    row = row_of(kind)
    return Column(
        field.name,
        "other" if row is None else row.kind,
        is_array,
        single=_is.is_float32(kind),
        scale=kind.scale if _is.is_decimal128(kind) else 0,
        half=_HALF in (field.metadata or ()),
    )


def widest_type(kind: Kind) -> pa.DataType:
    """The Arrow type that holds every value of a kind, where no more than the kind is known."""
    return _WIDEST.get(kind, pa.string())


# ------------------------------------------------------------------ Arrow to words, and back
def catalog_type(kind: pa.DataType) -> tuple[str, str]:
    """A type as Unity Catalog names it (`type_name`), and as SQL writes it (`type_text`)."""
    if _is.is_dictionary(kind):
        return catalog_type(kind.value_type)
    if is_list(kind):
        return "ARRAY", f"array<{catalog_type(kind.value_type)[1]}>"
    if _is.is_struct(kind):
        fields = ",".join(f"{field.name}:{catalog_type(field.type)[1]}" for field in kind)
        return "STRUCT", f"struct<{fields}>"
    if _is.is_map(kind):
        key, value = (catalog_type(one)[1] for one in (kind.key_type, kind.item_type))
        return "MAP", f"map<{key},{value}>"
    row = row_of(kind)
    return ("STRING", "string") if row is None else (row.catalog, row.sql.format(kind))


def result_type(kind: pa.DataType) -> str:
    """A type as the columns of a statement's result write it: words in capitals, fields as they are."""
    if _is.is_dictionary(kind):
        return result_type(kind.value_type)
    if is_list(kind):
        return f"ARRAY<{result_type(kind.value_type)}>"
    if _is.is_struct(kind):
        return f"STRUCT<{', '.join(f'{one.name}: {result_type(one.type)}' for one in kind)}>"
    if _is.is_map(kind):
        return f"MAP<{result_type(kind.key_type)}, {result_type(kind.item_type)}>"
    return catalog_type(kind)[1].upper()


def spark_type(kind: pa.DataType) -> str | dict[str, object]:
    """A type as Spark's JSON writes it, which Unity Catalog's `type_json` holds."""
    if _is.is_dictionary(kind):
        return spark_type(kind.value_type)
    if is_list(kind):
        element = spark_type(kind.value_type)
        return {"type": "array", "elementType": element, "containsNull": True}
    if _is.is_struct(kind):
        fields = [
            {"name": one.name, "type": spark_type(one.type), "nullable": True, "metadata": {}}
            for one in kind
        ]
        return {"type": "struct", "fields": fields}
    if _is.is_map(kind):
        key, value = spark_type(kind.key_type), spark_type(kind.item_type)
        return {"type": "map", "keyType": key, "valueType": value, "valueContainsNull": True}
    text = catalog_type(kind)[1]
    return _SPARK_WORDS.get(text, text)


def parse_sql_type(text: str) -> pa.DataType | None:
    """The Arrow type of a table's column that SQL writes so, in any letter case; None for others."""
    word = "".join(text.lower().split())
    if word.startswith("array<") and word.endswith(">"):
        inner = parse_sql_type(word[6:-1])
        return None if inner is None else pa.list_(inner)
    decimal = _DECIMAL.fullmatch(word)
    if decimal:
        digits, scale = int(decimal[1] or 10), int(decimal[2] or 0)
        fits = 1 <= digits <= DECIMAL_DIGITS and scale <= digits
        return pa.decimal128(digits, scale) if fits else None
    if _TEXT.fullmatch(word):
        return pa.string()
    row = _BY_WORD.get(word)
    return _OF_SQL.get(word, None if row is None else row.stored)


def schema_type(kind: pa.DataType) -> str | None:
    """The API's word for rows of an Arrow type; None where a direct access index can't hold them.

    Lists of any floats are vectors: `array<float>`.
    """
    if not is_list(kind):
        row = row_of(kind)
        return None if row is None else row.of_rows
    inner = "float" if _is.is_floating(kind.value_type) else schema_type(kind.value_type)
    return None if inner is None else f"array<{inner}>"


def parse_schema_type(text: object) -> tuple[str, pa.DataType] | None:
    """A type as the API's schemas write it, in either spelling and any letter case.

    Returns:
        the cloud's own spelling and the Arrow type that an index stores; None for an unknown type.
    """
    word = text.strip().lower() if isinstance(text, str) else ""
    inner = word[6:-1].strip() if word.startswith("array<") and word.endswith(">") else None
    row = _BY_WORD.get(word if inner is None else inner)
    if row is None:
        return None
    return (row.sql, row.stored) if inner is None else (f"array<{row.sql}>", pa.list_(row.stored))
