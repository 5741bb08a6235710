"""Whether a file has the public fashion layout. Knows its header; not its rows."""

from __future__ import annotations

from pathlib import Path

from engine.errors import BadSourceFile
from engine.shop.products.columns import COLUMN_OF
from engine.shop.products.text_files import open_text


def has_fashion_layout(path: Path, encoding: str | None = None) -> bool:
    """Whether a text file's header is that of the layout, or nearly: then its reader says what lacks."""
    if not path.exists():
        return True  # its reader says so
    if not path.is_file():
        return False
    try:
        header = open_text(path, [*COLUMN_OF, "price"], encoding).header
    except BadSourceFile:
        return False
    return 2 * len(set(COLUMN_OF) & set(header)) > len(COLUMN_OF)
