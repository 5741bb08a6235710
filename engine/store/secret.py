"""A secret of the workspace, for signing what callers hand back. Knows its file; not what is signed."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from engine.errors import VitrineError
from engine.store.layout import Layout, make_folder, sync_folder

_BYTES = 32


def workspace_secret(layout: Layout) -> bytes:
    """The secret, made at first use, readable by its owner only: 32 bytes.

    A damaged file is replaced: what was signed before is refused then. Where the secret can't be read
    or kept (another user's or a read-only folder), it is made for this process alone.
    """
    file = layout.root / "secret"
    known = _read(file)
    if known is not None:
        return known
    fresh = secrets.token_bytes(_BYTES)
    try:
        with layout.writing("secret"):
            known = _read(file)  # another process may have been faster
            if known is None:
                write_private(file, fresh.hex())
            return known or fresh
    except (OSError, VitrineError):
        return fresh


def _read(file: Path) -> bytes | None:
    """The secret in a file; None where there is no whole one."""
    with contextlib.suppress(OSError, ValueError):
        found = bytes.fromhex(file.read_text("ascii").strip())
        # Shorter ones, an empty one above all, would be guessed.
        return found if len(found) == _BYTES else None
    return None


def write_private(file: Path, text: str) -> None:
    """Write a file durably and at once; nobody but its owner can read it at any moment."""
    make_folder(file.parent)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".writing-")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(file.parent)
