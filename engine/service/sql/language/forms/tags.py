"""Tags: `SET TAGS` and `UNSET TAGS` behind ALTER and a name, `[UN]SET TAG ON` before one."""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import BadStatement
from engine.service.sql.language.forms.words import Name, Words


@dataclass(frozen=True)
class ChangeTags:
    """`ALTER kind name [ALTER COLUMN column] SET TAGS (tag = value, ...) | UNSET TAGS (tag, ...)`.

    Attributes:
        kind: TABLE, VIEW, SCHEMA, CATALOG or VOLUME. column: of a table; None for the thing itself.
        given: values by the tags that are set; an empty text where none is said. gone: those unset.
        strict: a tag that is set and there already, or unset and not there, is refused.
    """

    kind: str
    name: Name
    column: str | None
    given: tuple[tuple[str, str], ...] = ()
    gone: tuple[str, ...] = ()
    strict: bool = False


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


def set_tag(words: Words) -> ChangeTags | None:
    """Read what stands behind SET: `TAG ON kind name tag [= value]`; None for something else."""
    if not words.take("TAG"):
        return None
    kind, name, column = _tagged(words)
    tag = _word(words, "the name of a tag")
    value = _word(words, "a value") if words.take("=") else ""
    return ChangeTags(kind, name, column, given=((tag, value),), strict=True)


def unset_tag(words: Words) -> ChangeTags | None:
    """Read what stands behind UNSET: `TAG ON kind name tag`; None for something else."""
    if not words.take("TAG"):
        return None
    kind, name, column = _tagged(words)
    return ChangeTags(kind, name, column, gone=(_word(words, "the name of a tag"),), strict=True)


def _tagged(words: Words) -> tuple[str, Name, str | None]:
    """The kind, the name and the column that stand behind ON; a column's own kind is TABLE."""
    words.expect("ON")
    for word, kind in _TAGGED.items():
        if words.take(word):
            name = words.name(f"the name of a {kind.lower()}")
            if kind != "COLUMN":
                return kind, name, None
            if len(name) < 2:
                raise BadStatement(
                    f"[PARSE_SYNTAX_ERROR] TAG ON COLUMN {name[0]:.80}: expected table.column."
                )
            return "TABLE", name[:-1], name[-1]
    raise words.unexpected("TABLE, VIEW, COLUMN, SCHEMA, CATALOG or VOLUME")


_TAGGED = {
    "TABLE": "TABLE", "VIEW": "VIEW", "COLUMN": "COLUMN", "SCHEMA": "SCHEMA", "DATABASE": "SCHEMA",
    "CATALOG": "CATALOG", "VOLUME": "VOLUME",
}  # fmt: skip


def _word(words: Words, what: str) -> str:
    """A tag or its value: an identifier, or a text."""
    return words.text() if words.text_comes() else words.identifier(what)


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
