"""A statement's words, read one after the other. Knows no statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.errors import BadStatement

Name = tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """One word of a statement: as it stands there, quoted as a name, or a text."""

    text: str
    kind: Literal["word", "name", "text"]

    def is_word(self, wanted: str) -> bool:
        return self.kind == "word" and self.text.upper() == wanted


class Words:
    """A statement's words, read one after the other."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words, self._place = words, 0

    def take(self, *wanted: str) -> bool:
        """Go past these words, if they come next."""
        found = self._words[self._place : self._place + len(wanted)]
        fits = len(found) == len(wanted) and all(w.is_word(t) for w, t in zip(found, wanted))
        self._place += len(wanted) if fits else 0
        return fits

    def expect(self, *wanted: str) -> None:
        """Go past these words. Raises BadStatement where others come."""
        if not self.take(*wanted):
            raise self.unexpected(" ".join(wanted))

    def text_comes(self) -> bool:
        """Whether the next word is a text."""
        return not self.is_over() and self._words[self._place].kind == "text"

    def text(self) -> str:
        """The next word, which is a text."""
        word = self._next("a text in quotes")
        if word.kind != "text":
            self._place -= 1
            raise self.unexpected("a text in quotes")
        return word.text

    def identifier(self, what: str) -> str:
        """The next word, which is a name of one part."""
        word = self._next(what)
        if word.kind == "text" or not word.text.strip():
            self._place -= 1
            raise self.unexpected(what)
        return word.text

    def name(self, what: str) -> Name:
        """The next name, of one or more parts."""
        parts = [self.identifier(what)]
        while self.take("."):
            parts.append(self.identifier(what))
        return tuple(parts)

    def whole_number(self, what: str) -> int:
        """The next word, which is a whole number."""
        word = self._next(what)
        if word.kind != "word" or not word.text.isdecimal():
            self._place -= 1
            raise self.unexpected(what)
        return int(word.text)

    def value(self) -> str:
        """The next value: a text, a number or a word."""
        sign = "-" if self.take("-") else ""
        return sign + self._next("a value").text

    def comes(self, wanted: str) -> bool:
        """Whether this word comes next."""
        return not self.is_over() and self._words[self._place].is_word(wanted)

    def skip(self) -> None:
        """Go past the next word, whatever it is."""
        self._place += 1

    def rest(self, what: str) -> str:
        """All that is left, as one name whose parts dots and hyphens join."""
        parts = [self._next(what).text]
        while not self.is_over():
            parts.append(self._next(what).text)
        return "".join(parts)

    def is_over(self) -> bool:
        """Whether no word is left."""
        return self._place >= len(self._words)

    def end(self) -> None:
        """Raises BadStatement where more words come."""
        if not self.is_over():
            raise self.unexpected("the end of the statement")

    def _next(self, what: str) -> Word:
        if self.is_over():
            raise self.unexpected(what)
        self._place += 1
        return self._words[self._place - 1]

    def key(self) -> str:
        """The key of a property: a text, or a name with dots."""
        return self.text() if self.text_comes() else ".".join(self.name("a property"))

    def unexpected(self, wanted: str) -> BadStatement:
        """What to raise where something else comes next."""
        found = "the end" if self.is_over() else repr(self._words[self._place].text)
        return BadStatement(
            f"[PARSE_SYNTAX_ERROR] Syntax error at or near {found}; expected {wanted}."
        )
