"""Reranking: the first rows ranked a second time, by a pluggable model.

Knows texts and scores; not how rows are found. What the cloud's model computes is not published; the one
here is this engine's own.
"""

from __future__ import annotations

import contextlib
import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.core.arrays import unit_rows
from engine.core.assumptions import RERANKED_CHARACTERS
from engine.core.query import Query, Reranking
from engine.core.ranking.bm25 import Scores, Term, gains, idf
from engine.encode.encoder import Encoder
from engine.errors import NotFound
from engine.service.cancellation import check
from engine.service.search.hits import Hit, Timings, fetch, places
from engine.service.serving.models import Models
from engine.service.serving.rerankers import Rerankers, RerankingModel
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.serving.text_vectors import TextEncoder
from engine.store.indexes.versions import Version
from engine.store.segments.inverted_index import tokens

BUILT_IN = "databricks_reranker"  # the model's name in the API


@dataclass(frozen=True)
class RerankerChoice:
    """Where a query's reranker is found: registered, behind a serving endpoint, or built in."""

    registered: Rerankers
    serving: ServingEndpoints
    models: Models


def rerank(
    choice: RerankerChoice,
    version: Version,
    query: Query,
    hits: list[Hit],
    timings: Timings,
) -> list[Hit]:
    """The hits in the order of `query.reranking`, with the reranker's scores.

    Args:
        hits: the first ranking, best first; equal scores of the reranker keep its order.

    Returns:
        as many hits. The first ranking as it was where the reranker fails; `timings.warnings` says so.

    Raises:
        NotFound: no reranker of this workspace has the name.
    """
    wanted = query.reranking
    assert wanted is not None
    model = _model(choice, version, wanted)
    if not hits:
        return []
    check()
    documents = [document(row) for row in zip(*fetch(version, *places(hits), wanted.columns))]
    try:
        scores = _checked(model.rerank(query.text, documents), len(documents))
    except Exception as error:  # whatever it is: the first ranking is an answer too
        timings.warnings.append(
            f"reranker {wanted.model} failed, so that rows keep their first order and scores: "
            f"{type(error).__name__}: {error}"
        )
        return hits
    plan = f"reranked {len(hits)} rows by {wanted.model}"
    if isinstance(model, BuiltInReranker):
        timings.warnings += model.warnings
        plan += model.how
    timings.plans += (plan,)
    order = np.argsort(-scores, kind="stable").tolist()
    return [hits[place]._replace(score=float(scores[place])) for place in order]


def document(values: Sequence[Any]) -> str:
    """The text of a row that is ranked: its values joined by spaces, nulls left out, 2000 characters.

    Items of arrays count as values; booleans are `true` and `false`, dates and times ISO text.
    """
    return " ".join(_texts(values))[:RERANKED_CHARACTERS]


def _texts(values: Sequence[Any]) -> list[str]:
    out: list[str] = []
    for value in values:
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            out += _texts(value)
        elif isinstance(value, bool):
            out.append("true" if value else "false")
        elif isinstance(value, (datetime.date, datetime.datetime)):
            out.append(value.isoformat())
        else:
            out.append(str(value))
    return out


def _checked(scores: object, count: int) -> Scores:
    """A reranker's answer as float64. Raises ValueError where it is not `count` finite numbers."""
    given = np.asarray(scores)
    if given.shape != (count,) or given.dtype.kind not in "iuf":
        raise ValueError(
            f"it returned {scores!r:.80} (shape {given.shape}); expected {count} numbers"
        )
    numbers = given.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise ValueError(f"it returned {numbers[bad[0]]} for document {bad[0]}")
    return numbers


# ------------------------------------------------------------------ which one
def _model(choice: RerankerChoice, version: Version, wanted: Reranking) -> RerankingModel:
    """The reranker of this name: registered, built in, or the encoder behind a serving endpoint."""
    registered = choice.registered.get(wanted.model)
    if registered is not None:
        return registered
    if wanted.model == BUILT_IN:
        return BuiltInReranker(lambda: _encoder(choice, version))
    if wanted.model_type == "MODEL_TYPE_FINETUNED":
        with contextlib.suppress(NotFound):
            choice.serving.get(wanted.model)
            return EncoderReranker(lambda: choice.serving.encoder(wanted.model))
    raise NotFound(
        f"Reranker {wanted.model} does not exist. Here are: "
        f"{', '.join(sorted({BUILT_IN, *choice.registered}))}. Give one to "
        "workspace.register_reranker, or name a serving endpoint as a finetuned model."
    )


