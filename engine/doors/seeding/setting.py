"""What carrying out a file needs to know: the workspace, the file, and what was done so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.doors.seeding.file.document import Document
from engine.doors.seeding.file.resources import Resource
from engine.doors.seeding.report import Outcome
from engine.workspace import Workspace

KINDS = {
    "catalogs": "catalog",
    "schemas": "schema",
    "volumes": "volume",
    "tables": "table",
    "model_serving_endpoints": "serving endpoint",
    "vector_search_endpoints": "endpoint",
    "vector_search_indexes": "index",
}


@dataclass
class Setting:
    """One run over one file.

    Attributes:
        resources: all of the file. dry_run: only say what would be done.
        recreate: make indexes anew that can't be changed to what the file says.
        outcomes: so far.
    """

    workspace: Workspace
    document: Document
    resources: list[Resource]
    dry_run: bool = False
    recreate: bool = False
    outcomes: list[Outcome] = field(default_factory=list)

    def named(self, section: str, name: str) -> Resource | None:
        """The resource of this name in the file."""
        return next((r for r in self.resources if (r.section, r.name) == (section, name)), None)

    def came(self, section: str, name: str) -> str | None:
        """What came of a resource so far; None where nothing did."""
        kind = KINDS[section]
        found = (one.action for one in self.outcomes if (one.kind, one.name) == (kind, name))
        return next(found, None)

    def add(self, section: str, name: str, action: str, detail: str = "") -> None:
        """Note what came of a resource."""
        self.outcomes.append(Outcome(KINDS[section], name, action, detail))
