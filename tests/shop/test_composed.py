"""Queries composed of weighted terms: a numpy oracle, forms, what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.storefront import built_shop

from engine import (
    CorruptFile,
    InvalidInputException,
    InvalidParameterValue,
    NotFound,
    Workspace,
)
from engine.shop.search.terms import MAX_TERMS, in_words, terms_of

WORDS = ["red", "blue", "green", "shirt", "dress", "jeans", "long", "sleeves", "buttons", "formal"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = built_shop(tmp_path_factory.mktemp("composed"))
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((5, workspace.encoder().dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    users = pa.table(
        {"user_id": [f"user_{n}" for n in range(5)], "user_embedding": vectors.tolist()}
    )
    workspace.write_table("user_style_features", users)
    yield workspace


def photo_of(shop: Workspace, key: int) -> bytes:
    return shop.volumes.read(f"/Volumes/main/fashion_demo/raw_data/images/{key}.jpg")


class Oracle:
    """The same by numpy, from the table of embeddings."""

    def __init__(self, shop: Workspace) -> None:
        self.shop, self.encoder = shop, shop.encoder()
        table = shop.read_table("product_embeddings_multimodal")
        self.keys = table["product_id"].to_pylist()
        self.rows = {
            c: np.array(table[c].to_pylist()) for c in ("hybrid_embedding", "image_embedding")
        }
        users = shop.read_table("user_style_features")
        self.users = dict(zip(users["user_id"].to_pylist(), users["user_embedding"].to_pylist()))

    def vector(self, kind: str, value: Any) -> np.ndarray:
        if kind == "text":
            return self.encoder.encode_texts([value])[0].astype(float)
        if kind == "image":
            return self.encoder.encode_images([value])[0].astype(float)
        if kind == "user":
            return np.array(self.users[value])
        stored = self.rows["hybrid_embedding"][self.keys.index(value)]
        return stored / np.linalg.norm(stored)

    def best(self, terms: list[tuple[str, Any, float]], k: int) -> list[tuple[int, float]]:
        total = sum(weight * self.vector(kind, value) for kind, value, weight in terms)
        total = (total / np.linalg.norm(total)).astype(np.float32).astype(float)
        mixed = {kind for kind, _, _ in terms} not in ({"text"}, {"image"})
        rows = self.rows["hybrid_embedding" if mixed else "image_embedding"]
        cosines = rows @ total
        own = {value for kind, value, _ in terms if kind == "product"}
        order = [i for i in np.lexsort((self.keys, -cosines)) if self.keys[i] not in own]
        return [(self.keys[i], float(cosines[i])) for i in order[:k]]


def random_terms(shop: Workspace, oracle: Oracle, number: int) -> list[tuple[str, Any, float]]:
    rng = np.random.default_rng(number)
    terms: list[tuple[str, Any, float]] = []
    for _ in range(int(rng.integers(1, 6))):
        weight = float(rng.choice([1.0, 0.5, -0.7, 2.0, float(rng.normal())]))
        kind = str(rng.choice(["text", "image", "product", "user"]))
        value: Any = " ".join(rng.choice(WORDS, 2))
        if kind == "image":
            value = photo_of(shop, int(rng.integers(1, 40)))
        elif kind == "product":
            value = int(rng.choice(oracle.keys))
        elif kind == "user":
            value = f"user_{rng.integers(5)}"
        terms.append((kind, value, weight))
    return terms


def test_200_random_composed_queries_are_those_of_numpy(shop: Workspace) -> None:
    oracle = Oracle(shop)
    equal = 0
    for number in range(200):
        terms = random_terms(shop, oracle, number)
        given = [{kind: value, "weight": weight} for kind, value, weight in terms]
        found = shop.search(compose=given, k=8)
        expected = oracle.best(terms, 8)
        assert [row["cosine"] for row in found] == pytest.approx(
            [cosine for _, cosine in expected], abs=2e-6
        )
        equal += list(found.keys) == [key for key, _ in expected]
    assert equal == 200


def test_a_text_beside_a_photo_is_the_simplest_of_them(shop: Workspace) -> None:
    photo = photo_of(shop, 5)
    for weight in (0.0, 0.3, 0.5, 1.0):
        blend = shop.search("in blue", image=photo, text_weight=weight, k=6)
        terms = [("in blue", weight), ({"image": photo}, 1 - weight)]
        composed = shop.search(compose=terms, k=6)
        assert composed.to_dicts() == blend.to_dicts() and composed.index == blend.index
    assert shop.search(compose=["in blue"]).to_dicts() == shop.search("in blue").to_dicts()
    like = shop.search(compose=[{"product": 7}]).to_dicts()
    assert like == shop.search(like=7).to_dicts()


@pytest.mark.parametrize("factor", [1e-320, 1e-300, 3e100, 1e308])
def test_weights_of_any_size_mean_the_same_when_their_ratio_does(
    shop: Workspace, factor: float
) -> None:
    usual = shop.search(compose=[("red dress", 1.0), ("buttons", -0.5)], k=6)
    scaled = shop.search(compose=[("red dress", factor), ("buttons", -0.5 * factor)], k=6)
    assert scaled.keys == usual.keys
    lone = shop.search(compose=[("red dress", 1e300), ("buttons", 1e-300)], k=6)
    assert lone.to_dicts() == shop.search("red dress", k=6).to_dicts()


def test_weights_are_numbers_of_numpy_too(shop: Workspace) -> None:
    plain = shop.search(compose=[("red dress", 2), ("buttons", -0.5)], k=6)
    given = [("red dress", np.int64(2)), ("buttons", np.float32(-0.5))]
    assert shop.search(compose=given, k=6).to_dicts() == plain.to_dicts()


def test_no_product_is_missed_far_from_all_of_them(shop: Workspace) -> None:
    """A shortlist's length is that of queries among the products; one that leads away is elsewhere."""
    away = shop.search(compose=[("bag leather", 0.5), ("shirt dress", -1.5)], k=6)
    assert all(step.startswith("exact scan") for step in away.plan)
    near = shop.search(compose=[("bag leather", 0.5), ("shirt dress", 1.5)], k=6)
    assert near.plan and not any("exactness asked for" in step for step in near.plan)


