"""JSON lines and arrays of objects as a source: one bad line is that line's trouble. Knows JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from engine.errors import BadSourceFile
from engine.shop.catalogue.sources.nested import flattened
from engine.service.table_files.packed import opened
from engine.shop.catalogue.sources.source import Source, SourceRow

_WRAPPERS = ("products", "items", "articles", "listings", "data", "rows", "results")


def open_json(path: Path, language: str | None = None) -> Source:
    """A file of JSON objects: one a line, or an array of them, also inside one object.

    Raises:
        BadSourceFile: it can't be read, or holds no object.
    """
    with opened(path) as file:
        content = file.read().removeprefix(b"\xef\xbb\xbf")
    whole = _array(content)
    entries = list(enumerate(whole, 1)) if whole is not None else _lines(content)
    rows = [_row(number, entry, language) for number, entry in entries]
    names = dict.fromkeys(name for row in rows for name in row.values)
    if not names:
        raise BadSourceFile("it holds no JSON object with products", file=str(path))
    unit, form = ("line", "JSON lines") if whole is None else ("row", "a JSON array")
    return Source(
        path, path.parent, tuple(names), lambda: _whole(rows, names), how=(form,), unit=unit
    )


def _whole(rows: list[SourceRow], names: dict[str, None]) -> Iterator[SourceRow]:
    """Rows with all columns; those that a row lacks are None."""
    empty = dict.fromkeys(names)
    for row in rows:
        yield row if row.trouble else SourceRow(row.line, {**empty, **row.values})


def _array(content: bytes) -> list[Any] | None:
    """The objects of an array; None where the file is none."""
    try:
        value = orjson.loads(content)
    except ValueError:
        return None
    if isinstance(value, dict):
        lists = [one for name, one in value.items() if name in _WRAPPERS or len(value) == 1]
        return next((one for one in lists if _has_objects(one)), None)
    return value if isinstance(value, list) else None


def _has_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _lines(content: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                found.append((number, orjson.loads(line)))
            except ValueError as error:
                found.append((number, error))
    return found


def _row(number: int, entry: Any, language: str | None) -> SourceRow:
    if isinstance(entry, ValueError):
        return SourceRow(number, {}, f"this is not JSON ({entry})")
    if not isinstance(entry, dict):
        return SourceRow(number, {}, f"expected an object, found {entry!r:.60}")
    return SourceRow(number, flattened(entry, language))
