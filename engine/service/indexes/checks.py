"""Whether a table or a schema can be an index: its key, its vector, its columns. Knows types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from engine.core.index_request import IndexRequest
from engine.core.schema import (
    MAX_COLUMNS,
    RESERVED_COLUMN,
    IndexSpec,
    Kind,
    missing_columns,
    suggestion,
)
from engine.core.values import is_text
from engine.errors import InvalidParameterValue
from engine.service.indexes.direct_access import check_type
from engine.store.segments.ann.building import check_factory
from engine.store.segments.segment import GROUP_COLUMN, HASH_COLUMN
from engine.store.vector_columns import is_vector_type

INTERNAL = "__"  # names that start so are some program's own; the cloud's clients hide them


def check_source(schema: pa.Schema, request: IndexRequest) -> list[str]:
    """The columns of an index over a table; see `IndexCreation.delta_sync` for what is refused.

    By default all of the table but those whose names start with `__`, such as pandas'
    `__index_level_0__` and the cloud's `__db_text_vector`; these are taken when they are named.
    """
    table, columns_to_sync = request.source_table, request.columns_to_sync
    source_column = request.source_column
    parts = _parts(request.primary_key, request.vector_column, source_column)
    _check_parts(schema, table, parts)
    if columns_to_sync is not None:
        missing = [name for name in columns_to_sync if name not in schema.names]
        if missing:
            raise missing_columns(missing, schema.names)
    # The key and what embeddings come from are always part of an index.
    by_default = [name for name in schema.names if not name.startswith(INTERNAL)]
    chosen = {*(column for _, column in parts), *(columns_to_sync or by_default)}
    wanted = [name for name in schema.names if name in chosen]
    if len(wanted) > MAX_COLUMNS:
        raise InvalidParameterValue(
            f"an index holds at most {MAX_COLUMNS} columns; {table} would bring {len(wanted)}. "
            "Choose some with columns_to_sync."
        )
    _check_columns(wanted)
    if source_column is not None and computed_column(source_column) in wanted:
        raise InvalidParameterValue(
            f"column {computed_column(source_column)!r} of {table} has the name of the vectors that "
            "the index computes. Leave it out of columns_to_sync."
        )
    if len(parts) == 1 and not any(_is_text(schema.field(name).type) for name in wanted):
        raise InvalidParameterValue(
            f"index_subtype FULL_TEXT needs a column of text; {table} brings "
            f"{', '.join(f'{name} ({schema.field(name).type})' for name in wanted)}."
        )
    return wanted


def _parts(
    primary_key: str, vector_column: str | None, source_column: str | None
) -> list[tuple[str, str]]:
    """The columns that have a part in an index, with the API's word for it."""
    named = [
        ("primary_key", primary_key),
        ("embedding_vector_column", vector_column),
        ("embedding_source_column", source_column),
    ]
    return [(part, column) for part, column in named if column is not None]


def _check_parts(schema: pa.Schema, table: str, parts: Sequence[tuple[str, str]]) -> None:
    for part, column in parts:
        if column not in schema.names:
            raise InvalidParameterValue(
                f"{part} {column!r} is not a column of {table}.{suggestion(column, schema.names)} "
                f"Columns: {', '.join(schema.names)}."
            )
    for part, column in parts:
        fits, expected = _FITTING[part]
        kind = schema.field(column).type
        if not fits(kind):
            raise InvalidParameterValue(
                f"{part} {column!r} of {table} has type {kind}; expected {expected}."
            )


def unfit_columns(
    schema: pa.Schema, spec: IndexSpec, key_kind: Kind | None, types: Mapping[str, str]
) -> list[str]:
    """Columns of a source table whose type no longer fits their part in an index, with the reason.

    Args:
        key_kind: kind of the index's keys; None where it has none yet.
        types: what the columns were of, as far as that is known.
    """
    vector_column = None if spec.is_managed else spec.vector_column or None
    unfit = []
    for part, column in _parts(spec.primary_key, vector_column, spec.source_column):
        fits, expected = _FITTING[part]
        kind = schema.field(column).type
        changed = (
            f"{column} from {types[column]} to {kind}" if column in types else f"{column} to {kind}"
        )
        if not fits(kind):
            unfit.append(f"{changed}, expected {expected}")
        elif part == "primary_key" and key_kind not in (None, "int" if _is_int(kind) else "string"):
            unfit.append(f"{changed}, while the index's keys are of kind {key_kind}")
    return unfit


def check_offered(endpoint_type: str, request: IndexRequest) -> None:
    """Refuse what an endpoint of this type does not offer.

    Raises:
        InvalidParameterValue: CONTINUOUS on a storage-optimized endpoint, or FULL_TEXT on a standard
            one.
    """
    if endpoint_type == "STORAGE_OPTIMIZED" and request.pipeline == "CONTINUOUS":
        raise InvalidParameterValue(
            "Storage-optimized endpoints do not support CONTINUOUS indexes; use TRIGGERED."
        )
    if endpoint_type == "STANDARD" and request.subtype == "FULL_TEXT":
        raise InvalidParameterValue(
            "index_subtype FULL_TEXT needs a STORAGE_OPTIMIZED endpoint; this one is STANDARD."
        )


def check_length(endpoint_type: str, length: int, faiss_factory: str | None) -> None:
    """Refuse vectors that an endpoint of this type does not take, or that can't be indexed as asked.

    Raises:
        InvalidParameterValue: on a storage-optimized endpoint no multiple of 16; or nothing that
            FAISS makes for this length.
    """
    if endpoint_type == "STORAGE_OPTIMIZED" and length % 16:
        raise InvalidParameterValue(
            f"embedding_dimension is {length}; storage-optimized endpoints take multiples of 16."
        )
    if faiss_factory is not None:
        check_factory(faiss_factory, length)


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
    internal = [column for column in kinds if column.startswith(INTERNAL)]
    if internal:
        raise InvalidParameterValue(
            f"column names that start with __ are internal; rename {', '.join(internal)}."
        )
    _check_columns(list(kinds))


def _is_int(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind))


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(test(kind) for test in tests)


def _is_key(kind: pa.DataType) -> bool:
    return _is_int(kind) or _is_text(kind)


# The types that a column must have for its part in an index, and how to say so.
_FITTING: Mapping[str, tuple[Callable[[pa.DataType], bool], str]] = {
    "primary_key": (_is_key, "integers or strings"),
    "embedding_vector_column": (is_vector_type, "a list of numbers"),
    "embedding_source_column": (_is_text, "strings"),
}


def _check_columns(columns: Sequence[str]) -> None:
    if len(columns) > MAX_COLUMNS:
        raise InvalidParameterValue(
            f"an index holds at most {MAX_COLUMNS} columns; {len(columns)} were given. Choose some."
        )
    if RESERVED_COLUMN in columns:
        raise InvalidParameterValue(
            f"column name {RESERVED_COLUMN!r} is reserved; rename it, or choose the others with "
            "columns_to_sync (--columns)."
        )
    halves = [name for name in columns if not is_text(name)]
    if halves:
        raise InvalidParameterValue(
            f"column name {halves[0]!r} holds a lone surrogate, half of a character; rename it."
        )
    internal = [name for name in columns if name in (HASH_COLUMN, GROUP_COLUMN)]
    if internal:
        raise InvalidParameterValue(
            f"column name {internal[0]!r} is used by the index itself; rename it, or leave it out with "
            "columns_to_sync (--columns)."
        )


def computed_column(source_column: str | None) -> str:
    """The internal column of the vectors that are computed of a column, as the cloud calls it."""
    return "" if source_column is None else f"__db_{source_column}_vector"
