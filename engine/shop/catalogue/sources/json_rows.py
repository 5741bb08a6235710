"""JSON lines and arrays of objects as a source: one bad line is that line's trouble. Knows JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.core.values import is_text
from engine.errors import BadSourceFile
from engine.service.table_files.json_rows import loads, one_after_another
from engine.service.table_files.packed import opened
from engine.shop.catalogue.sources.nested import flattened
from engine.shop.catalogue.sources.sniffing import find_encoding
from engine.shop.catalogue.sources.source import Source, SourceRow

_WRAPPERS = ("products", "items", "articles", "listings", "data", "rows", "results")


def open_json(path: Path, language: str | None = None) -> Source:
    """A file of JSON objects: one a line, or an array of them, also inside one object.

    Raises:
        BadSourceFile: it can't be read, or holds no object.
    """
    encoding = find_encoding(path)
    with opened(path) as file:
        content = file.read().decode(encoding, "surrogateescape").removeprefix("\ufeff")
    whole = _array(content)
    entries = list(enumerate(whole, 1)) if whole is not None else _lines(content)
    # Half a character, or a byte that is none, can't be in a table.
    doubtful = "\\ud" in content.lower() or not is_text(content)
    rows = [_row(number, entry, language, doubtful) for number, entry in entries]
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


def _array(content: str) -> list[Any] | None:
    """The objects of an array; None where the file is none."""
    try:
        value = loads(content)
    except ValueError:
        return _objects_of_several_lines(content)
    if isinstance(value, dict):
        lists = [one for name, one in value.items() if name in _WRAPPERS or len(value) == 1]
        found = next((one for one in lists if _has_objects(one)), None)
        return [value] if found is None and "\n" in content.strip() else found
    return value if isinstance(value, list) else None


def _objects_of_several_lines(content: str) -> list[Any] | None:
    """The objects of a file whose first line is no whole one; None where it is of lines."""
    try:
        loads(content.lstrip().partition("\n")[0])
    except ValueError:
        found = one_after_another(content)
        return found if found and _has_objects(found) else None
    return None


def _has_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _lines(content: str) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                found.append((number, loads(line)))
            except ValueError as error:
                found.append((number, error))
    return found


def _row(number: int, entry: Any, language: str | None, doubtful: bool) -> SourceRow:
    if isinstance(entry, ValueError):
        return SourceRow(number, {}, f"this is not JSON ({entry})")
    if not isinstance(entry, dict):
        return SourceRow(number, {}, f"expected an object, found {entry!r:.60}")
    if doubtful and not is_text(json.dumps(entry, ensure_ascii=False)):
        return SourceRow(number, {}, "it holds a text that is not text in the file's encoding")
    return SourceRow(number, flattened(entry, language))
