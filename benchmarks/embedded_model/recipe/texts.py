"""The texts of a run: put together as `vitrine train` does, then as arrays on the device.

No text of the development sets is shown, in the singular or the plural. The five of `shop`, plain words
of the catalogue, may come up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from engine.shop.evaluation.figures.query_sets import Query as Judged
from engine.shop.products.conditions import Conditions
from engine.shop.training.material import word_files
from engine.shop.training.products.labels import brands
from engine.shop.training.texts.corpus import Corpus, Numbers, build_corpus
from engine.shop.training.texts.phrases import (
    Phrase,
    catalogue_phrases,
    comparable,
    read_phrases,
)
from engine.shop.training.texts.queries import Query, QuerySampler
from engine.shop.training.towers.pieces import Pieces, vocabulary_words
from engine.shop.training.towers.text import TextTrunk
from recipe.catalogue import Catalogue
from recipe.settings import Settings

QUERIES, QUERIES_WITHOUT_LISTS, NAMES = 16, 4, 4  # of a product
LONG, SHORT = 40, 24  # word pieces of a name, and of everything else
_FIELDS = ("articleType", "baseColour", "gender", "usage", "subCategory", "season")  # have phrases
_PLAIN = "shop"  # the query set that is not kept aside
_AT_ONCE = 8192  # texts of the teacher


class KeptAside(frozenset[str]):
    """Texts that are not shown; one is among them if it differs in a plural's s only."""

    @classmethod
    def of(cls, queries: Mapping[str, Sequence[Judged]]) -> KeptAside:
        """The texts of all query sets but the plain one."""
        some = (query.text for name in queries if name != _PLAIN for query in queries[name])
        return cls(_one(text) for text in some)

    def __contains__(self, text: object) -> bool:
        return super().__contains__(_one(str(text)))


def _one(text: str) -> str:
    """Words without a plural's s."""
    words = comparable(text).split()
    return " ".join(w[:-1] if w.endswith("s") and len(w) > 3 else w for w in words)


@dataclass(frozen=True)
class Words:
    """The corpus, its phrases, and what of it is drawn from.

    Attributes:
        queries: numbers of each product's queries. whole: number and phrase of texts that stand alone.
        kept: numbers of all texts that are not kept aside.
    """

    corpus: Corpus
    phrases: list[Phrase]
    queries: list[list[int]]
    whole: list[tuple[int, int]]
    kept: list[int]


def read_words(
    catalogue: Catalogue,
    lists: Sequence[Path],
    queries: Mapping[str, Sequence[Judged]],
    vocabulary: Iterable[str],
    settings: Settings,
) -> Words:
    """Every text that a run shows. `lists`: folders of word lists; `vocabulary`: word pieces."""
    conditions, aside = Conditions(catalogue.rows), KeptAside.of(queries)
    classes = {field: catalogue.labels.classes[field] for field in _FIELDS}
    own = catalogue_phrases(conditions, classes)
    phrases = own + read_phrases(word_files(lists), conditions, aside)
    loose = vocabulary_words(vocabulary)
    corpus = build_corpus(catalogue.rows, catalogue.labels, phrases, queries=QUERIES, loose=loose)
    drawn, whole = corpus.queries, corpus.whole
    if not settings.lists:
        sampler = QuerySampler(own, 1)
        draws = range(QUERIES_WITHOUT_LISTS)
        products = range(len(catalogue.rows))
        drawn = [[corpus.add_query(sampler.draw(p)) for _ in draws] for p in products]
        whole = [(text, phrase) for text, phrase in whole if phrase < len(own)]
    bad = {i for i, text in enumerate(corpus.texts) if text in aside}
    shown = [[q for q in some if q not in bad] or [_other(corpus, some[0])] for some in drawn]
    whole = [(text, phrase) for text, phrase in whole if text not in bad]
    kept = [number for number in range(len(corpus.texts)) if number not in bad]
    return Words(corpus, phrases, shown, whole, kept)


def _other(corpus: Corpus, number: int) -> int:
    """A query of the same meaning in other words."""
    return corpus.add_query(Query(f"this is {corpus.texts[number]}", corpus.phrases_of[number]))


