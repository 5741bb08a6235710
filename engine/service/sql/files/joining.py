"""Rows of several files as one table: columns by their names in any letter case, each in a type that
holds all values as they are. Knows tables; not formats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import pyarrow as pa

from engine.errors import BadSourceFile, BadStatement
from engine.service.sql.files.finding import FoundFile
from engine.store.tables.widening import NotExact, common_type, widened


def joined(parts: Sequence[pa.Table], files: Sequence[FoundFile], merges: bool) -> pa.Table:
    """Tables one after the other; what a file lacks is null.

    Args:
        files: one for each table, for messages.
        merges: with the columns of all files; else with those of the first.

    Raises:
        BadStatement: no type holds the values of two files. BadSourceFile: a value that has no form in
            the common type.
    """
    twins = set[str]().union(*(_twins(part.column_names) for part in parts))
    places = [_places(part.column_names, twins) for part in parts]
    names: dict[str, str] = {}
    for part, known in zip(parts, places if merges else places[:1]):
        for key, place in known.items():
            names.setdefault(key, part.column_names[place])
    columns = []
    for key, name in names.items():
        found = [
            part.column(known[key]) if key in known else None for part, known in zip(parts, places)
        ]
        columns.append(_column(name, found, parts, files))
    return pa.table(columns, names=list(names.values()))


def _places(names: Sequence[str], twins: Collection[str]) -> dict[str, int]:
    """The place of each column by what it is known by in all files: small letters, or the name as it is
    where a file has two that differ in letter case alone."""
    keys = [f"={name}" if name.lower() in twins else name.lower() for name in names]
    return {key: place for place, key in enumerate(keys)}


def _twins(names: Sequence[str]) -> set[str]:
    counts = Counter(name.lower() for name in names)
    return {name for name, count in counts.items() if count > 1}


def _column(
    name: str,
    found: Sequence[pa.ChunkedArray | None],
    parts: Sequence[pa.Table],
    files: Sequence[FoundFile],
) -> pa.ChunkedArray:
    kinds = [None if one is None or one.null_count == len(one) else one.type for one in found]
    if not any(kinds):
        kinds = [None if one is None else one.type for one in found]
    wanted = _type(name, kinds, files)
    chunks: list[pa.Array] = []
    for part, one, file in zip(parts, found, files):
        if one is None or one.null_count == len(one):
            chunks.append(pa.nulls(part.num_rows, wanted))
        else:
            chunks += _in_type(one, wanted, name, file)
    return pa.chunked_array(chunks, wanted)


def _type(
    name: str, kinds: Sequence[pa.DataType | None], files: Sequence[FoundFile]
) -> pa.DataType:
    known = [kind for kind in kinds if kind is not None]
    kind = common_type(known) or _of_fields(known)
    if kind is not None:
        return kind
    first = next(n for n, one in enumerate(kinds) if one is not None)
    other = next(
        n
        for n, one in enumerate(kinds)
        if one is not None and common_type([kinds[first], one]) is None
    )
    raise BadStatement(
        f"[CANNOT_MERGE_SCHEMAS] Column {name!r:.80} is of type {kinds[other]} in "
        f"{files[other].path:.300}, but {kinds[first]} in {files[first].path:.300}. No type holds the "
        "values of both as they are. Read the files one by one and cast the column, or write them anew."
    )


def _of_fields(kinds: Sequence[pa.DataType]) -> pa.DataType | None:
    """Structures with the fields of all; None for other types."""
    if not all(map(pa.types.is_struct, kinds)):
        return None
    names = dict.fromkeys(field.name for kind in kinds for field in kind)
    fields = []
    for name in names:
        inner = [kind.field(name).type for kind in kinds if kind.get_field_index(name) >= 0]
        kind = common_type(inner) or _of_fields(inner)
        if kind is None:
            return None
        fields.append(pa.field(name, kind))
    return pa.struct(fields)


def _in_type(
    column: pa.ChunkedArray, wanted: pa.DataType, name: str, file: FoundFile
) -> list[pa.Array]:
    try:
        return [_widened(chunk, wanted) for chunk in column.chunks]
    except NotExact as error:
        raise BadSourceFile(
            f"column {name!r:.80} is of type {column.type}; with the other files it becomes {wanted}, "
            f"which does not hold a value of this file: {error!s:.200}",
            file=file.path,
        ) from None


def _widened(column: pa.Array, wanted: pa.DataType) -> pa.Array:
    is_struct = pa.types.is_struct(wanted) and pa.types.is_struct(column.type)
    if column.type == wanted or not is_struct:
        return widened(column, wanted)
    fields = [
        _widened(column.field(column.type.get_field_index(one.name)), one.type)
        if column.type.get_field_index(one.name) >= 0
        else pa.nulls(len(column), one.type)
        for one in wanted
    ]
    return pa.StructArray.from_arrays(fields, fields=list(wanted), mask=column.is_null())
