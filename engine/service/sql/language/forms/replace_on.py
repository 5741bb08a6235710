"""`INSERT INTO t [alias] REPLACE ON condition query`, which the parser knows without the condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.tokens import Token

from engine.errors import BadStatement

_QUERY = {"SELECT", "VALUES", "WITH", "TABLE", "FROM"}


@dataclass(frozen=True)
class ReplaceOn:
    """What such an INSERT says of the rows that it replaces.

    Attributes:
        condition: its tokens. target, source: what it calls the table and the new rows; None for none.
    """

    condition: tuple[Token, ...]
    target: str | None
    source: str | None


def without_replace_on(tokens: Sequence[Token]) -> tuple[list[Token], ReplaceOn | None]:
    """The tokens of an INSERT of the query alone, and what it says beside; None where it is another.

    Raises:
        BadStatement: it has no condition, or no query.
    """
    words = [token.text.upper() for token in tokens]
    on = next((n for n in range(1, len(words)) if words[n - 1 : n + 1] == ["REPLACE", "ON"]), None)
    if on is None or "INSERT" not in words[:on]:
        return list(tokens), None
    name_end, by_name = _name_end(words), words[on - 3 : on - 1] == ["BY", "NAME"]
    target = tokens[name_end : on - 1 - 2 * by_name]
    start, end = _query(words, on + 1)
    source = tokens[end:]
    kept = [*tokens[:name_end], *tokens[on - 3 : on - 1]] if by_name else list(tokens[:name_end])
    said = ReplaceOn(tuple(tokens[on + 1 : start]), _alias(target), _alias(source))
    if start == on + 1:
        raise BadStatement("[PARSE_SYNTAX_ERROR] REPLACE ON needs a condition before the query.")
    return [*kept, *tokens[start:end]], said


def _name_end(words: Sequence[str]) -> int:
    """Where the name of the table ends."""
    into = words.index("INTO", words.index("INSERT")) + 1
    place = into + (words[into] == "TABLE") + 1
    while words[place : place + 1] == ["."]:
        place += 2
    return place


def _alias(tokens: Sequence[Token]) -> str | None:
    named = [one for one in tokens if one.text.upper() != "AS"]
    if len(named) > 1:
        raise BadStatement(
            f"[PARSE_SYNTAX_ERROR] Syntax error at or near {named[0].text!r:.80}; expected one alias."
        )
    return named[0].text if named else None


def _query(words: Sequence[str], first: int) -> tuple[int, int]:
    """Where the query begins and ends: plain, or in parentheses at the end, an alias behind it."""
    depth, opened = 0, first
    last: tuple[int, int] | None = None
    for place in range(first, len(words)):
        word = words[place]
        if depth == 0 and word in _QUERY and words[place - 1] != "DISTINCT":
            return place, len(words)
        if word == "(":
            opened = place if depth == 0 else opened
            depth += 1
        elif word == ")":
            depth -= 1
            if depth == 0 and words[opened + 1] in {*_QUERY, "("}:
                last = (opened, place + 1)
    if last is None or len(words) - last[1] > 2:
        raise BadStatement("[PARSE_SYNTAX_ERROR] REPLACE ON needs a query behind its condition.")
    return last
