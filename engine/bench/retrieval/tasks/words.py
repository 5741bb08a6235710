"""Words that ask for pictures: the catalogue's own, customers' other ones, and products' names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.bench.collections.collection import Query
from engine.bench.retrieval.goods.goods import Goods
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.tasks.asked import Asked, Judgements, collection_of
from engine.bench.retrieval.tasks.rules import category_of, grouped, rules
from engine.shop.products.conditions import Conditions

Rows = Sequence[int]


def text_to_image(goods: Goods, asked: Asked) -> Task:
    """The catalogue's own words for attributes, alone and two together; a group for each kind."""
    found = {query.id: (query, rows) for query, rows in _own_words(goods)}
    return _task("text_to_image", goods, asked, found)


def other_words(goods: Goods, asked: Asked) -> Task:
    """What customers say, each query set a group: paraphrases, descriptions, whole sentences."""
    return _task("other_words", goods, asked, said_queries(goods, asked, "other"))


def name_to_image(goods: Goods, asked: Asked) -> Task:
    """A product's name, for which every product of that name is right."""
    same = grouped(goods.products, ["name"])
    found: dict[str, tuple[Query, Rows]] = {}
    for (name,), rows in same.items():
        one = f"name:{goods.ids[rows[0]]}"
        group = category_of(goods.products[rows[0]])
        found[one] = (Query(one, name, group=group), rows)
    return _task("name_to_image", goods, asked, found)


def said_queries(goods: Goods, asked: Asked, prefix: str) -> dict[str, tuple[Query, Rows]]:
    """The queries of query sets, by id, and the rows of the products that are right for each."""
    conditions = Conditions(goods.products)
    found: dict[str, tuple[Query, Rows]] = {}
    for name, queries in asked.query_sets.items():
        for said in queries:
            one = f"{prefix}:{name}:{said.text}"
            rows = np.flatnonzero(conditions.of(said.where)).tolist()
            found[one] = (Query(one, said.text, group=name), rows)
    return found


def _own_words(goods: Goods) -> Iterator[tuple[Query, Rows]]:
    for group, text in rules().words.items():
        fields = group.split(" + ")
        for values, rows in sorted(grouped(goods.products, fields).items()):
            if len(rows) >= rules().least:
                words = text.format(**dict(zip(fields, values))).lower()
                one = f"words:{group.replace(' ', '')}:{words}"
                yield Query(one, words, group=group), rows


def _task(name: str, goods: Goods, asked: Asked, found: dict[str, tuple[Query, Rows]]) -> Task:
    ids = goods.ids
    some = asked.some(list(found), list(found))
    right = Judgements(some, lambda one: {ids[row]: 1 for row in found[one][1]})
    queries = [found[one][0] for one in some]
    return Task(name, collection_of(goods, goods.documents(), queries, right))
