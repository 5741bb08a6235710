"""Types of a Delta table's columns, and of the Parquet files below it. Knows Arrow types; not files."""

from __future__ import annotations

import pyarrow as pa

from engine.core.types import is_list
from engine.store.tables.widening import common_type


def plain_type(kind: pa.DataType) -> pa.DataType:
    """A type of a Delta table as its readers see it: times in UTC without a zone, in microseconds."""
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_list(kind):
        return pa.list_(plain_type(kind.value_type))
    return kind


def fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether the wanted type is one for all values of the found one, but for some checked by value."""
    return bool(common_type([logical_type(found), logical_type(wanted)]) == logical_type(wanted))


def logical_type(kind: pa.DataType) -> pa.DataType:
    """A type without regard to how its values lie in memory: large or not, as a dictionary or not.

    Times are Delta's, in microseconds.
    """
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    if pa.types.is_dictionary(kind):
        return logical_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.binary()
    if is_list(kind):
        return pa.list_(logical_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, logical_type(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(logical_type(kind.key_type), logical_type(kind.item_type))
    return kind
