"""Products to browse: filters, orders, pages, facets, odd keys; keywords; looks. With slow twins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.storefront import NO_PHOTO, PRODUCTS, built_shop, odd_products

from engine import (
    BadRequest,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    Settings,
    Workspace,
)
from engine.core.ranking.facets import Facet, count_facet
from engine.shop.browsing.look import in_turns, scored, style_of
from engine.shop.browsing.row_texts import RowTexts
from engine.shop.browsing.storefront import Storefront
from engine.shop.catalogue.catalogue import FASHION, Catalogue


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    yield built_shop(tmp_path_factory.mktemp("browsing"))


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    return Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))


def rows(shop: Workspace) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.read_table("products").to_pylist()
    return found


# ---------------------------------------------------------------------- pages
def test_pages_follow_one_another_and_hold_each_product_once(shop: Workspace) -> None:
    seen: list[int] = []
    offset: int | None = 0
    while offset is not None:
        page = shop.list_products(sort="base_color", limit=7, offset=offset)
        assert page.total == PRODUCTS and page.keys == [p["product_id"] for p in page.products]
        seen += page.keys
        offset = page.next_offset
    expected = sorted(rows(shop), key=lambda row: (row["base_color"], row["product_id"]))
    assert seen == [row["product_id"] for row in expected]


@pytest.mark.parametrize("sort", ["price DESC", ["base_color DESC", "price"], [], "usage"])
def test_orders_are_those_of_plain_python(shop: Workspace, sort: Any) -> None:
    clauses = [sort] if isinstance(sort, str) else sort
    expected = sorted(rows(shop), key=lambda row: row["product_id"])
    for clause in reversed(clauses):
        column, _, way = clause.partition(" ")
        expected.sort(key=lambda row: row[column], reverse=way == "DESC")
    page = shop.list_products(sort=sort, limit=PRODUCTS)
    assert page.products == expected


def test_the_next_pages_of_a_list_do_not_sort_the_catalogue_again(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Workspace(shop.path)
    sorted_rows, lexsort = [], np.lexsort
    monkeypatch.setattr(
        "numpy.lexsort", lambda keys: sorted_rows.append(len(keys[0])) or lexsort(keys)
    )
    for condition in (None, {"price >": 30.0}):
        whole = opened.list_products(filters=condition, sort="price DESC", limit=200).keys
        pages = [
            opened.list_products(filters=condition, sort="price DESC", limit=5, offset=offset)
            for offset in range(0, len(whole), 5)
        ]
        assert [key for page in pages for key in page.keys] == whole
        prices = [opened.get_product(key)["price"] for key in whole]
        assert prices == sorted(prices, reverse=True) and len(whole) > 10
    assert sorted_rows == [PRODUCTS]


def test_filters_and_facets_are_those_of_plain_python(shop: Workspace) -> None:
    page = shop.list_products(
        filters={"gender": "Women", "price >=": 20},
        facets=["article_type", "base_color TOP 1", "price BUCKETS [[0,30],[30,300]]"],
        limit=3,
    )
    kept = [row for row in rows(shop) if row["gender"] == "Women" and row["price"] >= 20]
    assert page.total == len(kept) and len(page.products) == 3
    assert dict(page.facets["article_type"]) == Counter(row["article_type"] for row in kept)
    assert len(page.facets["base_color"]) == 1
    cheap = sum(row["price"] <= 30 for row in kept)
    dear = sum(row["price"] >= 30 for row in kept)
    assert page.facets["price"] == [("[0, 30]", cheap), ("[30, 300]", dear)]
    as_text = shop.list_products(filters="gender = 'Women' AND price >= 20", limit=3)
    assert as_text.products == page.products and as_text.facets == {}


def test_facets_of_every_type_are_those_of_an_index(fresh: Workspace) -> None:
    columns: dict[str, Any] = {
        "text": ["b", "a", None, "b", "a"],
        "number": [2, 1, None, 10, 10],
        "flag": [True, False, None, True, True],
        "real": [0.5, float("nan"), None, 0.5, -1.0],
        "day": pa.array([1, 2, None, 1, 2], pa.date32()),
        "tags": [["x", "y"], ["y"], None, [], ["x"]],
    }
    keys = {"product_id": list(range(5))}
    fresh.write_table("main.fashion_demo.products", pa.table({**keys, **columns}))
    found = fresh.list_products(facets=list(columns)).facets
    for name, values in columns.items():
        plain = values.to_pylist() if isinstance(values, pa.Array) else values
        counted = count_facet(Facet(name), plain)
        assert found[name] == [(value, count) for _, value, count in counted], name
    assert fresh.list_products(facets=["text TOP 1"]).facets["text"] == [("a", 2)]


@pytest.mark.parametrize(
    ("given", "error", "why"),
    [
        ({"filters": {"nope": 1}}, BadRequest, "nope"),
        ({"filters": 3}, BadRequest, "filters is 3"),
        ({"sort": "price UP"}, InvalidParameterValue, "price UP"),
        ({"sort": "nope"}, BadRequest, "nope"),
        ({"facets": ["nope"]}, BadRequest, "nope"),
        ({"limit": 0}, InvalidParameterValue, "limit is 0"),
        ({"limit": True}, InvalidParameterValue, "limit is True"),
        ({"limit": 201}, InvalidParameterValue, "1 to 200"),
        ({"offset": -1}, InvalidParameterValue, "offset is -1"),
    ],
)  # fmt: skip
def test_what_can_not_be_listed_is_refused(
    shop: Workspace, given: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        shop.list_products(**given)


def test_behind_the_last_product_is_an_empty_page(shop: Workspace) -> None:
    page = shop.list_products(offset=1000)
    assert (page.products, page.total, page.next_offset) == ([], PRODUCTS, None)


# ---------------------------------------------------------------------- keys
def test_a_product_is_found_by_its_key_in_many_forms(shop: Workspace) -> None:
    product = next(row for row in rows(shop) if row["product_id"] == 7)
    for key in (7, "7", 7.0, np.int64(7)):
        assert shop.get_product(key) == product
    for key in (7.5, "x", None, 10**30, "7.0", True):
        with pytest.raises(NotFound):
            shop.get_product(key)
    assert shop.products_named([9, 4711, 7])[1:] == [None, product]
    assert shop.products_named([]) == []


def test_odd_keys_of_text_are_themselves(fresh: Workspace) -> None:
    keys = ["007", "7", "a/b", "50%", "ключ", "a b", "", "..", "'", "x" * 300]
    odd_products(fresh, keys, [None] * len(keys))
    for number, key in enumerate(keys):
        assert fresh.get_product(key)["price"] == number
    assert fresh.list_products(limit=3).keys == sorted(keys)[:3]
    with pytest.raises(NotFound):
        fresh.get_product(7)


def test_rows_without_a_key_and_repeated_ones_are_no_products(fresh: Workspace) -> None:
    table = pa.table({"product_id": [1, None, 1, 2], "price": [1.0, 2.0, 3.0, None]})
    fresh.write_table("main.fashion_demo.products", table)
    page = fresh.list_products(sort="price DESC")
    assert [(p["product_id"], p["price"]) for p in page.products] == [(1, 1.0), (2, None)]


def test_a_table_without_the_column_of_keys_is_refused(fresh: Workspace) -> None:
    fresh.write_table("main.fashion_demo.products", pa.table({"sku": ["a"]}))
    with pytest.raises(InvalidState, match="no column 'product_id'"):
        fresh.list_products()


def test_a_changed_table_is_seen_at_once(fresh: Workspace) -> None:
    with pytest.raises(NotFound, match="products"):
        fresh.list_products()
    for count in (2, 5):
        odd_products(fresh, [str(n) for n in range(count)], [None] * count)
        assert fresh.list_products().total == count


def test_every_type_of_column_comes_back(fresh: Workspace) -> None:
    table = pa.table(
        {
            "product_id": [1],
            "tags": [["new", "sale"]],
            "stock": pa.array([3], pa.int8()),
            "weight": pa.array([0.1], pa.float32()),
            "vector": [[0.5, 0.25]],
            "seen": pa.array([1_700_000_000], pa.timestamp("s", tz="Europe/Berlin")),
        }
    )
    fresh.write_table("main.fashion_demo.products", table)
    product = fresh.get_product(1)
    assert (product["tags"], product["stock"], product["weight"]) == (["new", "sale"], 3, 0.1)
    assert product["seen"].isoformat() == "2023-11-14T22:13:20" and "vector" not in product
    assert fresh.list_products(filters={"stock": 3}).total == 1


# ---------------------------------------------------------------------- keywords
def by_words(shop: Workspace, text: str) -> set[int]:
    """The slow twin."""
    columns = ("product_display_name", "article_type", "sub_category", "base_color")
    return {
        row["product_id"]
        for row in rows(shop)
        if all(any(w in str(row[c]).lower() for c in columns) for w in text.lower().split())
    }


@pytest.mark.parametrize(
    "text", ["red", "RED women", "topwear shirt", "no 7", "zzz", "brand No 12"]
)
def test_keywords_find_what_holds_every_word(shop: Workspace, text: str) -> None:
    found = shop.search(text, keyword=True, k=PRODUCTS, facets=["gender"])
    assert set(found.keys) == by_words(shop, text) and found.total == len(found.keys)
    assert [row["score"] for row in found] == sorted([row["score"] for row in found])[::-1]
    assert sum(count for _, count in found.facets.get("gender", [])) == found.total


def test_words_of_any_writing_stand_alone_or_in_longer_ones() -> None:
    texts = RowTexts(["Ångström ＡＢＣ", "", "aaa_a aa", "x\0y", "STRASSE Straße", "T-Shirt"])
    for word, holding, alone in (
        ("ångström", [0], [0]), ("abc", [0], [0]), ("aa", [2], [2]), ("aaa", [2], []), ("x", [3], [3]),
        ("x\0y", [], []), ("", [], []), ("strasse", [4], [4]), ("shirt", [5], [5]), ("hirt", [5], []),
        ("aa_a", [2], []), ("_", [2], []), ("-", [5], []),
    ):  # fmt: skip
        found = texts.holding(word)
        assert (found[0].tolist(), found[1].tolist()) == (holding, alone), word
    assert RowTexts([]).holding("a")[0].tolist() == []


def test_whole_words_come_before_parts_of_longer_ones(shop: Workspace) -> None:
    found = shop.search("no 1", keyword=True, k=PRODUCTS)
    assert found.keys[0] == 1 and found[0]["score"] == 1.0
    assert [row["score"] for row in found if row["product_id"] == 10] == [0.75]


def test_keywords_are_filtered_and_paged(shop: Workspace) -> None:
    women = shop.search("red", keyword=True, filters={"gender": "Women"}, k=PRODUCTS)
    assert women.total and {row["gender"] for row in women} == {"Women"}
    pages = [shop.search("red", keyword=True, k=3, offset=start) for start in (0, 3, 6)]
    whole = shop.search("red", keyword=True, k=9)
    assert [key for page in pages for key in page.keys] == list(whole.keys)
    assert pages[0].more and pages[0].to_dicts() == whole.to_dicts()[:3]
    assert whole.to_html().count('<li class="card') == len(whole)


def test_many_keywords_are_refused_and_none_is_looked_for_in_vain(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputException, match="65 different words"):
        shop.search(" ".join(f"w{n}" for n in range(65)), keyword=True)
    asked: list[str] = []
    holding = RowTexts.holding

    def counted(self: RowTexts, word: str) -> Any:
        asked.append(word)
        return holding(self, word)

    monkeypatch.setattr(RowTexts, "holding", counted)
    assert not len(shop.search("dress zzz red blue", keyword=True))
    assert asked == ["dress", "zzz"]


@pytest.mark.parametrize("flag", ["exact", "keyword"])
@pytest.mark.parametrize("value", ["false", 1, None])
def test_another_word_for_a_flag_is_shown(shop: Workspace, flag: str, value: Any) -> None:
    """`exact="false"` searched exactly, also where the same search had been asked before."""
    shop.search("red dress", k=3, exact=True)
    with pytest.raises(InvalidParameterValue) as caught:
        shop.search("red dress", k=3, **{flag: value})
    assert caught.value.message == f"{flag} is {value!r}; expected True or False."


def test_pages_end_where_no_more_results_can_be_had(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 10,000th result of a vector may lie within a page; keywords find all there are."""
    from engine.shop.search import parts, queries, request

    for module in (parts, queries, request):
        monkeypatch.setattr(module, "MAX_RESULTS", 10)
    last = shop.search("red", k=4, offset=8)
    assert len(last) == 2 and not last.more
    assert len(shop.search(like=5, k=4, offset=8)) == 1
    with pytest.raises(InvalidParameterValue, match="offset is 10"):
        shop.search("red", k=1, offset=10)
    every = shop.search("e", keyword=True)
    assert every.total is not None and every.total > 12
    assert len(shop.search("e", keyword=True, k=2, offset=10)) == 2


