"""COMMENT ON, and what ALTER says of owners and tags, and of properties and constraints that go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import BadStatement
from engine.service.sql.language.forms.tags import ChangeTags, change_tags
from engine.service.sql.language.forms.words import Name, Words

Kind = Literal["TABLE", "VIEW", "COLUMN", "SCHEMA", "CATALOG", "VOLUME"]
_KINDS: dict[str, Kind] = {
    "TABLE": "TABLE", "VIEW": "VIEW", "COLUMN": "COLUMN", "SCHEMA": "SCHEMA", "DATABASE": "SCHEMA",
    "CATALOG": "CATALOG", "VOLUME": "VOLUME",
}  # fmt: skip


@dataclass(frozen=True)
class CommentOn:
    """`COMMENT ON kind name IS text | :parameter | NULL`; no text for none.

    Attributes:
        parameter: the name of the one whose value is the text; None for the text itself.
    """

    kind: Kind
    name: Name
    text: str
    parameter: str | None = None


@dataclass(frozen=True)
class SetOwner:
    """`ALTER kind name [SET] OWNER TO owner`."""

    kind: Kind
    name: Name
    owner: str


@dataclass(frozen=True)
class UnsetProperties:
    """`ALTER TABLE | VIEW name UNSET TBLPROPERTIES [IF EXISTS] (key, ...)`."""

    name: Name
    keys: tuple[str, ...]
    lenient: bool


@dataclass(frozen=True)
class DropConstraint:
    """`ALTER TABLE name DROP CONSTRAINT | PRIMARY KEY [IF EXISTS] ...`; no constraint for the key."""

    name: Name
    constraint: str | None
    lenient: bool


Facts = CommentOn | SetOwner | UnsetProperties | DropConstraint | ChangeTags


def comment_on(words: Words) -> Facts:
    """Read what stands behind COMMENT. Raises BadStatement."""
    words.expect("ON")
    kind, name = _named(words)
    words.expect("IS")
    parameter = words.identifier("a parameter") if words.take(":") else None
    text = "" if parameter is not None or words.take("NULL") else words.text()
    if kind == "COLUMN" and len(name) < 2:
        raise BadStatement(f"COMMENT ON COLUMN {name[0]:.80}: expected table.column.")
    return CommentOn(kind, name, text, parameter)


def alter(words: Words) -> Facts | None:
    """Read what stands behind ALTER; None for what has another grammar."""
    if not any(words.comes(kind) for kind in _KINDS):
        return None
    kind, name = _named(words)
    if words.take("SET", "OWNER", "TO") or words.take("OWNER", "TO"):
        return SetOwner(kind, name, words.identifier("an owner"))
    if kind == "TABLE" and words.take("DROP", "PRIMARY KEY"):
        return _dropped(name, words, is_key=True)
    if kind == "TABLE" and words.take("DROP", "CONSTRAINT"):
        return _dropped(name, words, is_key=False)
    if not (kind in ("TABLE", "VIEW") and words.take("UNSET", "TBLPROPERTIES")):
        return change_tags(kind, name, words)
    lenient = words.take("IF", "EXISTS")
    words.expect("(")
    keys = [words.key()]
    while words.take(","):
        keys.append(words.key())
    words.expect(")")
    return UnsetProperties(name, tuple(keys), lenient)


def _dropped(name: Name, words: Words, is_key: bool) -> DropConstraint:
    lenient = words.take("IF", "EXISTS")
    constraint = None if is_key else words.identifier("a constraint")
    words.take("RESTRICT")
    return DropConstraint(name, constraint, lenient)


def _named(words: Words) -> tuple[Kind, Name]:
    for word, kind in _KINDS.items():
        if words.take(word):
            return kind, words.name(f"the name of a {kind.lower()}")
    raise words.unexpected("TABLE, VIEW, COLUMN, SCHEMA, CATALOG or VOLUME")
