"""Rows that callers write themselves: the direct access index. Knows the API's types and replies.

A reply to a write is given when the rows are durable; the next query sees them. Where
the workspace's pace is not instant, those do that come after its time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix
from engine.core.schema import Column, IndexSpec, suggestion
from engine.core.types import WORDS, column_of, parse_schema_type
from engine.core.values import shown
from engine.errors import InvalidParameterValue, VitrineError
from engine.service.authorship import now_ms
from engine.service.indexes.row_values import value_of, vector_of
from engine.store.indexes.changes import Change
from engine.store.indexes.versions import VersionStore
from engine.store.layout import WAIT_SECONDS, storage_failed
from engine.store.segments.metadata import RowTable
from engine.store.segments.packing import as_stored

_NO_FACTS: Mapping[str, Any] = {}
Failures = list[tuple[str, str]]  # keys as text, each with the reason
Row = dict[str, Any]
Asked = tuple[Mapping[Any, Row | None], Mapping[str, Any]]  # rows by key, and the version's facts


def check_type(column: str, text: object) -> tuple[str, pa.DataType]:
    """A type of the schema: the cloud's spelling, and the Arrow type.

    Raises:
        InvalidParameterValue: not a type of the API.
    """
    known = parse_schema_type(text)
    if known is None:
        raise InvalidParameterValue(
            f"schema gives column {column!r} the type {shown(text)}; expected one of "
            f"{', '.join(WORDS)}, or array<...> of one."
        )
    return known


def schema_json(schema: Mapping[str, str]) -> str:
    """The schema as the cloud shows it: keys sorted, compact, its own spelling of types."""
    spelled = {column: check_type(column, text)[0] for column, text in sorted(schema.items())}
    return json.dumps(spelled, separators=(",", ":"))


def columns_of(spec: IndexSpec) -> list[Column]:
    """The columns of a direct access index."""
    return [
        Column(spec.vector_column, "other", is_array=True)
        if field.name == spec.vector_column
        else column_of(field)
        for field in _fields(spec)
    ]


def _fields(spec: IndexSpec) -> list[pa.Field]:
    schema = spec.schema or {}
    return [pa.field(name, check_type(name, schema[name])[1]) for name in spec.columns]


def first_version(spec: IndexSpec) -> dict[str, Any]:
    """The facts of an empty direct access index."""
    return {
        "source": None,
        "report": None,
        "columns": [column.to_dict() for column in columns_of(spec)],
        "encoder": {"encoder": None, "fingerprint": None},
        "created_at": now_ms(),
    }


def upsert(
    versions: VersionStore, rows: object, facts: Mapping[str, Any] = _NO_FACTS
) -> dict[str, Any]:
    """Write rows; a row with a known key replaces the whole row, columns not given become null.

    Args:
        rows: list of dicts with at least the key and the vector. Of a key given twice the last
            counts.
        facts: what the new version's manifest says beside; the time from which queries read it.

    Returns:
        the API's reply: status SUCCESS, PARTIAL_SUCCESS or FAILURE, and what failed by key. Where
        something did, `failures` lists `{"primary_key", "reason"}` beside it.

    Raises:
        InvalidParameterValue: not a list of dicts, or a row without its key.
    """
    spec = versions.spec
    given = _check_rows(rows, spec)
    good, failed = _usable_rows(given, spec)
    if good:
        _have_written(versions, good, facts)
    return _reply(len(given), failed)


def changed_rows(versions: VersionStore, rows: object) -> list[dict[str, Any]]:
    """Those of some rows that an upsert would add or change, and those that it would refuse.

    Raises:
        InvalidParameterValue: not a list of dicts, or a row without its key.
    """
    spec = versions.spec
    given = _check_rows(rows, spec)
    good, failed = _usable_rows(given, spec)
    version = versions.current()
    if version is None or not good:
        return given
    parts, places = Change(versions, version).find(list(good))
    table, given_vectors = _as_arrow(list(good.values()), spec)
    vectors = as_stored(given_vectors, spec.vector_storage)
    names = table.column_names
    # As `fetch` says what is stored: a float32 by its shortest form.
    wanted = list(zip(*RowTable(table).take_all(names, np.arange(len(table)))))
    changed: set[int] = {place for place, part in enumerate(parts) if part < 0}
    for number in np.unique(parts[parts >= 0]).tolist():
        here = np.flatnonzero(parts == number)
        segment = version.parts[number].segment
        stored = segment.fetch(names, places[here])
        held = segment.vectors.take(places[here])
        # Also a vector that was read here: stored again it may be off by a last digit.
        same = (held == vectors[here]).all(axis=1) | (held == given_vectors[here]).all(axis=1)
        for place, is_same, values in zip(here.tolist(), same.tolist(), zip(*stored)):
            if values != wanted[place] or not is_same:
                changed.add(place)
    bad = {key for key, _ in failed}
    refused = [row for row in given if _shown_key(row[spec.primary_key]) in bad]
    chosen = [
        {**dict(zip(names, wanted[i])), spec.vector_column: given_vectors[i]}
        for i in sorted(changed)
    ]
    return [*chosen, *refused]


def delete(
    versions: VersionStore, keys: object, facts: Mapping[str, Any] = _NO_FACTS
) -> dict[str, Any]:
    """Delete rows by key; a key that no row has counts as deleted.

    Raises:
        InvalidParameterValue: not a list of keys.
    """
    spec = versions.spec
    if not isinstance(keys, (list, tuple)):
        raise InvalidParameterValue(f"primary_keys is {shown(keys)}; expected a list of keys.")
    wanted: list[Any] = []
    failed: Failures = []
    kind = _key_type(spec)
    for key in keys:
        try:
            if key is None:
                raise InvalidParameterValue("null is no key.")
            wanted.append(value_of(key, kind, spec.primary_key))
        except VitrineError as error:
            failed.append((_shown_key(key), error.message))
    if wanted:
        _have_written(versions, dict.fromkeys(wanted), facts)
    return _reply(len(keys), failed)


def _have_written(
    versions: VersionStore, rows: Mapping[Any, Row | None], facts: Mapping[str, Any]
) -> None:
    """Write rows by key, None for one that goes; with what other threads write just now."""

    def turn(waited: float) -> AbstractContextManager[None]:
        return versions.writing(max(0.0, WAIT_SECONDS - waited))

    versions.group.write((rows, facts), turn, lambda asked: _write_all(versions, asked))


def _write_all(versions: VersionStore, asked: Sequence[Asked]) -> None:
    """Write what several callers asked for, as one version; of a key the last one's word counts."""
    wanted: dict[Any, Row | None] = {}
    for rows, _ in asked:
        for key, row in rows.items():
            wanted.pop(key, None)
            wanted[key] = row
    rows_to_come = [row for row in wanted.values() if row is not None]
    # The last one's facts: the rows of a version are read from one time on, the latest.
    try:
        _write(versions, rows_to_come, list(wanted), asked[-1][1])
    except OSError as error:
        raise storage_failed(f"index-{versions.spec.name} was not written", error) from error


