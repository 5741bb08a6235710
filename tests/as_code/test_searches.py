"""Every search as code gives the rows of the search, in each language, run as its users run it."""

from __future__ import annotations

import pytest
from support.needs import needs
from support.running import Row, Runner, api_rows, same, shop_rows

needs("sdk", "clients")

from engine import Workspace
from engine.shop.as_code.snippets import AsCode, Snippet
from engine.shop.demo import sample_dir
from engine.shop.search.request import SearchRequest

IMAGES = sample_dir() / "images"
PHOTO = (IMAGES / "10208.jpg").read_bytes()  # as `photo.jpg` in the user's folder
ODD = 'it\'s a "red" $HOME `id` \\n 100% dress\n-- été 👗;'
CASES: dict[str, SearchRequest] = {
    "words": SearchRequest("red summer dress"),
    "odd words": SearchRequest(ODD, k=4),
    "words that begin with a dash": SearchRequest("-k 3 --help", k=3),
    "words by the hybrid index": SearchRequest("black bag", index="vs_hybrid_search", k=5),
    "words by the texts' index": SearchRequest("black bag", index="vs_text_search", k=5),
    "a page": SearchRequest("white shoes", k=5, offset=7),
    "a filter": SearchRequest("shoes", filters={"price <": 60, "gender": ["Women", "Girls"]}, k=6),
    "a filter as text": SearchRequest(
        "shoes", filters="price < 60 AND (base_color IN ('Red', 'White') OR season IS NULL)", k=6
    ),
    "odd filters": SearchRequest("bag", filters={"product_display_name NOT": ODD}, k=3),
    "a filter by words": SearchRequest(
        "bag", filters={"product_display_name LIKE": "Black Women", "price >": 5}, k=3
    ),
    "a list of filters": SearchRequest("bag", filters=[{"price >": 10}, {"price <=": 50.5}], k=3),
    "facets": SearchRequest("jacket", facets=["season", "price BUCKETS [[0,30],[30,60]]"], k=4),
    "columns": SearchRequest("jacket", columns=["product_id", "price"], k=4),
    "exact": SearchRequest("jacket", exact=True, k=20),
    "full text": SearchRequest("red dress", query_type="FULL_TEXT", k=5),
    "hybrid": SearchRequest("red dress", query_type="HYBRID", k=5),
    "a photo": SearchRequest(image=str(IMAGES / "10043.jpg"), k=5),
    "a photo by another index": SearchRequest(
        image=str(IMAGES / "10043.jpg"), index="vs_hybrid_search", k=5
    ),
    "a photo in a volume": SearchRequest(
        image="/Volumes/main/fashion_demo/raw_data/images/10043.jpg", k=5
    ),
    "bytes of a photo": SearchRequest(image=PHOTO, k=5, filters={"price <": 90}),
    "both": SearchRequest("in brown", image=str(IMAGES / "10043.jpg"), text_weight=0.4, k=5),
    "both, a page": SearchRequest("in brown", image=PHOTO, k=5, offset=2, filters="price < 90"),
    "like": SearchRequest(like=10043, k=5),
    "like by the photo": SearchRequest(like="10043", index="vs_image_search", k=5, offset=2),
    "like by the text": SearchRequest(
        like=10043, index="vs_text_search", k=5, filters={"price <": 60}
    ),
    "like, with facets": SearchRequest(like=10043, k=5, facets=["season"]),
    "composed": SearchRequest(
        compose=[("green shirt", 1), ("short sleeves", 0.5), ("buttons", -0.7)], k=5
    ),
    "composed of all": SearchRequest(
        compose=[
            {"image": PHOTO, "weight": 0.6},
            {"product": 10043, "weight": -0.3},
            {"text": ODD, "weight": -0.25},
            {"text": "text:product:1", "weight": 0.5},
            {"user": "user_008828", "weight": 0.5},
            {"direction": "color=red", "weight": -0.125},
        ],
        k=6,
        offset=1,
        filters={"price <": 150},
    ),
    "composed by another index": SearchRequest(
        compose=[("bag", 1), ("leather", 1e-3)], index="vs_text_search", k=4
    ),
    "away from one": SearchRequest(compose=[("dress", -1)], k=4),
    "a vector": SearchRequest(vector=[0.5] * 256 + [-0.25] * 256, k=4),
}


@pytest.fixture(scope="module")
def said(shop: Workspace) -> dict[str, AsCode]:
    return {name: shop.as_code(asked) for name, asked in CASES.items()}


@pytest.fixture(scope="module")
def wanted(shop: Workspace) -> dict[str, list[Row]]:
    def rows(asked: SearchRequest) -> list[Row]:
        found = shop.shop.search(asked)
        return list(zip(found.keys, (row["score"] for row in found)))

    return {name: rows(asked) for name, asked in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_python_gives_the_same_rows(
    name: str, said: dict[str, AsCode], wanted: dict[str, list[Row]], runner: Runner
) -> None:
    found = runner.python(_code(said[name]["python"]).code)
    same(api_rows(found["rows"]), wanted[name])
    assert wanted[name] and len(found["said"].splitlines()) >= len(wanted[name])


@pytest.mark.parametrize("name", CASES)
def test_sql_gives_the_same_rows(
    name: str, said: dict[str, AsCode], wanted: dict[str, list[Row]], runner: Runner
) -> None:
    rows = runner.sql(said[name]["sql"].code)
    same([(row["product_id"], row["search_score"]) for row in rows], wanted[name])


@pytest.mark.parametrize("name", CASES)
def test_curl_gives_the_same_rows(
    name: str, said: dict[str, AsCode], wanted: dict[str, list[Row]], runner: Runner
) -> None:
    snippet = _code(said[name]["curl"])
    same(shop_rows(runner.curl(snippet.code)), wanted[name])


@pytest.mark.parametrize("name", CASES)
def test_the_command_gives_the_same_rows(
    name: str, said: dict[str, AsCode], wanted: dict[str, list[Row]], runner: Runner
) -> None:
    found = runner.command(_code(said[name]["vitrine"]).code)
    if "results" in found:
        rows = [(row["product_id"], row["score"]) for row in found["results"]]
    else:
        rows = shop_rows(found)
    same(rows, wanted[name])


def _code(snippet: Snippet) -> Snippet:
    assert snippet.gives == "rows" and snippet.code, snippet.notes
    return snippet


@pytest.mark.parametrize("name", ["facets", "like, with facets"])
def test_facets_are_the_search_s_own(
    name: str, said: dict[str, AsCode], shop: Workspace, runner: Runner
) -> None:
    facets = shop.shop.search(CASES[name]).facets
    wanted = {column: [count for _, count in entries] for column, entries in facets.items()}
    lines = runner.python(said[name]["python"].code)["said"].splitlines()[CASES[name].k :]
    assert [int(line.rsplit(" ", 1)[1]) for line in lines] == [
        n for c in wanted.values() for n in c
    ]
    reply = runner.curl(said[name]["curl"].code)
    assert {
        column: [each["count"] for each in entries]
        for column, entries in reply["metadata"]["facets"].items()
    } == wanted
    by_command = runner.command(said[name]["vitrine"].code)["facets"]
    assert {column: [n for _, n in entries] for column, entries in by_command.items()} == wanted
