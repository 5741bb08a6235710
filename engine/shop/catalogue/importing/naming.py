"""Names of a source's columns in the table of products, and what a catalogue's words mean there.

Columns keep their names, but for those that are somebody else's: the engine's own (`image_path`,
`image_embedding`, ...), those that searches add (`score`, `cosine`) and the one that the service keeps
for itself (`_id`) get `_given` behind them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.core.schema import RESERVED_COLUMN, suggestion
from engine.errors import BadSourceFile
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.files import ROLES
from engine.shop.names import IMAGE_PATH

_OURS = {
    *(IMAGE_PATH, "image_embedding", "text_embedding", "hybrid_embedding", "text_content"),
    *("embedding_model", "embedding_dimension", "updated_at", "score", "cosine", RESERVED_COLUMN),
}
_HOLE = re.compile(r"\{([^{}]+)\}")
_GIVEN = "_given"


@dataclass(frozen=True)
class Naming:
    """Source's column -> the table's, in order."""

    names: dict[str, str]
    place: str

    @staticmethod
    def of(columns: Sequence[str], catalogue: Catalogue | None, place: str) -> Naming:
        """The names that a table has of a source's columns.

        Args:
            place: the source, for messages.

        Raises:
            BadSourceFile: the catalogue gives two columns one name.
        """
        renamed = {} if catalogue is None else catalogue.renamed
        names: dict[str, str] = {}
        taken: dict[str, str] = {}
        for column in columns:
            name = renamed.get(column, column)
            while name.casefold() in _OURS or (name != column and name.casefold() in taken):
                if column in renamed:
                    raise _taken(column, name, place)
                name += _GIVEN
            taken[name.casefold()] = column
            names[column] = name
        return Naming(names, place)

    @property
    def changed(self) -> list[str]:
        """What was renamed, in words."""
        return [f"{old!r} to {new!r}" for old, new in self.names.items() if old != new]

    def source(self, given: str, role: str) -> str:
        """The source's column that a name means: its own, the table's, or either in any letter case.

        Raises:
            BadSourceFile: there is none; names the nearest.
        """
        back = {new: old for old, new in self.names.items()}
        if given in self.names or given in back:
            return given if given in self.names else back[given]
        folded = {
            name.casefold(): old
            for name, old in {**back, **dict(zip(self.names, self.names))}.items()
        }
        found = folded.get(given.strip().casefold())
        if found is None:
            raise BadSourceFile(
                f"column {given!r}, which is to be its {role}, is missing."
                f"{suggestion(given, self.names)} Its columns are "
                f"{', '.join(self.names)[:500] or 'none'}.",
                file=self.place,
                value=given,
            )
        return found

    def table(self, given: str, role: str) -> str:
        """The table's column that a name means. Raises BadSourceFile."""
        return self.names[self.source(given, role)]

    def resolved(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with the table's names. Raises BadSourceFile: a column that is missing."""
        one: dict[str, Any] = {
            field: self.table(getattr(catalogue, field), role)
            for role, field in ROLES.items()
            if getattr(catalogue, field) is not None
        }
        known = (IMAGE_PATH,)  # made here, whatever the source has
        columns = tuple(
            name if name in known else self.table(name, "column") for name in catalogue.columns
        )
        categories = tuple(self.table(name, "category") for name in catalogue.categories)
        return replace(catalogue, **one, categories=categories, columns=columns)

    def image(self, catalogue: Catalogue) -> tuple[str | None, bool]:
        """Where pictures come from in the source's names, and whether that is a pattern.

        Raises:
            BadSourceFile: a column that is missing.
        """
        given = catalogue.image
        if given is None or given in self.names or given in self.names.values():
            return (None if given is None else self.source(given, "image")), False
        if not is_pattern(given):
            return self.source(given, "image"), False
        fields = {**ROLES, "kind": "kind"}

        def named(hole: re.Match[str]) -> str:
            name = hole[1].strip()
            of_role = getattr(catalogue, fields[name], None) if name in fields else None
            is_column = name in self.names or name in self.names.values()
            return f"{{{self.source(name if is_column or not of_role else of_role, 'image')}}}"

        return _HOLE.sub(named, given), True


def is_pattern(image: str) -> bool:
    """Whether it is a pattern of paths and not the name of a column."""
    return any(sign in image for sign in "{*?")


def _taken(column: str, name: str, place: str) -> BadSourceFile:
    return BadSourceFile(
        f"the catalogue renames {column!r} to {name!r}, which is taken. Choose another name.",
        file=place,
        value=name,
    )
