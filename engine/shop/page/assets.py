"""Styles and scripts as they are sent: by an address that changes with their bytes. Knows files."""

from __future__ import annotations

import functools
import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
PREFIX = "/page/static/"  # of their addresses
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    """A file as it is sent.

    Attributes:
        packed: its bytes, compressed by gzip.
    """

    data: bytes
    packed: bytes
    media_type: str


@functools.cache
def digest() -> str:
    """Of all files together: scripts import each other by relative paths."""
    whole = hashlib.blake2b(digest_size=8)
    for name in names():
        whole.update(name.encode() + b"\0" + (STATIC / name).read_bytes())
    return whole.hexdigest()


@functools.cache
def names() -> tuple[str, ...]:
    """Every file, by its path below the folder."""
    files = (path for path in STATIC.rglob("*") if path.suffix in MEDIA_TYPES)
    return tuple(sorted(path.relative_to(STATIC).as_posix() for path in files))


def asset_url(name: str) -> str:
    """The address of a file. Raises KeyError: no such file."""
    if name not in names():
        raise KeyError(name)
    return f"{PREFIX}{digest()}/{name}"


@functools.cache
def asset(name: str) -> Asset | None:
    """A file; None where there is none of that name."""
    if name not in names():
        return None
    data = (STATIC / name).read_bytes()
    kind = MEDIA_TYPES[Path(name).suffix]
    return Asset(data, gzip.compress(data, mtime=0), kind)


def asset_text(name: str) -> str:
    """A file's text."""
    return (STATIC / name).read_text(encoding="utf-8")
