"""`ALTER TABLE t ALTER | CHANGE [COLUMN] ...` in the forms that the parser knows only in part.

Each column that is changed becomes a statement of its own: as the parser knows it, or for a place or a
whole definition (Hive's form) as an ADD COLUMN of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot.tokens import Token, TokenType

from engine.errors import BadStatement

# What stands behind a column's name and is no type.
_ACTIONS = {"TYPE", "COMMENT", "SET", "DROP", "FIRST", "AFTER", "SYNC"}
_OPEN, _SHUT = {"(", "<", "["}, {")", ">", "]"}


@dataclass(frozen=True)
class ColumnChange:
    """What becomes of one column.

    Attributes:
        tokens: the statement that says it. column: its name, of several parts for a field of a struct.
        kind: what the statement's action says: the change, the column's place or its definition;
            nothing but the column for SYNC IDENTITY.
    """

    tokens: tuple[Token, ...]
    column: tuple[Token, ...]
    kind: Literal["change", "place", "definition", "sync"]


def column_changes(tokens: Sequence[Token]) -> list[ColumnChange] | None:
    """The changes that an ALTER TABLE makes of columns; None for another statement.

    Raises:
        BadStatement: it names no column between two commas.
    """
    words = [_word(token) for token in tokens]
    if words[:2] != ["ALTER", "TABLE"] or len(words) < 5:
        return None
    at = 3
    while words[at : at + 1] == ["."]:
        at += 2
    if words[at : at + 1] not in (["ALTER"], ["CHANGE"]):
        return None
    first = at + 1 + (words[at + 1 : at + 2] == ["COLUMN"])
    pieces = _pieces(tokens[first:])
    if not all(pieces):
        raise BadStatement("[PARSE_SYNTAX_ERROR] ALTER COLUMN: expected the name of a column.")
    return [_change(tokens[:at], tokens[at], piece) for piece in pieces]


def _word(token: Token) -> str:
    """A word; nothing for a name or a text in quotes."""
    quoted = token.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
    return "" if quoted else token.text.upper()


def _pieces(tokens: Sequence[Token]) -> list[Sequence[Token]]:
    """Tokens between the commas that stand in no parentheses."""
    depth, start, out = 0, 0, []
    for place, token in enumerate(tokens):
        depth += (token.text in _OPEN) - (token.text in _SHUT)
        if token.text == "," and depth == 0:
            out.append(tokens[start:place])
            start = place + 1
    return [*out, tokens[start:]]


def _change(head: Sequence[Token], at: Token, piece: Sequence[Token]) -> ColumnChange:
    end = 1
    while [one.text for one in piece[end : end + 1]] == ["."]:
        end += 2
    column, action = tuple(piece[:end]), tuple(piece[end:])
    word = _word(action[0]) if action else ""
    if word in ("FIRST", "AFTER"):
        added = (*_said(at, "ADD", "COLUMN"), *column[-1:], *_said(at, "INT"), *action)
        return ColumnChange((*head, *added), column, "place")
    if [_word(one) for one in action] == ["SYNC", "IDENTITY"]:
        return ColumnChange((*head, *_said(at, "ADD", "COLUMN"), *column[-1:], *_said(at, "INT")),
                            column, "sync")  # fmt: skip
    if action and word not in _ACTIONS and _word(at) == "CHANGE":
        return ColumnChange((*head, *_said(at, "ADD", "COLUMN"), *action), column, "definition")
    altered = (*_said(at, "ALTER", "COLUMN"), *column[-1:], *action)
    return ColumnChange((*head, *altered), column, "change")


_TYPES = {"ALTER": TokenType.ALTER, "COLUMN": TokenType.COLUMN, "INT": TokenType.INT}


def _said(at: Token, *words: str) -> tuple[Token, ...]:
    """Tokens of words, which stand where another does."""
    place = {"line": at.line, "col": at.col, "start": at.start, "end": at.end}
    return tuple(Token(_TYPES.get(word, TokenType.VAR), word, **place) for word in words)
