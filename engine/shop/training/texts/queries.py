"""Training queries: phrases that describe a product, put together as customers do. Knows no photo."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Matrix
from engine.shop.training.texts.phrases import Phrase

TEMPLATES = (
    "{}", "{}", "{}", "{}", "{}", "a photo of {}", "a photo of {}", "a photo of a {}", "photo of {}",
    "a {}",
    "{} on white background", "a picture of {}", "an image of {}", "buy {}", "{} online", "i want {}",
    "a product photo of {}", "show me {}", "looking for {}", "i need a {}", "find me {}", "some {}",
)  # fmt: skip
_AFTER = ("for ", "to ", "on ", "at ", "in ", "with ", "from ", "under ", "of ", "that ", "when ")


@dataclass(frozen=True)
class Query:
    """A text and the phrases in it; a product is right when all of them describe it."""

    text: str
    phrases: tuple[int, ...] = ()


class QuerySampler:
    """Draws queries that describe a product.

    `chance` of the parts besides the noun: about two in a query, colour first.
    """

    chance: ClassVar = {"colour": 0.62, "person": 0.24, "pattern": 0.3, "material": 0.3, "style": 0.16,
              "occasion": 0.13, "season": 0.08}  # fmt: skip

    def __init__(self, phrases: Sequence[Phrase], seed: int = 0, junk: float = 0.05) -> None:
        self.phrases = phrases
        self.junk = junk
        self._random = random.Random(seed)
        of: dict[str, list[int]] = {}
        for i, phrase in enumerate(phrases):
            of.setdefault(phrase.part, []).append(i)
        self._matrix = {
            part: np.array(rows).T.copy()  # by product, which is how it is read
            for part, ids in of.items()
            if (rows := [d for i in ids if (d := phrases[i].describes) is not None])
        }
        self._with = {
            part: np.array([i for i in ids if phrases[i].describes is not None])
            for part, ids in of.items()
        }
        self._company = [
            i for i, p in enumerate(phrases) if p.describes is None and p.part != "whole"
        ]
        self._weight = {part: (m.mean(0) + 1e-3) ** -0.25 for part, m in self._matrix.items()}

    def draw(self, product: int) -> Query:
        """A query of a product: mostly colour and kind, sometimes more, less, or whole."""
        r = self._random
        if r.random() < 0.16 and (whole := self._one("whole", product)) is not None:
            return Query(self._typed(r.choice(self.phrases[whole].texts)), (whole,))
        before: list[str] = []
        after: list[str] = []
        used: list[int] = []
        noun = self._one("noun", product)
        for part, chance in self.chance.items():
            if r.random() < chance and (i := self._one(part, product)) is not None:
                self._place(r.choice(self.phrases[i].texts), part, before, after)
                used.append(i)
        if self._company and r.random() < 0.12:
            self._place(
                r.choice(self.phrases[r.choice(self._company)].texts), "style", before, after
            )
        if noun is not None and not (used and r.random() < 0.07):
            used.append(noun)
            head = r.choice(self.phrases[noun].texts)
        else:
            head = "" if used else "product"
        r.shuffle(before) if r.random() < 0.3 else before.reverse()
        text = " ".join(filter(None, (*before, head, *after)))
        if len(used) < 4 and r.random() < 0.6:
            text = r.choice(TEMPLATES).format(text)
        return Query(self._typed(text), tuple(used))

    def _one(self, part: str, product: int) -> int | None:
        """A phrase of `part` that describes the product; rarer ones a little more often."""
        if part not in self._weight:
            return None
        fitting = np.flatnonzero(self._matrix[part][product])
        if not len(fitting):
            return None
        weights = self._weight[part][fitting].tolist()
        return int(self._with[part][self._random.choices(fitting.tolist(), weights)[0]])

    def _place(self, text: str, part: str, before: list[str], after: list[str]) -> None:
        if text.lower().startswith(_AFTER):
            after.append(text)
        elif part == "occasion" and self._random.random() < 0.3:
            after.append(f"for {text}")
        elif part == "colour" and self._random.random() < 0.04:
            after.append(f"in {text}")
        elif self._random.random() < 0.06:
            after.append(text)
        else:
            before.append(text)

    def _typed(self, text: str) -> str:
        """As people type: now and then a slip, or a word that means nothing."""
        r = self._random
        if r.random() < 0.05 and len(text) > 6:
            i = r.randint(1, len(text) - 2)
            slip = r.random()
            swap = text[:i] + text[i + 1] + text[i] + text[i + 2 :]
            text = (
                swap
                if slip < 0.4
                else text[:i] + text[i + 1 :]
                if slip < 0.7
                else text[:i] + text[i] + text[i:]
            )
        if r.random() < self.junk:
            words = text.split()
            words.insert(
                r.randint(0, len(words)),
                "".join(r.choices(string.ascii_lowercase, k=r.randint(3, 7))),
            )
            text = " ".join(words)
        return text


def describes(
    queries: Sequence[Query], phrases: Sequence[Phrase], products: npt.NDArray[np.int64]
) -> Matrix:
    """(queries, products): 1 where every phrase of the query describes the product."""
    match = np.ones((len(queries), len(products)), dtype=bool)
    for row, query in zip(match, queries, strict=True):
        for i in query.phrases:
            if (of := phrases[i].describes) is not None:
                row &= of[products]
    return match.astype(np.float32)
