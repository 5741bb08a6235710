"""The deltalake wall for writing: Delta tables of batches of rows. Knows types; not workspaces."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pyarrow as pa

from engine.core.types import is_list
from engine.errors import InvalidInputException, Locked
from engine.optional import require
from engine.store.tables.delta import errors_named
from engine.store.tables.partitions import misread_part
from engine.store.tables.widening import NotExact, common_type, widened

# What Spark can't name a column with, where a table does not map names.
_UNNAMEABLE = frozenset(" ,;{}()\n\t=")
_MOST_DIGITS = 38
_FEED = {"delta.enableChangeDataFeed": "true"}
_is = pa.types
_Mapped = tuple[Callable[[pa.DataType], bool], Callable[[pa.DataType], pa.DataType | None]]
_TYPES: tuple[_Mapped, ...] = (
    (_is.is_dictionary, lambda kind: delta_type(kind.value_type)),
    (lambda kind: bool(_is.is_string(kind) or _is.is_large_string(kind)), lambda _: pa.string()),
    (lambda kind: bool(_is.is_string_view(kind)), lambda _: pa.string()),
    (lambda kind: bool(_is.is_binary(kind) or _is.is_large_binary(kind)), lambda _: pa.binary()),
    (lambda kind: bool(_is.is_fixed_size_binary(kind)), lambda _: pa.binary()),
    (_is.is_uint8, lambda _: pa.int16()),
    (_is.is_uint16, lambda _: pa.int32()),
    (_is.is_uint32, lambda _: pa.int64()),
    (_is.is_uint64, lambda _: pa.decimal128(20, 0)),
    (_is.is_float16, lambda _: pa.float32()),
    (_is.is_date, lambda _: pa.date32()),
    # The cloud's TIMESTAMP: an instant. Times without a zone are in UTC here.
    (_is.is_timestamp, lambda _: pa.timestamp("us", "UTC")),
    (_is.is_decimal, lambda kind: _decimal(kind)),
    (_is.is_map, lambda kind: _map(kind)),
    (_is.is_struct, lambda kind: _struct(kind)),
    (
        is_list,
        lambda kind: None if (one := delta_type(kind.value_type)) is None else pa.list_(one),
    ),
    (lambda kind: bool(_is.is_boolean(kind) or _is.is_signed_integer(kind)), lambda kind: kind),
    (lambda kind: bool(_is.is_floating(kind)), lambda kind: kind),
)


def delta_type(kind: pa.DataType) -> pa.DataType | None:
    """The type that holds every value of `kind` in a Delta table; None where it has none."""
    for is_one, mapped in _TYPES:
        if is_one(kind):
            return mapped(kind)
    return None


def _decimal(kind: pa.DataType) -> pa.DataType | None:
    if kind.precision > _MOST_DIGITS or kind.scale < 0:
        return None
    return pa.decimal128(kind.precision, kind.scale)


def _map(kind: pa.DataType) -> pa.DataType | None:
    key, item = delta_type(kind.key_type), delta_type(kind.item_type)
    return None if key is None or item is None else pa.map_(key, item)


def _struct(kind: pa.DataType) -> pa.DataType | None:
    fields = [(field.name, delta_type(field.type)) for field in kind]
    if not fields or any(one is None for _, one in fields):
        return None
    return pa.struct(fields)


def delta_schema(schema: pa.Schema) -> pa.Schema:
    """The same columns in types of Delta.

    Raises:
        InvalidInputException: a column whose type or name Delta can't take; names the column.
    """
    fields, seen = [], dict[str, str]()
    for field in schema:
        kind = delta_type(field.type)
        if kind is None:
            raise InvalidInputException(
                f"column {field.name!r:.80} is of type {field.type}, which Delta can't take. Write the "
                "table with another type, such as a text or a number."
            )
        bad = sorted(set(field.name) & _UNNAMEABLE)
        if bad or not field.name:
            raise InvalidInputException(
                f"column {field.name!r:.80} has {bad} in its name, which Delta can't take. Rename it."
            )
        twin = seen.setdefault(field.name.lower(), field.name)
        if twin != field.name:
            raise InvalidInputException(
                f"columns {twin!r:.80} and {field.name!r:.80} differ in letter case only, which Delta "
                "can't tell apart. Rename one."
            )
        fields.append(pa.field(field.name, kind))
    return pa.schema(fields)


def write_delta(
    folder: Path,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    partition_by: Sequence[str] = (),
) -> int:
    """Write a new Delta table that records its changes from now on; returns the number of rows.

    Args:
        folder: where it is to lie; nothing may be there.
        schema: of the batches; the table has `delta_schema` of it.
        partition_by: columns whose values name its folders.

    Raises:
        MissingExtra: the package deltalake is not installed.
        InvalidInputException: Delta can't hold a column, or a value of it exactly. Whatever reading the
            batches raises comes as it is.
        OSError: the system refused to write. What is there then is not whole.
    """
    given = {"configuration": _FEED, "partition_by": list(partition_by) or None}
    return _commit(folder, delta_schema(schema), batches, _cast, given)


def add_to_delta(
    folder: Path,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    replacing: bool = False,
    columns: Literal["kept", "added", "replaced"] = "kept",
    partition_by: Sequence[str] = (),
    seen: int | None = None,
) -> int:
    """Put rows into a Delta table, in one commit; returns their number.

    Columns are found by their names in any case; those that the rows lack are null.

    Args:
        replacing: they take the place of all that it holds.
        columns: of the table: as they are, with what only the rows have behind them, or those of the
            rows, which only rows that take the place of all can bring.
        partition_by: as the table is partitioned; empty where that doesn't matter.
        seen: the version that the rows were made of, and must be the newest still; None for any.

    Raises:
        As `write_delta`, for columns or types that don't go into the table's too; and BadSourceFile: it
        can't be read. Locked: somebody wrote it meanwhile. It is as it was then.
    """
    deltalake = _deltalake()
    mode, parts = "overwrite" if replacing else "append", list(partition_by) or None
    how: dict[str, Any] = {"mode": mode, "partition_by": parts}
    if replacing and columns == "replaced":
        how["schema_mode"] = "overwrite"
        return _commit(folder, delta_schema(schema), batches, _cast, how)
    with errors_named(folder):
        table = deltalake.DeltaTable(str(folder.absolute()), seen)
        into = pa.schema(table.schema().to_arrow())
    wanted = _joined(into, delta_schema(schema), columns == "added")
    if len(wanted) > len(into):
        how["schema_mode"] = "merge"
    if seen is not None:
        how["commit_properties"] = deltalake.CommitProperties(None, 0)
    return _commit(folder, wanted, batches, _placed, how, None if seen is None else table)


def join_delta_files(folder: Path, zorder: Sequence[str] = ()) -> Mapping[str, Any]:
    """Write a Delta table's small files as few, in one commit of which no row comes or goes.

    Args:
        zorder: columns whose near values come to lie together; empty to keep the rows' order.

    Returns:
        what deltalake counted: `numFilesAdded`, `numFilesRemoved`, `filesAdded` and so on.

    Raises:
        BadSourceFile: a table that can't be read, or a column that it lacks.
    """
    deltalake = _deltalake()
    with errors_named(folder):
        optimizer = deltalake.DeltaTable(str(folder.absolute())).optimize
        found = optimizer.z_order(list(zorder)) if zorder else optimizer.compact()
    return {
        key: json.loads(value) if isinstance(value, str) and value.startswith("{") else value
        for key, value in found.items()
    }


def vacuum_delta(folder: Path, hours: int | None, dry_run: bool) -> list[str]:
    """Delete files that no version of the last hours names; returns their paths in the folder.

    Args:
        hours: None for the table's own; deltalake refuses fewer than that. dry_run: delete none.

    Raises:
        InvalidInputException: too few hours. BadSourceFile: a table that can't be read.
    """
    deltalake = _deltalake()
    with errors_named(folder):
        table = deltalake.DeltaTable(str(folder.absolute()))
        try:
            return list(table.vacuum(hours, dry_run=dry_run))
        except deltalake.exceptions.DeltaError as error:
            if hours is None:
                raise
            # Fails too where the hours are not the reason; deletes nothing.
            table.vacuum(hours, dry_run=True, enforce_retention_duration=False)
            raise InvalidInputException(
                f"[DELTA_VACUUM_RETENTION_PERIOD_TOO_SHORT] RETAIN {hours} HOURS: {error}. Versions of "
                "that time could no longer be read; leave RETAIN out, or say as many hours."
            ) from None


def restore_delta(folder: Path, version: int) -> dict[str, int]:
    """Make a version of a Delta table the newest once more.

    Returns:
        `size` (bytes) and `files` of it afterwards, `num_removed_files`, `num_restored_files`.

    Raises:
        BadSourceFile: a table that can't be read, or files of the version are gone.
    """
    deltalake = _deltalake()
    with errors_named(folder):
        table = deltalake.DeltaTable(str(folder.absolute()))
        found = table.restore(version)
        sizes = pa.table(table.get_add_actions()).column("size_bytes").to_pylist()
    return {
        "size": sum(sizes),
        "files": len(sizes),
        "num_removed_files": int(found["numRemovedFile"]),
        "num_restored_files": int(found["numRestoredFile"]),
    }


def set_delta_properties(folder: Path, properties: Mapping[str, str]) -> None:
    """Let a Delta table have properties. Raises BadSourceFile: it can't be read, or takes none such."""
    deltalake = _deltalake()
    with errors_named(folder):
        deltalake.DeltaTable(str(folder.absolute())).alter.set_table_properties(dict(properties))


