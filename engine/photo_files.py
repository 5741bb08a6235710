"""Reads the file of a photo: a bounded one, and never waiting for one. Below all layers; no pictures.

What lies in a photo's place may be anything: a folder, a pipe that nobody writes to, a device without
an end, links in a circle, a film of 5 GB.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

from engine.errors import BadImage

MAX_FILE_BYTES = 256 * 1024 * 1024  # no product photo is larger; guards memory
_DBFS = re.compile(r"^dbfs:/+", re.IGNORECASE)
_LINK = re.compile(r"file:(?://(?:localhost)?(?=/))?", re.IGNORECASE)
_LONGEST_SHOWN = 300  # characters of a path in a message

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_photo(file: Path, path: str | None = None) -> bytes:
    """The bytes of a photo's file.

    Args:
        path: how the caller called it, where that is not the file's own path.

    Raises:
        BadImage: missing, no file, unreadable, empty or absurdly large; says which file.
    """
    what = f"the file {shortened(str(file))}"
    # A pipe would make a plain `open` wait for somebody who writes to it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if file.is_dir():  # which some systems refuse to open, as if it were forbidden
            raise BadImage(f"{what} is a folder; expected the file of a photo")
        with os.fdopen(os.open(file, flags), "rb") as opened:
            status = os.fstat(opened.fileno())
            if not stat.S_ISREG(status.st_mode):
                kind = _KINDS.get(stat.S_IFMT(status.st_mode), "no file")
                raise BadImage(f"{what} is {kind}; expected the file of a photo")
            data = opened.read(MAX_FILE_BYTES + 1) if status.st_size <= MAX_FILE_BYTES else b""
            size = max(status.st_size, len(data))
    except FileNotFoundError:
        raise BadImage(f"no file at {shortened(path or str(file))}{_hint(path)}") from None
    except OSError as error:
        raise BadImage(f"{what} can't be read ({error.strerror or error})") from None
    except ValueError as error:  # a NUL, or characters that no file name has
        raise BadImage(f"{shortened(repr(str(file)))} is no file's path ({error})") from None
    except MemoryError:
        raise BadImage(f"{what} is larger than the memory that is left") from None
    if size > MAX_FILE_BYTES:
        raise BadImage(f"{what} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
    if not data:
        raise BadImage(f"{what} is empty")
    return data


def _hint(path: str | None) -> str:
    is_link = re.match("https?://", path or "", re.IGNORECASE)
    return " (links are fetched by an import: vitrine build --fetch)" if is_link else ""


def path_forms(text: str) -> Iterator[str]:
    """What a path may mean, the likeliest first: as it stands, without `%20`, in Unicode's other form,
    with `/` for a backslash, without space around it. Of a `file:` link the path that it names."""
    link = _LINK.match(text)
    plain = _DBFS.sub("dbfs:/", text)
    if link is None:
        ways = (plain, unquote(plain))
    else:  # `#` and `?` are part of a name, as who writes a link by hand means them
        path = "/" + text[link.end() :].lstrip("/")
        if os.name == "nt" and re.match("/[A-Za-z]:", path):
            path = path[1:]
        ways = (unquote(path), path)
    seen = {""}
    for way in ways:
        for one in (way, way.strip(), way.strip().replace("\\", "/")):
            for form in (one, normalize("NFC", one), normalize("NFD", one)):
                if form not in seen:
                    seen.add(form)
                    yield form


def shortened(text: str) -> str:
    """A path as it is shown in messages: the middle of a very long one is left out."""
    if len(text) <= _LONGEST_SHOWN:
        return text
    half = _LONGEST_SHOWN // 2
    return f"{text[:half]}...{text[-half:]}"
