"""Users' vectors, preferences and prices of what they like, beside slow twins in plain Python."""

from __future__ import annotations

import gzip
import json
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.storefront import NO_PHOTO, PRODUCTS, built_shop

from engine import (
    BadSourceFile,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    Settings,
    VitrineError,
    Workspace,
)
from engine.shop.people.interactions.personas import personas, target_prices
from engine.shop.people.interactions.rows import checked_time
from engine.shop.people.taste import interaction_weights

FEATURES = [
    "user_id", "segment", "user_embedding", "color_prefs", "category_prefs", "min_price", "max_price",
    "avg_price", "p25_price", "p75_price", "avg_price_point", "num_interactions",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    yield built_shop(tmp_path_factory.mktemp("tastes"))


@pytest.fixture
def shop(whole: Workspace) -> Iterator[Workspace]:
    """The shop without users."""
    yield whole
    for name in ("users", "user_style_features", "user_interactions", "user_interaction_failures"):
        if whole.table_exists(f"main.fashion_demo.{name}"):
            whole.drop_table(name)


def likes(**users: list[int]) -> pa.Table:
    pairs = [(user, product) for user, products in users.items() for product in products]
    return pa.table({"user": [p[0] for p in pairs], "product": [p[1] for p in pairs]})


def features(shop: Workspace) -> dict[str, dict[str, Any]]:
    return {row["user_id"]: row for row in shop.read_table("user_style_features").to_pylist()}


def hybrids(shop: Workspace) -> dict[int, np.ndarray]:
    rows = shop.read_table("product_embeddings_multimodal").to_pylist()
    return {row["product_id"]: np.array(row["hybrid_embedding"]) for row in rows}


def mean_of(vectors: list[np.ndarray], weights: list[float]) -> np.ndarray:
    total = sum(w * v / np.linalg.norm(v) for v, w in zip(vectors, weights))
    return total / np.linalg.norm(total)


# ---------------------------------------------------------------------- the table
def test_a_users_vector_is_the_unit_mean_of_what_it_likes(shop: Workspace) -> None:
    shop.build_users(likes(ann=[1, 2, 3, 3], bob=[10]))
    found, vectors = features(shop), hybrids(shop)
    for user, products in (("ann", [1, 2, 3, 3]), ("bob", [10])):
        vector = np.array(found[user]["user_embedding"])
        assert abs(np.linalg.norm(vector) - 1) < 1e-6
        expected = mean_of([vectors[key] for key in products], [1.0] * len(products))
        assert np.abs(vector - expected).max() < 1e-6
    plain = np.mean([vectors[key] for key in (1, 2, 3, 3)], axis=0)
    assert np.linalg.norm(plain) < 0.99, "the mean alone is shorter, or this shows nothing"


def test_the_tables_have_the_columns_and_types_of_the_users_system(shop: Workspace) -> None:
    shop.build_users(likes(ann=[1]))
    schema = shop.read_table("user_style_features").schema
    assert schema.names == FEATURES
    assert schema.field("user_embedding").type == pa.list_(pa.float64())
    assert schema.field("color_prefs").type == pa.list_(pa.string())
    assert schema.field("avg_price").type == pa.float64()
    assert schema.field("num_interactions").type == pa.int32()
    assert shop.read_table("users").schema.names == ["user_id", "name", "segment"]


def test_preferences_and_prices_are_those_of_plain_python(shop: Workspace) -> None:
    liked = [3, 5, 8, 13, 21, 34]
    shop.build_users(likes(ann=liked))
    products = {row["product_id"]: row for row in shop.read_table("products").to_pylist()}
    row, chosen = features(shop)["ann"], [products[key] for key in liked]
    colors = Counter(product["base_color"] for product in chosen if product["base_color"])
    expected = sorted(colors, key=lambda color: (-colors[color], color))[:5]
    assert row["color_prefs"] == expected
    prices = [product["price"] for product in chosen]
    assert (row["min_price"], row["max_price"]) == (min(prices), max(prices))
    assert row["avg_price"] == pytest.approx(statistics.mean(prices))
    quartiles = statistics.quantiles(prices, n=4, method="inclusive")
    assert [row["p25_price"], row["p75_price"]] == pytest.approx([quartiles[0], quartiles[2]])
    assert row["num_interactions"] == len(liked)


def test_kinds_and_ages_weigh(shop: Workspace) -> None:
    given = pa.table(
        {
            "user": ["ann"] * 4,
            "product": [1, 2, 3, 4],
            "kind": ["view", "purchase", "like", "dislike"],
            "time": ["2026-01-01", "2026-01-11", "2026-01-21T00:00:00Z", None],
        }
    )
    shop.build_users(given, kind_weights={"view": 0.5, "purchase": 3}, half_life_days=10)
    vectors = hybrids(shop)
    expected = mean_of([vectors[key] for key in (1, 2, 3)], [0.5 / 4, 3 / 2, 1.0])
    got = np.array(features(shop)["ann"]["user_embedding"])
    assert np.abs(got - expected).max() < 1e-6
    # what was said holds for interactions that come later
    shop.add_interaction("ann", 5, kind="purchase", time="2026-01-21")
    expected = mean_of([vectors[key] for key in (1, 2, 3, 5)], [0.5 / 4, 3 / 2, 1.0, 3.0])
    got = np.array(features(shop)["ann"]["user_embedding"])
    assert np.abs(got - expected).max() < 1e-6


def test_an_age_counts_from_the_users_own_newest_and_none_is_the_oldest() -> None:
    days = np.array([0.0, 10.0, np.nan])
    got = interaction_weights(["like", "like", "like"], days, {}, 10.0)
    assert got.tolist() == [0.5, 1.0, 0.5]
    assert interaction_weights(["dislike", "x"], days[:2], {}, None).tolist() == [0.0, 1.0]
    assert interaction_weights(["a"], np.array([np.nan]), {}, 10.0).tolist() == [1.0]


def test_likes_that_cancel_make_no_vector_and_say_so(shop: Workspace) -> None:
    given = pa.table(
        {"user": ["ann", "ann", "bob"], "product": [1, 1, 2], "kind": ["like", "no", "like"]}
    )
    report = shop.build_users(given, kind_weights={"no": -1})
    assert "length 0" in report.without_vector["ann"] and "bob" not in report.without_vector
    assert features(shop)["ann"]["user_embedding"] is None
    with pytest.raises(InvalidState, match="no vector"):
        shop.search(compose=[{"user": "ann"}])
    assert shop.recommend("ann").basis == "rules"
    assert shop.search(compose=[{"user": "bob"}]).keys


# ---------------------------------------------------------------------- bad ones among good ones
def test_one_bad_row_is_that_rows_trouble(shop: Workspace) -> None:
    given = pa.table(
        {
            "customer": ["ann", "", "ann", "bob", None, "ann"],
            "sku": ["1", "2", "99999", str(NO_PHOTO), "3", "5"],
            "event": ["like", "like", "like", "like", "like", ""],
            "ts": ["2026-01-01", "x", "x", "1767225600", "x", "yesterday"],
        }
    )
    report = shop.build_users(given, product="sku")
    assert report.columns == {"user": "customer", "product": "sku", "kind": "event", "time": "ts"}
    assert [failure.row for failure in report.failures] == [2, 3, 5, 6]
    reasons = [failure.reason for failure in report.failures]
    assert "user" in reasons[0] and "99999" in reasons[1] and "Kept without its time" in reasons[3]
    assert (report.users, report.interactions, report.without_product_vector) == (2, 3, 1)
    assert "hybrid index" in report.without_vector["bob"]
    listed = shop.read_table("user_interaction_failures").to_pylist()
    assert [row["reason"] for row in listed] == reasons
    rows = shop.read_table("user_interactions").to_pylist()
    assert [row["kind"] for row in rows] == ["like"] * 3
    assert rows[1]["time"].year == 2026 and rows[2]["time"] is None


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet", "table"])
def test_interactions_are_read_from(form: str, shop: Workspace, tmp_path: Path) -> None:
    file = tmp_path / f"odd name.{form}"
    if form == "csv":
        file.write_text("user_id;item_id;kind\nann;1;like\nann;2\nbob;3;purchase\n")
    elif form == "jsonl":
        lines = [
            '{"user":"ann","item_id":1}',
            "{not json",
            '{"user":"bob","item_id":3,"name":"Bob"}',
        ]
        file.write_text("\n".join(lines))
    elif form == "parquet":
        pq.write_table(likes(ann=[1], bob=[3]), file)
    else:
        shop.write_table("clicks", likes(ann=[1], bob=[3]))
    report = shop.build_users("clicks" if form == "table" else file)
    assert (report.users, report.interactions) == (2, 2)
    assert len(report.failures) == (form in ("csv", "jsonl"))
    if form == "jsonl":
        assert shop.get_user("bob").name == "Bob"
    if form == "table":
        shop.drop_table("clicks")


LINES = [
    "user_id,product_id,kind,name",
    "u1,1,like,Zo\u00eb",
    "u2,2.0,like,Ren\u00e9",
    "u3, 3 ,buy,J\u00fcrgen",
]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("latin.csv", "\n".join(LINES).encode("latin-1")),
        ("utf16.csv", "\n".join(LINES).encode("utf-16")),
        ("packed.csv.gz", gzip.compress("\n".join(LINES).encode(), mtime=0)),
        (
            "list.json",
            json.dumps(
                [dict(zip(LINES[0].split(","), row.split(","))) for row in LINES[1:]]
            ).encode(),
        ),
    ],
)
def test_files_of_interactions_are_read_as_those_of_products_are(
    name: str, content: bytes, shop: Workspace, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    report = shop.build_users(tmp_path / name)
    assert (report.users, report.interactions, report.failures) == (3, 3, [])
    assert shop.get_user("u2").name == "Ren\u00e9"
    assert sorted(row["product_id"] for row in shop.read_table("user_interactions").to_pylist()) == [
        1, 2, 3,
    ]  # fmt: skip


def test_a_quote_that_is_not_closed_is_one_rows_trouble(shop: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "likes.csv"
    file.write_text("\n".join([*LINES[:2], 'u9,4,like,"Ann', *LINES[2:], ""]))
    report = shop.build_users(file)
    assert report.interactions == 3
    assert [(f.row, "quote" in f.reason) for f in report.failures] == [(3, True)]


def test_an_encoding_can_be_said(shop: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "likes.csv"
    file.write_bytes("\n".join(LINES).encode("cp1252"))
    shop.build_users(file, encoding="cp437")
    assert shop.get_user("u2").name == "Ren\u00e9".encode("cp1252").decode("cp437")


def test_ids_of_bytes_are_texts(shop: Workspace) -> None:
    shop.build_users(pa.table({"user": [b"ann"], "product": [b"1"]}))
    assert shop.get_user("ann").taste.interactions == 1


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("nowhere.csv", BadSourceFile, "no such file"),
        ("no_such_table", NotFound, "no_such_table"),
        (pa.table({"user": ["a"], "x": [1]}), BadSourceFile, "--product"),
        (pa.table({"user": ["a"], "product": [99999]}), VitrineError, "99999"),
        (17, InvalidParameterValue, "17"),
    ],
)
def test_what_can_not_be_is_refused(
    given: Any, error: type[Exception], said: str, shop: Workspace
) -> None:
    with pytest.raises(error, match=said):
        shop.build_users(given)
    assert not shop.table_exists("main.fashion_demo.users")
    with pytest.raises(InvalidParameterValue, match="half_life_days"):
        shop.build_users(half_life_days=0)


def test_times_in_many_forms() -> None:
    for given in ("2026-01-01T00:00:00Z", 1767225600, 1767225600000, "1767225600", "2026-01-01"):
        moment = checked_time(given)
        assert moment is not None and moment.isoformat() == "2026-01-01T00:00:00+00:00"
    assert checked_time(None) is checked_time("") is checked_time(float("nan")) is None
    for bad in ("soon", True, float("inf"), [1], 1e300):
        with pytest.raises(InvalidParameterValue, match="time"):
            checked_time(bad)


# ---------------------------------------------------------------------- the personas
def test_target_prices_have_the_quartiles_and_the_mean() -> None:
    for persona in personas():
        prices = target_prices(persona)
        assert (np.diff(prices) >= 0).all() and prices.min() > 0
        quartiles = np.percentile(prices, [25, 75])
        assert quartiles == pytest.approx([persona.p25_price, persona.p75_price], rel=0.03)
        assert prices.mean() == pytest.approx(persona.avg_price, rel=0.03)


def test_made_up_interactions_are_the_same_at_every_call(shop: Workspace) -> None:
    report = shop.build_users()
    assert report.source == "made up by the five personas"
    first = shop.read_table("user_interactions")
    counts = Counter(first.column("user_id").to_pylist())
    vectors = PRODUCTS - 1  # the sample of 40 holds no more than 39 to like
    assert counts == {p.user_id: min(p.interactions, vectors) for p in personas()}
    pairs = list(zip(*[first.column(n).to_pylist() for n in ("user_id", "product_id")]))
    assert len(set(pairs)) == len(pairs), "nobody likes a product twice"
    shop.build_users()
    assert shop.read_table("user_interactions").equals(first)
    assert shop.get_user("user_008828").name == "Luxury Fashionista"


# ---------------------------------------------------------------------- without products
def test_a_workspace_without_an_index_says_what_is_missing(tmp_path: Path) -> None:
    empty = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    with pytest.raises(NotFound, match="vs_hybrid_search"):
        empty.build_users()
    assert empty.list_users().users == []
    with pytest.raises(NotFound, match="users build"):
        empty.recommend("ann")
