"""Trouble with one thing of a set is that thing's own: it is named, and left out with what needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

from engine.bench.collections.collection import Collection, Picture
from engine.encode.photos.opening import opened
from engine.errors import BadImage, BadSourceFile
from engine.photo_files import read_photo

LEFT_OUT = "left out"  # in a collection's `more`: a line for each thing, its id and the reason
NAMED = 100  # of the things that are left out at once


def leaving_out(
    collection: Collection,
    documents: Mapping[str, str],
    queries: Mapping[str, str] | None = None,
) -> Collection:
    """The collection without some documents and queries, which `more["left out"]` names.

    A query whose right documents are all left out goes with them. One that never had any stays.

    Args:
        documents, queries: the reason by the id. Whoever finds later that a picture can't be decoded
            asks again with that one.
    """
    queries = dict(queries or {})
    reasons, lost = {**documents, **queries}, 0
    if not documents and not queries:
        return collection
    relevance: dict[str, Mapping[str, int]] = {}
    for query, grades in collection.relevance.items():
        kept = {id: grade for id, grade in grades.items() if id not in documents}
        relevance[query] = kept
        if any(grade > 0 for grade in grades.values()) and not any(g > 0 for g in kept.values()):
            lost += query not in queries
            queries.setdefault(query, "no right document is left")
    return replace(
        collection,
        documents=[one for one in collection.documents if one.id not in documents],
        queries=[one for one in collection.queries if one.id not in queries],
        relevance={query: grades for query, grades in relevance.items() if query not in queries},
        more={**collection.more, **noted(reasons, collection.more, lost)},
    )


def noted(
    reasons: Mapping[str, str], more: Mapping[str, str] | None = None, lost: int = 0
) -> dict[str, str]:
    """What `more` says of things that were left out, behind what it says already.

    Args:
        reasons: by id; the first `NAMED` are named, and the others counted.
        lost: how many queries went along, for none of their right documents is left.
    """
    lines = [f"{id}: {reason}" for id, reason in islice(reasons.items(), NAMED)]
    if len(reasons) > NAMED:
        lines.append(f"and {len(reasons) - NAMED:,} more")
    if lost:
        lines.append(f"queries that only they answer: {lost:,}")
    before = (more or {}).get(LEFT_OUT)
    return {LEFT_OUT: "\n".join([before, *lines] if before else lines)} if lines else {}


def with_pictures_that_open(collection: Collection) -> Collection:
    """The collection without pictures that are missing or whose bytes are no picture's.

    Only their headers are read here: damage further inside shows when a picture is decoded.

    Raises BadSourceFile: not one of its pictures can be opened.
    """
    known: dict[Picture, str | None] = {}

    def trouble(picture: Picture | None) -> str | None:
        if picture is None:
            return None
        if picture not in known:
            known[picture] = problem(picture)
        return known[picture]

    documents = {one.id: why for one in collection.documents if (why := trouble(one.picture))}
    queries = {one.id: why for one in collection.queries if (why := trouble(one.picture))}
    if known and all(known.values()):
        picture, reason = next(iter(known.items()))
        where = f" (looked for at {picture})" if isinstance(picture, Path) else ""
        raise BadSourceFile(
            f"none of its {len(known)} pictures can be opened; the first: {reason}{where}. "
            "Put the set's pictures there.",
            file=collection.name,
        )
    return leaving_out(collection, documents, queries)


def problem(picture: Picture) -> str | None:
    """Why a picture can't be opened, in a sentence without its folder; None where it can."""
    try:
        opened(read_photo(picture) if isinstance(picture, Path) else picture())
    except BadImage as error:
        return _without_folder(error.message, picture)
    except OSError as error:  # an archive that was moved or cut off
        return f"can't be read ({error.strerror or error})"
    return None


def _without_folder(message: str, picture: Picture) -> str:
    return message.replace(str(picture), picture.name) if isinstance(picture, Path) else message
