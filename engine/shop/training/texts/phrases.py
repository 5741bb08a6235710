"""Words that customers use, and which products each one describes. Knows the word lists; no photo.

A line of a list: `{"part": "noun", "texts": ["trainers"], "where": {"articleType": ["Sports Shoes"]}}`.
The lists of this project and their format: `datasets/shopping_words/README.md`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.core.arrays import Mask
from engine.errors import BadSourceFile
from engine.shop.training.products.labels import KIND
from engine.shop.training.texts.columns import Columns, words_of

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
    files: Iterable[Path], columns: Columns, kept_aside: Collection[str] = ()
) -> list[Phrase]:
    """The phrases of word lists; those that describe no product of the catalogue are left out.

    Args:
        kept_aside: `comparable` texts that training must not show; they are left out too.

    Raises:
        BadSourceFile: a file that can't be read, or a line that is none of the format.
    """
    phrases = []
    for file in files:
        for number, line in enumerate(_lines(file), 1):
            if line.strip():
                phrase = _phrase(file, number, line, columns)
                texts = tuple(t for t in phrase.texts if comparable(t) not in kept_aside)
                if texts and (phrase.describes is None or phrase.describes.any()):
                    phrases.append(Phrase(phrase.part, texts, phrase.describes))
    return phrases


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    except UnicodeDecodeError:
        raise BadSourceFile("it is not text in UTF-8", file=str(file)) from None


def _phrase(file: Path, number: int, line: str, columns: Columns) -> Phrase:
    def bad(reason: str) -> BadSourceFile:
        return BadSourceFile(f"{reason}.", file=str(file), line=number)

    try:
        entry = json.loads(line)
    except ValueError as error:
        raise bad(f"this is not JSON ({error})") from None
    if not isinstance(entry, dict) or not {"part", "texts", "where"} <= set(entry):
        raise bad('expected an object with "part", "texts" and "where"')
    if entry["part"] not in PARTS:
        raise bad(f"part is {entry['part']!r:.80}; expected one of {', '.join(PARTS)}")
    if not _is_texts(entry["texts"]):
        raise bad(f"texts is {entry['texts']!r:.80}; expected a list of texts")
    where = entry["where"] if isinstance(entry["where"], list) else [entry["where"]]
    if not where or not all(map(_is_condition, where)):
        raise bad(
            f"where is {entry['where']!r:.80}; expected fields, each with a list of its values"
        )
    return Phrase(entry["part"], tuple(entry["texts"]), columns.where(where))


def _is_texts(given: Any) -> bool:
    return (
        isinstance(given, list)
        and bool(given)
        and all(isinstance(text, str) and text.strip() for text in given)
    )


def _is_condition(given: Any) -> bool:
    return isinstance(given, dict) and all(
        _is_texts([values] if isinstance(values, str) else values) for values in given.values()
    )


def catalogue_phrases(
    columns: Columns, classes: Mapping[str, Sequence[str]], kept_aside: Collection[str] = ()
) -> list[Phrase]:
    """The catalogue's own words: the values of its attributes, those of its types singular too."""
    phrases = []
    for field, values in classes.items():
        for value in values:
            texts = (value.lower(), singular(value).lower()) if field == KIND else (value.lower(),)
            kept = tuple(t for t in dict.fromkeys(texts) if comparable(t) not in kept_aside)
            if kept:
                part = _PART_OF.get(field, _OTHER)
                phrases.append(Phrase(part, kept, columns.where({field: [value]})))
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
