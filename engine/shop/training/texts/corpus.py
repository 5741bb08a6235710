"""Every text that training shows, once each, with what it describes. Knows no model and no photo."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.shop.training.products.labels import COLOUR, FIELDS, KIND, Labels, Row
from engine.shop.training.texts.phrases import Phrase, comparable, singular
from engine.shop.training.texts.queries import Query, QuerySampler

Numbers = npt.NDArray[np.int64]

TYPE_TEMPLATES = ("a photo of {}", "a photo of {}", "{}", "a photo of a {}", "photo of {}",
                  "a product photo of {}")  # fmt: skip
COLOUR_TEMPLATES = ("{colour} {kind}", "{colour} {kind}", "a photo of {colour} {kind}")
PRICE_WORDS = ("affordable budget friendly", "mid-range value", "premium quality",
               "luxury high-end designer")  # fmt: skip
SPELLINGS = (("colour", "color"), ("grey", "gray"), ("jewellery", "jewelry"), ("analogue", "analog"),
             ("t-shirt", "tshirt"), ("coloured", "colored"), ("pyjama", "pajama"))  # fmt: skip
_TRIES = 4  # at a query that was not kept aside


@dataclass
class Corpus:
    """Texts by number.

    Attributes:
        texts: each once.
        names: product -> numbers of its names (as it is, respelled, in part, in a recipe).
        queries: product -> numbers of its queries.
        phrases_of: number of a query -> the phrases in it.
        whole: number and phrase of every whole phrase's texts.
        prompts: (types, templates) numbers of the types' prompts.
        colour_prompts: (types, colours, templates).
        loose: numbers of words and texts that describe nothing; they only carry the teacher's meaning.
        kept_aside: `comparable` texts that it never holds.
    """

    texts: list[str] = field(default_factory=list)
    names: list[list[int]] = field(default_factory=list)
    queries: list[list[int]] = field(default_factory=list)
    phrases_of: dict[int, tuple[int, ...]] = field(default_factory=dict)
    whole: list[tuple[int, int]] = field(default_factory=list)
    prompts: Numbers = field(default_factory=lambda: np.empty((0, 0), np.int64))
    colour_prompts: Numbers = field(default_factory=lambda: np.empty((0, 0, 0), np.int64))
    loose: list[int] = field(default_factory=list)
    kept_aside: Collection[str] = frozenset()
    _number: dict[str, int] = field(default_factory=dict)

    def may_hold(self, text: str) -> bool:
        """Whether a text is none of those kept aside."""
        return not self.kept_aside or comparable(text) not in self.kept_aside

    def add(self, text: str) -> int:
        """The number of `text`."""
        number = self._number.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def add_query(self, query: Query) -> int:
        """The number of a query's text, whose phrases are remembered."""
        number = self.add(query.text)
        self.phrases_of.setdefault(number, query.phrases)
        return number

    def reworded(self, text: str) -> str:
        """A text of the same meaning that may be held."""
        while not self.may_hold(text):
            text = f"this is {text}"
        return text


def build_corpus(
    rows: Sequence[Row],
    labels: Labels,
    phrases: Sequence[Phrase],
    *,
    queries: int = 5,
    loose: Iterable[str] = (),
    kept_aside: Collection[str] = (),
    seed: int = 0,
) -> Corpus:
    """The corpus of a catalogue: names, `queries` of each product, prompts and the phrases themselves.

    Args:
        kept_aside: `comparable` texts that it must not hold: queries that models are judged by.
    """
    corpus, r = Corpus(kept_aside=frozenset(kept_aside)), random.Random(seed)
    others = [f for f in labels.classes if f not in FIELDS]
    sampler = QuerySampler(phrases, seed)
    for product, row in enumerate(rows):
        names = [t for t in name_texts(row, r, others) if corpus.may_hold(t)]
        names = names or [corpus.reworded(recipe(row, "", r, others))]
        corpus.names.append([corpus.add(t) for t in names])
        corpus.queries.append([_drawn(corpus, sampler, product) for _ in range(queries)])
    _add_phrases(corpus, phrases)
    _add_prompts(corpus, labels)
    corpus.loose += [corpus.add(t) for t in loose if corpus.may_hold(t)]
    return corpus


def _drawn(corpus: Corpus, sampler: QuerySampler, product: int) -> int:
    """A query of a product that is not kept aside."""
    query = sampler.draw(product)
    for _ in range(_TRIES):
        if corpus.may_hold(query.text):
            break
        query = sampler.draw(product)
    return corpus.add_query(Query(corpus.reworded(query.text), query.phrases))


def _add_phrases(corpus: Corpus, phrases: Sequence[Phrase]) -> None:
    """The texts of phrases: those that stand alone as queries, all of them as words with a meaning."""
    for i, phrase in enumerate(phrases):
        texts = [t for t in phrase.texts if corpus.may_hold(t)]
        if phrase.part in ("whole", "noun", "occasion") and phrase.describes is not None:
            corpus.whole += [(corpus.add_query(Query(t, (i,))), i) for t in texts]
        corpus.loose += [corpus.add(t) for t in texts]


def _add_prompts(corpus: Corpus, labels: Labels) -> None:
    kinds, colours = labels.classes[KIND], labels.classes[COLOUR]

    def add(text: str) -> int:
        return corpus.add(corpus.reworded(text))

    if kinds:
        corpus.prompts = np.array([[add(p) for p in _type_prompts(kind)] for kind in kinds])
    if kinds and colours:
        corpus.colour_prompts = np.array(
            [[[add(t.format(colour=c.lower(), kind=k.lower())) for t in COLOUR_TEMPLATES]
              for c in colours] for k in kinds]
        )  # fmt: skip


def _type_prompts(kind: str) -> list[str]:
    one = singular(kind).lower()
    return [t.format(one if t == "a photo of a {}" else kind.lower()) for t in TYPE_TEMPLATES]


def name_texts(row: Row, r: random.Random, others: Sequence[str] = ()) -> list[str]:
    """A product's name as it is, with words left out, respelled, and inside the recipe that a catalogue
    embeds. `others`: attributes besides the usual ones."""
    name = row.get("name") or " ".join(filter(None, (row.get(COLOUR), row.get(KIND)))) or "product"
    texts = [name]
    words = [w for w in name.split() if r.random() > 0.22]
    if 1 < len(words) < len(name.split()):
        texts.append(" ".join(words))
    if r.random() < 0.25:
        texts.append(_respell(name.lower(), r))
    if r.random() < 0.6:
        texts.append(recipe(row, name, r, others))
    return texts


def recipe(row: Row, name: str, r: random.Random, others: Sequence[str] = ()) -> str:
    """The name followed by the attributes, as the text recipes of a catalogue have it."""
    fields = [name, row.get(KIND), row.get(COLOUR), row.get("masterCategory")]
    if r.random() < 0.5:
        fields += [row.get("gender"), row.get("season")]
    else:
        fields += [row.get("subCategory"), row.get("gender"), row.get("season"), row.get("usage")]
        fields += [row.get(field) for field in others]
        if r.random() < 0.8:
            fields.append(r.choice(PRICE_WORDS))
    return " ".join(f for f in fields if f) or "product"


def _respell(text: str, r: random.Random) -> str:
    for british, american in SPELLINGS:
        text = text.replace(british, american)
    return re.sub(r"s\b", "", text) if r.random() < 0.3 else text
