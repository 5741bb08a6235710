"""What a language can't say it says plainly; other indexes, models and catalogues are said right."""

from __future__ import annotations

import shlex
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs
from support.running import api_rows, same, shop_rows, users_of
from support.server import announced
from support.storefront import built_shop

needs("sdk", "clients")

from engine import Settings, Workspace
from engine.core.filters.tree import matches
from engine.core.query_request import parse_filters
from engine.core.types import column_of
from engine.errors import InvalidInputException, InvalidParameterValue, NotFound
from engine.shop.as_code import asking
from engine.shop.as_code.look import LookRequest
from engine.shop.as_code.writing.conditions import condition
from engine.shop.browsing.listing import ListRequest
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.search.request import SearchRequest


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A shop made with the encoder for tests, opened with another: no endpoint has the model."""
    made = built_shop(tmp_path_factory.mktemp("small"))
    return Workspace(settings=Settings(made.path))


def test_a_model_without_an_endpoint_gets_one_in_python_and_stands_as_numbers_in_sql(
    small: Workspace, folder: Path
) -> None:
    asked = SearchRequest(compose=[("red shoes", 1), ("shirt", -0.5)], k=4)
    said, found = small.as_code(asked), small.shop.search(asked)
    wanted = list(zip(found.keys, (row["score"] for row in found)))
    assert "vector of a text by this index's model" in " ".join(said["sql"].notes)
    rows = small.sql(said["sql"].code).to_pylist()
    same([(row["product_id"], row["search_score"]) for row in rows], wanted)
    with (
        announced(small.path, "--quiet") as (_, ready),
        users_of(small, ready, folder) as runner,
    ):
        for _ in range(2):  # the second time the endpoint is there
            same(api_rows(runner.python(said["python"].code)["rows"]), wanted)
        same(shop_rows(runner.curl(said["curl"].code)), wanted)
    assert small.get_serving_endpoint("hashed")["name"] == "hashed"
    again = small.as_code(asked)
    assert "create_and_wait" not in again["python"].code
    assert "ai_query('hashed', 'red shoes')" in again["sql"].code
    small.delete_serving_endpoint("hashed")


@pytest.fixture(scope="module")
def by_name(small: Workspace) -> str:
    """An index of the small shop that encodes names by itself."""
    small.create_index(
        "main.fashion_demo.by_name",
        source_table="main.fashion_demo.products",
        primary_key="product_id",
        source_column="product_display_name",
        model_endpoint="databricks-gte-large-en",
        endpoint="fashion_vector_search",
    )
    return "by_name"


def test_an_index_that_encodes_by_itself_is_given_the_text(small: Workspace, by_name: str) -> None:
    asked = SearchRequest("red shoes", index=by_name, k=3, columns=["product_id"])
    said, found = small.as_code(asked), small.shop.search(asked)
    assert 'query_text="red shoes"' in said["python"].code and "encoded" not in said["python"].code
    assert '"query_text": "red shoes"' in said["curl"].code and "VECTOR" not in said["curl"].code
    rows = small.sql(said["sql"].code).to_pylist()
    assert [row["product_id"] for row in rows] == list(found.keys)


UNSAID: list[tuple[Any, str, str]] = [
    (SearchRequest("red", k=300, offset=1), "curl", "at most 200 rows a call"),
    (SearchRequest("red", query_type="HYBRID", offset=2), "curl", "no offset"),
    (SearchRequest("red", exact=True, k=1), "curl", "score every row"),
    (SearchRequest(vector=[1.0] * 16, offset=1), "vitrine", "without an offset"),
    (SearchRequest("a\0b"), "vitrine", "NUL"),
    (SearchRequest("   ", keyword=True), "sql", "without a word"),
    (SearchRequest("red", keyword=True, k=201), "curl", "at most 200"),
    (ListRequest(filters={"product_id <": 10**30}), "sql", "infinity"),
]


@pytest.mark.parametrize(("asked", "language", "why"), UNSAID)
def test_what_a_language_cant_say_it_says_plainly(
    asked: Any, language: Any, why: str, small: Workspace
) -> None:
    said = small.as_code(asked)
    snippet = said[language]
    assert snippet.gives == "nothing" and snippet.code == ""
    assert len(snippet.notes) == 1 and why in snippet.notes[0]
    assert any(each.gives == "rows" for each in said.snippets)


def test_a_photo_that_came_as_bytes_is_named_and_its_user_is_told(small: Workspace) -> None:
    data = (small.product_photo(1)).data
    asked = SearchRequest(compose=[{"image": data}, {"image": data, "weight": -0.5}], k=2)
    said = small.as_code(asked, photos=["my shoe.jpg"])
    for language in ("python", "curl", "vitrine"):
        snippet = said[language]
        assert "my shoe.jpg" in snippet.code and "photo-2.jpg" in snippet.code
        assert [note for note in snippet.notes if "my shoe.jpg" in note]
    assert "image:my shoe.jpg:1" in shlex.split(said["vitrine"].code)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("red dress", InvalidInputException),
        (SearchRequest(), InvalidInputException),
        (SearchRequest("red", k=0), InvalidParameterValue),
        (SearchRequest("red", index="vs_no_search"), NotFound),
        (SearchRequest(like=999), NotFound),
        (LookRequest(999), NotFound),
        (RecommendRequest("nobody"), NotFound),
        (ListRequest(limit=0), InvalidParameterValue),
    ],
)
def test_what_cant_be_asked_is_refused_as_the_query_is(
    asked: Any, error: type[Exception], small: Workspace
) -> None:
    with pytest.raises(error):
        small.as_code(asked)


def test_a_table_with_rows_that_are_no_products_is_not_shown_by_sql(tmp_path: Path) -> None:
    workspace = built_shop(tmp_path)
    table = workspace.read_table("main.fashion_demo.products")
    workspace.write_table(
        "main.fashion_demo.products", pa.concat_tables([table, table.slice(0, 2)])
    )
    said = workspace.as_code(ListRequest())
    assert "2 rows of main.fashion_demo.products have no key" in said["sql"].notes[0]
    assert said["python"].gives == "nothing" and said["curl"].gives == "rows"


def test_letters_that_sql_folds_otherwise_are_named(tmp_path: Path) -> None:
    workspace = built_shop(tmp_path)
    table = workspace.read_table("main.fashion_demo.products")
    place = table.column_names.index("product_display_name")
    names = pa.array(["STRAẞE İzmir", *table["product_display_name"].to_pylist()[1:]])
    workspace.write_table(
        "main.fashion_demo.products", table.set_column(place, "product_display_name", names)
    )
    said = workspace.as_code(SearchRequest("strasse", keyword=True))
    assert "ẞ" in said["sql"].notes[0] and said["sql"].gives == "nothing"
    assert said["curl"].gives == "rows"


ODD = ["it's", 'a "b"', "100%", "a_b", "back\\slash", "line\nbreak", "é", "", None, "$x", "a b c"]
CONDITIONS: list[Any] = [
    {"t": "it's"}, {"t NOT": ["it's", "100%"]}, {"t LIKE": "%\\%"}, {"t LIKE": "%_b%"},
    {"t LIKE": "b"}, {"t LIKE": "c a"}, {"t": "line\nbreak"}, {"t": ""}, {"t NOT": "100%"},
    {"f <": 2}, {"f >": 2}, {"f NOT": 2}, {"f NOT": [2, 3.5]}, {"f": 1e300}, {"f >=": -0.0},
    {"i >": 1.5}, {"i NOT": 4}, {"b": True}, {"d >": "2024-01-03"}, {"d": "2024-01-02"},
    {"s <=": "2024-01-04T05:00:00"}, {"g": "x"}, {"g NOT": ["x", "y"]}, {"c >": "1.25"},
    {"f OR i": [2, 3]}, [{"f <": 8}, {"i >": 1}],
    "NOT (f > 2)", "f IS NULL", "f IS NOT NULL", "b IS TRUE OR b IS NOT FALSE", "NOT (t LIKE 'a%')",
    "NOT (f IN (2, 3) AND i < 5) OR t = 'it''s'", "`i` BETWEEN 2 AND 4.5",
]  # fmt: skip


@pytest.fixture(scope="module")
def odd_rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, pa.Table]:
    rows = len(ODD)
    table = pa.table(
        {
            "k": list(range(rows)),
            "t": ODD,
            "f": [None, float("nan"), -0.0, *(i / 2 for i in range(3, rows))],
            "i": [None, *range(1, rows)],
            "b": [(True, False, None)[i % 3] for i in range(rows)],
            "d": pa.array([19_722 + i for i in range(rows)], pa.int32()).cast(pa.date32()),
            "s": pa.array([1_704_067_200_000_000 + i * 86_400_000_000 for i in range(rows)],
                          pa.timestamp("us")),
            "g": [[["x"], ["y", "z"], [], None][i % 4] for i in range(rows)],
            "c": pa.array([Decimal(i) / 4 for i in range(rows)], pa.decimal128(20, 2)),
        }
    )  # fmt: skip
    workspace = Workspace(tmp_path_factory.mktemp("odd"))
    workspace.write_table("main.fashion_demo.odd", table)
    return workspace, table


@pytest.mark.parametrize("given", CONDITIONS, ids=str)
def test_a_condition_finds_what_the_filter_finds(
    given: Any, odd_rows: tuple[Workspace, pa.Table]
) -> None:
    workspace, table = odd_rows
    columns = {field.name: column_of(field) for field in table.schema}
    node = parse_filters(given, None, columns)
    assert node is not None
    where = condition(node, {"f"})
    found = workspace.sql(f"SELECT k FROM main.fashion_demo.odd WHERE {where} ORDER BY k")
    wanted = [row["k"] for row in table.to_pylist() if matches(node, row)]
    assert found["k"].to_pylist() == wanted


def test_products_of_an_index_that_encodes_by_itself_are_said_as_they_are_stored(
    small: Workspace, by_name: str
) -> None:
    asked = SearchRequest(like=3, index=by_name, k=3, columns=["product_id"])
    found, said = small.shop.search(asked), small.as_code(asked)
    rows = small.sql(said["sql"].code).to_pylist()
    wanted = list(zip(found.keys, (row["score"] for row in found)))
    same([(row["product_id"], row["search_score"]) for row in rows], wanted)
    assert "a product of this index" in " ".join(said["sql"].notes)


def test_what_an_index_too_large_for_its_api_may_miss_is_said(
    small: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = SearchRequest(compose=[("red", -1)], facets=["season"], k=3)
    assert not any("miss" in note for note in small.as_code(asked)["python"].notes)
    monkeypatch.setattr(asking, "results_for_exactness", lambda rows: 12_000)
    for language in ("python", "sql"):
        snippet = small.as_code(asked)[language]
        assert "10000" in snippet.code
        assert [note for note in snippet.notes if "may miss" in note]
        assert [note for note in snippet.notes if "the best 200" in note]
