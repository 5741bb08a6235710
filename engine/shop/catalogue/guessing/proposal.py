"""A proposed catalogue, shown as people can check it: roles, examples, the command and the file that say
the same. Knows words; not tables."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.files import CATEGORY, ROLES


@dataclass(frozen=True)
class Role:
    """One line of a proposal: a role, its column, some of its values, and how it was found."""

    role: str
    column: str
    examples: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Proposal:
    """What the columns of a source may mean.

    Attributes:
        catalogue: as `build` takes it; None where no column can be the key or the title.
        roles: by role. columns: the others, which products keep without a role.
        products, images: as they were given. how: how the source was read.
        rows: that were looked at.
    """

    catalogue: Catalogue | None
    roles: tuple[Role, ...]
    columns: tuple[str, ...]
    products: str
    images: str | None
    how: tuple[str, ...]
    rows: int

    @property
    def words(self) -> dict[str, Any]:
        """The words of a catalogue file."""
        found: dict[str, Any] = {}
        for one in self.roles:
            if one.role == CATEGORY:
                found.setdefault(CATEGORY, []).append(one.column)
            else:
                found[one.role] = one.column
        return found

    @property
    def lacking(self) -> list[str]:
        """Roles that every catalogue needs, and that no column seems to have."""
        return [role for role in ("id", "title") if role not in self.words]

    def to_toml(self) -> str:
        """The catalogue file that says the same."""
        return toml_of(self.words)

    @property
    def command(self) -> str:
        """The command line that says the same."""
        parts = ["vitrine build", shlex.quote(self.products)]
        parts += [shlex.quote(self.images)] if self.images else []
        for role, given in self.words.items():
            for column in given if isinstance(given, list) else [given]:
                parts.append(f"--{role} {shlex.quote(column)}")
        return " ".join(parts)

    def __str__(self) -> str:
        """All of it, as the command shows it."""
        width = max((len(one.role) for one in self.roles), default=0)
        wide = max((len(one.column) for one in self.roles), default=0)
        lines = [f"{self.products}: {'; '.join(self.how)}; {self.rows:,} rows looked at", ""]
        for one in self.roles:
            shown = ", ".join(one.examples)
            lines.append(f"  {one.role:<{width}}  {one.column:<{wide}}  {shown}  ({one.why})")
        lines += [f"  {role:<{width}}  no column seems to be it" for role in self.lacking]
        if self.columns:
            lines.append(f"  others, kept as they are: {', '.join(self.columns)[:300]}")
        if self.roles:
            lines += ["", "The same as a command:", f"  {self.command}", ""]
            lines += ["The same as a file, for --catalogue FILE.toml:"]
            lines += [f"  {line}" for line in self.to_toml().splitlines()]
        return "\n".join(lines)


def toml_of(words: Mapping[str, Any]) -> str:
    """The words of a catalogue as TOML; texts and lists of texts, whose JSON form is TOML's too."""
    ordered = [name for name in (*ROLES, CATEGORY, "image") if name in words]
    others = [name for name in words if name not in ordered]
    lines = [f"{n} = {json.dumps(words[n], ensure_ascii=False)}" for n in (*ordered, *others)]
    return "\n".join(lines) + "\n"
