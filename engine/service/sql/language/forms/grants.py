"""GRANT, REVOKE and SHOW GRANTS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import NotSupported
from engine.service.sql.language.forms.words import Name, Words

_KINDS = {
    "TABLE": "TABLE", "VIEW": "VIEW", "SCHEMA": "SCHEMA", "DATABASE": "SCHEMA", "CATALOG": "CATALOG",
    "VOLUME": "VOLUME", "FUNCTION": "FUNCTION",
}  # fmt: skip
_ELSEWHERE = (
    ("METASTORE",), ("EXTERNAL", "LOCATION"), ("STORAGE", "CREDENTIAL"), ("CREDENTIAL",), ("SHARE",),
    ("CONNECTION",), ("RECIPIENT",), ("PROVIDER",), ("ANY", "FILE"), ("ANONYMOUS", "FUNCTION"),
    ("MODEL",), ("PROCEDURE",),
)  # fmt: skip


@dataclass(frozen=True)
class OfGrants:
    """`GRANT privileges ON kind name TO principal | REVOKE ... FROM principal | SHOW GRANTS ...`.

    Attributes:
        kind: a key of `PRIVILEGES`. privileges: in capital letters; none for SHOW.
        principal: None for SHOW of all.
    """

    action: Literal["GRANT", "REVOKE", "SHOW"]
    kind: str
    name: Name
    principal: str | None
    privileges: tuple[str, ...] = ()


def of_grants(first: str, words: Words) -> OfGrants | None:
    """Read what stands behind the first word; None for another statement. Raises BadStatement."""
    found = None
    if first == "SHOW" and (words.take("GRANTS") or words.take("GRANT")):
        principal = None if words.comes("ON") else words.identifier("a user or a group")
        found = OfGrants("SHOW", *_thing(words), principal)
    elif first in ("GRANT", "REVOKE"):
        privileges = _privileges(words)
        kind, name = _thing(words)
        words.expect("TO" if first == "GRANT" else "FROM")
        action: Literal["GRANT", "REVOKE"] = "GRANT" if first == "GRANT" else "REVOKE"
        found = OfGrants(action, kind, name, words.identifier("a user or a group"), privileges)
    if found is not None:
        words.end()
    return found


def _privileges(words: Words) -> tuple[str, ...]:
    found: list[str] = []
    while not found or words.take(","):
        parts = [words.identifier("a privilege")]
        while not (words.is_over() or words.comes("ON") or words.comes(",")):
            parts.append(words.identifier("a privilege"))
        found.append(" ".join(parts).upper())
    return tuple(found)


def _thing(words: Words) -> tuple[str, Name]:
    words.expect("ON")
    for place in _ELSEWHERE:
        if words.take(*place):
            raise NotSupported(
                f"Grants on {' '.join(place)} are not kept here; they are on {', '.join(_KINDS)}."
            )
    for word, kind in _KINDS.items():
        if words.take(word):
            return kind, words.name(f"the name of a {kind.lower()}")
    return "TABLE", words.name("TABLE, SCHEMA, CATALOG, VOLUME or FUNCTION and a name")
