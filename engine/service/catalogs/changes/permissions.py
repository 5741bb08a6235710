"""Grants as Unity Catalog's API tells of them and changes them. Knows what is there; not files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.core.names import table_name
from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.service.catalogs.changes.grants import PRIVILEGES, Grant, Grants, Step

# What shows a thing of a kind, and refuses one that isn't there.
Shown = Callable[[str], Mapping[str, Any]]


class Permissions:
    """The grants on what is registered in a workspace. Safe to use from many threads and processes."""

    def __init__(
        self, grants: Grants, shown: Mapping[str, Shown], is_view: Callable[[Any], bool]
    ) -> None:
        """Grants on things of some kinds.

        Args:
            shown: by a kind's name in small letters. is_view: whether a table's name is a view's.
        """
        self._grants, self._shown, self._is_view = grants, shown, is_view

    def get(
        self, securable_type: str, full_name: str, principal: str | None = None
    ) -> dict[str, Any]:
        """What was granted on a thing itself: `privilege_assignments`, one for each principal.

        Args:
            securable_type: catalog, schema, table (also of a view), volume or function, in any letters.
            principal: whose alone; None for everybody's.

        Raises:
            NotFound: no such thing. InvalidParameterValue: another type.
        """
        kind, name = self._thing(securable_type, full_name)
        return _assigned(self._grants.on(kind, name), principal, lambda one: _said(one.privilege))

    def effective(
        self, securable_type: str, full_name: str, principal: str | None = None
    ) -> dict[str, Any]:
        """The same with what its schema and its catalog hand down, each privilege with where it is from.

        Raises: as `get`.
        """
        kind, name = self._thing(securable_type, full_name)
        found = self._grants.affecting(kind, name)
        return _assigned(found, principal, lambda one: _effective(one, name))

    def update(
        self, securable_type: str, full_name: str, changes: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Give and take privileges; all of them or, where one is refused, none.

        Args:
            changes: each with a `principal` and what to `add` and to `remove`, such as USE_SCHEMA.

        Returns:
            as `get`, of everybody.

        Raises:
            NotFound: no such thing. InvalidParameterValue: another type, a privilege that nobody has on
                such a thing, or no principal.
        """
        kind, name = self._thing(securable_type, full_name)
        self._grants.change(kind, name, [_step(kind, one) for one in changes])
        return self.get(securable_type, full_name)

    def _thing(self, securable_type: str, full_name: str) -> tuple[str, str]:
        """A thing's kind and full name. Raises NotFound, InvalidParameterValue."""
        known = self._shown.get(securable_type.lower())
        if known is None:
            raise InvalidParameterValue(
                f"securable_type is {shown(securable_type)}; grants are kept here on "
                f"{', '.join(self._shown)}."
            )
        found = known(full_name)
        name = str(found.get("full_name") or found["name"])
        kind = securable_type.upper()
        if kind == "TABLE" and self._is_view(table_name(name)):
            kind = "VIEW"
        return kind, name


def _step(kind: str, change: Mapping[str, Any]) -> Step:
    """One change of privileges, checked. Raises InvalidParameterValue."""
    principal = str(change.get("principal") or "")
    if not principal.strip():
        raise InvalidParameterValue("changes.principal is missing; expected a user or a group.")
    return principal, _read(kind, change.get("remove")), _read(kind, change.get("add"))


def _read(kind: str, privileges: Iterable[str] | None) -> list[str]:
    """Privileges in the words of statements. Raises InvalidParameterValue: none on such a thing."""
    found = [one.upper().replace("_", " ") for one in privileges or ()]
    for one in found:
        if one not in PRIVILEGES[kind]:
            known = ", ".join(sorted(map(_said, PRIVILEGES[kind])))
            raise InvalidParameterValue(
                f"Privilege {_said(one):.80} is not applicable to a {kind}; those are {known}."
            )
    return found


def _said(privilege: str) -> str:
    return privilege.replace(" ", "_")


def _effective(one: Grant, name: str) -> dict[str, str]:
    if one.name == name:
        return {"privilege": _said(one.privilege)}
    above = {"inherited_from_type": one.kind, "inherited_from_name": one.name}
    return {"privilege": _said(one.privilege), **above}


def _assigned(
    grants: Iterable[Grant], principal: str | None, told: Callable[[Grant], Any]
) -> dict[str, Any]:
    """Grants as the API tells of them: those of each principal together."""
    found: dict[str, list[Any]] = {}
    for one in grants:
        if principal is None or one.principal.lower() == principal.lower():
            found.setdefault(one.principal, []).append(told(one))
    return {
        "privilege_assignments": [
            {"principal": who, "privileges": held} for who, held in found.items()
        ]
    }
