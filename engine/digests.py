"""Checksums of files, for the layers that don't know each other. Knows bytes; not what they are."""

from __future__ import annotations

import hashlib
from pathlib import Path

_BLOCK_BYTES = 1 << 20


def sha256(path: Path) -> str:
    """SHA-256 of a file as 64 hexadecimal digits, read in blocks. Raises OSError if unreadable."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
