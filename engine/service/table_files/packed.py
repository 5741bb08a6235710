"""Files as bytes, also those packed by gzip, bzip2, xz or Zstandard: by what is in them, not by their
names."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.errors import BadSourceFile

_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"
ENDINGS = (".gz", ".bz2", ".xz", ".zst")


def first_bytes(path: Path, count: int = 8) -> bytes:
    """The first bytes of a file as it lies there.

    Raises:
        BadSourceFile: it can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        raise BadSourceFile("there is no such file or folder", file=str(path)) from None
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(path)) from None


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A file's bytes, unpacked.

    Raises:
        BadSourceFile: it can't be read, or is damaged.
    """
    start = first_bytes(path)
    try:
        with contextlib.ExitStack() as stack:
            file: Any
            if start.startswith(_GZIP):
                file = stack.enter_context(gzip.open(path))
            elif start.startswith(_BZIP2):
                file = stack.enter_context(bz2.open(path))
            elif start.startswith(_XZ):
                file = stack.enter_context(lzma.open(path))
            elif start.startswith(_ZSTD):
                file = stack.enter_context(pa.CompressedInputStream(str(path), "zstd"))
            else:
                file = stack.enter_context(path.open("rb"))
            yield file
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise BadSourceFile(f"it is packed, and damaged ({error})", file=str(path)) from None
    except OSError as error:
        what = "it is packed, and damaged" if is_packed(path) else "it can't be read"
        raise BadSourceFile(f"{what} ({error})", file=str(path)) from None


def is_packed(path: Path) -> bool:
    """Whether a file is packed by one of these."""
    return first_bytes(path).startswith((_GZIP, _BZIP2, _XZ, _ZSTD))


def name_within(path: Path) -> Path:
    """What a packed file is called when it is unpacked: `a.csv` of `a.csv.gz`."""
    return path.with_suffix("") if path.suffix.lower() in ENDINGS else path
