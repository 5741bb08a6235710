"""A file of rows as a table: CSV, JSON lines, Parquet. Knows formats; not where tables lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import orjson
import pyarrow as pa

from engine.core.arrow.objects import rows_of
from engine.core.schema import suggestion
from engine.core.types import parse_sql_type
from engine.core.values import shown
from engine.errors import BadSourceFile, InvalidInputException
from engine.service.given_rows import table_of
from engine.service.table_files.csv_rows import CsvForm, read_csv
from engine.service.table_files.formats import FORMAT_OF_ENDING, FORMATS
from engine.service.table_files.json_rows import json_rows, read_json
from engine.service.table_files.packed import name_within
from engine.service.table_files.types import guessed, typed, with_types
from engine.store.tables.parquet_files import ParquetFiles
from engine.store.tables.partitions import find_files, is_delta


@dataclass(frozen=True)
class RowFormat:
    """How a file of rows is to be read.

    Attributes:
        format: one of FORMATS; None for what the file's name says.
        delimiter, encoding: of a text; see `CsvForm`.
        types: SQL types by column, in place of those that are guessed.
        schema: of the direct access index that the rows are for: of a CSV file, where all is text,
            what the index holds as text stays it, and its arrays are JSON lists.
    """

    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, str] = field(default_factory=dict)

    @property
    def arrow_types(self) -> dict[str, pa.DataType]:
        """The types as Arrow has them. Raises InvalidInputException for one that no table holds."""
        return {name: column_type(name, text) for name, text in self.types.items()}


def column_type(name: str, text: str) -> pa.DataType:
    """The Arrow type of a column that SQL writes so.

    Raises:
        InvalidInputException: a type that tables here can't hold.
    """
    found = parse_sql_type(text)
    if found is None:
        raise InvalidInputException(
            f"column {name!r:.80} is of the type {text!r:.80}, which tables here can't hold. Offered "
            "are int, bigint, float, double, decimal(p,s), string, boolean, date, timestamp, binary, "
            "and array<...> of one."
        )
    return found


def format_of(path: Path, given: str | None = None) -> str:
    """The format of a file, by its name where it is not given.

    Raises:
        InvalidInputException: an unknown format, or a name that tells none.
    """
    if given is not None:
        if given.lower() not in FORMATS:
            raise InvalidInputException(
                f"format is {given!r:.40}; expected one of {', '.join(FORMATS)}."
                f"{suggestion(given, FORMATS)}"
            )
        return given.lower()
    if path.is_dir():
        if is_delta(path):
            return "delta"
        return "parquet"
    found = FORMAT_OF_ENDING.get(name_within(path).suffix.lower())
    if found is None:
        raise InvalidInputException(
            f"{path} has no ending that tells its format; expected one of "
            f"{', '.join(FORMAT_OF_ENDING)}, or the format named."
        )
    return found


def read_file(path: Path, how: RowFormat = RowFormat()) -> pa.Table:
    """The rows of a file.

    Raises:
        BadSourceFile: no such file, or a row or value that can't be read; says where.
        InvalidInputException: a format, an encoding or a type that is not known, or a Delta table,
            which is registered where it lies.
    """
    if not path.exists():
        raise BadSourceFile("there is no such file", file=str(path))
    kind = format_of(path, how.format)
    if kind == "delta":
        raise InvalidInputException(f"{path} is a Delta table: register it where it lies.")
    if kind == "parquet":
        return with_types(_parquet(path), how.arrow_types, str(path))
    if kind == "json":
        return rows_table(read_json(path, how.encoding), how, str(path))
    return _typed_texts(_texts(path, how), how, str(path))


def _texts(path: Path, how: RowFormat) -> pa.Table:
    """A CSV file, every column as text."""
    delimiter = how.delimiter or ("\t" if name_within(path).suffix.lower() == ".tsv" else None)
    return read_csv(path, CsvForm(delimiter, how.encoding))


def _typed_texts(texts: pa.Table, how: RowFormat, source: str) -> pa.Table:
    types = how.arrow_types
    stays = types.keys() | {name for name, word in how.schema.items() if "string" in word.lower()}
    columns = [
        texts.column(name) if name in stays else guessed(texts.column(name))
        for name in texts.column_names
    ]
    return with_types(pa.table(columns, names=texts.column_names), types, source)


def read_files(paths: Sequence[Path], how: RowFormat = RowFormat()) -> pa.Table:
    """The rows of several files, one after the other. Raises as `read_file`, and for unlike files.

    Types are guessed from the texts of all CSV files together.
    """
    if len(paths) > 1 and all(
        path.is_file() and format_of(path, how.format) == "csv" for path in paths
    ):
        texts = [_texts(path, how) for path in paths]
        return _typed_texts(_one_after_another(texts, paths), how, f"{paths[0]} and others")
    return _one_after_another([read_file(path, how) for path in paths], paths)


def _one_after_another(tables: Sequence[pa.Table], paths: Sequence[Path]) -> pa.Table:
    """Tables of the same columns, in any order, as one."""
    names = tables[0].column_names
    alike = [
        table.select(names) if sorted(table.column_names) == sorted(names) else table
        for table in tables
    ]
    try:
        return pa.concat_tables(alike)
    except pa.ArrowException:
        found = next(i for i, table in enumerate(alike) if table.schema != alike[0].schema)
        raise InvalidInputException(
            f"{paths[found]} and {paths[0]} have other columns or types: "
            f"{_shown(tables[found].schema)}, and {_shown(tables[0].schema)}. Give columns with their "
            "types."
        ) from None


def _shown(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _parquet(path: Path) -> pa.Table:
    """The file, or those of a folder with the columns that its folders name."""
    found = find_files(path)[1]
    return ParquetFiles(tuple(f.path for f in found), tuple(f.partitions for f in found)).read(None)


def rows_of_file(path: Path, how: RowFormat = RowFormat()) -> list[dict[str, object]]:
    """The rows of a file as dicts: what a direct access index takes. Raises as `read_file`."""
    if path.exists() and format_of(path, how.format) == "json":
        return read_json(path, how.encoding)  # nulls, lists and mixed values as they are
    rows = rows_of(read_file(path, how))
    for name in (name for name, word in how.schema.items() if "array" in word.lower()):
        for row in rows:
            if isinstance(row.get(name), str):
                row[name] = _listed(row[name])
    return rows


def _listed(text: str) -> object:
    """The list that a text says in JSON; the text where it says none, which is its row's trouble."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, list) else text


