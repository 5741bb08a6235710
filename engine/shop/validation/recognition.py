"""Which category and colour the words of a query name, by the catalogue's own values.

A value is named where all its words stand side by side in the query, in the singular or plural, joined
or apart ("t-shirt", "Tshirts"). Where no value is called so, one that ends with the words is ("jacket":
Rain Jacket), or a colour that begins with them ("navy": Navy Blue). The finest category counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.shop.products.conditions import words_of

Wanted = Mapping[str, tuple[str, ...]]  # column -> values, of any of which one suffices
_ENDINGS = ("sses", "shes", "ches", "xes", "zes")
# Customers' words for what catalogues call otherwise; used where a catalogue has the value.
_OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    "sneaker": ("Sneakers", "Casual Shoes", "Sports Shoes"),
    "trainer": ("Trainers", "Sports Shoes"),
    "tee": ("Tshirts",),
    "purse": ("Handbags",),
    "pant": ("Trousers",),
    "trouser": ("Trousers",),
    "gray": ("Grey",),
}


@dataclass(frozen=True)
class Recognised:
    """What a query's words name.

    Attributes:
        categories, colors: column -> values; empty where no word names one.
        words: the words that name something. others: those that don't, which nothing is judged by.
    """

    categories: Wanted
    colors: Wanted
    words: tuple[str, ...]
    others: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "categories": {column: list(values) for column, values in self.categories.items()},
            "colors": {column: list(values) for column, values in self.colors.items()},
            "words": list(self.words),
            "others": list(self.others),
        }

    def in_words(self) -> str:
        """One line, for people."""
        wanted = [*self.categories.items(), *self.colors.items()]
        found = "; ".join(f"{column}: {' or '.join(values)}" for column, values in wanted)
        rest = f" (nothing known of {', '.join(self.others)})" if self.others else ""
        return (found or "nothing recognised") + rest


class Vocabulary:
    """The values of a catalogue's categories and colour, by their words."""

    def __init__(
        self,
        categories: Sequence[tuple[str, Sequence[str]]],
        color: tuple[str, Sequence[str]] | None,
    ) -> None:
        """`categories`: column and values, from the coarsest to the finest."""
        self._categories = [(column, _by_words(values)) for column, values in reversed(categories)]
        self._colors = [] if color is None else [(color[0], _by_words(color[1]))]

    def recognise(self, query: str) -> Recognised:
        """The longest words first; a word names one thing."""
        words = words_of(query)
        free = [True] * len(words)
        categories: dict[str, list[str]] = {}
        colors: dict[str, list[str]] = {}
        for start, end in _spans(len(words)):
            if not all(free[start:end]):
                continue
            stems = [stem(word) for word in words[start:end]]
            named = _named(stems, self._categories, at_end=True)
            wanted = categories
            colored = _named(stems, self._colors, at_end=False)
            if colored is not None and (named is None or (colored[2] and not named[2])):
                named, wanted = colored, colors
            if named is not None:
                known = wanted.setdefault(named[0], [])
                known += [value for value in named[1] if value not in known]
                free[start:end] = [False] * (end - start)
        return Recognised(
            {column: tuple(values) for column, values in categories.items()},
            {column: tuple(values) for column, values in colors.items()},
            tuple(word for word, is_free in zip(words, free) if not is_free),
            tuple(word for word, is_free in zip(words, free) if is_free),
        )


def stem(word: str) -> str:
    """A word in the singular, as far as English endings tell; the same for words and values."""
    if len(word) < 4 or word.endswith("ss") or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(_ENDINGS) else word[:-1]


def _by_words(values: Sequence[str]) -> list[tuple[str, list[str]]]:
    return [(value, [stem(word) for word in words_of(value)]) for value in values]


def _spans(count: int) -> Iterator[tuple[int, int]]:
    """Runs of words, the longest first, then from the left."""
    for length in range(count, 0, -1):
        for start in range(count - length + 1):
            yield start, start + length


def _named(
    stems: Sequence[str], columns: Sequence[tuple[str, list[tuple[str, list[str]]]]], at_end: bool
) -> tuple[str, list[str], bool] | None:
    """Column and values that some words name, and whether they are called just so; None for none."""
    joined = "".join(stems)
    others = _OTHER_WORDS.get(joined, ())
    for is_exact in (True, False):
        for column, values in columns:
            found = [
                value
                for value, own in values
                if ("".join(own) == joined if is_exact else _is_part(own, stems, at_end)) and own
            ]
            if not found and is_exact:
                found = [value for value, _ in values if value in others]
            if found:
                return column, found, is_exact
    return None


def _is_part(own: Sequence[str], stems: Sequence[str], at_end: bool) -> bool:
    size = len(stems)
    return list(own[-size:] if at_end else own[:size]) == list(stems)
