"""Looking after an index: checking its files, merging segments, going back to an intact version."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter

from engine.errors import CorruptFile, VitrineError
from engine.progress import tracked
from engine.store.indexes.compaction import compact, due
from engine.store.indexes.versions import Part, Version, VersionStore
from engine.store.layout import storage_failed

# Merging more numbers than this (rows x dimension) is left to a sync or to the command.
_BACKGROUND_NUMBERS = 100_000_000
_running: set[str] = set()
_guard = threading.Lock()


def compact_in_background(versions: VersionStore) -> None:
    """Merge segments in a thread where that is due; at most one thread for an index.

    The thread is not a daemon: a process that ends waits for it, a killed one leaves a folder that
    the next write removes.
    """
    parts = _small_enough(versions) if versions.may_be_due else []
    if not parts:
        return
    with _guard:
        if versions.spec.id in _running:
            return
        _running.add(versions.spec.id)

    def work() -> None:
        # Errors here are no caller's: a full disk or a locked index leaves things as they are, and
        # the next write tries again.
        try:
            with contextlib.suppress(VitrineError, OSError):
                wanted = parts
                while wanted and compact(versions, wanted) is not None:
                    wanted = _small_enough(versions)
        finally:
            with _guard:
                _running.discard(versions.spec.id)

    threading.Thread(target=work, name=f"compact {versions.spec.name}").start()


def _small_enough(versions: VersionStore) -> list[Part]:
    """The parts to merge now, if that is not too much for the background."""
    version = versions.current()
    weight = versions.spec.row_weight
    return due(version, weight, _BACKGROUND_NUMBERS) if version is not None else []


def compact_all(versions: VersionStore, version: Version) -> bool:
    """Merge all segments into one without deleted rows; whether there was anything to do."""
    if len(version.parts) <= 1 and all(part.delete_bitmap is None for part in version.parts):
        return False
    return compact(versions, version.parts) is not None


def check(versions: VersionStore) -> list[str]:
    """What is wrong with the versions of an index, in sentences; empty when all is well.

    Raises:
        StorageFailed: the system refused to read a file.
    """
    wrong: list[str] = []
    numbers = versions.numbers()
    for number in tracked(numbers, total=len(numbers), unit="version", desc="check"):
        try:
            version = _verified(versions, number)
            wrong.extend(f"version {number}: {fault}" for fault in _faults(version, versions))
        except CorruptFile as error:
            wrong.append(f"version {number}: {error.message}")
        except FileNotFoundError as error:
            if number in versions.numbers():  # else it was superseded meanwhile
                wrong.append(
                    f"version {number}: {error.filename} is missing. "
                    f"Run: vitrine index restore {versions.spec.name}, or sync the index again."
                )
        except OSError as error:
            what = f"version {number} of index {versions.spec.name} was not checked"
            raise storage_failed(what, error) from error
    return wrong


def _verified(versions: VersionStore, number: int) -> Version:
    """A version whose every byte is as it was written. Raises CorruptFile, FileNotFoundError."""
    # Opened anew: what is in memory already was read before the damage.
    version = VersionStore(versions.layout, versions.spec).get(number)
    for part in version.parts:
        part.segment.verify()
    return version


def _faults(version: Version, versions: VersionStore) -> list[str]:
    """Broken invariants of a version whose files are as they were written."""
    faults = []
    seen: Counter[object] = Counter()
    for part in version.parts:
        seen.update(part.segment.keys_of(part.live_row_numbers()))
        held = {*part.segment.metadata.schema.names, versions.spec.vector_column}
        missing = [column for column in version.columns if column not in held]
        if missing:
            faults.append(f"segment {part.segment.id} lacks the column {', '.join(missing)}.")
    repeated = [str(key) for key, times in seen.items() if times > 1]
    if repeated:
        faults.append(
            f"{len(repeated)} primary keys are there more than once, such as {repeated[0]}. "
            f"Delete index {versions.spec.name} and create it again."
        )
    return faults


def restore(versions: VersionStore) -> int:
    """Publish the newest intact version again; returns the number of the published version.

    An intact published version is left as it is.

    Raises:
        CorruptFile: no version is intact; says what is wrong with each.
    """
    wrong = []
    with versions.writing():
        numbers = versions.numbers()
        for number in reversed(numbers):
            try:
                version = _verified(versions, number)
            except CorruptFile as error:
                wrong.append(f"version {number}: {error.message}")
                continue
            except FileNotFoundError as error:
                wrong.append(f"version {number}: {error.filename} is missing.")
                continue
            if number == numbers[-1]:
                return number
            parts = [part.listed for part in version.parts]
            return versions.publish(parts, version.facts, alone=True)
    raise CorruptFile(
        f"No version of index {versions.spec.name} is intact: {' '.join(wrong) or 'there is none.'} "
        "Sync the index again; where its rows came by upsert, delete it and write them again."
    )