def _encoder(choice: RerankerChoice, version: Version) -> Encoder:
    """The encoder that made the index's vectors where that can be had, else the workspace's."""
    recorded = version.facts.get("encoder") or {}
    if recorded.get("encoder") is not None:
        for load in (partial(choice.models.recorded, recorded), choice.serving.texts.encoder):
            try:
                encoder = load()
                if recorded.get("fingerprint") in (None, encoder.fingerprint):
                    return encoder
            except Exception:  # a package or its weights: texts can be compared by another as well
                pass
    return choice.models.encoder()


# ------------------------------------------------------------------ those of this engine
class BuiltInReranker:
    """Similarity of meaning and of words, half and half, each scaled to 0..1 over the documents.

    Meaning is the cosine of an encoder's text vectors; models read the start of a text and no more:
    CLIP 77 tokens, the embedded model 64 or 77. Words are BM25 with the documents as the whole
    collection. Without an encoder, words alone.

    Attributes:
        how: what the last call did, for the plan.
        warnings: what its caller must know.
    """

    def __init__(self, load: Callable[[], Encoder]) -> None:
        """Take an encoder from `load`, when it is needed."""
        self._load = load
        self.how = ""
        self.warnings: tuple[str, ...] = ()

    def rerank(self, query_text: str, documents: Sequence[str]) -> Sequence[float]:
        """A score from 0 to 1 for each document, higher for better ones."""
        words = scaled(word_scores(query_text, documents))
        try:
            encoder = self._load()
            meaning = scaled(similarities(encoder, query_text, documents))
        except Exception as error:  # packages, weights, the runtime: words need none of them
            self.warnings = (
                "reranked by words alone, because no encoder can be used: "
                f"{type(error).__name__}: {error}",
            )
            self.how = " (BM25)"
            return list(words)
        self.warnings = () if encoder.note is None else (encoder.note,)
        self.how = (
            f" (encoder {encoder.name}, which reads the start of a text, 77 tokens for CLIP, and "
            "BM25, half and half)"
        )
        return list((words + meaning) / 2)


class EncoderReranker:
    """Cosine of an encoder's vectors of the query and of each document, -1 to 1."""

    def __init__(self, load: Callable[[], TextEncoder]) -> None:
        """Take an encoder from `load`, when it is needed."""
        self._load = load

    def rerank(self, query_text: str, documents: Sequence[str]) -> Sequence[float]:
        """The cosine for each document."""
        return list(similarities(self._load(), query_text, documents))


def similarities(encoder: TextEncoder, text: str, documents: Sequence[str]) -> Scores:
    """(n,) cosines of the text with each of n documents, -1 to 1; its vectors may have any length.

    Raises:
        InvalidParameterValue: the encoder returned a vector of length 0, or one that is not finite.
    """
    vectors = unit_rows(encoder.encode_texts([text, *documents])).astype(np.float64)
    cosines: Scores = np.clip(vectors[1:] @ vectors[0], -1.0, 1.0)
    return cosines


def word_scores(text: str, documents: Sequence[str]) -> Scores:
    """(n,) BM25 of the text's tokens in n documents, which are the whole collection; 0 without any."""
    counts = [Counter(tokens(document)) for document in documents]
    lengths = np.array([sum(count.values()) for count in counts], dtype=np.int64)
    out = np.zeros(len(documents))
    for token in dict.fromkeys(tokens(text)):
        held = np.array([count[token] for count in counts], dtype=np.int64)
        if held.any():
            worth = idf(len(documents), int(np.count_nonzero(held)))
            out += gains(Term("", token, worth, float(lengths.mean())), held, lengths)
    return out


def scaled(scores: Scores) -> Scores:
    """The lowest becomes 0 and the highest 1; ½ for all where they are equal and say nothing."""
    low, high = scores.min(), scores.max()
    if not high > low:
        return np.full(len(scores), 0.5)
    # The clip is for spans so small that the quotient is rounded beyond 1.
    out: Scores = np.clip((scores - low) / (high - low), 0.0, 1.0)
    return out
