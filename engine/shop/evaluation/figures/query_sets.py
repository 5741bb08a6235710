"""Query sets: what a customer says, and what a product must be to be right. Knows their file format.

A line of a file is one JSON object:

    {"text": "office outfit for men", "where": {"gender": ["Men"], "usage": ["Formal"]}}

`texts` may stand for `text`, with several ways to say the same. `where` is told in
`engine/shop/products/conditions.py`. What else a line holds is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import BadSourceFile
from engine.shop.products.conditions import Where, fields_of, where_of
from engine.shop.products.json_lines import JsonLine, json_lines


@dataclass(frozen=True)
class Query:
    """A text, and what makes a product right: all conditions of any of the alternatives."""

    text: str
    where: Where

    @property
    def fields(self) -> set[str]:
        """The fields of products that it asks about."""
        return fields_of(self.where)


def read_query_set(path: str | Path) -> list[Query]:
    """The queries of a JSON lines file, in order.

    Raises:
        BadSourceFile: no such file, no text in UTF-8, a line that is none of the format, a text twice.
    """
    queries: list[Query] = []
    seen: dict[str, int] = {}
    for line in json_lines(path, ("where",), '"text" (or "texts") and "where"'):
        for query in _queries(line):
            if query.text in seen:
                raise line.bad(f"{query.text!r} stands in line {seen[query.text]} too")
            seen[query.text] = line.number
            queries.append(query)
    if not queries:
        raise BadSourceFile("there is no query in it", file=str(path))
    return queries


def _queries(line: JsonLine) -> list[Query]:
    given: Any = line.entry.get("texts", line.entry.get("text"))
    texts = line.texts("text", [given] if isinstance(given, str) else given)
    where = where_of(line)
    if not all(where):
        raise line.bad("where holds {}; expected what makes a product right")
    return [Query(text, where) for text in texts]
