"""As code through the doors: the route of `/api/v1`, the commands, and the pieces they lean on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pyarrow as pa
import pytest
from support.command import typed
from support.shop_replies import ok, refused

from engine import Settings, Workspace
from engine.doors.http.server import BackgroundServer
from engine.doors.http.shop.as_code import AsCodeReply
from engine.errors import BadStatement
from engine.service.search.planner import plan, results_for_exactness
from engine.shop.as_code.look import LookRequest
from engine.shop.as_code.snippets import LANGUAGES, AsCode
from engine.shop.browsing.listing import ListRequest
from engine.shop.latent.request import DimensionRequest
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.search.request import SearchRequest
from engine.shop.validation.request import ValidateRequest

KEY = 10043
ASKED: list[tuple[dict[str, Any], Any, list[str]]] = [
    (
        {"search": {"text": "-red's", "k": 3, "filters": {"price <": 60}, "facets": ["season"]}},
        SearchRequest("-red's", k=3, filters={"price <": 60}, facets=["season"]),
        ["search", "-k", "3", "--filter", '{"price <": 60}', "--facet", "season", "--", "-red's"],
    ),
    (
        {"search": {"like": KEY, "index": "vs_text_search", "k": 4, "offset": 1}},
        SearchRequest(like=KEY, index="main.fashion_demo.vs_text_search", k=4, offset=1),
        ["products", str(KEY), "--similar", "text", "--limit", "4", "--offset", "1"],
    ),
    (
        {"search": {"compose": [{"text": "shirt", "weight": 1}, {"text": "dots", "weight": -0.5}]}},
        SearchRequest(compose=[{"text": "shirt", "weight": 1}, {"text": "dots", "weight": -0.5}]),
        ["search", "shirt", "--minus", "dots:0.5"],
    ),
    (
        {"search": {"text": "red dress", "keyword": True, "k": 10}},
        SearchRequest("red dress", keyword=True),
        ["search", "red dress", "--keyword"],
    ),
    (
        {"products": {"filters": "price < 20", "sort": ["price DESC"], "limit": 3}},
        ListRequest(filters="price < 20", sort=["price DESC"], limit=3),
        ["products", "--filter", "price < 20", "--sort", "price DESC", "--limit", "3"],
    ),
    (
        {"look": {"product_id": KEY, "limit": 4}},
        LookRequest(KEY, 4),
        ["products", str(KEY), "--look", "--limit", "4"],
    ),
    (
        {"recommendations": {"user_id": "user_008828", "limit": 3, "diversity": 0.5}},
        RecommendRequest("user_008828", k=3, diversity=0.5),
        ["recommend", "user_008828", "-k", "3", "--diversity", "0.5"],
    ),
    (
        {"latent": {"dimension": 7, "limit": 2}},
        DimensionRequest(7, k=2),
        ["latent", "7", "-k", "2"],
    ),
    (
        {"validation": {"queries": ["red dress"], "k": 3, "searches": ["image"]}},
        ValidateRequest(["red dress"], k=3, searches=["image"]),
        ["validate", "red dress", "-k", "3", "--search", "image"],
    ),
]


@pytest.fixture(scope="module")
def client(shop: Workspace) -> Iterator[httpx.Client]:
    with (
        BackgroundServer(shop, None) as server,
        httpx.Client(timeout=60, base_url=server.url) as made,
    ):
        yield made


@pytest.mark.parametrize(("body", "asked", "words"), ASKED, ids=lambda v: str(v)[:30])
def test_the_route_and_the_command_say_what_the_workspace_says(
    body: dict[str, Any], asked: Any, words: list[str], shop: Workspace, client: httpx.Client
) -> None:
    wanted = shop.as_code(asked).to_json()
    assert [each["language"] for each in wanted["snippets"]] == list(LANGUAGES)
    assert ok(client.post("/api/v1/as-code", json=body), AsCodeReply) == wanted
    before = [words[0], "--as-code", "--json", "-w", str(shop.path), *words[1:]]
    assert json.loads(typed(*before).output) == wanted


def test_the_command_prints_each_language_under_its_name(shop: Workspace) -> None:
    printed = typed("search", "red", "--as-code", "-k", 2, "-w", shop.path).output
    for each in shop.as_code(SearchRequest("red", k=2, query_type="ann")).snippets:
        assert f"{each.title}:\n" in printed and each.code in printed
    refused_ = typed("products", KEY, "--as-code", "-w", shop.path)
    assert refused_.exit_code == 2 and "--look or --similar" in refused_.output


def test_the_route_takes_photos_in_base64_and_in_volumes_and_no_paths_of_the_server(
    shop: Workspace, client: httpx.Client
) -> None:
    photo = shop.product_photo(KEY).data
    sent = {"image": base64.b64encode(photo).decode(), "k": 3}
    said = ok(
        client.post("/api/v1/as-code", json={"search": sent, "photos": ["bag.jpg"]}), AsCodeReply
    )
    assert said == shop.as_code(SearchRequest(image=photo, k=3), photos=["bag.jpg"]).to_json()
    kept = "/Volumes/main/fashion_demo/raw_data/images/10043.jpg"
    said = ok(client.post("/api/v1/as-code", json={"search": {"image": kept, "k": 3}}), AsCodeReply)
    assert f'w.files.download("{kept}")' in said["snippets"][0]["code"]
    reply = client.post("/api/v1/as-code", json={"search": {"image": "/etc/passwd"}})
    assert "is not base64" in refused(reply, 400, "BAD_IMAGE")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "no query; expected one of search"),
        ({"search": {"text": "x"}, "look": {"product_id": 1}}, "search and look"),
        ({"search": {"text": "x", "k": 0}}, "k"),
        ({"serch": {}}, "serch"),
    ],
)
def test_the_route_refuses_what_is_no_query(body: Any, why: str, client: httpx.Client) -> None:
    reply = client.post("/api/v1/as-code", json=body)
    assert why in refused(reply, 400, "INVALID_PARAMETER_VALUE")


# ------------------------------------------------------------------ what snippets lean on
def test_a_composed_search_of_the_api_takes_an_index(shop: Workspace, client: httpx.Client) -> None:
    asked = {"terms": [{"text": "bag"}, {"text": "red", "weight": -0.25}], "limit": 3}
    reply = client.post("/api/v1/search/composed", json={**asked, "index": "vs_text_search"})
    found = shop.search(compose=[("bag", 1), ("red", -0.25)], index="vs_text_search", k=3)
    assert [one["product_id"] for one in reply.json()["products"]] == list(found.keys)
    assert reply.json()["metadata"]["index"] == found.index


def test_a_text_that_begins_as_a_kind_can_be_a_part_of_a_search(shop: Workspace) -> None:
    words = ["--plus", "text:product:10043:0.5", "--minus", "text:text:1", "-k", 2, "--json"]
    found = json.loads(typed("search", *words, "-w", shop.path).output)
    wanted = shop.search(compose=[("product:10043", 0.5), ("text", -1)], k=2)
    assert [row["product_id"] for row in found["results"]] == list(wanted.keys)


def test_the_command_can_score_every_row(shop: Workspace) -> None:
    found = json.loads(typed("search", "bag", "--exact", "-k", 3, "--json", "-w", shop.path).output)
    assert [row["product_id"] for row in found["results"]] == list(shop.search("bag", k=3).keys)


def test_words_of_a_keyword_search_count_alike_in_any_order(shop: Workspace) -> None:
    """Scores are shares of three; added in another order, they differed in the last digit."""
    one = shop.search("women shoe bl", keyword=True, k=50)
    other = shop.search("bl shoe women", keyword=True, k=50)
    assert list(one.keys) == list(other.keys) and len(one) > 3
    assert [row["score"] for row in one] == [row["score"] for row in other]


@pytest.mark.parametrize("rows", [1, 19, 20, 21, 999, 44_446, 200_000])
def test_so_many_results_make_a_search_exact_and_one_fewer_need_not(rows: int) -> None:
    def kind(k: int) -> str:
        return plan(rows * 50, 512, k, None, "compressed", exact=False).kind

    wanted = results_for_exactness(rows * 50)
    assert kind(wanted) == "exact scan"
    assert rows < 999 or kind(wanted - 1) == "compressed"


def test_filters_of_sql_are_text_or_json(shop: Workspace) -> None:
    ask = (
        "SELECT product_id FROM vector_search(index => 'main.fashion_demo.vs_image_search', "
        "query_text => 'red dress', query_type => 'FULL_TEXT', num_results => 99, filters => '{}')"
    )
    text = shop.sql(ask.format("price < 60 AND gender IN (\\'Women\\', \\'Girls\\')"))
    assert text == shop.sql(ask.format('{"price <": 60, "gender": ["Women", "Girls"]}'))
    assert text == shop.sql(ask.format('[{"price <": 60}, {"gender": ["Women", "Girls"]}]'))
    assert 0 < text.num_rows < shop.sql(ask.format("")).num_rows
    with pytest.raises(BadStatement, match="is not JSON"):
        shop.sql(ask.format('{"price <": 60'))


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("zip_with(array(1, 2), array(10, 20), (x, y) -> x + y)", [11, 22]),
        ("zip_with(array(1, 2), array(10), (x, y) -> coalesce(y, -x))", [10, -2]),
        ("zip_with(array(1, 2), array(3, 4), (a, b) -> b)", [3, 4]),
        (
            "zip_with(zip_with(array(1), array(2), (x, y) -> x * y), array(3), (x, y) -> x - y)",
            [-1],
        ),
        (
            "zip_with(array(1), array(2), (x, y) -> aggregate(array(x, y), 0, (x, z) -> x + z) + y)",
            [5],
        ),
        (
            "zip_with(array(1, 2), array(3, 4), (x, y) -> "
            "aggregate(zip_with(array(x), array(y), (a, y) -> a * x + y), 0, (s, z) -> s + z))",
            [4, 8],
        ),
        ("zip_with(array('a'), array('b'), (`X`, y) -> concat(x, y))", ["ab"]),
        ("zip_with(CAST(NULL AS ARRAY<INT>), array(1), (x, y) -> x)", None),
    ],
)
def test_zip_with_of_sql(call: str, wanted: object, tmp_path: Any) -> None:
    found = Workspace(tmp_path).sql(f"SELECT {call} AS v")
    assert found["v"].to_pylist() == [wanted]


@pytest.mark.parametrize(
    "call", ["zip_with(array(1), array(2))", "zip_with(array(1), array(2), x -> x)"]
)
def test_zip_with_needs_a_lambda_of_two(call: str, tmp_path: Any) -> None:
    with pytest.raises(BadStatement):
        Workspace(tmp_path).sql(f"SELECT {call}")


def test_a_snippet_is_found_by_its_language(tmp_path: Any) -> None:
    workspace = Workspace(settings=Settings(tmp_path, encoder="hashed"))
    workspace.write_table(
        "main.fashion_demo.products", pa.table({"product_id": [1], "title": ["a"]})
    )
    said: AsCode = workspace.as_code(ListRequest())
    assert [said[language].language for language in LANGUAGES] == list(LANGUAGES)


def test_a_pipe_gets_the_query_with_all_its_characters(shop: Workspace) -> None:
    words = "red\x1b[31m dress"
    printed = typed("search", "--as-code", "-w", shop.path, "--", words).stdout
    assert printed.rstrip().endswith(f"'{words}'") and r"'red\u001b[31m dress'" in printed
