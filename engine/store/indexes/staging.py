"""What a first build has finished before it is done: no query reads it, the next build goes on from it.

staged/<number>.json   a manifest as a version's, of the segments that are whole; the highest counts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import CorruptFile, NotFound
from engine.store.indexes.manifests import Listed
from engine.store.indexes.versions import Version, VersionStore


def staged(versions: VersionStore) -> Version | None:
    """What an unfinished build of an index left; None where nothing, or nothing that can be used."""
    numbers = versions.staged.numbers()
    try:
        return versions.read_from(versions.staged, numbers[-1]) if numbers else None
    except (FileNotFoundError, CorruptFile, NotFound):
        return None


def stage(versions: VersionStore, segments: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Keep finished segments for the build that is under way; the caller holds the index's lock.

    Args:
        segments: ids of all so far. facts: as of `VersionStore.publish`, which forgets what is staged.
    """
    manifests = versions.staged
    number = max(manifests.numbers(), default=0) + 1
    manifests.write(number, facts, manifests.entries(number, [Listed(name) for name in segments]))
    manifests.collect([number])
