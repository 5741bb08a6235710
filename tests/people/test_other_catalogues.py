"""Users of a catalogue of other columns: keys of texts, no prices, vectors that aren't unit length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.storefront import built_shop, picture

from engine import NotFound, Settings, Workspace
from engine.core.names import table_name
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.catalogue.stored import PROPERTY
from engine.shop.names import HYBRID_INDEX, PRODUCTS

SKUS = ["a/1", "ü 2", "3", "0004", "x%5", "z6"]
VECTORS = np.array([[2, 0, 0], [1, 1, 0], [0, 3, 0], [0, 1, 1], [0, 0, 5], [1, 0, 1]], dtype=float)


def made(folder: Path, **roles: Any) -> Workspace:
    shop = Workspace(settings=Settings(folder / "ws", encoder="hashed"))
    rows = pa.table(
        {
            "sku": SKUS,
            "title": [f"Thing {sku}" for sku in SKUS],
            "dept": ["home", "home", "toys", "toys", None, "home"],
            "colour": ["red", None, "blue", "blue", "red", "red"],
            "cost": pa.array([1.0, None, 0.0, 4.0, 5.0, 6.0]),
            "v": VECTORS.tolist(),
        }
    )
    catalogue = Catalogue("sku", "title", **roles)
    shop.tables.write(table_name(PRODUCTS), rows, {PROPERTY: catalogue.to_json()})
    shop.create_index(
        HYBRID_INDEX,
        source_table=PRODUCTS,
        vector_column="v",
        primary_key="sku",
        create_endpoint=True,
    )
    return shop


def test_roles_of_columns_are_the_catalogues(tmp_path: Path) -> None:
    shop = made(tmp_path, categories=("dept",), color="colour", price="cost", currency="€")
    shop.build_users(pa.table({"user": [1, 1], "sku": ["a/1", "z6"]}), product="sku")
    taste = shop.get_user("1").taste
    assert (taste.categories, taste.colors) == (("home",), ("red",))
    assert taste.prices is not None and taste.prices.mean == 3.5
    found = shop.recommend("1", k=4)
    assert sorted(item.key for item in found.items) == ["0004", "3", "x%5", "ü 2"]
    assert found.items[0].key == "ü 2" and "home is your favourite" in found.items[0].why
    unknown = next(item for item in found.items if item.key == "ü 2")
    assert unknown.parts.price == 0 and unknown.parts.color == 0
    near = next(item for item in found.items if item.key == "0004")
    assert "€4.00 is near your usual €3.50" in near.why


def test_vectors_of_any_length_count_by_their_direction(tmp_path: Path) -> None:
    shop = made(tmp_path)
    shop.build_users(pa.table({"user": ["u", "u"], "sku": ["a/1", "3"]}), product="sku")
    vector = shop.read_table("user_style_features").column("user_embedding").to_pylist()[0]
    assert vector == pytest.approx([0.5**0.5, 0.5**0.5, 0.0])
    found = shop.recommend("u", k=4)
    assert found.basis == "vector" and found.items[0].key == "ü 2"
    assert found.items[0].parts.cosine == pytest.approx(1.0)
    expected = {sku: v @ vector / np.linalg.norm(v) for sku, v in zip(SKUS, VECTORS)}
    for item in found.items:
        assert item.parts.cosine == pytest.approx(expected[item.key])
        assert item.parts.rules is None and item.parts.category is None


def test_personas_are_made_up_for_any_catalogue(tmp_path: Path) -> None:
    shop = made(tmp_path)
    report = shop.build_users()
    assert report.users == 5 and report.interactions == 5 * len(SKUS)


def test_a_synced_change_of_the_products_is_seen(tmp_path: Path) -> None:
    shop = made(tmp_path, categories=("dept",))
    shop.build_users(pa.table({"user": ["u"], "sku": ["a/1"]}), product="sku")
    assert shop.recommend("u").total == 5
    rows = shop.read_table("products").slice(0, 4)
    properties = shop.tables.get(table_name(PRODUCTS)).properties
    shop.tables.write(table_name(PRODUCTS), rows, properties)
    assert shop.recommend("u").total == 3, "what the table has no more is not recommended"
    shop.sync(HYBRID_INDEX)
    assert shop.recommend("u").total == 3


def test_users_of_a_catalogue_that_was_replaced_are_gone(tmp_path: Path) -> None:
    shop = built_shop(tmp_path)
    shop.add_interaction("ann", 1)
    goods = tmp_path / "goods.csv"
    goods.write_text("sku,title\nA1,Red shirt\nA2,Blue shoes\nA3,Hat\n")
    (tmp_path / "photos").mkdir()
    for key in ("A1", "A2", "A3"):
        (tmp_path / "photos" / f"{key}.jpg").write_bytes(picture("JPEG"))
    roles = {"id": "sku", "title": "title", "image": "{sku}.jpg"}
    shop.build(goods, tmp_path / "photos", catalogue=roles, replace=True)
    assert shop.list_users().total == 0
    with pytest.raises(NotFound):
        shop.recommend("ann")
    assert shop.add_interaction("ann", "A2").taste.interactions == 1
    assert {item.key for item in shop.recommend("ann").items} == {"A1", "A3"}
