"""Rows of a source to columns of values, with the key and the picture of each. Knows one catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.progress import tracked
from engine.shop.catalogue.importing.failures import PHOTO, ROW, Failures
from engine.shop.catalogue.importing.values import cell, key_of
from engine.shop.catalogue.pictures.finding import Found, PictureFinder
from engine.shop.catalogue.sources.nested import is_picture
from engine.shop.catalogue.sources.source import Source


@dataclass
class Rows:
    """The products of a source.

    Attributes:
        columns: values by the source's column. keys, lines, pictures: of each product.
        further: rows of a product that an earlier one names: its variants and further pictures.
    """

    columns: dict[str, list[Any]]
    keys: list[int | str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    pictures: list[Found] = field(default_factory=list)
    further: int = 0


def read_rows(
    source: Source, key: str, title: str, finder: PictureFinder, failures: Failures
) -> Rows:
    """Every product of a source; what is wrong with a row goes to the failures, and it is left out.

    Args:
        key, title: the source's columns of keys and of what products are called.
    """
    rows = Rows({name: [] for name in source.names})
    first: dict[str, int] = {}
    for row in tracked(source.rows(), unit=source.unit, desc="import"):
        values = (
            {name: cell(value) for name, value in row.values.items()}
            if source.is_text
            else row.values
        )
        own = None if row.trouble else key_of(values.get(key))
        if str(own) in first and values.get(title) is None:
            rows.further += 1
            continue
        reason = row.trouble or _reason(values.get(key), own, key, first, source.unit)
        if reason or own is None:
            failures.add(row.line, own, ROW, reason or "")
            continue
        first[str(own)] = row.line
        picture = finder.of(values, own)
        if picture.reason:
            failures.add(row.line, own, PHOTO, picture.reason)
        rows.keys.append(own)
        rows.lines.append(row.line)
        rows.pictures.append(picture)
        for name, column in rows.columns.items():
            column.append(_without_bytes(values.get(name)))
    return rows


def _reason(
    given: object, key: int | str | None, column: str, first: Mapping[str, int], unit: str
) -> str | None:
    if key is None:
        return (
            f"its {column} is {given!r:.60}; expected a key" if given else f"its {column} is empty"
        )
    earlier = first.get(str(key))
    if earlier is None:
        return None
    return f"{column} {key} appears a second time; the first is in {unit} {earlier}"


def _without_bytes(value: Any) -> Any:
    """A value that a table of products holds: of a picture that came as bytes its path, if any."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return None
    if is_picture(value):
        return value.get("path")
    if isinstance(value, list) and value and all(map(is_picture, value)):
        return next((one["path"] for one in value if one.get("path")), None)
    return value
