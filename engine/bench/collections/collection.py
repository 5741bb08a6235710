"""A test collection: documents, queries, and which documents are right for which query.

Knows no file format and no model: readers make one, retrieval asks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Picture = Path | Callable[[], bytes]  # a file, or what reads the bytes out of an archive


@dataclass(frozen=True)
class Document:
    """What may be found: a picture, a text, or both."""

    id: str
    picture: Picture | None = None
    text: str | None = None


@dataclass(frozen=True)
class Query:
    """What is asked: words, a picture, or a picture with words that change it (a composed query).

    Attributes:
        group: figures are also given for each group (an attribute, a category, a subset).
        without: ids of documents that don't count for this query, as its own picture.
        among: ids that are ranked where only these are (a subset per query); None for all.
    """

    id: str
    text: str | None = None
    picture: Picture | None = None
    group: str | None = None
    without: frozenset[str] = frozenset()
    among: frozenset[str] | None = None


@dataclass(frozen=True)
class Collection:
    """Documents, queries, and grades of relevance by the query's and the document's id.

    Attributes:
        relevance: grades above 0 are right, what is not named is wrong; a query without any is in no
            figure.
        limits: what the judgements can't say, in a sentence, for the report.
        source: where it was read from, for the report; no folder of a user's machine.
    """

    name: str
    documents: Sequence[Document]
    queries: Sequence[Query]
    relevance: Mapping[str, Mapping[str, int]]
    limits: str = ""
    source: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
