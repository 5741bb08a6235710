"""What may have been meant by a key that no product has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine import Settings, Workspace
from engine.errors import InvalidParameterValue, NotFound
from engine.shop.browsing.near_keys import near_keys

TEXTS = sorted(["SKU-1", "SKU-12", "SKU-2", "sku-30", "ünder", "", "a/b", "zz" * 3000])


@pytest.mark.parametrize(
    "sought, first",
    [
        ("12", [12, 11, 1]),
        ("12a", [12, 11, 1]),
        ("no-7", [7, 6, 8]),
        ("99999", [20, 19, 18]),
        ("115", [20, 19, 11]),
        ("-3", [1, 2, 3]),
        ("1" * 300, [20, 19, 18]),
        ("a", []),
        ("", []),
        ("²", []),
    ],
)
def test_of_integers_the_nearest(sought: str, first: list[int]) -> None:
    assert near_keys(sought, list(range(1, 21)), 3) == first


@pytest.mark.parametrize(
    "sought, first",
    [
        ("sku-1", "SKU-1"),
        ("SKU-30", "sku-30"),
        ("SKU-13", "SKU-1"),
        ("ÜNDER", "ünder"),
        (" SKU-2 ", "SKU-2"),
        ("zz" * 2999, "zz" * 3000),
    ],
)
def test_of_texts_those_in_other_letters_then_those_spelled_alike(sought: str, first: str) -> None:
    found = near_keys(sought, TEXTS, 4)
    assert found[0] == first and len(found) == len(set(found)) <= 4


@pytest.mark.parametrize("sought", ["", "qqqq", "\x00", "👗" * 5000])
def test_nothing_that_is_not_alike(sought: str) -> None:
    assert near_keys(sought, [key for key in TEXTS if key], 4) == []
    assert near_keys(sought, [], 4) == []


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    names = ["Red Shirt", "Blue Shirt", None]
    columns: dict[str, Any] = {"product_id": ["r-1", "b-2", "x-3"], "product_display_name": names}
    made.write_table("main.fashion_demo.products", pa.table(columns))
    return made


def test_keys_alike_come_before_names_with_its_words(workspace: Workspace) -> None:
    assert workspace.products_near("R-1") == ["r-1"]
    assert workspace.products_near("shirt") == ["b-2", "r-1"]
    assert workspace.products_near("blue-shirt-9") == ["b-2"]
    assert workspace.products_near("b-3 shirt", k=1) == ["b-2"]
    assert workspace.products_near("") == [] == workspace.products_near("%%%")
    assert workspace.products_near("a " * 10_000) == []


def test_what_cannot_be_asked(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InvalidParameterValue, match="k is 0"):
        workspace.products_near("a", k=0)
    with pytest.raises(NotFound):
        Workspace(settings=Settings(tmp_path / "none", encoder="hashed")).products_near("a")
