"""`SET TAGS` and `UNSET TAGS` behind ALTER and the name of a thing, or of a table and its column."""

from __future__ import annotations

from dataclasses import dataclass

from engine.service.sql.language.forms.words import Name, Words


@dataclass(frozen=True)
class ChangeTags:
    """`ALTER kind name [ALTER COLUMN column] SET TAGS (tag = value, ...) | UNSET TAGS (tag, ...)`.

    Attributes:
        kind: TABLE, VIEW, SCHEMA, CATALOG or VOLUME. column: of a table; None for the thing itself.
        given: values by the tags that are set; an empty text where none is said. gone: those unset.
    """

    kind: str
    name: Name
    column: str | None
    given: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()


def change_tags(kind: str, name: Name, words: Words) -> ChangeTags | None:
    """Read what stands behind a name; None for something else. Raises BadStatement."""
    column = None
    if kind in ("TABLE", "VIEW") and (words.take("ALTER") or words.take("CHANGE")):
        words.take("COLUMN")
        column = words.identifier("a column")
    if words.take("SET", "TAGS"):
        return ChangeTags(kind, name, column, given=_given(words))
    if words.take("UNSET", "TAGS"):
        return ChangeTags(kind, name, column, gone=tuple(tag for tag, _ in _given(words, False)))
    return None


def _given(words: Words, with_values: bool = True) -> tuple[tuple[str, str], ...]:
    words.expect("(")
    found: list[tuple[str, str]] = []
    while not found or words.take(","):
        if words.comes(")"):
            raise words.unexpected("the name of a tag")
        tag = words.key()
        found.append((tag, words.text() if with_values and words.take("=") else ""))
    words.expect(")")
    return tuple(found)
