"""The figures of a model over photos and their products: what each one is, and all of them together."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.arrays import Mask, Matrix
from engine.shop.evaluation.figures.figure import Encode, Figure, Floats, Product
from engine.shop.evaluation.figures.nearest import nearest, ranks
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.products.conditions import Conditions

LEAST_PHOTOS = 5  # of a type, or of a colour and type, that is asked for
NAMES = 1200  # products among which a name is to find its photo
# A query with a word that no language has, and without it.
MADE_UP = (
    ("red qwzx dress", "red dress"),
    ("blorptag blue jeans", "blue jeans"),
    ("white sneakers zzyx", "white sneakers"),
    ("black vrrk handbag", "black handbag"),
    ("gold plimbor watch", "gold watch"),
    ("xuvvt running shoes", "running shoes"),
    ("women's kwalla kurta", "women's kurta"),
    ("brown leather belt ojmb", "brown leather belt"),
)


def evaluate_vectors(
    images: Matrix,
    products: Sequence[Product],
    encode: Encode,
    queries: Mapping[str, Sequence[Query]] | None = None,
) -> dict[str, Any]:
    """All figures of a model as one JSON object: value, 95 % interval and number of queries, by key.

    Args:
        images: (n, d) unit vectors of photos. products: the n products that they show, as dicts of `id`,
            `name`, `articleType`, `baseColour` and whatever the query sets ask about; None for unknown.
        encode: texts to unit vectors.
        queries: query sets by name, see `read_query_set`.
    """
    figures = figures_of(images, products, encode, queries or {})
    return {"photos": len(products), **{figure.key: figure.summary() for figure in figures}}


def figures_of(
    images: Matrix,
    products: Sequence[Product],
    encode: Encode,
    queries: Mapping[str, Sequence[Query]],
    attributes: Sequence[str] = (),
) -> list[Figure]:
    """All figures of a model; those of query sets have the keys `queries:NAME`.

    Args:
        attributes: fields whose values are told by words too, as figures `zero_shot:FIELD`.
    """
    conditions = Conditions(products)
    return [
        zero_shot_type(images, products, encode),
        *(zero_shot(images, products, encode, field) for field in attributes),
        *colour_type(images, products, encode),
        *name_to_photo(images, products, encode),
        photo_to_photo(images, products),
        *(query_set(name, some, images, conditions, encode) for name, some in queries.items()),
        unseen_words(encode),
    ]


def zero_shot_type(images: Matrix, products: Sequence[Product], encode: Encode) -> Figure:
    """Accuracy of the nearest text "a photo of TYPE"; see `zero_shot`."""
    found = zero_shot(images, products, encode, "articleType")
    more = {"types": found.more["values"]} if found.more else {}
    return replace(found, key="zero_shot_type", title="zero-shot type, accuracy", more=more)


def zero_shot(images: Matrix, products: Sequence[Product], encode: Encode, field: str) -> Figure:
    """Accuracy of the nearest text "a photo of VALUE", over a field's values with at least 5 photos.

    A query is a photo of such a value; its value is 1 where the text of its own value is the nearest.
    """
    values = _often([product.get(field) for product in products])
    rows = [row for row, product in enumerate(products) if product.get(field) in values]
    key, title = f"zero_shot:{field}", f"zero-shot {field}, accuracy"
    if not rows:
        return _nothing(key, title)
    texts = encode([f"a photo of {value.lower()}" for value in values])
    chosen = nearest(images[rows], texts, 1)[:, 0]
    right = [values[best] == products[row][field] for best, row in zip(chosen, rows)]
    more = {"values": len(values)}
    return Figure(key, title, _ids(products, rows), _floats(right), more=more)


def colour_type(
    images: Matrix, products: Sequence[Product], encode: Encode
) -> tuple[Figure, Figure, Figure]:
    """Precision at 5 of texts "colour type": both right, the type alone, the colour alone.

    A query is a pair with at least 5 photos; its value is the share of right ones in the 5 nearest.
    """
    colours = np.array([product.get("baseColour") or "" for product in products], dtype=object)
    types = np.array([product.get("articleType") or "" for product in products], dtype=object)
    pairs = _often([(c, t) if c and t else None for c, t in zip(colours, types)])
    kinds = (
        ("colour_type_precision_at_5", '"colour type", both right, precision at 5'),
        ("colour_type_type_alone", '"colour type", type right, precision at 5'),
        ("colour_type_colour_alone", '"colour type", colour right, precision at 5'),
    )
    if not pairs:
        return _nothing_of(kinds)
    texts = tuple(f"{colour} {kind}".lower() for colour, kind in pairs)
    found = nearest(encode(texts), images, 5)
    right_colour = colours[found] == np.array([c for c, _ in pairs], dtype=object)[:, None]
    right_type = types[found] == np.array([t for _, t in pairs], dtype=object)[:, None]
    both, kind, colour = (
        Figure(*names, texts, _floats(right.mean(1)), found=_rows(found))
        for names, right in zip(kinds, (right_colour & right_type, right_type, right_colour))
    )
    return both, kind, colour


def name_to_photo(
    images: Matrix, products: Sequence[Product], encode: Encode
) -> tuple[Figure, Figure, Figure]:
    """How well a product's name finds its photo among 1,200: recall at 10 and at 1, and the median rank.

    The products are drawn by a hash of the id, so that they are the same for every model; all that have
    a name where they are fewer.
    """
    named = [row for row, product in enumerate(products) if product.get("name")]
    rows = [named[row] for row in drawn([products[row]["id"] for row in named], NAMES)]
    kinds = (
        ("name_to_photo_recall_at_10", "name to photo, recall at 10"),
        ("name_to_photo_recall_at_1", "name to photo, recall at 1"),
        ("name_to_photo_median_rank", "name to photo, median rank"),
    )
    if not rows:
        return _nothing_of(kinds)
    texts = encode([str(products[row]["name"]) for row in rows])
    found, ids = ranks(texts, images[rows]), _ids(products, rows)
    among = {"among": len(rows)}
    return (
        Figure(*kinds[0], ids, _floats(found <= 10), more=among),
        Figure(*kinds[1], ids, _floats(found <= 1), more=among),
        Figure(*kinds[2], ids, found, statistic="median", more=among),
    )


def photo_to_photo(images: Matrix, products: Sequence[Product]) -> Figure:
    """Precision at 5 by type of a photo's nearest other photos.

    A query is each photo whose type is known, also one of a type that has no 5 others.
    """
    types = np.array([product.get("articleType") or "" for product in products], dtype=object)
    key, title = "photo_to_photo_type_precision_at_5", "photo to photo, same type, precision at 5"
    known = np.flatnonzero(types != "")
    if not len(known) or len(products) < 2:
        return _nothing(key, title)
    found = nearest(images, images, 5, is_own=True)[known]
    right = types[found] == types[known][:, None]
    return Figure(key, title, _ids(products, known), _floats(right.mean(1)), found=_rows(found))


def query_set(
    name: str,
    queries: Sequence[Query],
    images: Matrix,
    conditions: Conditions,
    encode: Encode,
) -> Figure:
    """Precision at 10 of each query: the share of the 10 nearest photos that are right.

    Where fewer than 10 products are right, of as many as are, so that 1 can be reached. A query that no
    product is right for can't be answered: it is left out, and named in `without_answer`.
    """
    masks: dict[str, Mask] = {query.text: conditions.of(query.where) for query in queries}
    asked = tuple(text for text, right in masks.items() if right.any())
    few = sum(int(masks[text].sum()) < 10 for text in asked)
    more = {"without_answer": [text for text in masks if text not in asked], "fewer_than_10": few}
    key, title = f"queries:{name}", f"{name}, precision at 10"
    if not asked:
        return Figure(key, title, (), np.empty(0), more=more)
    found = nearest(encode(asked), images, 10)
    tops = [row[: int(masks[text].sum())] for text, row in zip(asked, found)]
    values = [masks[text][top].mean() for text, top in zip(asked, tops)]
    return Figure(key, title, asked, _floats(values), found=_rows(tops), more=more)


def unseen_words(encode: Encode) -> Figure:
    """Cosine of a query with a word that means nothing, and the same query without it."""
    with_it, without = (encode([pair[side] for pair in MADE_UP]) for side in (0, 1))
    texts = tuple(text for text, _ in MADE_UP)
    values = np.einsum("ij,ij->i", with_it, without)
    return Figure("unseen_words", "a made-up word more, cosine", texts, _floats(values))


def drawn(ids: Sequence[Any], count: int) -> list[int]:
    """Rows of so many ids, chosen by a hash of the id and in their order; all where they are fewer."""
    if len(ids) <= count:
        return list(range(len(ids)))
    digests = [hashlib.blake2b(str(one).encode()).digest() for one in ids]
    return sorted(sorted(range(len(ids)), key=lambda row: digests[row])[:count])


def _often(values: Sequence[Any]) -> list[Any]:
    """Those that occur at least 5 times, sorted; None is no value."""
    counts = Counter(value for value in values if value)
    return sorted(value for value, count in counts.items() if count >= LEAST_PHOTOS)


def _nothing(key: str, title: str) -> Figure:
    """A figure of a catalogue that has no query for it."""
    return Figure(key, title, (), np.empty(0))


def _nothing_of(kinds: Iterable[tuple[str, str]]) -> tuple[Figure, Figure, Figure]:
    first, second, third = (_nothing(*kind) for kind in kinds)
    return first, second, third


def _ids(products: Sequence[Product], rows: Any) -> tuple[str, ...]:
    return tuple(str(products[row]["id"]) for row in rows)


def _floats(values: Any) -> Floats:
    return np.asarray(values, dtype=np.float64)


def _rows(found: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(row) for row in some) for some in found)