def _write(
    versions: VersionStore,
    rows: list[dict[str, Any]],
    keys: list[Any],
    given: Mapping[str, Any],
) -> None:
    """Delete the rows of the keys, append the given ones, publish."""
    spec = versions.spec
    version = versions.current()
    change = Change(versions, version)
    try:
        parts, places = change.find(keys)
        for part in np.unique(parts[parts >= 0]).tolist():
            change.delete(part, places[parts == part])
        if rows:
            change.append(*_as_arrow(rows, spec))
        if not change.is_empty:
            facts = version.facts if version is not None else first_version(spec)
            columns = [column.to_dict() for column in columns_of(spec)]
            change.publish({**facts, "columns": columns, "created_at": now_ms(), **given})
    except BaseException:
        change.discard()
        raise


def _as_arrow(rows: list[dict[str, Any]], spec: IndexSpec) -> tuple[pa.Table, Matrix]:
    fields = [field for field in _fields(spec) if field.name != spec.vector_column]
    arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in fields]
    vectors = np.stack([row[spec.vector_column] for row in rows])
    return pa.table(arrays, schema=pa.schema(fields)), vectors


# ------------------------------------------------------------------ checks
def _check_rows(rows: object, spec: IndexSpec) -> list[dict[str, Any]]:
    if not isinstance(rows, (list, tuple)) or not all(isinstance(row, dict) for row in rows):
        raise InvalidParameterValue("inputs must be a list of dicts, one for each row.")
    known = set(spec.columns)
    for place, row in enumerate(rows):
        if row.get(spec.primary_key) is None:
            raise InvalidParameterValue(
                f"row {place} of inputs has no value for the primary key {spec.primary_key!r}."
            )
        if row.keys() - known:
            raise _unknown_columns(place, row, spec)
    return list(rows)


def _usable_rows(
    rows: Sequence[dict[str, Any]], spec: IndexSpec
) -> tuple[dict[Any, dict[str, Any]], Failures]:
    """Rows by key with values of the schema's types, and those that can't be used."""
    types = {field.name: field.type for field in _fields(spec)}
    good: dict[Any, dict[str, Any]] = {}
    failed: Failures = []
    for row in rows:
        try:
            values = {
                name: value_of(value, types[name], name)
                for name, value in row.items()
                if name != spec.vector_column
            }
            values[spec.vector_column] = vector_of(
                row.get(spec.vector_column), spec.dimension, spec.vector_column
            )
            good.pop(values[spec.primary_key], None)
            good[values[spec.primary_key]] = values
        except VitrineError as error:
            failed.append((_shown_key(row[spec.primary_key]), error.message))
    return good, failed


def _unknown_columns(place: int, row: Mapping[Any, Any], spec: IndexSpec) -> InvalidParameterValue:
    given = [name for name in row if name not in spec.columns]
    unknown = sorted(name if isinstance(name, str) else shown(name) for name in given)
    return InvalidParameterValue(
        f"row {place} of inputs, with key {_shown_key(row[spec.primary_key]):.80}: the index has no "
        f"column {', '.join(unknown):.200}.{suggestion(unknown[0], spec.columns)} "
        f"Columns: {', '.join(spec.columns)}."
    )


def _key_type(spec: IndexSpec) -> pa.DataType:
    return next(field.type for field in _fields(spec) if field.name == spec.primary_key)


def _reply(count: int, failed: Failures) -> dict[str, Any]:
    """The API's reply; where rows failed, why stands beside it in `failures`, which is our own."""
    done = count - len(failed)
    status = "SUCCESS" if not failed else "PARTIAL_SUCCESS" if done else "FAILURE"
    reply: dict[str, Any] = {"status": status, "result": {"success_row_count": done}}
    if failed:
        reply["result"]["failed_primary_keys"] = [key for key, _ in failed]
        reply["failures"] = [{"primary_key": key, "reason": reason} for key, reason in failed]
    return reply


def _shown_key(key: object) -> str:
    """A key that was refused, as a reply can hold it."""
    try:
        return str(key).encode("utf-8", "backslashreplace").decode()
    except (ValueError, RecursionError):  # more digits than Python writes, or endless lists
        return shown(key)