def test_keywords_need_words_alone(shop: Workspace) -> None:
    assert len(shop.search("  ", keyword=True)) == 0
    for given in ({"like": 3}, {"text": "a", "image": b""}, {"text": "a", "query_type": "ANN"}):
        with pytest.raises(InvalidInputException, match="keyword takes a text alone"):
            shop.search(**given, keyword=True)
    with pytest.raises(BadRequest, match="nope"):
        shop.search("red", keyword=True, columns=["nope"])


# ---------------------------------------------------------------------- search pages and facets
def test_pages_of_a_search_are_those_of_one_long_one(shop: Workspace) -> None:
    whole = shop.search("red dress", k=39)
    pages = [shop.search("red dress", k=10, offset=start) for start in (0, 10, 20, 30)]
    assert [key for page in pages for key in page.keys] == list(whole.keys)
    assert [page.more for page in pages] == [True, True, True, False]
    facets = shop.search("red dress", k=2, facets=["gender"]).facets["gender"]
    assert dict(facets) == Counter(row["gender"] for row in whole)
    with pytest.raises(InvalidParameterValue, match="offset is -1"):
        shop.search("red", offset=-1)


# ---------------------------------------------------------------------- similar, and what goes with it
def test_similar_products_by_photo_text_and_both(shop: Workspace) -> None:
    for by, index in (("image", "vs_image_search"), ("text", "vs_text_search")):
        found = shop.similar_products(7, by=by, k=5)
        assert found.index.endswith(index) and len(found) == 5 and 7 not in found.keys
    assert shop.similar_products("7").index.endswith("vs_hybrid_search")
    with pytest.raises(InvalidParameterValue, match="by is 'smell'"):
        shop.similar_products(7, by="smell")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="products"):
        shop.similar_products(4711)
    with pytest.raises(NotFound, match="not in index"):
        shop.similar_products(NO_PHOTO, by="image")


