"""Tokens of a statement, where the parser has no words for what they say. Knows tokens; not trees."""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType

from engine.errors import BadStatement

_STAMP = 17  # digits of yyyyMMddHHmmssSSS


def with_versions(tokens: list[Token]) -> list[Token]:
    """Tokens in which `table@v1` and `table@20260131000000000` are said by AS OF."""
    out: list[Token] = []
    said: Token | None = None
    for place, token in enumerate(tokens):
        if token is said:
            continue
        if not (out and _stands_at(token, out[-1])):
            out.append(token)
            continue
        said = tokens[place + 1] if place + 1 < len(tokens) else token
        out += _version_said(token, said)
    return out


def _stands_at(token: Token, before: Token) -> bool:
    """Whether a token is the `@` behind a name, with nothing between."""
    is_name = before.token_type == TokenType.IDENTIFIER or before.text.isidentifier()
    is_at = token.token_type == TokenType.PARAMETER and token.text == "@"
    return bool(is_at and is_name and before.end + 1 == token.start)


def _version_said(at: Token, said: Token) -> list[Token]:
    """The version behind an `@`: `v` and its number, or a time to the millisecond."""
    text = said.text
    if text[:1].lower() == "v" and text[1:].isdecimal():
        kind, value, what = TokenType.NUMBER, text[1:], (TokenType.VAR, "VERSION")
    elif text.isdecimal() and len(text) == _STAMP:
        day, clock = "-".join((text[:4], text[4:6], text[6:8])), ":".join((text[8:10], text[10:12]))
        value = f"{day} {clock}:{text[12:14]}.{text[14:]}"
        kind, what = TokenType.STRING, (TokenType.TIMESTAMPTZ, "TIMESTAMP")
    else:
        raise BadStatement(
            "[PARSE_SYNTAX_ERROR] Expected table@v and a number, or table@yyyyMMddHHmmssSSS at line "
            f"{at.line}, near {text!r:.80}."
        )
    words = (what, (TokenType.ALIAS, "AS"), (TokenType.VAR, "OF"))
    place = {"line": at.line, "col": at.col, "start": at.start, "end": at.end}
    value_place = {"line": said.line, "col": said.col, "start": said.start, "end": said.end}
    return [*(Token(one, word, **place) for one, word in words), Token(kind, value, **value_place)]


def with_windows(tokens: list[Token]) -> list[Token]:
    """Tokens in which WINDOW is a name, but for the clause that names windows: WINDOW w AS (...)."""
    return [
        Token(TokenType.VAR, one.text, one.line, one.col, one.start, one.end)
        if one.token_type == TokenType.WINDOW
        and [after.token_type for after in tokens[place + 2 : place + 4]]
        != [TokenType.ALIAS, TokenType.L_PAREN]
        else one
        for place, one in enumerate(tokens)
    ]


def with_star(tokens: list[Token]) -> list[Token]:
    """Tokens in which `TABLE t`, all of a table, is said by SELECT."""
    first = tokens[0]
    if first.text.upper() != "TABLE":
        return tokens
    words = (TokenType.SELECT, "SELECT"), (TokenType.STAR, "*"), (TokenType.FROM, "FROM")
    place = {"line": first.line, "col": first.col, "start": first.start, "end": first.end}
    return [*(Token(kind, word, **place) for kind, word in words), *tokens[1:]]
