"""`REPLACE TABLE t ...`, known to the parser as a CREATE OR REPLACE TABLE; and RESTORE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot.tokens import Token, TokenType

from engine.service.sql.language.forms.words import Name, Words

REPLACES = "replaces"  # mark of a tree whose table must be there


def with_create(tokens: Sequence[Token]) -> tuple[list[Token], bool]:
    """The tokens of a CREATE OR REPLACE TABLE, and whether the statement left out the first two."""
    if [token.text.upper() for token in tokens[:2]] != ["REPLACE", "TABLE"]:
        return list(tokens), False
    at = tokens[0]
    where = {"line": at.line, "col": at.col, "start": at.start, "end": at.end}
    words = ((TokenType.CREATE, "CREATE"), (TokenType.OR, "OR"), (TokenType.REPLACE, "REPLACE"))
    return [*(Token(kind, text, **where) for kind, text in words), *tokens[1:]], True


@dataclass(frozen=True)
class Restore:
    """`RESTORE [TABLE] name [TO] VERSION AS OF number | TIMESTAMP AS OF time`.

    Attributes:
        said: the number or the time, as it is written.
    """

    name: Name
    kind: Literal["VERSION", "TIMESTAMP"]
    said: str


def restore(words: Words) -> Restore:
    """Read what stands behind RESTORE. Raises BadStatement."""
    words.take("TABLE")
    name = ("delta", words.text()) if words.text_comes() else words.name("the name of a table")
    words.take("TO")
    if words.take("VERSION", "AS", "OF"):
        return Restore(name, "VERSION", str(words.whole_number("a number of a version")))
    words.expect("TIMESTAMP", "AS", "OF")
    return Restore(name, "TIMESTAMP", words.text())