@dataclass
class Texts:
    """Texts and products as arrays on the device; texts and phrases by number, -1 for none.

    Attributes:
        ids: (texts, 40) word pieces, 0 where padded.
        names: (products, 4) and queries: (products, 16), of each.
        phrases_of: (texts, k) the phrases of a query; the last phrase is no condition.
        describes: (phrases + 1, products) whether a phrase describes a product.
        whole: (n, 2) texts that stand alone, and their phrase.
        prompts: (types, templates) and colour_prompts: (types, colours, templates).
        loose: (n,) words and phrases. kept: (n,) all texts that may be shown.
        codes: field -> (products,). same_name: (products,) equal where the names are.
        features: (texts, width) the teacher's, in 16 bits; None without a teacher.
    """

    ids: Tensor
    names: Tensor
    queries: Tensor
    phrases_of: Tensor
    describes: Tensor
    whole: Tensor
    prompts: Tensor
    colour_prompts: Tensor
    loose: Tensor
    kept: Tensor
    codes: dict[str, Tensor]
    same_name: Tensor
    features: Tensor | None = None


def texts_of(words: Words, catalogue: Catalogue, tokenizer: Tokenizer, device: str) -> Texts:
    """The words of a run on the device. `tokenizer`: cuts at 40 pieces."""
    corpus, rows, count = words.corpus, catalogue.rows, len(words.phrases)
    phrases_of = [corpus.phrases_of.get(i, ()) for i in range(len(corpus.texts))]
    most = max(1, *map(len, phrases_of))
    describes = np.ones((count + 1, len(rows)), dtype=np.bool_)
    for row, phrase in zip(describes, words.phrases):
        if phrase.describes is not None:
            row[:] = phrase.describes
    numbers: dict[str, int] = {}
    names = [str(row["name"] or row["id"]).lower() for row in rows]
    kept = set(words.kept)
    arrays = {
        "ids": word_pieces(tokenizer, corpus.texts),
        "names": _table(corpus.names, NAMES),
        "queries": _table(words.queries, QUERIES),
        "phrases_of": _table(phrases_of, most, count),
        "describes": describes,
        "whole": np.array(words.whole, dtype=np.int64),
        "prompts": corpus.prompts,
        "colour_prompts": corpus.colour_prompts,
        "loose": np.array(sorted(kept & set(corpus.loose))),
        "kept": np.array(words.kept),
        "same_name": np.array([numbers.setdefault(name, len(numbers)) for name in names]),
    }
    tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
    codes = catalogue.labels.codes | {"brand": brands(rows)}
    return Texts(
        **tensors, codes={f: torch.from_numpy(code).to(device) for f, code in codes.items()}
    )


def word_pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """(n, 40) ids of texts, 0 where padded."""
    pieces = Pieces(tokenizer, texts)
    ids = np.zeros((len(texts), LONG), dtype=np.int32)
    found = pieces.of(np.arange(len(texts)))
    ids[:, : found.shape[1]] = found
    return ids


def _table(rows: Sequence[Sequence[int]], width: int, none: int = -1) -> Numbers:
    """(n, width): rows of numbers, cut, filled up with `none`."""
    table = np.full((len(rows), width), none, dtype=np.int64)
    for own, row in zip(table, rows):
        own[: len(row)] = row[:width]
    return table


@torch.inference_mode()
def teacher_features(teacher: TextTrunk, ids: Tensor) -> Tensor:
    """(texts, width) unit features of texts in 16 bits. `ids`: (texts, 40) on the teacher's device."""
    device = ids.device
    lengths = (ids != 0).sum(1)
    order = torch.argsort(lengths)
    features = torch.empty(len(ids), teacher.shape.width, device=device, dtype=torch.float16)
    for some in order.split(_AT_ONCE):
        longest = int(lengths[some].max())
        with torch.autocast(device.type, torch.float16, enabled=device.type == "cuda"):
            found = teacher(ids[some, :longest].long())
        features[some] = functional.normalize(found.float(), dim=-1).half()
    return features