def test_what_leads_away_leads_away(shop: Workspace) -> None:
    toward = shop.search(compose=[("red dress", 1)], k=39)
    away = shop.search(compose=[("red dress", -1)], k=39)
    assert len(away) == 39 and away.query == "-“red dress”"
    assert [round(row["cosine"], 5) for row in away] == [
        round(-row["cosine"], 5) for row in reversed(list(toward))
    ]


def test_products_of_a_query_are_no_results_of_it(shop: Workspace) -> None:
    found = shop.search(compose=[{"product": 7}, {"product": "9", "weight": -0.2}], k=39)
    assert len(found) == 37 and not {7, 9} & set(found.keys)
    pages = [shop.search(compose=[{"product": 7}], k=10, offset=start) for start in (0, 10, 20, 30)]
    assert [page.more for page in pages] == [True, True, True, False]
    every = [key for page in pages for key in page.keys]
    assert every == list(shop.search(compose=[{"product": 7}], k=38).keys) and len(every) == 38


@pytest.mark.parametrize(
    ("compose", "why"),
    [
        ([("a", 1), ("a", -1)], "cancel"),
        ([("a", 0), ("b", 0)], "every weight is 0"),
        ([], "compose is"),
        ("red dress", "compose is"),
        ([("a", "much")], r"compose\[0\].weight is 'much'"),
        ([("a", float("nan"))], r"compose\[0\].weight"),
        ([("a", True)], r"compose\[0\].weight"),
        ([("a", 10**400)], r"compose\[0\].weight"),
        ([("a", 1j)], r"compose\[0\].weight"),
        (["a", {"text": "b", "product": 3}], r"compose\[1\] has text, product"),
        ([{"txt": "a"}], r"compose\[0\] has txt"),
        ([{}], "nothing to search for"),
        ([3], r"compose\[0\] is 3"),
        ([("  ", 1)], "expected words"),
        ([{"user": 3}], "expected a user's id"),
        (["a"] * (MAX_TERMS + 1), "at most 32"),
    ],
)  # fmt: skip
def test_what_is_no_composed_query_is_refused(shop: Workspace, compose: Any, why: str) -> None:
    with pytest.raises(InvalidParameterValue, match=why):
        shop.search(compose=compose)


def test_parts_beside_it_are_refused(shop: Workspace) -> None:
    with pytest.raises(InvalidInputException, match="text and compose was given"):
        shop.search("red", compose=[("a", 1)])
    with pytest.raises(InvalidInputException, match="HYBRID search finds words"):
        shop.search(compose=[("a", 1)], query_type="HYBRID")
    for unknown in ({"product": 4711}, {"user": "nobody"}):
        with pytest.raises(NotFound):
            shop.search(compose=[unknown])


def test_it_says_what_it_looks_for() -> None:
    terms = terms_of([("green shirt", 1), ("short", 0.5), {"product": 3, "weight": -0.7}])
    assert in_words(terms) == "“green shirt” + 0.5 × “short” - 0.7 × product 3"


def test_a_user_of_another_model_is_refused(shop: Workspace, tmp_path: Path) -> None:
    before = shop.read_table("user_style_features")
    short = pa.table({"user_id": ["short"], "user_embedding": [[1.0, 0.0]]})
    shop.write_table("user_style_features", short)
    try:
        with pytest.raises(InvalidParameterValue, match="vector of length 2"):
            shop.search(compose=[{"user": "short"}])
    finally:
        shop.write_table("user_style_features", before)


def test_vectors_that_are_cut_short_while_they_are_open_end_no_process(tmp_path: Path) -> None:
    workspace = built_shop(tmp_path)
    workspace.build_users()
    workspace.search(like=9, k=3)
    for file in (workspace.path / "indexes").rglob("vectors.npy"):
        os.truncate(file, 0)
    for ask in (
        lambda: workspace.search(like=9, k=3),
        lambda: workspace.search(compose=[{"product": 9}, ("red", 1)], k=3),
        lambda: workspace.recommend("user_008828", k=3),
    ):
        with pytest.raises(CorruptFile, match=r"vectors\.npy has 0 bytes"):
            ask()
