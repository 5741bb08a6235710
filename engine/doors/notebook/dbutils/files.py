"""`dbutils.fs` over volumes and files of this machine. Knows paths; not where volumes lie."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from engine.doors.notebook.dbutils.refusing import Refusing
from engine.errors import InvalidInputException, NotSupported

_HEAD_BYTES = 65536  # as in the cloud


class FileInfo(NamedTuple):
    """A file or a folder, as `ls` lists it.

    Attributes:
        path: `dbfs:/Volumes/...` or `file:/...`. name: its last part; of a folder with a `/` behind.
        size: bytes; 0 for folders. modificationTime: milliseconds since 1970, UTC.
    """

    path: str
    name: str
    size: int
    modificationTime: int  # noqa: N815

    def isDir(self) -> bool:  # noqa: N802
        """Whether it is a folder."""
        return self.name.endswith("/")

    def isFile(self) -> bool:  # noqa: N802
        """Whether it is a file."""
        return not self.isDir()


class FileSystem(Refusing):
    """`dbutils.fs`."""

    called = "dbutils.fs"

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def ls(self, path: str) -> list[FileInfo]:
        """What is in a folder, by name; of a file, itself."""
        local, whole = _there(path), _whole(path)
        if not local.is_dir():
            return [_info(whole, local)]
        return [_info(f"{whole}/{name}", local / name) for name in sorted(os.listdir(local))]

    def head(self, file: str, maxBytes: int = _HEAD_BYTES) -> str:  # noqa: N803
        """The first bytes of a file as text."""
        with _there(file).open("rb") as opened:
            content = opened.read(maxBytes + 1)
        if len(content) > maxBytes:
            self._say(f"[Truncated to first {maxBytes} bytes]")
        return content[:maxBytes].decode("utf-8", "replace")

    def put(self, file: str, contents: str, overwrite: bool = False) -> bool:
        """Write a text. Raises FileExistsError where there is a file and `overwrite` is false."""
        local = _local(file)
        local.parent.mkdir(parents=True, exist_ok=True)
        content = contents.encode()
        with local.open("wb" if overwrite else "xb") as opened:
            opened.write(content)
        self._say(f"Wrote {len(content)} bytes.")
        return True

    def mkdirs(self, dir: str) -> bool:
        """Make a folder and those above it."""
        _local(dir).mkdir(parents=True, exist_ok=True)
        return True

    def cp(self, source: str, destination: str, recurse: bool = False) -> bool:
        """Copy a file, or with `recurse` a folder."""
        here, there = _there(source), _local(destination)
        if here.is_dir():
            _check_recurse(source, recurse)
            shutil.copytree(here, there, dirs_exist_ok=True, copy_function=shutil.copyfile)
        else:
            there = there / here.name if there.is_dir() else there
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)
        return True

    def mv(self, source: str, destination: str, recurse: bool = False) -> bool:
        """Move a file, or with `recurse` a folder."""
        self.cp(source, destination, recurse)
        return self.rm(source, recurse)

    def rm(self, path: str, recurse: bool = False) -> bool:
        """Delete a file, or with `recurse` a folder; False where there is none."""
        local = _local(path)
        if not os.path.lexists(local):
            return False
        if not local.is_dir():
            local.unlink()
            return True
        if os.listdir(local):
            _check_recurse(path, recurse)
        shutil.rmtree(local)
        return True


def _local(path: str) -> Path:
    """The path that this process opens.

    Raises:
        NotSupported: a path of DBFS or of a cloud's store.
    """
    text = str(path)
    if text.startswith("file:/"):
        return Path("/" + text.removeprefix("file:").lstrip("/"))
    text = text.removeprefix("dbfs:")
    if text == "/Volumes" or text.startswith("/Volumes/"):
        return Path(text)
    raise NotSupported(
        f"dbutils.fs was given {str(path)!r}; expected /Volumes/<catalog>/<schema>/<volume>/..., or "
        "file:/... for this machine. DBFS, mounts and cloud stores are not here."
    )


def _there(path: str) -> Path:
    """The path that this process opens, where something is.

    Raises:
        FileNotFoundError: nothing is there; with the name of Java's error, which notebooks look for.
    """
    local = _local(path)
    try:
        local.stat()
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"java.io.FileNotFoundException: {error.strerror}: {path}"
        ) from None
    return local


def _whole(path: str) -> str:
    """A path as `ls` writes it: with its scheme."""
    plain = str(path).rstrip("/")
    return plain if plain.startswith(("dbfs:", "file:")) else f"dbfs:{plain}"


def _info(path: str, local: Path) -> FileInfo:
    found = local.stat()
    end = "/" if local.is_dir() else ""
    size = 0 if end else found.st_size
    return FileInfo(f"{path}{end}", f"{local.name}{end}", size, found.st_mtime_ns // 10**6)


def _check_recurse(path: str, recurse: bool) -> None:
    if not recurse:
        raise InvalidInputException(f"{path} is a folder that holds something; give recurse=True.")