def clothes(fresh: Workspace, folder: Path) -> Workspace:
    """The shop's products in two categories; half of each for men."""
    shop = built_shop(folder)
    table = shop.read_table("product_embeddings_multimodal")
    kinds = ["Topwear" if key % 4 < 2 else "Shoes" for key in table["product_id"].to_pylist()]
    place = table.schema.get_field_index("sub_category")
    changed = table.set_column(place, "sub_category", pa.array(kinds))
    shop.write_table("product_embeddings_multimodal", changed)
    shop.sync("main.fashion_demo.vs_hybrid_search")
    names = shop.read_table("products").column_names
    shop.write_table("main.fashion_demo.products", changed.select(names))
    return shop


def test_a_look_has_other_categories_in_the_same_style(fresh: Workspace, tmp_path: Path) -> None:
    shop = clothes(fresh, tmp_path)
    look = shop.complete_the_look(4, k=5)  # Topwear, men
    assert len(look.products) == 5 and look.category == "sub_category"
    assert {p["sub_category"] for p in look.products} == {"Shoes"}
    assert look.same == ["gender", "usage", "season"] and not look.is_co_liked
    assert {p["gender"] for p in look.products} == {"Men"}
    nearest = shop.similar_products(4, filters={"sub_category": "Shoes", "gender": "Men"}, k=5)
    assert look.keys == list(nearest.keys) and look.scores == sorted(look.scores)[::-1]
    wide = shop.complete_the_look(4, k=15)  # more than there are for men
    assert wide.same == [] and {p["gender"] for p in wide.products} == {"Men", "Women"}
    with pytest.raises(NotFound):
        shop.complete_the_look(4711)
    with pytest.raises(InvalidParameterValue, match="k is 0"):
        shop.complete_the_look(4, k=0)


