"""Where everything lies in a workspace; atomic publishing; locks. Knows paths; not contents.

tables/<catalog>/<schema>/<name>/      table.json (which files) and the table's own Parquet files, or
                                       view.json (a query)
volumes/volumes.json                   registered image folders
volumes/<catalog>/<schema>/<volume>/   files of volumes that were not registered from elsewhere
endpoints/<name>.json                  vector search endpoints, each with a copy
serving/<name>.json                    model serving endpoints
model_versions/, served_models/        Python models, see `model_versions`
unity_catalog/<kind>/...json           owners, comments and the like, see `securable_files`
indexes/<full name>/                   index.json and its copy, versions/, segments/, building/;
                                       failed_sync.json, passage.json
cache/embeddings.sqlite                vectors by content and model
cache/thumbnails/                      small photos, made once, within a bound
cache/given_photos/                    photos that were searched with, within a bound
calibrations/<digest>.json             what makes probabilities of a model's cosines
latent/<index>.json                    what was found in the vectors of an index's version
jobs/<kind>-<index>.json               what became of the long steps that somebody started last
maps/<index>.parquet                   where its products lie in two dimensions
locks/                                 two lock files for each thing that is written
clock.json                             time that was let pass, where things take their time
mlflow/                                runs and models that notebooks logged, as MLflow keeps them
https/                                 the local authority and what clients trust; private/ its keys
secret                                 what page tokens are signed with, see `secret`
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine.core.names import ThreePartName
from engine.errors import CorruptFile, Locked, NewerRelease, StorageFailed
from engine.locks import WaitedTooLong, hand_over, held, is_held

WAIT_SECONDS = 600.0  # for a lock, before it is refused
TEMPORARY_PREFIX = ".writing-"  # of files that are not whole yet
_LONGEST_LOCK = 200  # characters of what is locked, in the name of a file
_CHECKSUM = "checksum"  # of the rest of a JSON document, as its last word against flipped bits
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_TOO_MANY = (errno.EMFILE, errno.ENFILE)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


class Layout:
    """Paths of one workspace; folders are made when something is written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def table_dir(self, name: ThreePartName) -> Path:
        return self.root / "tables" / name.catalog / name.schema / name.name

    @property
    def volumes_dir(self) -> Path:
        return self.root / "volumes"

    @property
    def endpoints_dir(self) -> Path:
        return self.root / "endpoints"

    @property
    def serving_dir(self) -> Path:
        return self.root / "serving"

    @property
    def unity_catalog_dir(self) -> Path:
        return self.root / "unity_catalog"

    @property
    def indexes_dir(self) -> Path:
        return self.root / "indexes"

    def index_dir(self, name: str) -> Path:
        return self.indexes_dir / name

    @property
    def https_dir(self) -> Path:
        return self.root / "https"

    @property
    def cache_file(self) -> Path:
        return self.root / "cache" / "embeddings.sqlite"

    @property
    def calibrations_dir(self) -> Path:
        return self.root / "calibrations"

    def latent_file(self, index: str) -> Path:
        return self.root / "latent" / f"{index}.json"

    def map_file(self, index: str) -> Path:
        return self.root / "maps" / f"{index}.parquet"

    @property
    def jobs_dir(self) -> Path:
        return self.root / "jobs"

    @property
    def thumbnails_dir(self) -> Path:
        return self.root / "cache" / "thumbnails"

    @property
    def given_photos_dir(self) -> Path:
        return self.root / "cache" / "given_photos"

    @contextlib.contextmanager
    def writing(self, what: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
        """Hold the lock for writing `what`; who waits gets it in turn, see `engine.locks`.

        Raises:
            Locked: somebody else held it longer than `wait_seconds`.
            StorageFailed: the system refused a write in the block.
        """
        file = self._lock_file(what)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with held(file, wait_seconds):
                yield
        except WaitedTooLong:
            raise Locked(
                f"{what} is being written by another process since more than {wait_seconds:g} s "
                f"(lock file {file}). Wait for it to finish, or end it, and try again.",
                lock=what,
            ) from None
        except OSError as error:
            raise storage_failed(f"{what} was not written", error) from error

    def _lock_file(self, what: str) -> Path:
        """Names of three long parts are too long for a file's: their digest tells them apart."""
        if len(what) > _LONGEST_LOCK:
            digest = hashlib.sha256(what.encode()).hexdigest()[:32]
            what = f"{what[: _LONGEST_LOCK - 33]}-{digest}"
        return self.root / "locks" / f"{what}.lock"

    def hand_over(self, what: str) -> None:
        """Let another thread end a `writing` that this one began. Raises RuntimeError: it didn't."""
        hand_over(self._lock_file(what))

    def is_being_written(self, what: str) -> bool:
        """Whether somebody holds the lock for writing `what`, in whatever process."""
        return is_held(self._lock_file(what))


def storage_failed(what: str, error: OSError) -> StorageFailed:
    """The error to raise where the system refused a read or a write, with what to do."""
    return StorageFailed(f"{what}: {error}. {_advice(error)}")


def _advice(error: OSError) -> str:
    if error.errno in _FULL:
        return "Make room on the disk, or allow larger files, and try again."
    if error.errno in _TOO_MANY:
        return (
            "Close what this process has open, or allow it more files (ulimit -n), and try again."
        )
    if error.errno in _FORBIDDEN:
        return "Give this user access to the workspace's files, or use another workspace."
    return "See to the disk that holds the workspace, and try again."


def sync_folder(folder: Path) -> None:
    """Make renames and new files in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Make a written file's bytes durable."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably; where it exists nothing happens."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(exist_ok=True)
        sync_folder(made.parent)


def write_atomically(path: Path, data: bytes) -> None:
    """Readers see the old file or the new one, and the new one survives a crash after return."""
    make_folder(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY_PREFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_folder(path.parent)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a small JSON document atomically, with a checksum of itself."""
    text = json.dumps(value, sort_keys=True)
    more = ", " if value else ""
    write_atomically(path, f'{{"{_CHECKSUM}": "{_sum(text)}"{more}{text[1:]}'.encode())


def _is_sum_of(expected: object, written: bytes, value: Mapping[str, Any]) -> bool:
    """Whether a checksum is that of the rest of what was written."""
    first = f'{{"{_CHECKSUM}": "{expected}", '.encode()
    if written.startswith(first) and _sum("{" + written[len(first) :].decode()) == expected:
        return True
    # Documents of older releases, and edited ones: as this release would write them.
    return _sum(json.dumps(value, sort_keys=True)) == expected


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read_json(path: Path, advice: str = "Restore it or delete its folder.") -> dict[str, Any]:
    """Read a JSON document of the workspace.

    Args:
        advice: what to do where it is damaged, for the error.

    Raises:
        FileNotFoundError: there is none.
        CorruptFile: it is not JSON, or not what was written.
        StorageFailed: the system refused to read it.
    """
    try:
        written = path.read_bytes()
        value = json.loads(written)
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object")
        expected = value.pop(_CHECKSUM, None)  # older documents, and those made by hand, have none
        if expected is None and "format" in value:  # which no document had before checksums
            raise ValueError("it lacks its checksum")
        if expected is not None and not _is_sum_of(expected, written, value):
            raise ValueError("it does not match its checksum")
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None
    except IsADirectoryError:
        raise CorruptFile(f"{path} is damaged: it is a folder, expected a file. {advice}") from None
    except OSError as error:
        raise storage_failed(f"{path} was not read", error) from error
    except (ValueError, RecursionError) as error:
        raise CorruptFile(f"{path} is damaged: {error}. {advice}") from None
    return value


def copy_of(path: Path) -> Path:
    """Where the copy of a document lies that is kept twice."""
    return path.with_name(f"{path.name}.copy")


def write_twice(path: Path, value: Mapping[str, Any]) -> None:
    """Write a small JSON document and a copy of it, to restore it from.

    A copy without its document is a document that was lost: the copy comes last and goes first. Of a
    change it comes first, so that it is never the older one.
    """
    files = [path, copy_of(path)]
    for file in reversed(files) if path.exists() else files:
        if file.is_dir():
            remove(file)
        write_json(file, value)


def read_kept_twice(path: Path, advice: str) -> dict[str, Any]:
    """See `read_json`; one that is gone is damaged, if its copy exists."""
    before = None
    while True:
        try:
            return read_json(path, advice)
        except FileNotFoundError:
            try:
                found = copy_of(path).stat()
            except (FileNotFoundError, NotADirectoryError):
                found = None
            if found is None:
                raise
            # Both may have been made between the two checks; a copy that stays alone is a loss.
            copy = (found.st_ino, found.st_mtime_ns)
            if copy == before:
                raise CorruptFile(f"{path} is damaged: it is missing. {advice}") from None
            before = copy


def remove_twice(path: Path) -> None:
    """Remove a document that is kept twice."""
    remove(copy_of(path))
    remove(path)


def made_by_newer_release(path: Path, how: str) -> NewerRelease:
    """The error to raise for a file that this release does not understand."""
    return NewerRelease(
        f"{path} was made by a newer release of vitrine ({how}). Upgrade vitrine to use it; it is left "
        "as it is."
    )


def remove(path: Path) -> None:
    """Remove a file, if it exists; also a folder that somebody put in its place."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_others(folder: Path, kept: Collection[str], pattern: str = "*") -> None:
    """Remove the files and folders of a folder but those of these names; a pattern says of which."""
    for entry in folder.glob(pattern):
        if entry.name in kept:
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