def add_delta_feature(folder: Path, name: str) -> None:
    """Let a Delta table have a feature of the protocol, as `deletionVectors`.

    Raises:
        InvalidInputException: none of that name. BadSourceFile: a table that can't be read.
    """
    deltalake = _deltalake()
    features = {one.lower(): one for one in vars(deltalake.TableFeatures) if one[0].isupper()}
    known = features.get(name.lower())
    if known is None:
        raise InvalidInputException(
            f"[DELTA_UNSUPPORTED_FEATURES_IN_CONFIG] {name!r:.80} is no feature of a table; known are "
            f"{', '.join(one[0].lower() + one[1:] for one in sorted(features.values()))}."
        )
    feature = getattr(deltalake.TableFeatures, known)
    with errors_named(folder):
        table = deltalake.DeltaTable(str(folder.absolute()))
        table.alter.add_feature([feature], allow_protocol_versions_increase=True)


def convert_to_delta(folder: Path, partitions: pa.Schema | None) -> None:
    """Make a folder of Parquet files a Delta table where it lies.

    Args:
        partitions: columns that its folders name, as `kind=a`; None for none.

    Raises:
        InvalidInputException: it holds no such files, or others than it is said to.
    """
    deltalake = _deltalake()
    how: dict[str, Any] = {}
    if partitions is not None:
        how = {
            "partition_by": deltalake.Schema.from_arrow(partitions),
            "partition_strategy": "hive",
        }
    try:
        deltalake.convert_to_deltalake(str(folder.absolute()), **how)
    except Exception as error:  # deltalake's come without a class of their own
        raise _refusal(folder, error) from error


