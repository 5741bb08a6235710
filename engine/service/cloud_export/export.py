"""A workspace as a folder that goes up to the cloud: Delta tables, a manifest, a script of calls.

Knows where it may lie and that it is whole; not what is in it.
"""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

from engine.errors import InvalidInputException, ResourceConflict
from engine.service.cloud_export.contents import DIRECT_ACCESS, TABLES, Contents
from engine.service.cloud_export.report import CloudExportReport
from engine.service.cloud_export.script import script
from engine.store.layout import storage_failed, sync_file, sync_folder
from engine.store.tables.partitions import misread_part

SCRIPT, MANIFEST = "create_in_cloud.py", "manifest.json"
_ITS_OWN = frozenset({SCRIPT, MANIFEST, TABLES, DIRECT_ACCESS})
_FORMAT = 1


class CloudExport:
    """Writes what a workspace holds for the cloud. Safe to use while others write to the workspace."""

    def __init__(self, workspace: Path, contents: Contents) -> None:
        """
        Args:
            workspace: its folder, in and around which no export is written.
        """
        self._workspace, self._contents = workspace, contents

    def export_cloud(self, folder: str | Path, *, replace: bool = False) -> CloudExportReport:
        """Write tables as Delta tables with change data feed, and a script that makes the rest there.

        The folder appears whole or not at all. It gets `tables/NAME` and, for the rows of direct access
        indexes, `direct_access/NAME`, each a Delta table; `manifest.json`: names, comments, properties,
        keys, tags, grants, defaults, and how indexes were created; `create_in_cloud.py`: the calls of
        databricks-sdk that make the same endpoints and indexes. What can't be exported is told in the
        report, with the rest exported; so is what was skipped.

        Args:
            folder: where to; the folder above it is there, it itself is not, or is empty.
            replace: where it holds an export, that is replaced by this one.

        Raises:
            MissingExtra: the package deltalake is not installed.
            InvalidInputException: a file, no folder above it, a folder in or around the workspace, or
                one to replace that holds no export. ResourceConflict: it is not empty.
            StorageFailed: the system refused to write; nothing of it is left then.
        """
        target = _place(folder)
        self._check(target, replace)
        report = CloudExportReport(Path(folder))
        new = _beside(target)
        try:
            new.mkdir()
            documents = self._contents.write(new, report)
            left_out = [one.row() for one in report.things if one.action != "exported"]
            manifest = {"format": _FORMAT, **documents, "left_out": left_out}
            (new / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), "utf-8")
            (new / SCRIPT).write_text(script(documents), "utf-8")
            _sync(new)
            _put(new, target)
        except OSError as error:
            raise storage_failed(f"{folder} was not written", error) from error
        finally:
            shutil.rmtree(new, ignore_errors=True)
        return report

    def _check(self, target: Path, replace: bool) -> None:
        """Refuse a place that is no place for an export; see `export_cloud`."""
        own = self._workspace.resolve()
        if target.is_relative_to(own) or own.is_relative_to(target):
            raise InvalidInputException(
                f"{target} is in or around the workspace {own}; export to a folder elsewhere."
            )
        misread = misread_part(target)
        if misread is not None:
            raise InvalidInputException(
                f"{str(target)!r} has {misread!r} in its path, which deltalake misreads; give another."
            )
        if not target.parent.is_dir():
            raise InvalidInputException(
                f"{target} was not written: there is no folder {target.parent}."
            )
        if target.exists() and not target.is_dir():
            raise InvalidInputException(f"{target} is a file; expected a folder to write.")
        if target.is_dir() and any(target.iterdir()):
            self._check_replaced(target, replace)

    def _check_replaced(self, target: Path, replace: bool) -> None:
        """Refuse a folder that is not empty, but for an export and nothing else where that is meant."""
        if not replace:
            raise ResourceConflict(
                f"{target} is not empty. Give --replace (replace=True) to replace an export, or "
                "another folder."
            )
        if not (target / SCRIPT).is_file() or not (target / MANIFEST).is_file():
            raise InvalidInputException(
                f"{target} holds no export (it lacks {SCRIPT} or {MANIFEST}), and is not replaced. "
                "Give another folder."
            )
        strange = sorted({path.name for path in target.iterdir()} - _ITS_OWN)
        if strange:
            raise InvalidInputException(
                f"{target / strange[0]} is not of an export, and would go with the one that is "
                "replaced. Move it, or give another folder."
            )


def _place(folder: str | Path) -> Path:
    """The folder that is meant, behind links. Raises InvalidInputException: it is no path."""
    try:
        if str(folder):
            return Path(folder).expanduser().resolve()
    except (ValueError, RuntimeError):  # a null character; links in a circle, no such user
        pass
    raise InvalidInputException(f"{str(folder)!r:.200} is no path; expected that of a folder.")


def _beside(target: Path) -> Path:
    """A new name in the same folder, which a rename makes the target."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}")


def _sync(folder: Path) -> None:
    """Make every file of a folder durable."""
    for path in folder.rglob("*"):
        if path.is_file():
            sync_file(path)


def _put(new: Path, target: Path) -> None:
    """Rename a whole folder to the target; what was there goes when that is done."""
    old = _beside(target)
    is_there = target.exists()
    if is_there:
        target.rename(old)
    try:
        new.rename(target)
    except OSError:
        if is_there:
            old.rename(target)
        raise
    sync_folder(target.parent)
    shutil.rmtree(old, ignore_errors=True)
