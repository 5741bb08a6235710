"""Zip archives, unpacked once into the workspace. Knows zip; not products.

Names that would leave the folder, links and encrypted members are passed over and said; an archive whose
members say that they are huge is refused before anything is written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import BadSourceFile
from engine.photo_files import MAX_FILE_BYTES
from engine.store.layout import make_folder, storage_failed

_MOST_BYTES = 200 * 1024**3  # of all members, unpacked
_MOST_MEMBERS = 5_000_000
_TABLE_BYTES = 16 * 1024**3  # of a member that is no picture
_DONE = ".unpacked"


@dataclass(frozen=True)
class Unpacked:
    """An archive as a folder. `passed_over`: members that were left out, with the reason."""

    folder: Path
    passed_over: tuple[tuple[str, str], ...]


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive."""
    return path.is_file() and zipfile.is_zipfile(path)


def unpack(path: Path, into: Path) -> Unpacked:
    """Unpack an archive into a folder of its own below `into`; one that lies there already is taken.

    Raises:
        BadSourceFile: damaged, or too large. StorageFailed: a full disk.
    """
    status = path.stat()
    name = hashlib.sha256(
        f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}".encode()
    ).hexdigest()[:16]
    folder = into / name
    passed_over: list[tuple[str, str]] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            _check_size(path, members)
            whole = (folder / _DONE).is_file()
            make_folder(folder)
            for member in members:
                reason = _refusal(member)
                if reason:
                    passed_over.append((member.filename, reason))
                elif not whole:
                    reason = _unpack_one(archive, member, folder)
                    passed_over += [(member.filename, reason)] if reason else []
        (folder / _DONE).touch()
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise BadSourceFile(f"not a readable zip archive ({error})", file=str(path)) from None
    except OSError as error:
        raise storage_failed(f"{path} was not unpacked", error) from error
    return Unpacked(folder, tuple(passed_over))


def _check_size(path: Path, members: list[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    if size > _MOST_BYTES or len(members) > _MOST_MEMBERS:
        raise BadSourceFile(
            f"it holds {len(members):,} files of {size:,} bytes; at most {_MOST_MEMBERS:,} files of "
            f"{_MOST_BYTES:,} bytes are unpacked",
            file=str(path),
        )


def _refusal(member: zipfile.ZipInfo) -> str | None:
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    if any(part in ("..", "/") or ":" in part or "\0" in part for part in parts) or not parts:
        return "its name leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link"
    if member.flag_bits & 1:
        return "it is encrypted"
    is_table = parts[-1].casefold().rpartition(".")[2] in ("csv", "tsv", "json", "jsonl", "parquet")
    if member.file_size > (_TABLE_BYTES if is_table else MAX_FILE_BYTES):
        return f"it has {member.file_size:,} bytes, too many for a picture"
    return None


def _unpack_one(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> str | None:
    """Write one member; why it could not be, else None."""
    place = folder.joinpath(*PurePosixPath(member.filename.replace("\\", "/")).parts)
    part = place.with_name(f".part-{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, part.open("wb") as target:
            shutil.copyfileobj(source, target)
        part.replace(place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        part.unlink(missing_ok=True)
        return f"it is damaged ({error})"
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return "another member has its name as a folder"
    return None
