"""`vitrine products`, and searches composed, by keywords, counted and paged in the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.storefront import built_shop

from engine import Workspace
from engine.doors.cli.command import main
from engine.doors.cli.search import composed


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("products"))


def run(shop: Workspace, *arguments: object) -> Result:
    given = [str(a) for a in arguments]
    return CliRunner().invoke(
        main, [*given, "-w", str(shop.path)], env={"VITRINE_ENCODER": "hashed"}
    )


def printed(shop: Workspace, *arguments: object) -> Any:
    done = run(shop, *arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_products_are_listed_filtered_sorted_and_counted(shop: Workspace) -> None:
    given = ("--filter", '{"gender": "Women"}', "--sort", "price DESC", "--limit", 3, "--offset", 1)
    page = printed(shop, "products", *given, "--facet", "gender")
    own = shop.list_products(filters="gender = 'Women'", sort="price DESC", limit=3, offset=1)
    assert page["products"] == own.products and page["total"] == 20 and page["next_offset"] == 4
    assert page["facets"] == {"gender": [["Women", 20]]}
    text = run(shop, "products", *given, "--facet", "gender").stdout
    assert "2 to 4 of 20 products\ngender: Women 20\n" in text
    assert str(own.products[0]["product_id"]) in text and "image_path" not in text
    assert "none of 40 products" in run(shop, "products", "--offset", 99).stdout
    chosen = run(shop, "products", "--columns", "product_id,season", "--limit", 1).stdout
    assert chosen.splitlines()[0].split() == ["product_id", "season"]


def test_a_product_what_is_like_it_and_what_goes_with_it(shop: Workspace) -> None:
    assert printed(shop, "products", 7) == shop.get_product(7)
    assert "product_display_name" in run(shop, "products", 7).stdout
    similar = printed(shop, "products", 7, "--similar", "text", "--limit", 3)
    assert [row["product_id"] for row in similar] == list(
        shop.similar_products(7, by="text", k=3).keys
    )
    assert printed(shop, "products", 7, "--look") == []  # all are of one category
    assert run(shop, "products", 7, "--look").stdout == "no product matches\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["products", "nope"], "Product 'nope' is not in table"),
        (["products", "--look"], "need a PRODUCT_ID"),
        (["products", "--columns", "nope"], "nope: no such column. Columns: product_id"),
        (["products", "--filter", "nope = 1"], "nope"),
        (["products", "--filter", "{nope"], "is not JSON"),
        (["products", "--sort", "price UP"], "price UP"),
        (["search", "--plus", "a", "--minus", "a"], "the parts cancel"),
        (["search", "a", "--keyword", "--plus", "b"], "weights of their own"),
        (["search", "--keyword"], "A search needs text"),
        (["search", "--plus", "user:nobody"], "user_style_features"),
    ],
)  # fmt: skip
def test_what_can_not_be_done_is_one_message(
    shop: Workspace, arguments: list[str], why: str
) -> None:
    done = run(shop, *arguments)
    assert done.exit_code != 0 and why in done.stderr and "Traceback" not in done.stderr


def test_a_composed_search(shop: Workspace) -> None:
    given = ("red dress", "--plus", "short sleeves:0.5", "--minus", "product:7:0.2", "-k", 4)
    out = printed(shop, "search", *given, "--facet", "gender", "--offset", 1)
    terms = [("red dress", 1), ("short sleeves", 0.5), {"product": 7, "weight": -0.2}]
    own = shop.search(compose=terms, k=4, offset=1, facets=["gender"])
    assert [row["product_id"] for row in out["results"]] == list(own.keys)
    assert out["query"] == own.query and sum(n for _, n in out["facets"]["gender"]) == 38
    assert "gender: " in run(shop, "search", *given, "--facet", "gender").stdout


def test_a_search_by_keywords(shop: Workspace) -> None:
    out = printed(shop, "search", "red women", "--keyword", "-k", 30)
    own = shop.search("red women", keyword=True, k=30)
    assert [row["product_id"] for row in out["results"]] == list(own.keys) and own.keys


def test_parts_are_read_with_their_weights(tmp_path: Path) -> None:
    first = {"text": "a", "image": None, "like": "15"}
    plus = [
        "b",
        "c:2",
        "ratio 16:9",
        "product:7",
        "product:7:0.5",
        "user:u_1",
        ":3",
        "a:b",
        "product:",
    ]
    assert composed(first, plus, ["d:0.5", "e"]) == [
        {"text": "a"},
        {"product": "15"},
        {"text": "b", "weight": 1.0},
        {"text": "c", "weight": 2.0},
        {"text": "ratio 16", "weight": 9.0},
        {"product": "7", "weight": 1.0},
        {"product": "7", "weight": 0.5},
        {"user": "u_1", "weight": 1.0},
        {"text": ":3", "weight": 1.0},
        {"text": "a:b", "weight": 1.0},
        {"text": "product:", "weight": 1.0},
        {"text": "d", "weight": -0.5},
        {"text": "e", "weight": -1.0},
    ]
