"""Snippets: a query in the four languages that users copy it in. Knows texts; not queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Language = Literal["python", "sql", "curl", "vitrine"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Gives = Literal["rows", "part", "nothing"]
TITLES: dict[Language, str] = {
    "python": "Python",
    "sql": "SQL",
    "curl": "curl",
    "vitrine": "vitrine",
}


class CantSay(Exception):
    """A language has no way to ask for the same rows; the message says why, for the reader."""


@dataclass(frozen=True)
class Snippet:
    """A query in one language.

    Attributes:
        code: runs as it stands; empty where the language can't say it, and `notes` say why.
        gives: "rows": the same rows in the same order; "part": what the language can say of it, which
            `notes` name; "nothing".
        notes: what a reader should know: where a form rounds, what else it needs.
    """

    language: Language
    code: str
    gives: Gives = "rows"
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The language's name."""
        return TITLES[self.language]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "language": self.language,
            "title": self.title,
            "code": self.code,
            "gives": self.gives,
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class AsCode:
    """One query in all languages, in the order of `LANGUAGES`.

    Attributes:
        query: what is asked for, in words.
    """

    query: str
    snippets: tuple[Snippet, ...]

    def __getitem__(self, language: Language) -> Snippet:
        return next(each for each in self.snippets if each.language == language)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"query": self.query, "snippets": [each.to_json() for each in self.snippets]}


Say = Callable[[], Snippet]


def said(language: Language, say: Say, notes: Sequence[str] = ()) -> Snippet:
    """What a language says; where it can't, why."""
    try:
        found = say()
    except CantSay as reason:
        return Snippet(language, "", "nothing", (str(reason),))
    return Snippet(language, found.code, found.gives, (*found.notes, *notes))
