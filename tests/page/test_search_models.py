"""What the search view makes of a query, without a browser: addresses, swatches, chips, facets."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from engine import Settings, Workspace
from engine.core.types import column_of
from engine.doors.http.page.warming import Warming
from engine.errors import InvalidParameterValue
from engine.shop.browsing.rows import ProductRows
from engine.shop.catalogue.catalogue import FASHION
from engine.shop.page.address import Asked, read_address
from engine.shop.page.search.parts import added_part, filter_chips, steered, term_chips
from engine.shop.page.search.view import more_products, search_view
from engine.shop.page.swatches import MANY, swatch_of
from engine.shop.search.terms import Term


@pytest.mark.parametrize(
    ("name", "color"),
    [
        ("Black", "#111111"),
        ("Navy Blue", "#1b2a4e"),
        ("  RED ", "#c62828"),
        ("Washed Red", "#c62828"),
        ("rot", "#c62828"),
        ("dunkelgrün", "#2e7d32"),
        ("azul", "#1f4fa3"),
        ("Multi", MANY),
        ("red, green and blue", MANY),
        ("#a1b2c3", "#a1b2c3"),
        ("Sunset Vibes", None),
        ("", None),
        ("\0", None),
    ],
)
def test_a_word_for_a_colour_has_a_swatch(name: str, color: str | None) -> None:
    assert swatch_of(name) == color


VALUES: dict[str, pa.Array] = {
    "price": pa.array([Decimal("0.35"), Decimal("19.99")], pa.decimal128(10, 2)),
    "exact": pa.array([Decimal(f"{10**19}.123456789"), Decimal(-1)], pa.decimal128(38, 9)),
    "weight": pa.array([19.99, 0.1], pa.float32()),
    "half": pa.array([np.float16(19.99), np.float16(0.1)], pa.float16()),
    "count": pa.array([2**53 + 1, -(2**63)]),
    "large": pa.array([2**64 - 1, 0], pa.uint64()),
    "day": pa.array([2_932_897, 19_723], pa.int32()).view(pa.date32()),
    "at": pa.array([253402318799 * 10**6, 0], pa.int64()).view(pa.timestamp("us")),
    "sold": pa.array([True, False]),
    "title": pa.array(["it's 100%", "1e2"]),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_a_page_shows_is_one_to_choose(name: str) -> None:
    table = pa.table({"id": [0, 1], name: VALUES[name]})
    rows = ProductRows("t", table, replace(FASHION, key="id", price=None))
    for place, (value, _) in enumerate(rows.facets([name], np.array([0]))[name]):
        asked = read_address([(f"is.{name}", str(value))])
        filters = asked.filters(rows.catalogue, rows.columns)
        assert rows.matching(json.loads(json.dumps(filters))).tolist() == [place]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("price", text) for text in ("1_0", "１０", "nan", "inf", "1,5", "x")],
        *[("count", text) for text in ("1_0", "1.5", "9" * 5000, "0x10")],
        *[("day", text) for text in ("20240131", "2024-W05-3", "10000-01-01", "2024-01-31T01:00")],
        *[("at", text) for text in ("1704067200", "20240131", "soon")],
        ("sold", "1"),
    ],
)
def test_a_value_of_an_address_that_is_none_of_its_kind_is_refused(name: str, text: str) -> None:
    columns = {name: column_of(pa.field(name, VALUES[name].type))}
    with pytest.raises(InvalidParameterValue, match=f"is.{name} is .*; expected a value of kind"):
        read_address([(f"is.{name}", text)]).filters(FASHION, columns)


def test_a_part_is_added_by_a_form() -> None:
    items = [("q", "dress"), ("add", " short: sleeves "), ("as", "text"), ("weight", "-0.7")]
    term, rest = added_part(items)
    assert term == Term("text", "short: sleeves", -0.7) and rest == [("q", "dress")]
    assert read_address(read_address(rest).with_term(term).items()).terms == (term,)
    assert added_part([("q", "a"), ("add", "  "), ("weight", "x")]) == (None, [("q", "a")])
    assert added_part([("add", "a")])[0] == Term("text", "a", 0.5)
    assert added_part([("add", "formal"), ("as", "direction")])[0] == Term(
        "direction", "formal", 0.3
    )
    for bad in ([("as", "image")], [("weight", "much")], [("weight", "nan")], [("weight", "1e99")]):
        with pytest.raises(InvalidParameterValue):
            added_part([("add", "a"), *bad])


def test_chips_lead_to_the_query_without_them() -> None:
    asked = Asked("a", terms=(Term("text", "b", 0.5), Term("product", "7", -0.5)), least=3.0)
    asked = asked.with_choice("gender", "Women").with_choice("gender", "Men")
    chips = term_chips(asked, {"7": "Black Shoe"})
    assert [(chip.value, chip.weight) for chip in chips] == [("b", 0.5), ("Black Shoe", -0.5)]
    assert "term=text" not in chips[0].url and "term=product%3A7%3A0.5" in chips[1].opposite
    filters = filter_chips(asked, FASHION)
    assert [(chip.title, chip.value) for chip in filters] == [
        ("Gender", "Women"),
        ("Gender", "Men"),
        ("Price", "from 3"),
    ]
    assert "Women" not in filters[0].url and "Men" in filters[0].url
    assert "from=" not in filters[2].url


def test_a_query_is_led_to_a_product_once() -> None:
    asked = Asked("a", terms=(Term("product", "7", 0.5),))
    assert steered(asked, 7, -0.5) == "/?q=a&term=product%3A7%3A-0.5"


def test_numbers_of_an_address_keep_their_digits() -> None:
    given = [
        ("q", "a"),
        ("photo", "0" * 32),
        ("share", "0.12345678"),
        ("term", "text:b:-0.1234567"),
    ]
    asked = read_address([*given, ("from", "1234567.89"), ("to", "98765432100")])
    assert read_address(asked.items()) == asked
    assert asked.url().endswith("from=1234567.89&to=98765432100")
    (chip,) = filter_chips(asked, FASHION)
    assert chip.value == "1234567.89 to 98765432100"


@pytest.mark.parametrize("by", ["words", "meaning"])
def test_numbers_beside_values_count_what_is_found_though_a_product_is_a_part(
    shop: Workspace, by: Any
) -> None:
    overview = shop.products_overview()
    asked = Asked("jeans", by=by)
    listed = search_view(shop.shop, overview, asked, 0).found.cards
    asked = asked.with_term(Term("product", listed[0].key, 0.5))
    view = search_view(shop.shop, overview, asked, 0)
    assert view.facets
    for facet in view.facets:
        for value in facet.values:
            chosen = search_view(
                shop.shop, overview, asked.with_choice(facet.column, value.text), 0
            )
            assert len(chosen.found.cards) == min(value.count, 24), (facet.column, value)


def test_without_words_a_photo_is_searched_by_meaning_whatever_was_chosen() -> None:
    asked = Asked(by="words", photo="0" * 32, terms=(Term("text", "b", 0.5),))
    request = asked.request(b"photo")
    assert not request.keyword and [each.kind for each in request.compose or ()] == [
        "image",
        "text",
    ]


ODD = '''ref,name,tint,jahr
a b,Ein Schuh,rot,2020
é/1,,dunkelblau,
"""x""",<b>Drei</b>,,2021
d, ,rot,2021
e,Fünf," ",2019
'''


def test_any_catalogue_shows_what_it_has_and_nothing_else(tmp_path: Path) -> None:
    shop = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    (tmp_path / "odd.csv").write_text(ODD)
    means = {"id": "ref", "title": "name", "color": "tint", "year": "jahr"}
    shop.build(tmp_path / "odd.csv", catalogue=means, text_index="all")
    overview = shop.products_overview()
    view = search_view(shop.shop, overview, Asked(), 0)
    assert view.prices is None and [facet.title for facet in view.facets] == ["Colour", "Year"]
    tints, years = view.facets
    assert [(v.text, v.count, v.swatch) for v in tints.values] == [
        ("rot", 2, "#c62828"),
        ("dunkelblau", 1, "#1b2a4e"),
    ]
    assert [v.text for v in years.values] == ["2021", "2020", "2019"]
    assert {card.key for card in view.found.cards} == {"a b", "é/1", '"x"', "d", "e"}
    asked = Asked(chosen={"jahr": ("2021",), "tint": ("rot",)})
    assert [card.key for card in search_view(shop.shop, overview, asked, 0).found.cards] == ["d"]
    found = search_view(shop.shop, overview, Asked("Schuh"), 0)
    assert found.found.cards and found.found.heading.startswith(f"{len(found.found.cards)} product")


def test_pages_hold_each_product_once(shop: Workspace) -> None:
    overview = shop.products_overview()
    view = search_view(shop.shop, overview, Asked(), 0)
    assert [facet.title for facet in view.facets][:2] == ["Category", "Kind"]
    assert view.prices is not None and len(view.found.cards) == 24
    assert [card.is_eager for card in view.found.cards] == [True] * 6 + [False] * 18  # a first row
    rest = more_products(shop.shop, overview, Asked(), 24)
    assert not any(card.is_eager for card in rest.cards)
    assert len(rest.cards) == 16 and rest.next_url is None and "That is all: 40" in rest.end
    keys = [card.key for card in (*view.found.cards, *rest.cards)]
    assert len(set(keys)) == 40


@pytest.mark.parametrize("by", ["meaning", "words", "both"])
def test_by_is_nothing_without_words(shop: Workspace, by: Any) -> None:
    view = search_view(shop.shop, shop.products_overview(), Asked(by=by), 0)
    assert view.found.heading == "40 products" and view.beside is None and view.asked.by == by


def test_side_by_side_says_what_is_in_both(shop: Workspace) -> None:
    view = search_view(shop.shop, shop.products_overview(), Asked("Red Jeans", by="both"), 0)
    assert view.beside is not None
    words = {card.key for card in view.found.cards}
    marked = {card.key for card in view.beside.cards if card.why}
    assert words and marked == words & {card.key for card in view.beside.cards}
    elements = [card.element for card in (*view.found.cards, *view.beside.cards)]
    assert len(set(elements)) == len(elements)


def test_nothing_found_says_what_frees_how_many(shop: Workspace) -> None:
    asked = Asked("Red Jeans", by="words", chosen={"gender": ("Women",)}, least=1e6)
    view = search_view(shop.shop, shop.products_overview(), asked, 0)
    assert not view.found.cards
    for looser in view.loosen:
        if looser.count is not None:
            again = read_address([("q", "Red Jeans"), ("by", "words"), ("is.gender", "Women")])
            found = search_view(shop.shop, shop.products_overview(), again, 0).found
            assert looser.label == "Without the price range"
            assert found.heading.startswith(f"{looser.count} product")
    assert view.loosen[-1].label.startswith("By meaning")


def test_what_the_first_search_needs_is_loaded_once_and_beside(shop: Workspace) -> None:
    def running() -> int:
        return sum(thread.name == "warming" for thread in threading.enumerate())

    before, warming = running(), Warming(shop)
    for _ in range(5):
        warming.start()
    assert running() <= before + 1
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join()


def test_an_empty_workspace_is_warmed_without_a_word(tmp_path: Path) -> None:
    warming = Warming(Workspace(settings=Settings(tmp_path / "ws", encoder="hashed")))
    warming.start()
    for thread in threading.enumerate():
        if thread.name == "warming":
            thread.join()


@pytest.mark.parametrize(
    "query", ["photo=" + "0" * 32, "is.shade=x", "from=a", "term=user:nobody:1"]
)
def test_what_can_t_be_asked_keeps_the_query(address: str, query: str) -> None:
    reply = httpx.get(f"{address}/?q=red&{query}", trust_env=False)
    part = httpx.get(f"{address}/?q=red&{query}", trust_env=False, headers={"HX-Request": "true"})
    assert reply.status_code == part.status_code and reply.status_code in (400, 404)
    assert 'role="alert"' in part.text and "<!doctype" not in part.text
    if not query.startswith("from"):  # an address of another form holds no query
        assert 'value="red"' in reply.text


@pytest.mark.parametrize("price", [1234567.89, 0.015, 1500000.0, 25.0])
def test_a_large_price_keeps_its_digits_in_the_address_and_on_the_chip(price: float) -> None:
    asked = Asked(least=price)
    text = asked.url().partition("from=")[2]
    assert float(text) == price and "e" not in text
    chips = filter_chips(asked, FASHION)
    assert [chip.value for chip in chips] == [f"from {text}"]


@pytest.mark.parametrize("query", ["photo=" + "0" * 32, "term=user:nobody:1"])
def test_filters_stay_chosen_in_the_form_of_a_query_that_can_t_be_asked(
    address: str, query: str
) -> None:
    reply = httpx.get(f"{address}/?q=red&is.gender=Women&from=3.5&{query}", trust_env=False)
    assert reply.status_code == 404
    assert 'name="is.gender" value="Women" checked' in reply.text
    assert re.search('name="from"[^>]*value="3.5"', reply.text)
