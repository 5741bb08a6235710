"""What results say of themselves at a prompt: a short table, whatever is in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support.needs import needs
from support.storefront import built_shop
from wcwidth import width

from engine import Workspace
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.search.result import SearchResult


def no_photo(path: str) -> Any:
    raise AssertionError(f"{path} was read")


def result_of(
    rows: list[dict[str, Any]], catalogue: Catalogue = FASHION, **more: Any
) -> SearchResult:
    columns = tuple(rows[0]) if rows else ("product_id", "score")
    return SearchResult(
        index="main.fashion_demo.vs_image_search",
        query="“red dress”",
        columns=columns,
        timings={},
        plan=(),
        note=None,
        _rows=tuple(tuple(row.values()) for row in rows),
        _images=("1.jpg",) * len(rows),
        _read_image=no_photo,
        _photo_file=no_photo,
        keys=tuple(row.get("product_id") for row in rows),
        catalogue=catalogue,
        **more,
    )


def product(key: object, title: object, price: object = 12.5, score: Any = 0.75) -> dict[str, Any]:
    return {"product_id": key, "product_display_name": title, "price": price, "score": score}


def test_a_result_is_a_short_table_with_the_currency_of_its_catalogue() -> None:
    rows = [product(10, "Red Dress", 1234.5, 0.81236), product(7, "Blue Dress", None, 0.5)]
    assert repr(result_of(rows, replace(FASHION, currency="€"))).splitlines() == [
        "2 products for “red dress” from main.fashion_demo.vs_image_search",
        "rank  product_id  product_display_name     price   score",
        "----  ----------  --------------------  --------  ------",
        "1     10          Red Dress             €1234.50  0.8124",
        "2     7           Blue Dress                      0.5000",
    ]


def test_ten_rows_are_shown_and_how_many_more_there_are() -> None:
    rows = [product(key, f"Dress {key}") for key in range(200)]
    lines = repr(result_of(rows, offset=40)).splitlines()
    assert len(lines) == 14 and lines[-1] == "... 190 more"
    assert [line.split()[0] for line in lines[3:13]] == [str(rank) for rank in range(41, 51)]
    assert len(repr(result_of(rows[:10])).splitlines()) == 13


@pytest.mark.parametrize(
    "title",
    [
        None,
        float("nan"),
        "long " * 400,
        "日本語のとても長い商品名" * 6,
        "قميص أحمر للرجال",
        "\x1b[31m\x00\u202eevil",
        "one\r\ntwo",
        "\ud800",
    ],
)
def test_odd_values_keep_the_table_straight(title: object) -> None:
    odd = [product(1, title, float("nan"), None), product("two\n", "plain", "from 5", 0.5)]
    lines = repr(result_of(odd)).splitlines()
    assert len(lines) == 5 and max(map(width, lines)) <= 80
    assert lines[4].split("  ")[0] == "2" and not {"\x1b", "\x00", "\u202e"} & set("".join(lines))


def test_what_was_asked_for_is_shown_where_there_is_no_title() -> None:
    (shown,) = repr(result_of([{"gender": "Women", "score": 0.5}])).splitlines()[3:]
    assert shown.split() == ["1", "Women", "0.5000"]
    assert (
        repr(result_of([])) == "0 products for “red dress” from main.fashion_demo.vs_image_search"
    )
    assert "200 of 1,000" in repr(result_of([product(1, "a")] * 200, total=1000))


@pytest.mark.parametrize(
    ("currency", "price", "shown"),
    [
        ("$", 5, "$5.00"),
        ("CHF", 1234.5, "CHF 1234.50"),
        ("€", -3.0, "-€3.00"),
        ("$", None, ""),
        ("$", float("nan"), ""),
        ("$", float("inf"), ""),
        ("$", "from 5", "from 5"),
        ("", 2.345, "2.35"),
    ],
)
def test_a_price_has_its_currency(currency: str, price: object, shown: str) -> None:
    assert replace(FASHION, currency=currency).priced(price) == shown


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = built_shop(tmp_path_factory.mktemp("prompt"))
    workspace.build_users()
    return workspace


@pytest.mark.parametrize(
    "ask",
    [
        lambda w: w.search("dress", k=30),
        lambda w: w.search("dress", keyword=True),
        lambda w: w.similar_products(9, by="text"),
        lambda w: w.recommend(w.list_users().users[0].user_id),
        lambda w: w.complete_the_look(9),
        lambda w: w.list_products(),
        lambda w: w.list_users(),
        lambda w: w.list_users().users[0],
        lambda w: w.build_users(),
        lambda w: w.evaluate_recommendations(),
        lambda w: w.classify(product=9),
        lambda w: w.tag_products(to="tags"),
        lambda w: w.validate(),
        lambda w: w.latent_dimension(3),
    ],
)
def test_whatever_an_operation_gives_is_short_at_a_prompt(
    shop: Workspace, ask: Callable[[Workspace], Any]
) -> None:
    lines = repr(ask(shop)).splitlines()
    assert 1 <= len(lines) <= 16
    if len(lines) > 1:  # a table
        assert max(map(width, lines)) <= 80
    assert len("".join(lines)) < 1500


def test_what_is_known_of_latent_features_is_short_too(shop: Workspace) -> None:
    needs("latent")
    test_whatever_an_operation_gives_is_short_at_a_prompt(shop, lambda w: w.latent_features())


def test_a_prompt_loads_neither_photos_nor_pandas_nor_templates(shop: Workspace) -> None:
    code = f"""
import sys
from engine import Workspace
found = Workspace({str(shop.path)!r}).search(vector=[1.0] * {_dimension(shop)}, k=3)
assert "rank" in repr(found)
print([name for name in ("PIL", "pandas", "jinja2", "tqdm") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def _dimension(shop: Workspace) -> int:
    return len(shop.read_table("product_image_embeddings")["image_embedding"][0])
