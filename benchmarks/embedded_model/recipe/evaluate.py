"""Retrieval figures of image and text vectors, on photos that training never saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .data import Product

Encode = Callable[[Sequence[str]], np.ndarray]


def interval(values: np.ndarray, draws: int = 1000, seed: int = 0) -> list[float]:
    """95 % bootstrap interval of a mean."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), (draws, len(values)))
    low, high = np.percentile(values[picks].mean(1), [2.5, 97.5])
    return [round(float(low), 4), round(float(high), 4)]


def _mean(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    array = np.asarray(values, dtype=float)
    return {"value": round(float(array.mean()), 4), "interval": interval(array), "n": len(array)}


def zero_shot(images: np.ndarray, products: Sequence[Product], encode: Encode,
              least: int = 5) -> dict[str, Any]:  # fmt: skip
    """Accuracy of "a photo of {type}" over types with at least ``least`` photos."""
    counts = Counter(p.articleType for p in products if p.articleType)
    types = sorted(t for t, n in counts.items() if n >= least)
    rows = [i for i, p in enumerate(products) if p.articleType in types]
    texts = encode([f"a photo of {t.lower()}" for t in types])
    best = (images[rows] @ texts.T).argmax(1)
    right = [types[b] == products[i].articleType for b, i in zip(best, rows, strict=True)]
    return {**_mean(right), "types": len(types)}


def colour_type(images: np.ndarray, products: Sequence[Product], encode: Encode,
                least: int = 5) -> dict[str, Any]:  # fmt: skip
    """Precision at 5 of "colour type" texts: both right, and the type alone."""
    pairs = Counter((p.baseColour, p.articleType) for p in products)
    wanted = sorted(q for q, n in pairs.items() if n >= least and None not in q)
    top = np.argsort(-(encode([f"{c} {t}".lower() for c, t in wanted]) @ images.T), 1)[:, :5]
    both, kind, colour = [], [], []
    for (c, t), row in zip(wanted, top, strict=True):
        right_type = np.array([products[i].articleType == t for i in row])
        right_colour = np.array([products[i].baseColour == c for i in row])
        both.append((right_type & right_colour).mean())
        kind.append(right_type.mean())
        colour.append(right_colour.mean())
    return {**_mean(both), "type_alone": _mean(kind), "colour_alone": _mean(colour)}


def name_recall(images: np.ndarray, products: Sequence[Product], encode: Encode) -> dict[str, Any]:
    """A product's name finds its photo: recall at 10, and the median rank."""
    rows = [i for i, p in enumerate(products) if p.name]
    scores = encode([products[i].name or "" for i in rows]) @ images.T
    own = scores[np.arange(len(rows)), rows]
    ranks = (scores > own[:, None]).sum(1)
    return {**_mean(ranks < 10), "recall_at_1": round(float((ranks < 1).mean()), 4),
            "median_rank": float(np.median(ranks) + 1)}  # fmt: skip


def photo_to_photo(images: np.ndarray, products: Sequence[Product], k: int = 5) -> dict[str, Any]:
    """Precision at 5 by article type of a photo's nearest other photos."""
    types = np.array([p.articleType or "" for p in products])
    scores = images @ images.T
    np.fill_diagonal(scores, -2)
    top = np.argsort(-scores, 1)[:, :k]
    return _mean((types[top] == types[:, None]).mean(1))


def unseen_words(encode: Encode) -> dict[str, float]:
    """Cosine of a query with and without a word that means nothing."""
    pairs = [
        ("red qwzx dress", "red dress"),
        ("blorptag blue jeans", "blue jeans"),
        ("white sneakers zzyx", "white sneakers"),
        ("black vrrk handbag", "black handbag"),
    ]
    left, right = encode([a for a, _ in pairs]), encode([b for _, b in pairs])
    return {a: round(float(x @ y), 4) for (a, _), x, y in zip(pairs, left, right, strict=True)}


def evaluate(images: np.ndarray, products: Sequence[Product], encode: Encode) -> dict[str, Any]:
    """All figures, as one JSON object."""
    return {
        "photos": len(products),
        "zero_shot_type": zero_shot(images, products, encode),
        "colour_type_precision_at_5": colour_type(images, products, encode),
        "name_to_photo_recall_at_10": name_recall(images, products, encode),
        "photo_to_photo_type_precision_at_5": photo_to_photo(images, products),
        "unseen_words": unseen_words(encode),
    }


SAMPLE_QUERIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "red dress": ("Red", ("Dresses",)),
    "blue jeans": ("Blue", ("Jeans",)),
    "white sneakers": ("White", ("Casual Shoes", "Sports Shoes", "Sneakers")),
    "black handbag": ("Black", ("Handbags",)),
    "yellow tshirt": ("Yellow", ("Tshirts",)),
}


def sample_queries(
    images: np.ndarray, products: Sequence[Product], encode: Encode
) -> dict[str, Any]:
    """For the bundled sample's queries: how many of the top 5 carry the colour and the type."""
    report = {}
    for query, (colour, types) in SAMPLE_QUERIES.items():
        top = np.argsort(-(images @ encode([query])[0]))[:5]
        found = [(products[i].baseColour, products[i].articleType) for i in top]
        right = sum(c == colour and t in types for c, t in found)
        report[query] = {"right": right, "top": [" ".join(map(str, f)) for f in found]}
    return report


def short(report: dict[str, Any]) -> str:
    keys = ("zero_shot_type", "colour_type_precision_at_5", "name_to_photo_recall_at_10",
            "photo_to_photo_type_precision_at_5")  # fmt: skip
    return " ".join(f"{report[k]['value']:.3f}" for k in keys)
