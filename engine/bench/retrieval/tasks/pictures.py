"""Pictures that ask: for what is alike, beside the product's name, with words that change them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.bench.collections.collection import Query
from engine.bench.retrieval.goods.goods import Goods
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.tasks.asked import Asked, Judgements, collection_of
from engine.bench.retrieval.tasks.rules import (
    Change,
    Values,
    category_of,
    grouped,
    known,
    rules,
    values_of,
)
from engine.bench.retrieval.tasks.words import said_queries


@dataclass(frozen=True)
class Alikes:
    """Which products are alike, by the rules' fields that there are; none is its own like."""

    goods: Goods

    @cached_property
    def _groups(self) -> list[tuple[int, tuple[str, ...], dict[Values, list[int]]]]:
        """Grade, fields, rows by their values; from the lowest grade up, so that the best one stays."""
        found = []
        for rule in sorted(rules().alike, key=lambda rule: rule.grade):
            same = known(self.goods.products, rule.same)
            found.append((rule.grade, same, grouped(self.goods.products, same) if same else {}))
        return found

    @cached_property
    def ids(self) -> list[str]:
        return self.goods.ids

    def of(self, row: int) -> dict[str, int]:
        """Grades of the products that are like one, by id."""
        found: dict[str, int] = {}
        for grade, same, groups in self._groups:
            values = values_of(self.goods.products[row], same)
            others = groups.get(values, []) if values is not None else []
            found.update(dict.fromkeys((self.ids[other] for other in others), grade))
        found.pop(self.ids[row], None)
        return found

    def rows(self) -> list[int]:
        """Products of which any other could be like."""
        _, _, groups = self._groups[0]
        return sorted(row for rows in groups.values() if len(rows) > 1 for row in rows)


def image_to_image(goods: Goods, asked: Asked) -> Task:
    """A product's photo, for which others of its type and gender are right, more so in its colour."""
    alike = Alikes(goods)
    some = asked.some(rows := alike.rows(), [alike.ids[row] for row in rows])
    row_of = {f"photo:{alike.ids[row]}": row for row in some}
    queries = [
        Query(
            one,
            None,
            goods.pictures[row],
            category_of(goods.products[row]),
            frozenset([alike.ids[row]]),
        )
        for one, row in row_of.items()
    ]
    right = Judgements(row_of, lambda one: alike.of(row_of[one]))
    return Task("image_to_image", collection_of(goods, goods.documents(), queries, right))


def hybrid(goods: Goods, asked: Asked) -> list[Task]:
    """Blends of picture and text at each weight, of documents and of queries that have both.

    Asked are customers' words, which have no picture, and photos beside their product's name.
    """
    alike = Alikes(goods)
    every = said_queries(goods, asked, "hybrid")
    said = {one: every[one] for one in asked.some(list(every), list(every), 2)}
    named = [row for row in alike.rows() if goods.products[row].get("name")]
    some = asked.some(named, [alike.ids[row] for row in named], 2)
    row_of = {f"hybrid:{alike.ids[row]}": row for row in some}
    queries = [query for query, _ in said.values()]
    for one, row in row_of.items():
        own, name = alike.ids[row], str(goods.products[row]["name"])
        queries.append(Query(one, name, goods.pictures[row], "photo and name", frozenset([own])))

    def of(one: str) -> Mapping[str, int]:
        return {alike.ids[row]: 1 for row in said[one][1]} if one in said else alike.of(row_of[one])

    right = Judgements([query.id for query in queries], of)
    documents = goods.documents(with_text=True)
    collection = collection_of(goods, documents, queries, right)
    return [Task("hybrid", collection, one, {"text_weight": one}) for one in asked.weights]


def composed(goods: Goods, asked: Asked) -> Task:
    """A product's photo with words that change its colour, its gender or its type.

    Right is what has the new value, and the photo's own in the fields that stay.
    """
    queries: list[Query] = []
    right: dict[str, list[int]] = {}
    for change in rules().composed:
        for one, rows in _changed(goods, change, asked, len(rules().composed)):
            queries.append(one)
            right[one.id] = rows
    ids = goods.ids
    judged = Judgements(right, lambda one: {ids[row]: 1 for row in right[one]})
    return Task("composed", collection_of(goods, goods.documents(), queries, judged))


def _changed(
    goods: Goods, change: Change, asked: Asked, kinds: int
) -> list[tuple[Query, list[int]]]:
    same = known(goods.products, change.same)
    fields = [*same, change.changed]
    groups = grouped(goods.products, fields) if same else {}
    others: dict[Values, list[str]] = {}
    for values, rows in sorted(groups.items()):
        if len(rows) >= rules().least:
            others.setdefault(values[:-1], []).append(values[-1])
    usable: list[tuple[int, Values]] = []
    for values, rows in groups.items():
        if set(others.get(values[:-1], ())) - {values[-1]}:
            usable += [(row, values) for row in rows]
    usable.sort()
    ids = goods.ids
    found = []
    for row, values in asked.some(usable, [ids[row] for row, _ in usable], kinds):
        new = _one_of([one for one in others[values[:-1]] if one != values[-1]], ids[row])
        query = Query(
            f"composed:{change.changed}:{ids[row]}",
            change.text.format(value=new).lower(),
            goods.pictures[row],
            change.changed,
            frozenset([ids[row]]),
        )
        right = (*values[:-1], new)
        found.append((query, groups[right]))
    return found


def _one_of(values: list[str], one: str) -> str:
    """The same for every model and run."""
    return values[int(hashlib.blake2b(one.encode(), digest_size=8).hexdigest(), 16) % len(values)]
