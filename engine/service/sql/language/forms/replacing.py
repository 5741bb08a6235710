"""`REPLACE TABLE t ...`, known to the parser as a CREATE OR REPLACE TABLE."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokens import Token, TokenType

REPLACES = "replaces"  # mark of a tree whose table must be there


def with_create(tokens: Sequence[Token]) -> tuple[list[Token], bool]:
    """The tokens of a CREATE OR REPLACE TABLE, and whether the statement left out the first two."""
    if [token.text.upper() for token in tokens[:2]] != ["REPLACE", "TABLE"]:
        return list(tokens), False
    at = tokens[0]
    where = {"line": at.line, "col": at.col, "start": at.start, "end": at.end}
    words = ((TokenType.CREATE, "CREATE"), (TokenType.OR, "OR"), (TokenType.REPLACE, "REPLACE"))
    return [*(Token(kind, text, **where) for kind, text in words), *tokens[1:]], True
