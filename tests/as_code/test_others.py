"""Pages of products, keywords, looks, recommendations, dimensions and validations as code, run."""

from __future__ import annotations

from typing import Any

import pytest
from support.needs import needs
from support.running import Row, Runner, api_rows, same, shop_rows

needs("sdk", "clients")

from engine import Workspace
from engine.shop.as_code.look import LookRequest
from engine.shop.browsing.listing import ListRequest
from engine.shop.latent.request import DimensionRequest
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.search.request import SearchRequest
from engine.shop.validation.request import ValidateRequest

ODD = 'it\'s a "$HOME" \\ 100%\n--'
LISTS = {
    "all": ListRequest(limit=5),
    "sorted": ListRequest(sort=["price DESC", "gender"], limit=7, offset=3),
    "filtered": ListRequest(
        filters={"price <": 60, "gender": ["Women", "Girls"], "season NOT": "Summer"},
        sort="product_display_name",
        limit=9,
        facets=["season"],
    ),
    "filtered by text": ListRequest(
        filters="NOT (price < 60 OR base_color IN ('Red', 'Blue')) AND season IS NOT NULL", limit=9
    ),
    "odd": ListRequest(filters={"product_display_name NOT": ODD, "year >": 2019.5}, limit=4),
    "patterns": ListRequest(filters={"product_display_name LIKE": "%Women%Dress%"}, limit=4),
    "words": ListRequest(filters={"product_display_name LIKE": "Women Dress"}, limit=4),
}
KEYWORDS = {
    "words": SearchRequest("red dress", keyword=True, k=30),
    "parts of words": SearchRequest("wom shoe", keyword=True, k=12, offset=2),
    "odd": SearchRequest("t-shirt (", keyword=True, k=5),
    "filtered": SearchRequest('"metro" shoes', keyword=True, filters={"price <": 60}, k=9),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_of_products(name: str, shop: Workspace, runner: Runner) -> None:
    asked = LISTS[name]
    page, said = shop.shop.storefront.page(asked), shop.as_code(asked)
    assert page.keys
    assert [row["product_id"] for row in runner.sql(said["sql"].code)] == page.keys
    by_python = runner.python(said["python"].code)
    assert [int(row[0]) for row in by_python["rows"]] == page.keys
    assert list(page.products[0]) == by_python["names"]
    by_curl = runner.curl(said["curl"].code)
    assert [row["product_id"] for row in by_curl["products"]] == page.keys
    by_command = runner.command(said["vitrine"].code)
    assert [row["product_id"] for row in by_command["products"]] == page.keys


@pytest.mark.parametrize("name", KEYWORDS)
def test_products_that_hold_every_word(name: str, shop: Workspace, runner: Runner) -> None:
    asked = KEYWORDS[name]
    found, said = shop.shop.search(asked), shop.as_code(asked)
    wanted = list(zip(found.keys, (row["score"] for row in found)))
    rows = runner.sql(said["sql"].code)
    same([(row["product_id"], row["score"]) for row in rows], wanted)
    by_python = runner.python(said["python"].code)
    same([(row[0], float(row[-1])) for row in by_python["rows"]], wanted)
    same(shop_rows(runner.curl(said["curl"].code)), wanted)
    results = runner.command(said["vitrine"].code)["results"]
    same([(row["product_id"], row["score"]) for row in results], wanted)


@pytest.fixture(scope="module")
def unliked(shop: Workspace) -> list[int]:
    """Products of which nothing is known by likes, and some that are liked."""
    return [
        key
        for key in shop.read_table("main.fashion_demo.products")["product_id"].to_pylist()[:60]
        if not shop.complete_the_look(key).is_co_liked
    ]


def test_a_look(shop: Workspace, runner: Runner, unliked: list[int]) -> None:
    key = unliked[0]
    look, said = shop.complete_the_look(key, k=6), shop.as_code(LookRequest(key, 6))
    assert len(look.keys) == 6 and said["python"].gives == said["sql"].gives == "rows"
    assert [row["product_id"] for row in runner.sql(said["sql"].code)] == look.keys
    by_python = runner.python(said["python"].code)
    assert [key for key, _ in api_rows(by_python["rows"])] == look.keys
    same(shop_rows(runner.curl(said["curl"].code)), list(zip(look.keys, look.scores)))
    rows = runner.command(said["vitrine"].code)
    same([(row["product_id"], row["score"]) for row in rows], list(zip(look.keys, look.scores)))


def test_a_look_by_what_people_like_is_said_to_be_no_search(
    shop: Workspace, runner: Runner, unliked: list[int]
) -> None:
    keys = shop.read_table("main.fashion_demo.products")["product_id"].to_pylist()
    key = next(key for key in keys if shop.complete_the_look(key).is_co_liked)
    said = shop.as_code(LookRequest(key, 6))
    look = shop.complete_the_look(key, k=6)
    for language in ("python", "sql"):
        assert said[language].gives == "part" and "like together" in said[language].notes[0]
    assert len(runner.sql(said["sql"].code)) == 6
    same(shop_rows(runner.curl(said["curl"].code)), list(zip(look.keys, look.scores)))


@pytest.mark.parametrize(
    "asked",
    [
        RecommendRequest("user_008828", k=5),
        RecommendRequest(
            "user_006327", k=4, offset=2, filters={"price <": 80}, vector_weight=0.25,
            color_weight=3, diversity=0.3, include_seen=True,
        ),
    ],
)  # fmt: skip
def test_recommendations(asked: RecommendRequest, shop: Workspace, runner: Runner) -> None:
    found, said = shop.shop.recommender.recommend(asked), shop.as_code(asked)
    wanted: list[Row] = [(item.key, item.score) for item in found.items]
    same(shop_rows(runner.curl(said["curl"].code)), wanted)
    rows = runner.command(said["vitrine"].code)["products"]
    same([(row["product_id"], row["score"]) for row in rows], wanted)
    for language in ("python", "sql"):
        assert (
            said[language].gives == "part"
            and "by the user's vector alone" in said[language].notes[0]
        )
    by_sql = [row["product_id"] for row in runner.sql(said["sql"].code)]
    by_python = runner.python(said["python"].code)
    assert by_sql == [key for key, _ in api_rows(by_python["rows"])] and len(by_sql) == asked.k


def test_recommendations_by_the_vector_alone_are_a_search(shop: Workspace, runner: Runner) -> None:
    asked = RecommendRequest("user_009809", k=6, offset=3, vector_weight=1, filters={"price <": 90})
    found, said = shop.shop.recommender.recommend(asked), shop.as_code(asked)
    keys = [item.key for item in found.items]
    assert said["python"].gives == said["sql"].gives == "rows"
    assert [row["product_id"] for row in runner.sql(said["sql"].code)] == keys
    by_python = runner.python(said["python"].code)
    assert [key for key, _ in api_rows(by_python["rows"])] == keys


def test_both_ends_of_a_dimension(shop: Workspace, runner: Runner) -> None:
    asked = DimensionRequest(7, k=4)
    found, said = shop.latent_dimension(7, k=4), shop.as_code(asked)
    ends = (*found.highest.products, *found.lowest.products)
    wanted = [(row["product_id"], row["value"]) for row in ends]
    rows = runner.sql(said["sql"].code)
    same([(row["product_id"], row["value"]) for row in rows], wanted)
    by_python = runner.python(said["python"].code)
    same(api_rows(by_python["rows"]), wanted)
    for reply in (runner.curl(said["curl"].code), runner.command(said["vitrine"].code)):
        both = [*reply["highest"]["products"], *reply["lowest"]["products"]]
        same([(row["product_id"], row["value"]) for row in both], wanted)


def test_a_validation(shop: Workspace, runner: Runner) -> None:
    asked = ValidateRequest(["red summer dress", "-black bag", "it's"], k=3, searches=["image"])
    found, said = shop.validate(**vars(asked)), shop.as_code(asked)
    wanted: list[Any] = []
    for query in ("red summer dress", "-black bag", "it's"):
        result = shop.search(query, k=3)
        wanted += list(zip(result.keys, (row["score"] for row in result)))
    rows = runner.sql(said["sql"].code)
    same([(row["product_id"], row["search_score"]) for row in rows], wanted)
    by_python = runner.python(said["python"].code)
    same(api_rows(by_python["rows"], place=1), wanted)
    for reply in (runner.curl(said["curl"].code), runner.command(said["vitrine"].code)):
        assert reply["rows"] == found.to_dict()["rows"]
    assert said["python"].gives == "part"
