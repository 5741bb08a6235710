"""Grants: which privileges were given to whom. They are kept and shown, and not enforced.

Everybody who can read the workspace's folder may do everything; what is granted is told back, so that
programs which grant run, and what they granted can be looked at. Knows where grants are kept; not
whether a thing is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.service.authorship import user_name
from engine.service.catalogs.documents import touched
from engine.store.securable_files import SecurableFiles, Tagged

ALL = "ALL PRIVILEGES"
_OF_ALL = (ALL, "APPLY TAG", "MANAGE")
_OF_SCHEMAS = (
    "CREATE FUNCTION", "CREATE MATERIALIZED VIEW", "CREATE MODEL", "CREATE MODEL VERSION",
    "CREATE TABLE", "CREATE VOLUME", "EXECUTE", "EXTERNAL USE SCHEMA", "MODIFY", "READ VOLUME",
    "REFRESH", "SELECT", "USE SCHEMA", "WRITE VOLUME",
)  # fmt: skip
# What may be granted on a thing, by its kind in statements.
PRIVILEGES: dict[str, frozenset[str]] = {
    "CATALOG": frozenset((*_OF_ALL, *_OF_SCHEMAS, "BROWSE", "CREATE SCHEMA", "USE CATALOG")),
    "SCHEMA": frozenset((*_OF_ALL, *_OF_SCHEMAS)),
    "TABLE": frozenset((*_OF_ALL, "MODIFY", "SELECT")),
    "VIEW": frozenset((*_OF_ALL, "REFRESH", "SELECT")),
    "VOLUME": frozenset((*_OF_ALL, "READ VOLUME", "WRITE VOLUME")),
    "FUNCTION": frozenset((ALL, "EXECUTE", "MANAGE")),
}
_KINDS: dict[str, Tagged] = {
    "CATALOG": "catalogs", "SCHEMA": "schemas", "TABLE": "tables", "VIEW": "tables",
    "VOLUME": "volumes", "FUNCTION": "functions",
}  # fmt: skip


# A principal, and the privileges that are taken from it and given to it.
Step = tuple[str, Sequence[str], Sequence[str]]


@dataclass(frozen=True)
class Grant:
    """One privilege of one principal.

    Attributes:
        kind, name: of what it was granted on, the thing itself or what that lies in.
    """

    principal: str
    privilege: str
    kind: str
    name: str


class Grants:
    """The grants of a workspace. Safe to use from many threads and processes.

    Kinds are those of `PRIVILEGES`; names are full ones of things that are there, which the caller has
    checked.
    """

    def __init__(self, files: SecurableFiles) -> None:
        self._files = files

    def on(self, kind: str, name: str) -> list[Grant]:
        """What was granted on a thing itself, sorted by principal and privilege."""
        held = self._files.tags(_KINDS[kind], name).get("grants", {})
        return [Grant(one, what, kind, name) for one in sorted(held) for what in sorted(held[one])]

    def affecting(self, kind: str, name: str) -> list[Grant]:
        """The same, and behind it what its schema and its catalog hand down to it."""
        found, parts = self.on(kind, name), name.split(".")
        above = (("SCHEMA", 2), ("CATALOG", 1))
        for other, count in above:
            if len(parts) > count:
                those = self.on(other, ".".join(parts[:count]))
                found += [one for one in those if one.privilege in PRIVILEGES[kind]]
        return found

    def grant(self, kind: str, name: str, principal: str, privileges: Sequence[str]) -> None:
        """Give a principal privileges on a thing; those that it has stay."""
        self.change(kind, name, [(principal, (), privileges)])

    def revoke(self, kind: str, name: str, principal: str, privileges: Sequence[str]) -> None:
        """Take privileges from a principal; those that it lacks are passed over. ALL PRIVILEGES is a
        privilege of its own, as in the cloud."""
        self.change(kind, name, [(principal, privileges, ())])

    def change(self, kind: str, name: str, steps: Sequence[Step]) -> None:
        """Take and give privileges of several principals, one after the other, in one write."""
        folder = _KINDS[kind]
        with self._files.writing():
            kept = self._files.tags(folder, name)
            before = kept.get("grants", {})
            after = dict(before)
            for principal, gone, new in steps:
                held = set(after.get(principal, []))
                after[principal] = sorted((held - set(gone)) | set(new))
            after = {one: held for one, held in after.items() if held}
            if after == before:
                return
            if not self._files.exists(folder, name):  # with which they are forgotten
                self._files.write(folder, name, {"owner": user_name(), **touched()})
            self._files.write_tags(folder, name, {**kept, "grants": after})
