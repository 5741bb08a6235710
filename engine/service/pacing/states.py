"""What an index's description says while the index is on its way. Knows the API's states; not files.

Truth: the states and progress objects that pollers of the cloud's descriptions read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from engine.service.pacing.passages import Passage

Phase = Literal["PENDING", "RUNNING"]
Json = dict[str, Any]

# The first message was seen in the cloud; the second is assumed.
UPDATING: dict[Phase, tuple[str, str]] = {
    "PENDING": (
        "ONLINE_UPDATING_PIPELINE_RESOURCES",
        "Index is currently online, pipeline update is pending setup of pipeline resources.",
    ),
    "RUNNING": (
        "ONLINE_TRIGGERED_UPDATE",
        "Index is currently online, pipeline update is in progress.",
    ),
}
PENDING_CREATION = "Delta sync Index creation is pending."


@dataclass(frozen=True)
class Way:
    """How far an index is on its way.

    Attributes:
        now: by the same clock as the passage. rows: that are taken over. version: that is made.
    """

    passage: Passage
    now: int
    rows: int
    version: int

    @property
    def phase(self) -> Phase:
        return "PENDING" if self.now < self.passage.works else "RUNNING"

    def provisioning_state(self, is_direct_access: bool) -> str:
        """The state of an index that has nothing to be read yet."""
        if self.now < self.passage.begins:
            return "PROVISIONING_ENDPOINT"
        if is_direct_access:
            return "PROVISIONING_INDEX"
        if self.phase == "PENDING":
            return "PROVISIONING_PIPELINE_RESOURCES"
        return "PROVISIONING_INITIAL_SNAPSHOT"

    def progress(self) -> Json:
        """How far the rows are, in the API's words; `sync_progress_completion` is from 0 to 1."""
        whole = max(1, self.passage.until - self.passage.works)
        share = min(1.0, max(0.0, (self.now - self.passage.works) / whole))
        return {
            "latest_version_currently_processing": self.version,
            "estimated_completion_time_seconds": max(0.0, (self.passage.until - self.now) / 1000),
            "sync_progress_completion": share,
            "total_rows_to_sync": self.rows,
            "num_synced_rows": int(self.rows * share),
        }
