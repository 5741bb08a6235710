"""Which column has which role: by the columns' names first, checked by their values, then by values
alone. Knows columns and a sample of rows; not files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.shop.catalogue.files import CATEGORY
from engine.shop.catalogue.guessing.looks import Looks
from engine.shop.catalogue.guessing.names import folded, rank, usual
from engine.shop.catalogue.guessing.variants import shared_key
from engine.shop.catalogue.sources.source import ROW_NUMBER

SAMPLE = 2000  # rows that are looked at
_MOST_CATEGORIES = 4
IMAGE = "image"
_VAGUE = ("type", "typ", "tipo", "class", "kind")
_COUNTS = ("quantity", "qty", "stock", "inventory", "count", "rating")


@dataclass(frozen=True)
class Guess:
    """A role's column, and why."""

    role: str
    column: str
    why: str


class Guesser:
    """Guesses for one sample of rows.

    Args:
        given: role -> column, or columns, that somebody has said; these are not guessed.
    """

    def __init__(
        self,
        names: Sequence[str],
        rows: Sequence[Mapping[str, Any]],
        given: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.looks = {name: Looks(tuple(row.get(name) for row in rows)) for name in names}
        self._given = dict(given or {})
        self._taken = {column for columns in self._given.values() for column in columns}

    def guesses(self) -> list[Guess]:
        """One guess for each role that has a column; `category` several times, the coarsest first."""
        found = [
            Guess(role, column, "given")
            for role, columns in self._given.items()
            for column in columns
        ]
        for role, guess in (
            ("id", self._id),
            (IMAGE, self._image),
            ("title", self._title),
            ("year", self._year),
            ("price", self._price),
            ("color", self._group("color")),
            ("gender", self._group("gender")),
            ("season", self._group("season")),
            ("usage", self._group("usage")),
        ):
            if role not in self._given:
                one = guess()
                if one is not None:
                    found.append(one)
                    self._taken.add(one.column)
        if CATEGORY not in self._given:
            found += self._categories()
        return found

    def _free(self) -> list[str]:
        return [name for name in self.looks if name not in self._taken]

    def _named(self, role: str, fits: Any) -> str | None:
        """The surest column by its name whose values fit."""
        return usual(role, [name for name in self._free() if fits(self.looks[name])])

    def _id(self) -> Guess | None:
        shared = shared_key(self.looks, self._free())
        if shared:
            return Guess("id", shared, "its name; its first row says what the product is called")
        named = self._named("id", lambda looks: looks.is_unique and not looks.is_image)
        if named:
            return Guess("id", named, "its name, and every value is there once")
        named = self._named("id", lambda looks: looks.is_nearly_unique and not looks.is_image)
        if named:
            return Guess("id", named, "its name; some values are missing or there twice")
        unique = [n for n in self._free() if self.looks[n].is_unique]
        short = [n for n in unique if self.looks[n].blanks < 0.2 and not self._is_amount(n)]
        plain = [n for n in short if not self.looks[n].is_image]
        if plain:
            return Guess("id", plain[0], "every value is there once")
        return Guess("id", ROW_NUMBER, "no column tells all products apart; their rows' numbers do")

    def _is_amount(self, name: str) -> bool:
        looks = self.looks[name]
        is_count = folded(name).endswith(_COUNTS)
        return looks.has_money or looks.has_fractions or is_count or rank("price", name) is not None

    def _image(self) -> Guess | None:
        named = self._named(IMAGE, lambda looks: looks.is_image)
        if named:
            return Guess(IMAGE, named, "its name, and values that are pictures")
        alike = [name for name in self._free() if self.looks[name].is_image]
        if alike:
            return Guess(IMAGE, alike[0], "values that are pictures")
        named = self._named(IMAGE, lambda looks: looks.is_link)
        if named and rank(IMAGE, named) != rank(IMAGE, "url"):
            return Guess(IMAGE, named, "its name, and values that are links")
        ids = [n for n in self._free() if folded(n).endswith("mainimageid") and self.looks[n].there]
        return Guess(IMAGE, ids[0], "its name") if ids else None

    def _title(self) -> Guess | None:
        named = self._named("title", lambda looks: looks.is_name)
        if named:
            return Guess("title", named, "its name")
        named = self._named("title", lambda looks: bool(looks.there) and not looks.is_number)
        if named:
            return Guess("title", named, "its name")
        names = [name for name in self._free() if self.looks[name].is_name]
        words = sorted(
            names, key=lambda name: (self.looks[name].length > 120, -self.looks[name].blanks)
        )
        return Guess("title", words[0], "words of which products have their own") if words else None

    def _price(self) -> Guess | None:
        named = self._named("price", lambda looks: looks.is_price and looks.is_mostly_there)
        named = named or self._named("price", lambda looks: looks.is_price)
        if named:
            return Guess("price", named, "its name, and values that are amounts")
        money = [name for name in self._free() if self.looks[name].has_money]
        return Guess("price", money[0], "amounts with a currency") if money else None

    def _year(self) -> Guess | None:
        named = self._named("year", lambda looks: looks.is_year)
        return Guess("year", named, "its name, and values that are years") if named else None

    def _group(self, role: str) -> Any:
        def guess() -> Guess | None:
            fits = self._named(role, lambda looks: bool(looks.there) and not looks.is_number)
            is_another = role == "gender" and rank(CATEGORY, fits or "") is not None
            if fits is None or (is_another and not self.looks[fits].is_gender):
                return None  # a genre: in French whom it is for, else what kind it is
            return Guess(role, fits, "its name")

        return guess

    def _fineness(self, name: str) -> tuple[bool, int]:
        """A finer category has more values, and some products lack it."""
        looks = self.looks[name]
        return len(looks.there) < len(looks.values), len(set(looks.texts))

    def _is_idle(self, name: str) -> bool:
        """Whether a vague name has one value only, as the type of a shop's record: `simple`."""
        return folded(name) in _VAGUE and len(set(self.looks[name].texts)) == 1

    def _categories(self) -> list[Guess]:
        """Columns of groups named like categories, by how many values they have: coarse to fine."""
        named = [
            name
            for name in self._free()
            if rank(CATEGORY, name) is not None
            and self.looks[name].there
            and not self.looks[name].is_number
            and self.looks[name].length < 60
        ]
        telling = [name for name in named if not self._is_idle(name)] or named
        best = sorted(telling, key=lambda name: rank(CATEGORY, name) or 0.0)[:_MOST_CATEGORIES]
        why = "its name"
        if not best:
            best = [name for name in self._free() if self.looks[name].is_group][:1]
            why = "words that many products share"
        ordered = sorted(best, key=self._fineness)
        self._taken.update(ordered)
        return [Guess(CATEGORY, name, why) for name in ordered]
