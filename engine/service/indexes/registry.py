"""Which indexes there are: opened, listed, deleted, restored by name. Knows their descriptions' files.

It does not know endpoints, queries or how an index is made. A damaged index is one of them too: it is
listed with the reason, and can be restored or deleted. An index whose endpoint was deleted is an orphan:
its files are there, and nobody finds it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass, replace

from engine.core import names
from engine.core.schema import IndexSpec
from engine.errors import (
    CorruptFile,
    InvalidParameterValue,
    NewerRelease,
    NotFound,
    StorageFailed,
    VitrineError,
)
from engine.service.near_names import hint
from engine.service.pacing.clock import Clock
from engine.service.workspace_folder import WorkspaceFolder
from engine.store.indexes.specs import (
    copied_spec,
    endpoint_of_damaged,
    read_spec,
    spec_file,
    write_spec,
)
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout, remove_twice, storage_failed
from engine.store.segments.device.search import SearchDevice

# Why what lies in a file can't be known: one thing's trouble, not its neighbours'.
UNREADABLE = (CorruptFile, NewerRelease, StorageFailed)


@dataclass(frozen=True)
class Unreadable:
    """An index whose description can't be read.

    Attributes:
        endpoint_name: None where even that is not known.
        reason: what is wrong, and what to do.
    """

    name: str
    endpoint_name: str | None
    reason: str


class IndexRegistry:
    """The indexes of a workspace by name. Safe to use from many threads and processes."""

    def __init__(
        self,
        layout: Layout,
        folder: WorkspaceFolder,
        clock: Clock,
        device: SearchDevice | None = None,
    ) -> None:
        """
        Args:
            folder: which folder the workspace is; said where an index is not found in it.
            clock: by which a new version is read, or not yet.
            device: where vectors are searched; None for the processor.
        """
        self._device = device
        self._layout, self._folder, self._now = layout, folder, clock.reader
        # By name: the file's stamp when it was read, the file, and what it describes.
        self._cached: dict[str, tuple[tuple[int, int] | None, str, IndexSpec, VersionStore]] = {}

    def open(self, name: str, endpoint: str | None = None) -> tuple[IndexSpec, VersionStore]:
        """The specification and the versions of an index.

        Raises:
            NotFound: no index of this name, or not on this endpoint, or its endpoint was deleted.
            CorruptFile, NewerRelease, StorageFailed: its description can't be read.
        """
        opened = self._opened(name)
        if opened is not None and opened[0].orphan_of is not None:
            raise endpoint_gone(opened[0])
        if opened is None:
            error = NotFound(f"Vector search index {name} not found")
            error.hint = hint("indexes", name, self.names(), self._folder.describe())
            raise error
        _check_endpoint(opened[0], endpoint)
        return opened

    def _opened(self, name: str) -> tuple[IndexSpec, VersionStore] | None:
        """See `open`; None where no index has this name."""
        try:
            cached = self._cached.get(name)
            if cached is None or cached[0] != _stamp(cached[1]):
                file = str(spec_file(self._layout, str(names.index_name(name))))
                stamp = _stamp(file)
                spec = read_spec(self._layout, name)
                cached = (
                    stamp,
                    file,
                    spec,
                    VersionStore(self._layout, spec, self._now, self._device),
                )
                self._cached[name] = cached
        except (FileNotFoundError, NotADirectoryError, InvalidParameterValue):
            return None
        except OSError as error:
            raise storage_failed(f"index {name} was not read", error) from error
        return cached[2:]

    def settled(self, name: str) -> tuple[IndexSpec, VersionStore, Version] | None:
        """An index with its published version, if nothing has changed since it was last opened."""
        cached = self._cached.get(name)
        if cached is None or cached[2].pipeline_type == "CONTINUOUS":
            return None
        version = cached[3].settled()
        return (cached[2], cached[3], version) if version is not None else None

    # ------------------------------------------------------------------ all of them
    def exists(self, name: str) -> bool:
        """Whether an index has this name, damaged ones included, orphans not."""
        try:
            opened = self._opened(name)
        except UNREADABLE:
            return True
        return opened is not None and opened[0].orphan_of is None

    def names(self) -> list[str]:
        """Names of all indexes, damaged ones and orphans too, sorted."""
        return [index.name for index in self.found()]

    def found(self) -> list[IndexSpec | Unreadable]:
        """All indexes by name, each by its specification, or by why that can't be read; orphans too.

        Those that are made or deleted meanwhile may be among them or not.
        """
        try:
            folders = os.listdir(self._layout.indexes_dir)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise storage_failed("the folder of indexes was not read", error) from error
        found: list[IndexSpec | Unreadable] = []
        for name in sorted(folders):
            try:
                opened = self._opened(name)
            except UNREADABLE as error:
                found.append(self.unreadable(name, error))
                continue
            if opened is not None:  # else it was deleted just now, or never was an index
                found.append(opened[0])
        return found

    def on_endpoint(self, endpoint: str) -> list[IndexSpec | Unreadable]:
        """The indexes that are known to be of an endpoint; see `found`. Orphans are of none."""
        return [
            index
            for index in self.found()
            if index.endpoint_name == endpoint and not is_orphan(index)
        ]

    def orphan(self, endpoint: str, endpoint_id: str) -> None:
        """Make orphans of an endpoint's indexes, because it is being deleted.

        An index of which nothing can be read stays what it is.

        Raises:
            NewerRelease, StorageFailed: one can't be changed; then none is.
        """
        indexes = [index.name for index in self.on_endpoint(endpoint)]
        for name in indexes:
            self._legible(name)
        for name in indexes:
            with self._layout.writing(f"spec-{name}"):
                spec = self._legible(name)
                if spec is not None and spec.orphan_of is None:
                    write_spec(self._layout, replace(spec, orphan_of=endpoint_id))
                    VersionStore(self._layout, spec).unsettle()

    def _legible(self, name: str) -> IndexSpec | None:
        """What an index's description says, or its copy; None where neither says anything."""
        try:
            return read_spec(self._layout, name)
        except FileNotFoundError:  # deleted just now
            return None
        except CorruptFile:
            return copied_spec(self._layout, name)

    def unreadable(self, name: str, error: VitrineError, endpoint: str | None = None) -> Unreadable:
        """What is known of an index whose description was refused with `error`.

        Raises:
            NotFound: it is known to be on another endpoint than `endpoint`.
        """
        index = Unreadable(name, endpoint_of_damaged(self._layout, name), error.message)
        _check_endpoint(index, endpoint)
        return index

    # ------------------------------------------------------------------ restore and delete
    def copied(self, name: str) -> VersionStore | None:
        """The versions of an index by the copy of its description; None without a whole copy."""
        spec = copied_spec(self._layout, name)
        return (
            VersionStore(self._layout, spec, self._now, self._device) if spec is not None else None
        )

    def restore_spec(self, name: str) -> bool:
        """Write a damaged description of an index again, from its copy; whether that was needed.

        Raises:
            NotFound: no such index. CorruptFile: it has no whole copy. NewerRelease.
        """
        try:
            self.open(name)
            return False
        except CorruptFile as error:
            spec = copied_spec(self._layout, name)
            if spec is None:
                raise CorruptFile(
                    f"{error.message} (It can't be restored: there is no whole copy of it.)"
                ) from None
        with (
            self._layout.writing(f"index-{name}"),
            self._layout.writing(f"spec-{name}"),
            contextlib.suppress(FileNotFoundError),  # deleted meanwhile
        ):
            try:
                read_spec(self._layout, name)
            except CorruptFile:
                write_spec(self._layout, copied_spec(self._layout, name) or spec)
        return True

    def delete(self, name: str, endpoint: str | None = None, orphaned: bool = False) -> None:
        """Delete an index and its files at once; running queries finish on what they hold.

        Args:
            orphaned: an orphan too.

        Raises:
            NotFound: no such index. NewerRelease: another release made it, which must delete it.
        """
        try:
            opened = self._opened(name) if orphaned else None
            lock = (opened or self.open(name, endpoint))[1].writing()
        except (CorruptFile, StorageFailed) as error:
            self.unreadable(name, error, endpoint)
            lock = self._layout.writing(f"index-{name}")
        with lock:
            # First the file that makes it an index: a crash after that leaves only garbage.
            with self._layout.writing(f"spec-{name}"):
                remove_twice(spec_file(self._layout, name))
            shutil.rmtree(self._layout.index_dir(name), ignore_errors=True)
        self._cached.pop(name, None)


def is_orphan(index: IndexSpec | Unreadable) -> bool:
    """Whether the endpoint of an index was deleted."""
    return isinstance(index, IndexSpec) and index.orphan_of is not None


def endpoint_gone(spec: IndexSpec) -> NotFound:
    """The service's refusal of an orphan: it names the endpoint's id."""
    error = NotFound(f"Vector search endpoint {spec.orphan_of} not found")
    error.hint = (
        f"Index {spec.name} was on endpoint {spec.endpoint_name}, which was deleted. Create the index "
        f"again, or remove what is left of it: vitrine index delete {spec.name}"
    )
    return error


def _check_endpoint(index: IndexSpec | Unreadable, endpoint: str | None) -> None:
    """Refuse an index of another endpoint; one whose endpoint is not known is not refused."""
    if endpoint is not None and index.endpoint_name not in (endpoint, None):
        raise NotFound(f"Vector search index {index.name} not found on endpoint {endpoint}")


def _stamp(file: str) -> tuple[int, int] | None:
    """What differs between a file and one that replaced it; None for no file."""
    try:
        found = os.stat(file)  # noqa: PTH116  (a third of what Path.stat takes)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_mtime_ns, found.st_ino
