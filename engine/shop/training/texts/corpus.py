"""Every text that training shows, once each, with what it describes. Knows no model and no photo."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.shop.training.phrases import Phrase, singular
from engine.shop.training.products import Labels, Row
from engine.shop.training.queries import Query, QuerySampler

TYPE_TEMPLATES = ("a photo of {}", "a photo of {}", "{}", "a photo of a {}", "photo of {}", "a product photo of {}")
COLOUR_TEMPLATES = ("{colour} {kind}", "{colour} {kind}", "a photo of {colour} {kind}")
PRICE_WORDS = ("affordable budget friendly", "mid-range value", "premium quality",
               "luxury high-end designer")  # fmt: skip
SPELLINGS = (("colour", "color"), ("grey", "gray"), ("jewellery", "jewelry"), ("analogue", "analog"),
             ("t-shirt", "tshirt"), ("coloured", "colored"), ("pyjama", "pajama"))  # fmt: skip


@dataclass
class Corpus:
    """Texts by number.

    Attributes:
        texts: each once.
        names: product -> numbers of its names (as it is, respelled, in part, in a recipe).
        queries: product -> numbers of its queries.
        phrases_of: number of a query -> the phrases in it.
        whole: `(number, phrase)` of every whole phrase's texts.
        prompts: int64 `(types, templates)`: prompts of the article types.
        colour_prompts: int64 `(types, colours, templates)`.
        loose: numbers of words and texts that describe nothing; they only carry the teacher's meaning.
    """

    texts: list[str] = field(default_factory=list)
    names: list[list[int]] = field(default_factory=list)
    queries: list[list[int]] = field(default_factory=list)
    phrases_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    whole: list[tuple[int, int]] = field(default_factory=list)
    prompts: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int64))
    colour_prompts: np.ndarray = field(default_factory=lambda: np.empty((0, 0, 0), np.int64))
    loose: list[int] = field(default_factory=list)
    _number: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        """The number of `text`."""
        number = self._number.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number


def build_corpus(rows: Sequence[Row], labels: Labels, phrases: Sequence[Phrase], *, queries: int = 5,
                 loose: Iterable[str] = (), seed: int = 0) -> Corpus:  # fmt: skip
    """The corpus of a catalogue: names, `queries` of each product, prompts and the phrases themselves."""
    corpus, r = Corpus(), random.Random(seed)
    sampler = QuerySampler(phrases, seed)
    for product, row in enumerate(rows):
        corpus.names.append([corpus.add(t) for t in name_texts(row, r)])
        drawn = [sampler.draw(product) for _ in range(queries)]
        corpus.queries.append([_add_query(corpus, q) for q in drawn])
    for i, phrase in enumerate(phrases):
        if phrase.part == "whole":
            corpus.whole += [(_add_query(corpus, Query(t, (i,))), i) for t in phrase.texts]
        elif phrase.part in ("noun", "occasion") and phrase.describes is not None:
            corpus.whole += [(_add_query(corpus, Query(t, (i,))), i) for t in phrase.texts]
        corpus.loose += [corpus.add(t) for t in phrase.texts]
    types, colours = labels.classes["articleType"], labels.classes["baseColour"]
    corpus.prompts = np.array([[corpus.add(p) for p in _type_prompts(t)] for t in types])
    corpus.colour_prompts = np.array(
        [[[corpus.add(p.format(colour=c.lower(), kind=t.lower())) for p in COLOUR_TEMPLATES] for c in colours]
         for t in types]
    )  # fmt: skip
    corpus.loose += [corpus.add(t) for t in loose]
    return corpus


def _add_query(corpus: Corpus, query: Query) -> int:
    number = corpus.add(query.text)
    corpus.phrases_of.setdefault(number, query.phrases)
    return number


def _type_prompts(kind: str) -> list[str]:
    one = singular(kind).lower()
    return [t.format(one if t == "a photo of a {}" else kind.lower()) for t in TYPE_TEMPLATES]


def name_texts(row: Row, r: random.Random) -> list[str]:
    """A product's name as it is, with words left out, respelled, and inside the recipe that a catalogue embeds."""
    name = row.get("name") or " ".join(filter(None, (row.get("baseColour"), row.get("articleType")))) or "product"
    texts = [name]
    words = [w for w in name.split() if r.random() > 0.22]
    if 1 < len(words) < len(name.split()):
        texts.append(" ".join(words))
    if r.random() < 0.25:
        texts.append(_respell(name.lower(), r))
    if r.random() < 0.6:
        texts.append(recipe(row, name, r))
    return texts


def recipe(row: Row, name: str, r: random.Random) -> str:
    """The name followed by the attributes, as the text recipes of a catalogue have it."""
    fields = [name, row.get("articleType"), row.get("baseColour"), row.get("masterCategory")]
    if r.random() < 0.5:
        fields += [row.get("gender"), row.get("season")]
    else:
        fields += [row.get("subCategory"), row.get("gender"), row.get("season"), row.get("usage")]
        if r.random() < 0.8:
            fields.append(r.choice(PRICE_WORDS))
    return " ".join(f for f in fields if f)


def _respell(text: str, r: random.Random) -> str:
    for british, american in SPELLINGS:
        text = text.replace(british, american)
    return re.sub(r"s\b", "", text) if r.random() < 0.3 else text
