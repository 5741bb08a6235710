"""Expressions that a table keeps, in the words of their user, which the parser doesn't tell.

The place of such an expression is found by the words before it; it ends with the first word up to which
the text says the same, or the parentheses behind that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import Token

_OPEN, _SHUT = {"(", "["}, {")", "]"}
_SAID = "said"  # mark of an expression: its text


def keep_texts(
    tree: exp.Expression, tokens: Sequence[Token], text: str, parsed: Callable[[str], object]
) -> None:
    """Mark defaults, generating expressions of columns and conditions of tables with their texts.

    Args:
        tokens: of the text. parsed: a text as the tree that it is; raises SqlglotError.
    """
    place = 0
    for word, node in _kept(tree):
        if node.find(exp.Placeholder) is None:
            place = _keep(word, node, tokens, place, text, parsed)


def text_of(node: exp.Expression) -> str:
    """What its user wrote, or as near to it as can be told."""
    said = node.meta.get(_SAID)
    return str(said) if said is not None else str(node.sql(dialect="databricks"))


def _kept(tree: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    kinds = (
        exp.DefaultColumnConstraint, exp.ComputedColumnConstraint, exp.AlterColumn,
        exp.CheckColumnConstraint,
    )  # fmt: skip
    for node in tree.find_all(*kinds, bfs=False):
        if isinstance(node, exp.ComputedColumnConstraint):
            yield "AS", node.this
        elif isinstance(node, exp.CheckColumnConstraint):
            yield "CHECK", node.this
        elif isinstance(node, exp.DefaultColumnConstraint):
            yield "DEFAULT", node.this
        elif isinstance(node.args.get("default"), exp.Expression):
            yield "DEFAULT", node.args["default"]


def _keep(
    word: str,
    node: exp.Expression,
    tokens: Sequence[Token],
    place: int,
    text: str,
    parsed: Callable[[str], object],
) -> int:
    """Mark one; returns the token behind it, or the place where the search began."""
    for first in range(place, len(tokens) - 1):
        if tokens[first].text.upper() != word:
            continue
        begin = first + 1 + (word in ("AS", "CHECK") and tokens[first + 1].text == "(")
        for end in _ends(tokens, begin):
            if _is_same(text[tokens[begin].start : tokens[end].end + 1], node, parsed):
                more = min(end + 2, len(tokens) - 1)
                called = text[tokens[begin].start : tokens[more].end + 1]
                last = more if _is_same(called, node, parsed) else end  # current_timestamp()
                node.meta[_SAID] = text[tokens[begin].start : tokens[last].end + 1]
                return last + 1
    return place


def _ends(tokens: Sequence[Token], begin: int) -> Iterator[int]:
    """Where an expression may end: behind as many parentheses that shut as open."""
    depth = 0
    for place in range(begin, len(tokens)):
        depth += (tokens[place].text in _OPEN) - (tokens[place].text in _SHUT)
        if depth < 0:
            return
        if depth == 0:
            yield place


def _is_same(text: str, node: exp.Expression, parsed: Callable[[str], object]) -> bool:
    with contextlib.suppress(SqlglotError, ValueError, AttributeError, TypeError):
        return bool(parsed(text) == node)
    return False
