"""How the columns of a product are shown: any type readable, links only where safe, roles first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pyarrow as pa
import pytest

from engine import Settings, Workspace
from engine.core.types import column_of
from engine.core.values import FarTime
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import read_address
from engine.shop.page.product.attributes import Attribute, attributes_of
from engine.shop.page.product.values import LONG, Shown, is_safe_link, shown_value

SHOP = Catalogue(
    "sku",
    "name",
    categories=("group", "kind"),
    color="colour",
    price="cost",
    year="since",
    currency="€",
)


@pytest.mark.parametrize(
    "value, form, text",
    [
        (None, "none", "not given"),
        ("", "none", "empty"),
        ("  \n", "none", "empty"),
        ("red", "text", "red"),
        (True, "text", "yes"),
        (2012, "text", "2012"),
        (-(2**80), "text", str(-(2**80))),
        (0.1, "number", "0.1"),
        (1e300, "number", "1e+300"),
        (float("nan"), "text", "not a number"),
        (float("-inf"), "text", "not a number"),
        (Decimal("1234567890123456789.10"), "number", "1234567890123456789.10"),
        (Decimal("NaN"), "text", "not a number"),
        (date(2024, 2, 29), "date", "2024-02-29"),
        (datetime(2024, 2, 29, 1, 2), "moment", "2024-02-29T01:02:00"),
        (
            datetime(2024, 2, 29, 1, 2, tzinfo=timezone.utc),
            "moment",
            "2024-02-29T01:02:00+00:00",
        ),
        (FarTime(10**7, "D"), "text", FarTime(10**7, "D").isoformat()),
        (time(1, 2), "text", "01:02:00"),
        (timedelta(days=1), "text", "1 day, 0:00:00"),
        (b"\x00\x01", "code", "2 bytes"),
        ({"a": [1, None]}, "code", '{"a": [1, null]}'),
        ([date(2024, 1, 1)], "code", '["2024-01-01"]'),
    ],
)
def test_a_value_of_any_type_can_be_read(value: Any, form: str, text: str) -> None:
    shown = shown_value(value)
    assert (shown.form, shown.text) == (form, text)


def test_a_long_text_is_folded_and_an_endless_one_is_cut() -> None:
    assert shown_value("x" * LONG).form == "text"
    assert shown_value("x" * (LONG + 1)).form == "long"
    assert shown_value("a\n" * 7).form == "long"
    assert len(shown_value("x" * 10**6).text) == 20_001


@pytest.mark.parametrize(
    "text, is_safe",
    [
        ("https://example.org/a?b=c#d", True),
        ("HTTP://EXAMPLE.ORG", True),
        ("https://example.org:8080/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("https:///path", False),
        ("https://shop@evil.example/", False),
        ("https://example.org:99999/", False),
        ("https://[broken/", False),
        ('https://example.org/"onclick="x', False),
        ("https://example.org/ and more", False),
        ("https://example.org/\njavascript:x", False),
        ("see https://example.org", False),
        ("//example.org/", False),
        ("https://" + "a" * 3000, False),
    ],
)
def test_only_a_plain_web_address_is_a_link(text: str, is_safe: bool) -> None:
    assert is_safe_link(text) is is_safe
    shown = shown_value(text)
    assert (shown.form == "link", shown.is_foreign) == (is_safe, is_safe)


def shown_attributes(
    product: dict[str, Any], catalogue: Catalogue = SHOP, **types: pa.DataType
) -> dict[str, Attribute]:
    known = {"since": pa.int32(), "cost": pa.float64(), **types}
    columns = {name: column_of(pa.field(name, known.get(name, pa.string()))) for name in product}
    return {each.column: each for each in attributes_of(product, catalogue, columns)}


def test_columns_with_a_role_come_first_and_lead_to_products_of_the_same() -> None:
    product = {
        "note": "soft",
        "image_path": "/Volumes/a/b/c/d.jpg",
        "cost": 20.0,
        "name": "A shirt",
        "sku": "s-1",
        "since": 2012,
        "colour": "Rust & Gold",
        "kind": "Shirts",
        "group": "Apparel",
    }
    found = shown_attributes(product)
    assert list(found) == [
        "group",
        "kind",
        "colour",
        "since",
        "cost",
        "sku",
        "note",
        "image_path",
    ]
    assert found["colour"].values == (Shown("text", "Rust & Gold", "/?is.colour=Rust+%26+Gold"),)
    assert found["since"].values[0].href == "/?is.since=2012"
    assert found["cost"].values[0].href == "/?from=18&to=22" and found["cost"].currency == "€"
    assert found["note"].values[0].href == "/?is.note=soft"
    assert found["sku"].values[0].href is None and found["image_path"].values[0].href is None
    assert found["kind"].role == "category" and found["note"].role is None


def test_a_catalogue_of_two_columns_is_enough() -> None:
    bare = replace(SHOP, categories=(), color=None, price=None, year=None, currency="")
    found = shown_attributes({"sku": 5, "name": None}, bare, sku=pa.int64())
    assert list(found) == ["sku"] and found["sku"].values == (Shown("text", "5"),)


@pytest.mark.parametrize("text", ["three\nlines", "http://user@evil.example/", "x" * 61])
def test_a_text_that_no_other_product_may_have_leads_nowhere(text: str) -> None:
    assert shown_attributes({"note": text})["note"].values[0].href is None
    assert shown_attributes({"colour": text})["colour"].values[0].href is not None


def test_a_list_is_shown_value_by_value() -> None:
    tags = pa.list_(pa.string())
    found = shown_attributes({"tags": ["new", "sale", None]}, tags=tags)["tags"].values
    assert [each.text for each in found] == ["new", "sale", "not given"]
    assert found[0].href == "/?is.tags=new" and found[2].href is None
    assert shown_attributes({"tags": []}, tags=tags)["tags"].values == (Shown("none", "empty"),)
    many = shown_attributes({"tags": ["x"] * 500}, tags=tags)["tags"].values
    assert len(many) == 201 and many[-1].text == "and 300 more"


@pytest.mark.parametrize("price", [None, float("nan"), 0.0, -5.0, "12"])
def test_an_odd_price_leads_nowhere(price: Any) -> None:
    kind = pa.string() if isinstance(price, str) else pa.float64()
    assert shown_attributes({"cost": price}, cost=kind)["cost"].values[0].href is None


def test_the_link_of_a_value_finds_products_that_have_it(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    table = pa.table(
        {
            "product_id": [1, 2],
            "product_display_name": ["a", "b"],
            "tags": [["new", "a+b"], ["sale"]],
            "sold": [True, False],
            "added": [date(2024, 1, 1), date(2024, 1, 2)],
        }
    )
    workspace.write_table("main.fashion_demo.products", table)
    overview = workspace.products_overview()
    product = workspace.get_product(1)
    links = [
        value.href
        for each in attributes_of(product, overview.catalogue, overview.columns)
        for value in each.values
        if value.href
    ]
    assert len(links) == 4
    for link in links:
        asked = read_address(parse_qsl(link.removeprefix("/?")))
        filters = asked.filters(overview.catalogue, overview.columns)
        assert workspace.list_products(filters=filters).keys == [1], link
