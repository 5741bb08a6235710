"""Lines that hold a value of each query: whether two of them asked the same, of the same documents."""

from __future__ import annotations

from engine.bench.records.line import Line

DIGEST, DOCUMENTS = "queries_digest", "documents"  # of a line's `more`


def are_same_queries(first: Line, second: Line) -> bool:
    """Whether values of one place belong to one query: two systems are then compared query by query."""
    digests = [one.more.get(DIGEST) for one in (first, second)]
    is_told = digests[0] is not None and digests[0] == digests[1]
    return is_told and len(first.values) == len(second.values)


def other_asked(first: Line, second: Line) -> str:
    """Why scores of two lines say nothing of each other; "" where they are of one task."""
    for name, what in (
        (DIGEST, "other queries were asked"),
        (DOCUMENTS, "other documents were searched"),
    ):
        said = [one.more.get(name) for one in (first, second)]
        if all(said) and said[0] != said[1]:
            return what
    return ""
