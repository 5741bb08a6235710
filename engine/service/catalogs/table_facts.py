"""What a definition says of a table beside its columns' names and types. Knows a document's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.service.catalogs.columns import ColumnFacts
from engine.service.catalogs.documents import given

COLUMNS = "column_facts"  # in a table's document


@dataclass(frozen=True)
class TableFacts:
    """What is kept of a table that is made.

    Attributes:
        columns: see `column_facts`. primary_key: its columns, if it has one; key_name: its name.
        foreign_keys: each as `Constraints.create` takes it.
    """

    comment: str | None = None
    properties: Mapping[str, str] | None = None
    columns: ColumnFacts = field(default_factory=dict)
    primary_key: tuple[str, ...] = ()
    key_name: str = ""
    foreign_keys: tuple[Mapping[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """As the document of the table says it. Raises InvalidParameterValue for a bad value."""
        facts = given(comment=self.comment, properties=self.properties)
        constraints = [dict(one) for one in self.foreign_keys]
        if self.primary_key:
            key = {"name": self.key_name, "child_columns": list(self.primary_key)}
            constraints.insert(0, {"primary_key_constraint": key})
        if constraints:
            facts["table_constraints"] = constraints
        return {COLUMNS: self.columns, **facts}


def with_columns(document: Mapping[str, Any], renamed: Mapping[str, str | None]) -> dict[str, Any]:
    """A table's document whose columns have other names, or are gone.

    Args:
        renamed: new names by the old ones; none for a column that is gone.
    """
    facts = {renamed.get(name, name): one for name, one in document.get(COLUMNS, {}).items()}
    out = {**document, COLUMNS: {name: one for name, one in facts.items() if name is not None}}
    constraints = [
        {kind: {**said, "child_columns": [renamed.get(n) or n for n in said["child_columns"]]}}
        if "child_columns" in said
        else one
        for one in document.get("table_constraints", [])
        for kind, said in one.items()
    ]
    return {**out, "table_constraints": constraints} if constraints else out
