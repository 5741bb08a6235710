"""What a filter as text says, before its columns are known: conditions and groups of them.

Knows where each stands in the text; not the grammar (`grammar`), nor columns and their kinds
(`text_form`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from engine.core.filters.tree import MAX_NESTING, Operator
from engine.errors import BadRequest

ConditionKind = Literal["comparison", "IN", "LIKE", "IS NULL", "IS"]
GroupWord = Literal["AND", "OR", "NOT"]


@dataclass(frozen=True)
class Name:
    """A column's name, without the quotes that it stands in; `quoted` if those are double quotes."""

    name: str
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True)
class Value:
    """A literal: number, text, time, truth value, or None for NULL."""

    value: object
    start: int
    end: int


@dataclass(frozen=True)
class Condition:
    """A test of one column; it stands in the text from `start` to `end`, characters from 0.

    Attributes:
        values: what the column is compared with; none for IS NULL.
        operator: of a comparison, with the column on its left.
    """

    kind: ConditionKind
    name: Name
    start: int
    end: int
    values: tuple[Value, ...] = ()
    operator: Operator = "="
    negated: bool = False
    depth: int = 0


@dataclass(frozen=True)
class Group:
    """Parts under AND or OR, or the one part under NOT; `depth` groups deep."""

    word: GroupWord
    parts: tuple[Expression, ...]
    depth: int

    def flat(self) -> list[Expression]:
        """The parts, those of groups of the same word in place of these; without recursion."""
        found: list[Expression] = []
        waiting: list[Expression] = [self]
        while waiting:
            part = waiting.pop()
            if isinstance(part, Group) and part.word == self.word:
                waiting.extend(reversed(part.parts))
            else:
                found.append(part)
        return found


Expression = Union[Condition, Group]


def grouped(word: GroupWord, parts: list[Expression]) -> Group:
    """Parts joined by a word.

    Raises:
        BadRequest: more than `MAX_NESTING` levels.
    """
    depth = max(p.depth + (not isinstance(p, Group) or p.word != word) for p in parts)
    if depth > MAX_NESTING:
        raise BadRequest(
            f"Filter nests AND, OR and NOT more than {MAX_NESTING} deep; write it with fewer brackets."
        )
    return Group(word, tuple(parts), depth)
