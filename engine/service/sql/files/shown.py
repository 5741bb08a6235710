"""`read_files(...)` as a relation of a statement, and files in columns that are asked for.

Knows the function's arguments; not how files are read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa
from sqlglot import exp

from engine.core.types import parse_sql_type
from engine.errors import BadStatement, NotSupported
from engine.service.sql.database import Connection
from engine.service.sql.files.casting import cast_columns
from engine.service.sql.files.finding import (
    FilesOfVolumes,
    FoundFile,
    folder_of,
    matching,
    partitioned,
)
from engine.service.sql.files.options import READ_FILES, FileOptions, kind_of, options_of
from engine.service.sql.files.reading import METADATA, RowsRead, read_rows
from engine.service.sql.language.dialect import parse
from engine.service.sql.relations import SHOWN, readable, rename

Rows = Callable[[exp.Expression], pa.Table]


def show_files(
    tree: exp.Expression, files: FilesOfVolumes, connection: Connection, rows: Rows
) -> None:
    """Put tables of files' rows in the place of the calls; changes the tree.

    Args:
        rows: what answers a part of the statement.

    Raises:
        BadStatement, NotSupported: arguments that can't be used, or no files. BadSourceFile: one that
            can't be read.
    """
    nodes = [node for node in tree.find_all(exp.Table) if _is_call(node.this)]
    wants = bool(nodes) and wants_metadata(tree)
    for node in nodes:
        path, given = _arguments(node.this, rows)
        found = _found(path, given, files, wants)
        if wants:
            hide_metadata(node.find_ancestor(exp.Select))
        if not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(READ_FILES)))
        rename(node, connection.show(found.cast(readable(found.schema))))
        node.meta[SHOWN] = True


def _is_call(node: object) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == READ_FILES


def _found(
    path: str,
    given: Mapping[str, object],
    files: FilesOfVolumes,
    metadata: bool,
) -> pa.Table:
    there = [_with_all_above(one, path) for one in files.below(path)]
    options = dict(given)
    kind = str(options.pop("format", "") or next(filter(None, map(_kind, there)), ""))
    if not kind:
        raise BadStatement(
            f"{READ_FILES}({path!r:.200}): say which files these are, such as format => 'csv'."
        )
    said = options_of(READ_FILES, kind, options, infers=True)
    found = read_asked(there, path, said, metadata)
    if not found.rows.num_columns:
        raise BadStatement(
            f"[CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE] Cannot infer schema: {path:.300} has no files with "
            "rows. Give the columns: schema => 'id INT, name STRING'."
        )
    rows = found.rows
    if said.kind != "parquet" and said.schema is None and said.rescues not in rows.column_names:
        place = rows.num_columns - metadata
        nulls = pa.nulls(rows.num_rows, pa.string())
        rows = rows.add_column(place, said.rescues, nulls)
    return rows


def _with_all_above(one: FoundFile, said: str) -> FoundFile:
    """A file with the columns of its folders below the path, and of those right above, as a registered
    folder has them."""
    folder = one.path.rpartition("/")[0]
    base = folder_of(said)
    return partitioned(one, base if f"{folder}/".startswith(f"{base}/") else folder, above=True)


def _kind(one: FoundFile) -> str | None:
    return kind_of(one.path)


def read_asked(
    there: list[FoundFile],
    folder: str,
    options: FileOptions,
    metadata: bool = False,
    target: pa.Schema | None = None,
) -> RowsRead:
    """The rows of files whose names fit, in the columns that options ask for.

    Args:
        target: of the table that they are for.
    """
    if options.pattern is not None:
        there = matching(there, folder, options.pattern)
    schema = None if options.schema is None else columns_said(options.schema)
    hints = None if options.hints is None else columns_said(options.hints)
    asked = next((one for one in (schema, hints, target) if one is not None), None)
    types = {} if asked is None else dict(zip(asked.names, asked.types))
    found = read_rows(there, options, metadata, types)
    rows = found.rows
    if schema is not None:
        in_folders = list(dict.fromkeys(name for one in there for name in one.partitions))
        rows = _in_columns(rows, schema, options, in_folders)
    elif hints is not None and rows.num_columns:
        rows = _with_hints(rows, hints)
    return RowsRead(rows, found.skipped)


def columns_said(text: str) -> pa.Schema:
    """Columns as `name TYPE, ...` says them. Raises BadStatement; NotSupported for a type."""
    tree = parse(f"CREATE TABLE t ({text})").tree
    assert isinstance(tree, exp.Create)  # as it was said
    fields = []
    for one in tree.this.expressions:
        said = one.args.get("kind")
        kind = parse_sql_type(said.sql(dialect="databricks")) if said is not None else None
        if kind is None:
            raise NotSupported(
                f"{one.sql(dialect='databricks'):.80}: expected a column and its type, such as id INT."
            )
        fields.append(pa.field(one.name, kind))
    return pa.schema(fields)


def _in_columns(
    rows: pa.Table, schema: pa.Schema, options: FileOptions, in_folders: Sequence[str]
) -> pa.Table:
    """Rows in given columns: of CSV by their places, else by their names; what isn't there is null.

    Columns that folders name go by their names, and behind the others where they are not asked for.
    """
    about = rows.column(METADATA) if METADATA in rows.column_names else None
    others = [name for name in (METADATA, options.rescues) if name in rows.column_names]
    apart = {name: rows.column(name) for name in in_folders if name in rows.column_names}
    plain = rows.drop_columns([*others, *apart])
    if options.kind == "csv":
        wanted = [name for name in schema.names if name not in apart]
        plain = plain.select(list(range(min(plain.num_columns, len(wanted)))))
        plain = plain.rename_columns(wanted[: plain.num_columns])
    known = {name.lower(): plain.column(name) for name in plain.column_names}
    known |= {name.lower(): column for name, column in apart.items()}
    columns = [
        known[one.name.lower()] if one.name.lower() in known else pa.nulls(rows.num_rows, one.type)
        for one in schema
    ]
    made = [pa.chunked_array([one]) if isinstance(one, pa.Array) else one for one in columns]
    found = cast_columns(pa.table(made, names=schema.names), schema)
    for name, column in apart.items():
        if name.lower() not in {one.lower() for one in schema.names}:
            found = found.append_column(name, column)
    return found if about is None else found.append_column(METADATA, about)


def _with_hints(rows: pa.Table, hints: pa.Schema) -> pa.Table:
    kinds = {one.name.lower(): one.type for one in hints}
    fields = [one.with_type(kinds.get(one.name.lower(), one.type)) for one in rows.schema]
    return cast_columns(rows, pa.schema(fields))


# ------------------------------------------------------------------ what a call says
def _arguments(call: exp.Anonymous, rows: Rows) -> tuple[str, dict[str, object]]:
    placed: list[object] = []
    named: dict[str, object] = {}
    for node in call.expressions:
        if isinstance(node, exp.Kwarg):
            named[str(node.this.name).lower()] = _value(node.expression, rows)
        else:
            placed.append(_value(node, rows))
    path = placed[0] if placed else named.pop("path", None)
    if not isinstance(path, str) or len(placed) > 1:
        raise BadStatement(
            f"{call.sql(dialect='databricks'):.120}: expected a path, and options by name, "
            "`name => value`."
        )
    return path, named


def _value(node: exp.Expression, rows: Rows) -> object:
    if isinstance(node, exp.Literal):
        return str(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if node.find(exp.Column, exp.Query) is not None:
        raise BadStatement(
            f"{READ_FILES}: {node.sql(dialect='databricks'):.80} is no constant, as an argument must be."
        )
    value: object = rows(exp.select(exp.alias_(node.copy(), "v"))).column("v")[0].as_py()
    return value


# ------------------------------------------------------------------ _metadata
def wants_metadata(tree: exp.Expression) -> bool:
    """Whether a query names `_metadata`, or a field of it."""
    return any(
        METADATA in [part.name.lower() for part in column.parts]
        for column in tree.find_all(exp.Column)
    )


def hide_metadata(query: exp.Expression | None) -> None:
    """Let a star of a query's own list stand for the files' own columns; changes the tree."""
    for star in query.expressions if isinstance(query, exp.Select) else []:
        if isinstance(star, exp.Star):
            hidden = [one for one in star.args.get("except_") or [] if one.name != METADATA]
            star.set("except_", [*hidden, exp.to_identifier(METADATA)])
