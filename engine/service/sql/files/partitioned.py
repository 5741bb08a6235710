"""Columns that are in the names of folders, `color=Red/a.csv`, beside the rows of files. Knows names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrow.objects import object_of
from engine.errors import BadSourceFile
from engine.service.sql.files.finding import FoundFile
from engine.service.table_files.conversions import converted
from engine.store.tables.partitions import partition_values


def with_partitions(
    rows: pa.Table, files: Sequence[FoundFile], counts: Sequence[int], places: int | None = None
) -> pa.Table:
    """Rows with the columns that their files' folders name, behind the files' own.

    A column has one type for all files, as a registered folder's has; it is null where a file lies in
    no such folder.

    Args:
        counts: rows of each file. places: where the columns go; None for the end.

    Raises:
        BadSourceFile: a file says another value in a column of that name.
    """
    names = dict.fromkeys(name for file in files for name in file.partitions)
    own = {name.lower(): name for name in rows.column_names}
    at = rows.num_columns if places is None else places
    for name in names:
        kind, values = partition_values(file.partitions.get(name) for file in files)
        said = [values[file.partitions.get(name)] for file in files]
        if name.lower() in own:
            _check(rows.column(own[name.lower()]), name, kind, said, files, counts)
        else:
            column = pa.array(said, kind).take(pa.array(np.repeat(np.arange(len(files)), counts)))
            rows = rows.add_column(at, name, column)
            at += 1
    return rows


def _check(
    column: pa.ChunkedArray,
    name: str,
    kind: pa.DataType,
    said: Sequence[Any],
    files: Sequence[FoundFile],
    counts: Sequence[int],
) -> None:
    start = 0
    for file, value, count in zip(files, said, counts):
        text = file.partitions.get(name)
        for found in column.slice(start, count).unique() if name in file.partitions else ():
            if not _is_same(found, value, text, kind):
                raise BadSourceFile(
                    f"column {name!r:.80} holds {object_of(found)!r:.80}, but the file lies in the "
                    f"folder {name}={text}. Write the file anew without the column, or move it.",
                    file=file.path,
                )
        start += count


def _is_same(found: pa.Scalar, value: Any, text: str | None, kind: pa.DataType) -> bool:
    plain = object_of(found)
    if plain == value or str(plain) == text:
        return True
    made = converted(pa.chunked_array([pa.array([plain], found.type)]), kind)
    return made is not None and made[0].as_py() == value
