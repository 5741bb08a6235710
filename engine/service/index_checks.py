"""Whether a table or a schema can be an index: its key, its vector, its columns. Knows types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from engine.core.schema import MAX_COLUMNS, RESERVED_COLUMN, missing_columns, suggestion
from engine.errors import InvalidParameterValue
from engine.service.direct import check_type
from engine.store.vector_columns import is_vector_type


def check_source(
    schema: pa.Schema,
    table: str,
    primary_key: str,
    vector_column: str,
    columns_to_sync: Sequence[str] | None,
) -> list[str]:
    """The columns of an index over a table; see `Catalog.create_index` for what is refused."""
    for role, column in (("primary_key", primary_key), ("embedding_vector_column", vector_column)):
        if column not in schema.names:
            raise InvalidParameterValue(
                f"{role} {column!r} is not a column of {table}.{suggestion(column, schema.names)} "
                f"Columns: {', '.join(schema.names)}."
            )
    kind = schema.field(primary_key).type
    if not (
        pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)
    ):
        raise InvalidParameterValue(
            f"primary_key {primary_key!r} of {table} has type {kind}; expected integers or strings."
        )
    if not is_vector_type(schema.field(vector_column).type):
        raise InvalidParameterValue(
            f"embedding_vector_column {vector_column!r} of {table} has type "
            f"{schema.field(vector_column).type}; expected a list of numbers."
        )
    if columns_to_sync is not None:
        missing = [name for name in columns_to_sync if name not in schema.names]
        if missing:
            raise missing_columns(missing)
    # The key and the vector are always part of an index.
    chosen = {primary_key, vector_column, *(columns_to_sync or schema.names)}
    wanted = [name for name in schema.names if name in chosen]
    if len(wanted) > MAX_COLUMNS:
        raise InvalidParameterValue(
            f"an index holds at most {MAX_COLUMNS} columns; {table} would bring {len(wanted)}. "
            "Choose some with columns_to_sync."
        )
    _check_columns(wanted)
    return wanted


def check_direct_schema(schema: object, primary_key: str, vector_column: str) -> None:
    """Refuse the schema of a direct access index that can't hold its rows."""
    if not isinstance(schema, Mapping) or not schema:
        raise InvalidParameterValue(
            f"schema is {schema!r:.80}; expected a dict of types by column, such as "
            '{"id": "int", "text": "string", "vector": "array<float>"}.'
        )
    kinds = {column: check_type(str(column), text)[1] for column, text in schema.items()}
    for role, column in (("primary_key", primary_key), ("embedding_vector_column", vector_column)):
        if column not in kinds:
            raise InvalidParameterValue(
                f"{role} {column!r} is not in the schema.{suggestion(column, kinds)} "
                f"Columns: {', '.join(kinds)}."
            )
    if not (pa.types.is_integer(kinds[primary_key]) or pa.types.is_string(kinds[primary_key])):
        raise InvalidParameterValue(
            f"primary_key {primary_key!r} has type {schema[primary_key]}; expected an integer type "
            "or string."
        )
    if not is_vector_type(kinds[vector_column]):
        raise InvalidParameterValue(
            f"embedding_vector_column {vector_column!r} has type {schema[vector_column]}; expected "
            "array<float> or array<double>."
        )
    _check_columns(list(kinds))


def _check_columns(columns: Sequence[str]) -> None:
    if len(columns) > MAX_COLUMNS:
        raise InvalidParameterValue(
            f"an index holds at most {MAX_COLUMNS} columns; {len(columns)} were given. Choose some."
        )
    if RESERVED_COLUMN in columns:
        raise InvalidParameterValue(f"column name {RESERVED_COLUMN!r} is reserved; rename it.")
    internal = [name for name in columns if name.startswith("__")]
    if internal:
        raise InvalidParameterValue(
            f"column names that start with __ are internal; rename {', '.join(internal)}."
        )