def _deltalake() -> ModuleType:
    return require("deltalake", "writing a Delta table")


def _joined(into: pa.Schema, rows: pa.Schema, new_columns: bool) -> pa.Schema:
    """A table's columns, and behind them those that only the rows have. Raises InvalidInputException."""
    known = {field.name.lower(): field for field in into}
    added = [field for field in rows if field.name.lower() not in known]
    if added and not new_columns:
        raise InvalidInputException(
            f"the Delta table has no column {added[0].name!r:.80}; it has {', '.join(into.names)}. "
            "Leave it out, or let the table get it: option mergeSchema."
        )
    for field in rows:
        wanted = known.get(field.name.lower(), field)
        if common_type([field.type, wanted.type]) != wanted.type:
            raise InvalidInputException(
                f"column {field.name!r:.80} is of type {field.type}, but {wanted.type} in the Delta "
                "table, which does not hold its values as they are. Cast it."
            )
    return pa.schema([*into, *added])


def _commit(
    folder: Path,
    wanted: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    cast: Callable[[pa.RecordBatch, pa.Schema], pa.RecordBatch],
    how: Mapping[str, Any],
    table: Any = None,
) -> int:
    """Hand the batches to deltalake, as `cast` brings each to the wanted columns; see `write_delta`."""
    deltalake = _deltalake()
    misread = misread_part(folder)
    if misread is not None:
        raise InvalidInputException(
            f"{str(folder)!r} has {misread!r} in its path, which deltalake misreads; give another."
        )
    failed: list[BaseException] = []
    rows = 0

    def given() -> Iterator[pa.RecordBatch]:
        """The batches; what goes wrong with them is kept, deltalake would make a text of it."""
        nonlocal rows
        try:
            for batch in batches:
                rows += batch.num_rows
                yield cast(batch, wanted)
        except BaseException as error:
            failed.append(error)
            raise

    into = str(folder.absolute()) if table is None else table
    try:
        deltalake.write_deltalake(into, pa.RecordBatchReader.from_batches(wanted, given()), **how)
    except Exception as error:  # deltalake's come without a class of their own
        if failed:
            raise failed[0] from None
        raise _refusal(folder, error) from error
    return rows


def _refusal(folder: Path, error: Exception) -> Exception:
    """What deltalake said, as an OSError where it was the system's word."""
    whole = str(error)
    if isinstance(error, _deltalake().exceptions.CommitFailedError):
        return Locked(
            f"{folder} was written by somebody else meanwhile, and is as they left it. Try again."
        )
    number = re.search(r"os error (\d+)|code: (\d+)", whole)
    if number is None:
        return InvalidInputException(f"deltalake could not write it: {whole.partition(chr(10))[0]}")
    code = int(number[1] or number[2])
    return OSError(code, os.strerror(code), str(folder))


def _cast(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for field, column in zip(schema, batch.columns):
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except pa.ArrowException as error:
            raise InvalidInputException(
                f"column {field.name!r:.80} holds a value that {field.type}, Delta's type for it, can't "
                f"hold as it is: {error!s:.200}"
            ) from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _placed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rows in the columns of a table that is there, by name. Raises InvalidInputException."""
    plain = _cast(batch, delta_schema(batch.schema))
    found = {name.lower(): column for name, column in zip(plain.schema.names, plain.columns)}
    columns = []
    for field in schema:
        column = found.get(field.name.lower())
        try:
            columns.append(
                pa.nulls(len(batch), field.type) if column is None else widened(column, field.type)
            )
        except NotExact as error:
            raise InvalidInputException(
                f"column {field.name!r:.80} holds a value that {field.type}, the table's type for it, "
                f"can't hold as it is: {error!s:.200}"
            ) from None
    return pa.RecordBatch.from_arrays(columns, schema=schema)
