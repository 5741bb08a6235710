"""What came of an export for the cloud, thing by thing. Knows words; not how it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

# "skipped" is as it should be; "failed" is something's trouble, with the rest exported.
ExportAction = Literal["exported", "skipped", "failed"]


@dataclass(frozen=True)
class ExportedThing:
    """One thing of the workspace.

    Attributes:
        kind: table, view, endpoint, index, function.
        rows: that were written; None for what has none of its own.
        detail: why it was skipped, or failed; where its rows lie.
    """

    kind: str
    name: str
    action: ExportAction
    rows: int | None = None
    detail: str = ""

    def row(self) -> dict[str, Any]:
        """For tables and JSON."""
        return dict(vars(self))


@dataclass
class CloudExportReport:
    """What an export wrote.

    Attributes:
        folder: where it lies. serving_endpoints: what must exist in the cloud, by name.
    """

    folder: Path
    things: list[ExportedThing] = field(default_factory=list)
    serving_endpoints: list[str] = field(default_factory=list)

    def add(
        self,
        kind: str,
        name: str,
        action: ExportAction,
        rows: int | None = None,
        detail: str = "",
    ) -> None:
        """Say what came of one thing."""
        self.things.append(ExportedThing(kind, name, action, rows, detail))

    @property
    def failed(self) -> list[ExportedThing]:
        return [thing for thing in self.things if thing.action == "failed"]

    def count(self, kind: str, action: ExportAction = "exported") -> int:
        """How many things of a kind came to that."""
        return sum(one.kind == kind and one.action == action for one in self.things)

    def summary(self) -> str:
        """One line of what was done."""
        rows = sum(one.rows or 0 for one in self.things if one.action == "exported")
        counts = [
            f"{self.count(kind):,} {kind if self.count(kind) == 1 else plural}"
            for kind, plural in (
                ("table", "tables"),
                ("endpoint", "endpoints"),
                ("index", "indexes"),
            )
        ]
        line = f"exported {', '.join(counts)}, {rows:,} rows to {self.folder}"
        skipped = sum(one.action == "skipped" for one in self.things)
        return f"{line}; {skipped:,} skipped, {len(self.failed):,} failed"