def test_what_people_like_together_counts_as_much(fresh: Workspace, tmp_path: Path) -> None:
    shop = clothes(fresh, tmp_path)
    alone = shop.complete_the_look(4, k=10)
    last = alone.keys[-1]

    class Liking(Storefront):
        """A shop whose customers like the last one most, and one of the same category too."""

        def __init__(self) -> None:
            self.__dict__.update(shop.shop.storefront.__dict__)
            self.__dict__["_co_likes"] = {4: {last: 1.0, 8: 1.0, 4711: 1.0}}.__getitem__

    look = Liking().complete_the_look(4, k=10)
    assert look.keys[0] == last and look.is_co_liked and set(look.keys) == set(alone.keys)


def test_a_look_needs_categories(shop: Workspace) -> None:
    with pytest.raises(InvalidState, match="this catalogue has no column"):
        style_of({}, Catalogue("id", "title"))
    with pytest.raises(InvalidState, match="this product has none"):
        style_of({"sub_category": None}, FASHION)
    style = style_of({"kind": "shoe", "sex": "m", "when": None}, Catalogue(
        "id", "title", categories=("kind",), gender="sex", season="when"
    ))  # fmt: skip
    assert list(style.filters()) == [
        ({"sex": "m", "kind NOT": "shoe"}, ["sex"]),
        ({"kind NOT": "shoe"}, []),
    ]


def test_scores_and_turns() -> None:
    assert scored(["a", "b"], [0.0, 1.0], {}) == [("b", 1.0), ("a", 0.5)]
    assert scored(["a", "b"], [0.0, 1.0], {"a": 1.0}) == [("a", 0.75), ("b", 0.5)]
    pairs = [("a", 0.9), ("b", 0.8), ("c", 0.7), ("d", 0.6)]
    kinds = {"a": "belt", "b": "belt", "c": "shoe", "d": None}
    assert [key for key, _ in in_turns(pairs, kinds, 3)] == ["a", "c", "d"]
