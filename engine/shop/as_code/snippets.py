"""Snippets: a query in the four languages that users copy it in. Knows texts; not queries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from engine.text_table import WIDTH, one_line

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

    def __repr__(self) -> str:
        texts = [
            f"{each.title}: {' '.join((each.code or '; '.join(each.notes)).split())}"
            for each in self.snippets
        ]
        return "\n".join(one_line(text, WIDTH) for text in (f"{self.query} as code", *texts))

    def __getitem__(self, language: Language) -> Snippet:
        return next(each for each in self.snippets if each.language == language)

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"query": self.query, "snippets": [each.to_json() for each in self.snippets]}


Say = Callable[[], Snippet]


def in_all_languages(python: Say, sql: Say, curl: Say, vitrine: Say) -> tuple[Snippet, ...]:
    """What each language says, in the order of `LANGUAGES`; where one can't, why."""
    return tuple(_said(*each) for each in zip(LANGUAGES, (python, sql, curl, vitrine)))


def _said(language: Language, say: Say) -> Snippet:
    try:
        return replace(say(), language=language)
    except CantSay as reason:
        return Snippet(language, "", "nothing", (str(reason),))
