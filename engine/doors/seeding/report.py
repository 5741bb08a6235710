"""What came of applying a file: one outcome for each resource. Knows words; not resources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import RowsFailed

# What is done to a resource, before and after.
VERBS = {
    "create": "created",
    "change": "changed",
    "replace": "replaced",
    "recreate": "recreated",
    "sync": "synced",
    "upsert": "upserted",
    "run": "ran",
    "unchanged": "unchanged",
    "failed": "failed",
    "skipped": "skipped",
}


@dataclass(frozen=True)
class Outcome:
    """What came of one resource.

    Attributes:
        kind: the section that names it, in the singular. name: its full name.
        action: one of VERBS. detail: rows, or the reason.
    """

    kind: str
    name: str
    action: str
    detail: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether the resource is not as the file says."""
        return self.action in ("failed", "skipped")


@dataclass(frozen=True)
class ApplyReport:
    """What came of a file.

    Attributes:
        outcomes: in the order in which resources were made.
        notes: on what the file says and nothing here carries out.
        dry_run: whether the outcomes are what would be done.
    """

    outcomes: list[Outcome]
    notes: list[str] = field(default_factory=list)
    dry_run: bool = False

    @property
    def failed(self) -> list[Outcome]:
        """The resources that are not as the file says."""
        return [one for one in self.outcomes if one.is_bad]

    @property
    def changed(self) -> bool:
        """Whether anything was done, or would be."""
        return any(one.action != "unchanged" for one in self.outcomes)

    def rows(self) -> list[dict[str, Any]]:
        """The outcomes as a table has them: kind, name, action and detail."""
        return [
            {
                "kind": one.kind,
                "name": one.name,
                "action": one.action if self.dry_run else VERBS[one.action],
                "detail": one.detail,
            }
            for one in self.outcomes
        ]

    def raise_for_failures(self) -> None:
        """Raise RowsFailed where a resource is not as the file says; names all of them."""
        if self.failed:
            lines = "".join(f"\n  {one.kind} {one.name}: {one.detail}" for one in self.failed)
            raise RowsFailed(f"{len(self.failed)} of {len(self.outcomes)} failed:{lines}")
