"""A file of separated fields as records by column, one of which may hold separators of its own."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import BadSourceFile
from engine.shop.products.text_files import TextFile


def records(text: TextFile, joined: str | None) -> Iterator[tuple[int, dict[str, str], bool]]:
    """First line, fields by column, and whether one was joined, of each row.

    Args:
        joined: the column that surplus fields belong to: names that hold unquoted separators. None
            where no column does: such a row is refused.

    Raises:
        BadSourceFile: a row with too few fields, or with too many.
    """
    joined_at = None if joined is None else text.header.index(joined)
    for row in text.rows():
        fields, surplus = row.fields, len(row.fields) - len(text.header)
        if surplus < 0 or (surplus and joined_at is None):
            raise BadSourceFile(
                f"the row has {len(fields)} fields, expected {len(text.header)}: "
                f"{text.separator.join(fields)!r:.100}",
                file=str(text.path),
                line=row.line,
                value=fields[0],
            )
        if surplus and joined_at is not None:
            whole = text.separator.join(fields[joined_at : joined_at + surplus + 1])
            fields[joined_at : joined_at + surplus + 1] = [whole]
        yield row.line, dict(zip(text.header, fields)), bool(surplus)
