"""Words that customers use, and which products each one describes. Knows the word lists; no photo.

A line of a list: `{"part": "noun", "texts": ["trainers"], "where": {"articleType": ["Sports Shoes"]}}`.
The lists of this project and their format: `datasets/shopping_words/README.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.core.arrays import Mask
from engine.shop.products.conditions import Conditions, where_of, words_of
from engine.shop.products.json_lines import JsonLine, json_lines
from engine.shop.training.products.labels import KIND

PARTS = ("noun", "colour", "person", "style", "occasion", "season", "material", "pattern", "whole")
# What the values of a field are when they are put together; those of other fields stand before the noun.
_PART_OF = {KIND: "noun", "subCategory": "noun", "baseColour": "colour", "gender": "person",
            "usage": "style", "season": "season"}  # fmt: skip
_OTHER = "material"
_ONLY_PLURAL = ("Jeans", "Briefs", "Tights", "Capris", "Trousers", "Shorts", "Sunglasses", "Boxers",
                "Leggings", "Jeggings", "Suspenders", "Stockings", "Gloves", "Socks", "Cufflinks",
                "Earrings")  # fmt: skip
_IN_IE = ("Ties", "Hoodies", "Booties", "Beanies", "Cookies", "Movies")


@dataclass(frozen=True)
class Phrase:
    """Texts of one meaning.

    Attributes:
        part: what it is when it is combined with others, one of `PARTS`.
        describes: (n,) over the products, None for company without a condition ("best", "buy").
    """

    part: str
    texts: tuple[str, ...]
    describes: Mask | None


def comparable(text: str) -> str:
    """A text without what makes no other query of it: case, marks, blanks."""
    return " ".join(words_of(text))


def read_phrases(
    files: Iterable[Path], conditions: Conditions, kept_aside: Collection[str] = ()
) -> list[Phrase]:
    """The phrases of word lists; those that describe no product of the catalogue are left out.

    Args:
        kept_aside: `comparable` texts that training must not show; they are left out too.

    Raises:
        BadSourceFile: a file that can't be read, or a line that is none of the format.
    """
    phrases = []
    for file in files:
        for line in json_lines(file, ("part", "texts", "where"), '"part", "texts" and "where"'):
            phrase = _phrase(line, conditions)
            texts = tuple(t for t in phrase.texts if comparable(t) not in kept_aside)
            if texts and (phrase.describes is None or phrase.describes.any()):
                phrases.append(Phrase(phrase.part, texts, phrase.describes))
    return phrases


def _phrase(line: JsonLine, conditions: Conditions) -> Phrase:
    part = line.entry["part"]
    if part not in PARTS:
        raise line.bad(f"part is {part!r:.80}; expected one of {', '.join(PARTS)}")
    texts = line.texts("texts", line.entry["texts"])
    where = where_of(line)
    return Phrase(part, texts, conditions.of(where) if all(where) else None)


def catalogue_phrases(
    conditions: Conditions, classes: Mapping[str, Sequence[str]], kept_aside: Collection[str] = ()
) -> list[Phrase]:
    """The catalogue's own words: the values of its attributes, those of its types singular too."""
    phrases = []
    for field, values in classes.items():
        for value in values:
            texts = (value.lower(), singular(value).lower()) if field == KIND else (value.lower(),)
            kept = tuple(t for t in dict.fromkeys(texts) if comparable(t) not in kept_aside)
            if kept:
                part = _PART_OF.get(field, _OTHER)
                phrases.append(Phrase(part, kept, conditions.of(({field: (value,)},))))
    return phrases


def singular(word: str) -> str:
    """The singular of a type, as shoppers write it."""
    if word in _ONLY_PLURAL:
        return word
    if word in _IN_IE:
        return word[:-1]
    for end, new in (("ches", "ch"), ("sses", "ss"), ("arves", "arf"), ("ies", "y"), ("s", "")):
        if word.endswith(end) and not word.endswith("ss"):
            return word[: -len(end)] + new
    return word