def rows_of_text(text: str) -> list[dict[str, object]]:
    """The rows of JSON lines, or of one JSON list, that come from standard input."""
    return json_rows(text, "standard input")


def rows_table(
    rows: Sequence[Mapping[str, object]], how: RowFormat, source: str = "rows"
) -> pa.Table:
    """Rows as dicts made a table; with types given, columns that no row has are there too.

    Raises:
        BadSourceFile: a value that has no form in its column's type.
        InvalidInputException: no rows and no types, or a column that mixes values of two types.
    """
    try:
        return _rows_table(rows, how.arrow_types, source)
    except UnicodeEncodeError as error:
        raise InvalidInputException(
            f"{source} has a text with half of a character (a lone surrogate): {error.object!r:.80}"
        ) from None


def _rows_table(
    rows: Sequence[Mapping[str, object]], types: Mapping[str, pa.DataType], source: str
) -> pa.Table:
    if not rows:
        if not types:
            raise InvalidInputException(f"{source} has no rows; give columns with their types.")
        return pa.schema(list(types.items())).empty_table()
    names = list(dict.fromkeys([*(name for row in rows for name in row), *types]))
    bad = next((name for name in names if not isinstance(name, str)), None)
    if bad is not None:
        raise InvalidInputException(f"{source} has a column {shown(bad)}; names are texts.")
    free = [name for name in names if name not in types]
    by_name = {}
    if free:
        part = table_of([{name: row.get(name) for name in free} for row in rows])
        by_name = {name: part.column(name) for name in part.column_names}
    for name, kind in types.items():
        by_name[name] = _given([row.get(name) for row in rows], kind, name, source)
    return pa.table([by_name[name] for name in names], names=names)


def _given(values: list[object], kind: pa.DataType, name: str, source: str) -> pa.ChunkedArray:
    """Values as they were written, in a type that was asked for."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {int, str} and pa.types.is_string(kind):
        return pa.chunked_array([[None if one is None else str(one) for one in values]], kind)
    # As text: decimals to the digit, numbers beside texts, and integers of any size.
    is_mixed = len(kinds) > 1 and kinds != {int, float}
    if kinds <= {int, float, str, Decimal} and (is_mixed or pa.types.is_decimal(kind)):
        values = [None if one is None else str(one) for one in values]
    return typed(table_of([{name: value} for value in values]).column(name), kind, name, source)
