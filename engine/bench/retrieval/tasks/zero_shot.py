"""Values of attributes told by words: a picture asks, and texts of all values are what is found."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from engine.bench.collections.collection import Document, Query
from engine.bench.retrieval.goods.goods import Goods
from engine.bench.retrieval.measures import Measure
from engine.bench.retrieval.task import Task
from engine.bench.retrieval.tasks.asked import Asked, collection_of
from engine.bench.retrieval.tasks.rules import category_of, grouped, rules

# One value is right, so that the first one's success is what classifiers call accuracy.
ACCURACY = Measure("Success", 1, "accuracy")
IN_FIVE = Measure("Success", 5, "accuracy in 5")
_MANY = 10  # values, among which the first five say something


def zero_shot(goods: Goods, asked: Asked) -> list[Task]:
    """A task for each attribute that has at least two values with enough photos."""
    found = []
    for field, text in rules().zero_shot.items():
        values = [
            value
            for (value,), rows in sorted(grouped(goods.products, [field]).items())
            if len(rows) >= rules().least
        ]
        if len(values) > 1:
            found.append(_of_field(goods, asked, field, text, values))
    return found


def _of_field(goods: Goods, asked: Asked, field: str, text: str, values: list[str]) -> Task:
    known, ids = set(values), goods.ids
    rows = [row for row, one in enumerate(goods.products) if one.get(field) in known]
    queries: list[Query] = []
    right: dict[str, dict[str, int]] = {}
    for row in asked.some(rows, [ids[row] for row in rows]):
        product = goods.products[row]
        one = f"told:{field}:{ids[row]}"
        queries.append(Query(one, None, goods.pictures[row], category_of(product)))
        right[one] = {f"{field}={product[field]}": 1}
    documents = [
        Document(f"{field}={value}", text=text.format(value=value.lower())) for value in values
    ]
    (often, count), *_ = Counter(one for each in right.values() for one in each).most_common(1)
    more = {"always the most frequent value": f"{often} is right for {count / len(right):.3f}"}
    collection = replace(collection_of(goods, documents, queries, right), more=more)
    measures = (ACCURACY, IN_FIVE) if len(values) >= _MANY else (ACCURACY,)
    return Task("zero_shot", collection, settings={"attribute": field}, measures=measures)
