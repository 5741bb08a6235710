"""The views are one design: what the styles of one do to another, as it is seen in a browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.browser import NARROW, WIDE, seen

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
        there = {colour for _, colour in picture.getcolors(1 << 24)}
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
