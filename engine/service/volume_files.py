"""Files of volumes, for callers of the API: found, listed, read, written, deleted. Knows no transport.

Their paths are not trusted: `store/volumes.py` checks them. A registered folder is read in place and
never written; every other volume lies in the workspace. A file appears whole or not at all.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import json
import os
import stat
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.core.reply import invalid_token
from engine.errors import InvalidParameterValue, PermissionDenied
from engine.service.volume_errors import DirectoryNotEmpty, PathExists, PathNotFound, refusals_of
from engine.service.volume_uploads import Upload, refuse_taken, remove_abandoned
from engine.store.layout import TEMPORARY_PREFIX, make_folder, sync_folder
from engine.store.volumes import Place, VolumeStore, is_plain_name

MAX_PAGE = 1000  # entries of one listing; larger requests get this many, as in the API
# Opening a pipe must not wait, nor follow a link that came after the check; absent on Windows.
_OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)


@dataclass(frozen=True)
class FileInfo:
    """A file or a folder.

    Attributes:
        path: the whole `/Volumes/...` path. name: its last part.
        size: bytes; 0 for folders.
        modified_ms: milliseconds since 1970, UTC.
    """

    path: str
    name: str
    is_directory: bool
    size: int
    modified_ms: int


class Files:
    """The files of all volumes of a workspace. Safe to use from many threads and processes.

    Every method raises InvalidParameterValue for what is no volume path, PermissionDenied for a path
    that leaves its volume by a link and for files that this user may not read, and StorageFailed
    where the disk refuses.
    """

    def __init__(self, volumes: VolumeStore) -> None:
        self._volumes = volumes

    def stat(self, path: str) -> FileInfo:
        """What is at a path.

        Raises:
            PathNotFound: nothing, or something that is neither file nor folder.
        """
        place = self._volumes.place(path)
        with refusals_of(place.path):
            try:
                return _info(place.path, place.file.stat())
            except (FileNotFoundError, NotADirectoryError):
                if not self._volumes.registered_below(place.path):
                    raise
        # A folder that exists only because one below it was registered.
        return FileInfo(place.path, _last(place.path), True, 0, 0)

    def list_directory(
        self, path: str, page_size: int | None = None, page_token: str | None = None
    ) -> tuple[list[FileInfo], str | None]:
        """One page of a folder's entries, by name in code point order.

        Left out are links that leave the volume, pipes and the like, and names that no path can hold.

        Args:
            page_size: at least 1; more than 1000 means 1000.
            page_token: of the page before, for the same folder.

        Returns:
            entries: `page_size` of them where the folder has more.
            next_page_token: None after the last entry.

        Raises:
            PathNotFound: no such folder, or a file. InvalidParameterValue: page size or token.
        """
        if page_size is not None and page_size < 1:
            raise InvalidParameterValue(f"page_size is {page_size}; expected 1 to {MAX_PAGE}.")
        place = self._volumes.place(path)
        if not self.stat(path).is_directory:
            raise PathNotFound(f"{place.path} is a file, not a directory.")
        names, checked = self._names(place)
        start = bisect_right(names, _after(page_token, place.path)) if page_token else 0
        entries: list[FileInfo] = []
        for number in range(start, len(names)):
            if len(entries) == min(page_size or MAX_PAGE, MAX_PAGE):
                return entries, _token(place.path, names[number - 1])
            name = names[number]
            with contextlib.suppress(OSError, PathNotFound, PermissionDenied):  # gone, or not ours
                if name in checked:
                    entries.append(self.stat(f"{place.path}/{name}"))
                else:
                    found = (place.file / name).lstat()
                    entries.append(_info(f"{place.path}/{name}", found))
        return entries, None

    def _names(self, place: Place) -> tuple[list[str], set[str]]:
        """Sorted names in a folder, and those among them that lead elsewhere."""
        names: set[str] = set()
        checked = self._volumes.registered_below(place.path)
        own = self._volumes.own_folder_in(place.base) if place.read_only else None
        with refusals_of(place.path), contextlib.suppress(FileNotFoundError):
            with os.scandir(place.file) as found:
                entries = list(found)
            for entry in entries:
                if entry.name.startswith(TEMPORARY_PREFIX) and not place.read_only:
                    remove_abandoned(place.file / entry.name)
                if not is_plain_name(entry.name) or place.file / entry.name == own:
                    continue
                names.add(entry.name)
                if entry.is_symlink():
                    checked.add(entry.name)
        return sorted(names | checked), checked

    def open_file(self, path: str) -> tuple[BinaryIO, FileInfo]:
        """A file opened for reading, and what it is; stays the same file when it is replaced.

        Raises:
            PathNotFound: no such file, or a folder.
        """
        place = self._volumes.place(path)
        with refusals_of(place.path):
            handle = _open(place.file, place.path)
            try:
                info = _info(place.path, os.fstat(handle))
                if info.is_directory:
                    raise PathNotFound(f"{place.path} is a directory, not a file.")
                return os.fdopen(handle, "rb"), info
            except BaseException:
                os.close(handle)
                raise

    def write(self, path: str, chunks: Iterable[bytes], overwrite: bool = True) -> None:
        """Make or replace a file; folders above it are made. See `begin_upload`."""
        with self.begin_upload(path, overwrite) as upload:
            for chunk in chunks:
                upload.write(chunk)
            upload.finish()

    def check_upload(self, path: str, overwrite: bool = True) -> None:
        """Refuse what `begin_upload` would refuse; writes nothing."""
        self._destination(path, overwrite)

    def begin_upload(self, path: str, overwrite: bool = True) -> Upload:
        """Start writing a file in steps.

        Raises:
            PathExists: a folder has this path, or a file and `overwrite` is false, or a file is
                where a folder above it should be. PermissionDenied: the volume is read-only.
        """
        place = self._destination(path, overwrite)
        with refusals_of(place.path):
            return Upload(self._volumes, place, overwrite)

    def _destination(self, path: str, overwrite: bool) -> Place:
        place = self._writable(path)
        with contextlib.suppress(PathNotFound):
            refuse_taken(place.path, self.stat(path).is_directory, overwrite)
        if place.is_root:
            raise PathExists(f"{place.path} is a volume; name a file in it.")
        return place

    def delete(self, path: str) -> None:
        """Delete a file.

        Raises:
            PathNotFound: no such file, or a folder. PermissionDenied: the volume is read-only.
        """
        place = self._writable(path)
        if self.stat(path).is_directory:
            raise PathNotFound(f"{place.path} is a directory, not a file.")
        with refusals_of(place.path):
            place.entry.unlink()
            sync_folder(place.entry.parent)

    def create_directory(self, path: str) -> None:
        """Make a folder and those above it; nothing happens where it exists already.

        Raises:
            PathExists: a file has this path, or is above it. PermissionDenied: the volume is read-only.
        """
        with contextlib.suppress(PathNotFound):
            found = self.stat(path)
            if found.is_directory:
                return
            raise PathExists(f"A file already exists at {found.path}.")
        place = self._writable(path)
        with refusals_of(place.path):
            make_folder(place.file)

    def delete_directory(self, path: str) -> None:
        """Delete an empty folder.

        Raises:
            PathNotFound: no such folder, or a file. DirectoryNotEmpty: it holds something.
            InvalidParameterValue: it is the volume itself. PermissionDenied: read-only, or a link.
        """
        place = self._writable(path)
        if not self.stat(path).is_directory:
            raise PathNotFound(f"{place.path} is a file, not a directory.")
        refusal = DirectoryNotEmpty(
            f"The directory {place.path} is not empty. Delete what is in it first."
        )
        if self._volumes.registered_below(place.path):
            raise refusal
        if place.is_root:
            raise InvalidParameterValue(
                f"{place.path} is a volume; delete it as one, not as a directory."
            )
        if place.entry.is_symlink():
            raise PermissionDenied(f"{place.path} is a symbolic link; remove it on its machine.")
        with refusals_of(place.path):
            try:
                for temporary in place.entry.glob(f"{TEMPORARY_PREFIX}*"):
                    remove_abandoned(temporary)
                place.entry.rmdir()
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                    raise refusal from None
                raise
            sync_folder(place.entry.parent)

    def _writable(self, path: str) -> Place:
        place = self._volumes.place(path)
        if place.read_only:
            raise PermissionDenied(
                f"{place.path} is read-only: {place.read_only} was registered with register_volume "
                "and is read in place. Change its files in their own folder, or write to a volume "
                "that was not registered; those lie in the workspace and are made when written to."
            )
        return place


def _open(file: Path, path: str) -> int:
    try:
        return os.open(file, _OPEN_FLAGS)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ELOOP):  # a socket; a link since the check
            raise PathNotFound(f"{path} is not a file.") from None
        raise


def _info(path: str, found: os.stat_result) -> FileInfo:
    is_directory = stat.S_ISDIR(found.st_mode)
    if not is_directory and not stat.S_ISREG(found.st_mode):
        raise PathNotFound(f"{path} is neither a file nor a directory.")
    size = 0 if is_directory else found.st_size
    return FileInfo(path, _last(path), is_directory, size, found.st_mtime_ns // 1_000_000)


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _token(path: str, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([path, name]).encode()).decode()


def _after(token: str, path: str) -> str:
    """The name that a page token continues after."""
    try:
        given, name = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (ValueError, TypeError):
        raise invalid_token(token) from None
    if given != path or not isinstance(name, str):
        raise invalid_token(token)
    return name
