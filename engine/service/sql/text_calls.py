"""Calls that are replaced in a statement's text before anybody reads it: `IDENTIFIER(...)`, and those
that a caller knows. Knows grammar; not what stands for a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp
from sqlglot.tokens import TokenType

from engine.errors import BadStatement
from engine.service.sql.language.dialect import parse, tokenized

_NAME_PART = re.compile(r"`(?:[^`]|``)+`|[^.`\s]+")


def with_identifiers(text: str, value_of: Callable[[str], object]) -> str:
    """A statement in which names stand where it says `IDENTIFIER(an expression)`.

    Args:
        value_of: finds an expression's value, given its text.

    Raises:
        BadStatement: a value that is no name.
    """
    return with_calls(text, "identifier", lambda said: _as_name(value_of(said)))


def with_calls(text: str, function: str, put: Callable[[str], str]) -> str:
    """A statement with something else for each call of a function.

    Args:
        function: in small letters. put: what stands for a call, given the text of its arguments.
    """
    if function not in text.lower():
        return text
    behind = len(text) - len(text.lstrip().partition(" ")[2])  # the first word may hide the rest
    found, depth, start = [], 0, 0
    tokens = tokenized(text[behind:])
    for place, token in enumerate(tokens):
        opens = token.token_type == TokenType.L_PAREN
        is_call = opens and place and tokens[place - 1].text.lower() == function
        if depth or (is_call and tokens[place - 1].token_type == TokenType.VAR):
            start = start if depth else place
            depth += opens - (token.token_type == TokenType.R_PAREN)
            if not depth:
                found.append((tokens[start - 1].start, tokens[start].end + 1, token.start))
    for first, begin, end in reversed(found):
        shown = put(text[behind + begin : behind + end])
        text = text[: behind + first] + shown + text[behind + end + 1 :]
    return text


def arguments_of(said: str) -> tuple[list[object], dict[str, object]]:
    """The arguments of a call, those by place and those by name, that are texts, numbers or truths.

    Raises:
        BadStatement: another kind of expression, or none that can be read.
    """
    tree = parse(f"SELECT f({said})").tree
    assert isinstance(tree, exp.Select)  # as it was said
    placed: list[object] = []
    named: dict[str, object] = {}
    for node in tree.expressions[0].expressions:
        if isinstance(node, exp.Kwarg):
            named[str(node.this.name)] = _constant(node.expression)
        else:
            placed.append(_constant(node))
    return placed, named


def _constant(node: exp.Expression) -> object:
    if isinstance(node, exp.Literal):
        return str(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    raise BadStatement(f"{node.sql():.80} is no text, number or truth, as an argument must be.")


def _as_name(value: object) -> str:
    parts = _NAME_PART.findall(str(value))
    if value is None or not parts or ".".join(parts) != value:
        raise BadStatement(
            f"[NOT_A_VALID_IDENTIFIER] IDENTIFIER was given {value!r:.100}; expected a name, of parts "
            "with dots between."
        )
    return ".".join(part if part.startswith("`") else f"`{part}`" for part in parts)
