"""`CREATE TABLE t [SHALLOW | DEEP] CLONE source ...`, known to the parser as a CREATE TABLE ... AS."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokens import Token, TokenType

from engine.errors import NotSupported

CLONES = "clones"  # mark of a tree whose query names the table that is copied with its definition
_QUERY = (
    (TokenType.ALIAS, "AS"),
    (TokenType.SELECT, "SELECT"),
    (TokenType.STAR, "*"),
    (TokenType.FROM, "FROM"),
)
_HEAD = {"CREATE", "OR", "REPLACE", "TABLE", "IF", "NOT", "EXISTS", "."}


def without_clone(tokens: Sequence[Token]) -> tuple[list[Token], bool]:
    """The tokens of a CREATE TABLE of the rows, and whether it is a clone.

    Raises:
        NotSupported: it says where the clone is to lie.
    """
    words = [token.text.upper() for token in tokens]
    place = _clone(words)
    if place is None:
        return list(tokens), False
    if "LOCATION" in words[place:]:
        raise NotSupported("CLONE with LOCATION is not supported: tables lie in the workspace.")
    said = words.index("TBLPROPERTIES") if "TBLPROPERTIES" in words[place:] else len(words)
    end = place - (words[place - 1] in ("SHALLOW", "DEEP"))
    at = tokens[place]
    where = {"line": at.line, "col": at.col, "start": at.start, "end": at.end}
    query = [Token(kind, text, **where) for kind, text in _QUERY]
    return [*tokens[:end], *tokens[said:], *query, *tokens[place + 1 : said]], True


def _clone(words: Sequence[str]) -> int | None:
    """Where the word CLONE stands behind the name of a table that is created; None for nowhere."""
    if words[:1] != ["CREATE"] or "TABLE" not in words[:4] or "CLONE" not in words:
        return None
    place, table = words.index("CLONE"), words.index("TABLE")
    between = [word for word in words[table + 1 : place] if word not in {*_HEAD, "SHALLOW", "DEEP"}]
    return place if 1 <= len(between) <= 3 else None
