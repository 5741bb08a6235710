"""Commands of files of volumes: ls, cp, cat, rm, as in `databricks fs`. Translates and prints."""

from __future__ import annotations

import contextlib
import shutil
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import click

from engine.core.names import is_volume_path
from engine.doors.cli.catalogs.volumes import volume
from engine.doors.cli.options import AS_JSON, with_workspace
from engine.doors.cli.printing import note, print_json, print_table, say
from engine.errors import NotFound
from engine.progress import tracked

if TYPE_CHECKING:
    from engine.service.volume_files import FileInfo, Files
    from engine.workspace import Workspace

_CHUNK = 1 << 20
_PATH = click.argument("path", metavar="/Volumes/CATALOG/SCHEMA/VOLUME[/...]")


def _files(workspace: Workspace) -> Files:
    from engine.service.volume_files import Files

    return Files(workspace.volumes)


def _entries(files: Files, path: str) -> Iterator[FileInfo]:
    """What lies in a folder; a file alone is itself."""
    found = files.stat(path)
    if not found.is_directory:
        yield found
        return
    token: str | None = None
    while True:
        entries, token = files.list_directory(path, page_token=token)
        yield from entries
        if token is None:
            return


@volume.command("ls")
@_PATH
@AS_JSON
@with_workspace
def volume_ls(workspace: Workspace, path: str, as_json: bool) -> None:
    """List the files and folders of a path."""
    rows = [
        {
            "name": f"{entry.name}/" if entry.is_directory else entry.name,
            "size": None if entry.is_directory else entry.size,
            "modified": datetime.fromtimestamp(entry.modified_ms / 1000, timezone.utc).strftime(
                "%Y-%m-%d %H:%M:%S"
            ),
        }
        for entry in _entries(_files(workspace), path)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, ["name", "size", "modified"])
    if not rows:
        note("the folder is empty")


@volume.command("cat")
@_PATH
@with_workspace
def volume_cat(workspace: Workspace, path: str) -> None:
    """Print a file."""
    stream, _ = _files(workspace).open_file(path)
    with stream:
        shutil.copyfileobj(stream, sys.stdout.buffer, _CHUNK)


@volume.command("rm")
@_PATH
@click.option("--recursive", "-r", is_flag=True, help="A folder with all that is in it.")
@with_workspace
def volume_rm(workspace: Workspace, path: str, recursive: bool) -> None:
    """Delete a file, or an empty folder."""
    files = _files(workspace)
    if files.stat(path).is_directory:
        _remove_folder(files, path, recursive)
    else:
        files.delete(path)
    say(f"deleted {path}")


def _remove_folder(files: Files, path: str, recursive: bool) -> None:
    for entry in list(_entries(files, path)) if recursive else ():
        if entry.is_directory:
            _remove_folder(files, entry.path, True)
        else:
            files.delete(entry.path)
    files.delete_directory(path)


@volume.command("cp")
@click.argument("source")
@click.argument("target")
@click.option("--overwrite", is_flag=True, help="Replace files that are there.")
@click.option("--recursive", "-r", is_flag=True, help="A folder with all that is in it.")
@with_workspace
def volume_cp(
    workspace: Workspace, source: str, target: str, overwrite: bool, recursive: bool
) -> None:
    """Copy a file between this machine and a volume, or between volumes: SOURCE to TARGET.

    A path that starts with /Volumes/ lies in a volume. Into a TARGET that is a folder, or ends with /,
    a file is copied under its own name.
    """
    files = _files(workspace)
    count = 0
    every = _found(files, source, recursive)
    for relative in tracked(every, total=len(every), unit="file", desc="copy"):
        below = str(relative) if relative.parts else ""
        place = f"{target.rstrip('/')}/{below}" if below else _target(files, source, target)
        _copy(files, f"{source.rstrip('/')}/{below}" if below else source, place, overwrite)
        count += 1
    say(f"copied {count:,} {'file' if count == 1 else 'files'} to {target}")


def _found(files: Files, source: str, recursive: bool) -> list[PurePosixPath]:
    """The files to copy, from the source on; nothing below it where that is a file."""
    if is_volume_path(source):
        is_folder = files.stat(source).is_directory
    else:
        is_folder = Path(source).is_dir()
    if not is_folder:
        return [PurePosixPath()]
    if not recursive:
        raise click.UsageError(f"{source} is a folder; copy it with --recursive.")
    if not is_volume_path(source):
        root = Path(source)
        below = sorted(path for path in root.rglob("*") if path.is_file())
        return [PurePosixPath(path.relative_to(root).as_posix()) for path in below]
    start = files.stat(source).path
    return [PurePosixPath(path[len(start) + 1 :]) for path in _below(files, start)]


def _below(files: Files, path: str) -> Iterator[str]:
    for entry in _entries(files, path):
        if entry.is_directory:
            yield from _below(files, entry.path)
        else:
            yield entry.path


def _target(files: Files, source: str, target: str) -> str:
    """Where one file is copied to."""
    name = source.rstrip("/").rpartition("/")[2]
    is_folder = target.endswith("/")
    if is_volume_path(target):
        with contextlib.suppress(NotFound):
            is_folder = is_folder or files.stat(target).is_directory
    else:
        is_folder = is_folder or Path(target).is_dir()
    return f"{target.rstrip('/')}/{name}" if is_folder else target


def _copy(files: Files, source: str, target: str, overwrite: bool) -> None:
    with (
        files.open_file(source)[0] if is_volume_path(source) else Path(source).open("rb") as stream
    ):
        if is_volume_path(target):
            files.write(target, iter(lambda: stream.read(_CHUNK), b""), overwrite)
            return
        place = Path(target)
        if place.exists() and not overwrite:
            raise click.ClickException(f"{target} is there already; give --overwrite.")
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_name(f".{uuid.uuid4().hex}")
        try:
            with new.open("xb") as written:
                shutil.copyfileobj(stream, written, _CHUNK)
            new.replace(place)
        finally:
            new.unlink(missing_ok=True)
