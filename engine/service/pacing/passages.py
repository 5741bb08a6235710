"""An index on its way: being provisioned or synced, for as long as the pace says. Knows one file.

indexes/<name>/passage.json   the last such way: when it was asked for, begins, has its resources, ends

It is written when a sync is accepted. The new version is made and durable soon after, and read from the
end on; what a version's manifest says under `visible_at` is that end. A process that dies on the way
leaves what was there before, and the index can be synced again when the time is over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import asdict, dataclass

from engine.core.schema import IndexSpec
from engine.errors import BadRequest, CorruptFile, StorageFailed
from engine.service.pacing.clock import Clock
from engine.store.layout import Layout, read_json, storage_failed, write_json

BUSY = (
    "Index is not ready to sync yet. Pipeline is in state RUNNING and needs to be in one of the "
    "following states to sync: COMPLETED, FAILED, CANCELED."
)


@dataclass(frozen=True)
class Passage:
    """One way of an index, in milliseconds of the workspace's clock.

    Attributes:
        begins: when its endpoint is there. works: when its resources are there.
        until: when it is over, and what it brought is read.
    """

    begins: int
    works: int
    until: int


class Passages:
    """The ways of a workspace's indexes. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout, clock: Clock, endpoint_until: Callable[[str], int]) -> None:
        """
        Args:
            endpoint_until: the time from which an endpoint is online, by its name; 0 for always.
        """
        self._layout, self.clock = layout, clock
        self._endpoint_until = endpoint_until

    def begin(self, spec: IndexSpec, first: bool) -> int | None:
        """Begin a sync, or an index's provisioning; the caller holds the index's lock.

        Args:
            first: the index has no version yet.

        Returns:
            when it will be over; None where nothing takes time, or an index that follows its table
            goes on following it, see `followed`.

        Raises:
            BadRequest: the last one is not over. StorageFailed: the disk takes no file.
        """
        if self.clock.pace.is_instant:
            return None
        if self.of(spec.name) is not None:
            raise BadRequest(BUSY)
        if spec.pipeline_type == "CONTINUOUS" and not first:
            return None
        begins = self.clock.now()
        if first:
            begins = max(begins, self._endpoint_until(spec.endpoint_name))
        works = self.clock.in_seconds(self.clock.pace.setup, begins)
        passage = Passage(begins, works, self.clock.in_seconds(self.clock.pace.sync, works))
        try:
            write_json(self._layout.index_dir(spec.name) / "passage.json", asdict(passage))
        except OSError as error:
            raise storage_failed(f"index {spec.name} was not synced", error) from error
        return passage.until

    def of(self, index: str) -> Passage | None:
        """Where an index is on its way; None where that is over, or can't be read any more."""
        if self.clock.pace.is_instant:
            return None
        passage = None
        with contextlib.suppress(
            FileNotFoundError, CorruptFile, StorageFailed, TypeError, ValueError
        ):
            facts = read_json(self._layout.index_dir(index) / "passage.json")
            passage = Passage(**{name: int(moment) for name, moment in facts.items()})
        return None if passage is None or self.clock.is_over(passage.until) else passage

    def followed(self, changed: int) -> int:
        """When an index that follows its table shows a change that was made at a moment.

        Args:
            changed: a file's time of change, in milliseconds.
        """
        since = min(self.clock.at(changed), self.clock.now())
        return self.clock.in_seconds(self.clock.pace.follow, since)

    def written(self) -> dict[str, int]:
        """What the manifest of rows written now says of when they are read."""
        if self.clock.pace.is_instant:
            return {}
        return {"visible_at": self.clock.in_seconds(self.clock.pace.write)}
