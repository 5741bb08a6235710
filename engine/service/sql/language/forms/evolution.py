"""`INSERT | MERGE WITH SCHEMA EVOLUTION INTO ...`, which the parser knows without the three words."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot.tokens import Token

EVOLVES = "with_schema_evolution"  # mark of a tree whose statement says so
_SAID = ["WITH", "SCHEMA", "EVOLUTION"]


def without_evolution(tokens: Sequence[Token]) -> tuple[list[Token], bool]:
    """Tokens without these words behind INSERT or MERGE, and whether they were there."""
    words = [token.text.upper() for token in tokens]
    for place, word in enumerate(words):
        if word in ("INSERT", "MERGE") and words[place + 1 : place + 4] == _SAID:
            return [*tokens[: place + 1], *tokens[place + 4 :]], True
    return list(tokens), False
