"""The views are one design: what the styles of one do to another, as it is seen in a browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.browser import NARROW, WIDE, seen, served_page, skipped_headings

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.shop import page as the_page

STYLES = Path(the_page.__file__).parent / "static"


def box(page: Any, selector: str) -> dict[str, float]:
    found = page.locator(selector).first.bounding_box()
    assert found, selector
    return dict(found)


def parts(element: Any) -> tuple[int, ...]:
    """Red, green and blue behind an element."""
    colour = element.evaluate("each => getComputedStyle(each).backgroundColor")
    return tuple(map(int, re.findall(r"\d+", colour)[:3]))


def test_the_parts_of_a_query_stand_in_a_row_though_cards_have_parts_too(
    browser: Any, address: str
) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red&term=text:jeans:-0.5&term=product:3:0.5")
        chips = page.locator(".chip.term")
        heights = {round(chip.bounding_box()["height"]) for chip in chips.all()}
        tops = {round(chip.bounding_box()["y"]) for chip in chips.all()}
        assert len(tops) == 1 and max(heights) < 50
        assert box(page, ".by")["width"] < 400 and box(page, ".by")["x"] == box(page, ".ask")["x"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_does_not_light_up_on_the_map_is_near_the_ground(
    browser: Any, address: str, scheme: Any
) -> None:
    with seen(browser, address, scheme=scheme) as window:
        page = window.open("/map?colour=gender&value=Women")
        page.wait_for_selector("#map[data-ready]")
        ground = parts(page.locator("#map"))
        picture = Image.open(io.BytesIO(page.locator("#points").screenshot())).convert("RGB")
        there = {colour for _, colour in picture.getcolors(1 << 24) or []}
        for dot in page.locator("#legend a:not([aria-current]) .dot").all():
            pairs = zip(parts(dot), ground, strict=True)
            assert tuple(int(0.22 * a + 0.78 * b + 0.5) for a, b in pairs) in there


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_cards_side_by_side_are_no_taller_than_what_they_hold(
    browser: Any, address: str, size: Any
) -> None:
    with seen(browser, address, size) as window:
        page = window.open("/?q=red+jeans+3&by=both")
        some = page.locator("#side-words .card")
        assert 0 < some.count() < page.locator("#side-meaning .card").count()
        tall = max(c.bounding_box()["height"] for c in page.locator("#side-meaning .card").all())
        assert all(card.bounding_box()["height"] < tall + 60 for card in some.all())


VIEWS = [
    "/?q=red",
    "/?q=red&by=both",
    "/product/3",
    "/people",
    "/people/me",
    "/map",
    "/inside",
    "/inside/queries",
    "/nobody",
    "/inside/query?q=red",
    "/inside/latent",
    "/inside/validation",
    "/inside/failures",
]


@pytest.mark.parametrize("path", VIEWS)
def test_headings_of_a_view_leave_no_level_out(browser: Any, address: str, path: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(404)
        assert skipped_headings(window.open(path)) == []


LOOKS = """(each) => { const style = getComputedStyle(each);
    return [style.borderBottomWidth, style.borderBottomColor, style.backgroundColor, style.color,
            style.fontWeight, style.paddingTop, style.borderRadius]; }"""


def test_tabs_look_the_same_in_every_view(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        looks = []
        for path, which in (
            ("/inside", ".tabs [aria-current]"),
            ("/product/3", "#similar .tabs [aria-current]"),
            ("/page/as-code?q=red", ".tabs [aria-selected=true]"),
        ):
            looks.append(window.open(path).locator(which).evaluate(LOOKS))
        assert looks[0] == looks[1] == looks[2]


def rules(name: str) -> set[str]:
    """The selectors of a file's rules for every window."""
    text = re.sub(r"/\*.*?\*/", "", (STYLES / name).read_text("utf-8"), flags=re.S)
    text = re.sub(r"@[^{}]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    return {each.strip() for part in re.findall(r"([^{}]+)\{", text) for each in part.split(",")}


@pytest.mark.parametrize("name", ["search", "product", "people", "map", "inside", "as_code"])
def test_a_view_s_own_styles_leave_shared_rules_alone(name: str) -> None:
    shared = rules("page.css") | rules("card.css")
    assert rules(f"{name}.css") & shared <= {".vitrine", ".vitrine h3", "#found"}


def test_keys_lead_past_the_filters_to_the_products(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red")
        skip = page.get_by_text("Skip to the products")
        skip.focus()
        assert skip.bounding_box()["x"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('#found .card a')")
        assert page.locator("#found .card").count() > 0
        page.go_back()
        assert page.locator("#q").input_value() == "red"


def test_the_token_stands_apart_from_its_name(browser: Any, shop: Workspace) -> None:
    with (
        served_page(shop, Credentials("token", "client", "secret")) as url,
        seen(browser, url) as window,
    ):
        window.expected |= {401, 403}
        page = window.open()
        name, token = box(page, "label[for=token]"), box(page, "#token")
        assert token["x"] - name["x"] - name["width"] >= 6
