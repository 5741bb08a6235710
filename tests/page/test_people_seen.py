"""People in a browser: two that differ, likes that change a page, weights, two tabs, being forgotten."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from support.browser import (
    NARROW,
    WIDE,
    Arrivals,
    accessibility,
    overflow,
    seen,
    served_page,
    skipped_headings,
)
from support.storefront import built_shop

from engine import Workspace
from engine.shop.page.people.address import user_url
from engine.store.tables import changing

ONE, OTHER, ODD = "user_006327", "user_008828", "no/../😀//taste"
VIEWS = ("/people", f"/people/{ONE}", f"/people/{ONE}?with={OTHER}", "/people/me")
REASONS = ["vector", "cosine", "category", "colour", "price"]


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = built_shop(tmp_path_factory.mktemp("people"))
    made.build_users()
    made.add_interaction(ODD, 3, kind="dislike")
    return made


@pytest.fixture(scope="module")
def shown(people: Workspace) -> Iterator[str]:
    with served_page(people) as url:
        yield url


def expect(found: Any) -> Any:
    """Waits until what is said of an element holds."""
    from playwright.sync_api import expect as expected

    return expected(found)


def keys(page: Any) -> list[str]:
    """What is recommended, in its order."""
    return [str(key) for key in page.locator("#recommended .card .key").all_inner_texts()]


def slider(page: Any, name: str) -> Any:
    """One of the sliders of what recommendations weigh."""
    return page.get_by_role("slider", name=name, exact=True)


def press(page: Any, place: int = 0) -> str:
    """Press the heart of a recommended product, and wait until it counts; answers its key."""
    likes = int(page.locator("#me span").inner_text())
    key = keys(page)[place]
    page.locator("#recommended .heart").nth(place).click()
    expect(page.locator("#me span")).to_have_text(str(likes + 1))
    return key


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_people_are_for_everybody(browser: Any, shown: str, size: Any, scheme: Any) -> None:
    with seen(browser, shown, size, scheme) as window:
        for path in VIEWS:
            page = window.open(path)
            assert accessibility(page) == [], path
            assert overflow(page) == 0, path
            assert skipped_headings(page) == []
        page = window.open(f"/people/{ONE}")
        press(page)
        page = window.open("/people/me")
        page.get_by_text("Forget me", exact=True).click()
        assert accessibility(page) == [] and overflow(page) == 0


def test_two_personas_differ_and_say_why(browser: Any, shown: str, people: Workspace) -> None:
    with seen(browser, shown) as window:
        page = window.open("/people")
        page.get_by_role("link", name="Budget-Conscious Shopper").first.click()
        page.wait_for_url(f"**/people/{ONE}")
        one, text = keys(page), page.locator("main").inner_text()
        card = page.locator("#recommended .card").first
        assert card.locator("dt").all_inner_texts() == REASONS
        assert people.recommend(ONE, k=1).items[0].why in card.inner_text()
        page.get_by_label("Beside another").select_option(label="Luxury Fashionista")
        page.get_by_role("button", name="Compare").click()
        page.wait_for_url(f"**/people/{ONE}?with={OTHER}")
        sides = page.locator(".side")
        assert sides.count() == 2 and "Median price" in sides.nth(1).inner_text()
        left, right = (sides.nth(place).bounding_box() for place in (0, 1))
        assert left["y"] == right["y"] and left["x"] < right["x"]
        sides.nth(1).get_by_role("link", name="Luxury Fashionista").click()
        page.wait_for_url(f"**/people/{OTHER}")
        assert keys(page) != one and page.locator("main").inner_text() != text


def test_at_360_pixels_two_people_stand_one_under_the_other(browser: Any, shown: str) -> None:
    with seen(browser, shown, NARROW) as window:
        sides = window.open(f"/people/{ONE}?with={OTHER}").locator(".side")
        upper, lower = (sides.nth(place).bounding_box() for place in (0, 1))
        assert upper["x"] == lower["x"] and upper["y"] + upper["height"] <= lower["y"]


def test_likes_change_the_visitors_page_at_once_and_stay(browser: Any, shown: str) -> None:
    with seen(browser, shown) as window:
        page = window.open(f"/people/{OTHER}")
        first = press(page, 0)
        heart = page.locator("#recommended .heart").first
        expect(heart).to_have_attribute("aria-pressed", "true")
        expect(heart).to_be_focused()
        page.locator("#me").click()
        page.wait_for_url("**/people/me")
        before = keys(page)
        assert first not in before and page.locator(".deed").count() == 1
        liked = press(page, len(before) - 1)
        expect(page.locator(".deed")).to_have_count(2)
        same = re.compile(f"^{liked}$")
        expect(page.locator("#recommended .key").filter(has_text=same)).to_have_count(0)
        after = keys(page)
        assert [key for key in before if key in after] != [key for key in after if key in before]
        window.arrivals.reload()
        assert keys(page) == after, "a reload shows the same"
        page.locator(".deed .heart").first.click()
        expect(page.locator(".deed")).to_have_count(1)
        expect(page.locator("#me span")).to_have_text("1")
        assert keys(page) == before, "as if it had never been"


def test_a_like_in_one_tab_is_seen_in_the_others(browser: Any, shown: str) -> None:
    with seen(browser, shown) as window:
        page = window.open(f"/people/{ONE}")
        other = page.context.new_page()
        Arrivals(other).goto(f"{shown}/people/{ONE}")
        press(page, 1)
        expect(other.locator("#recommended .heart").nth(1)).to_have_attribute(
            "aria-pressed", "true"
        )
        expect(other.locator("#me span")).to_have_text("1")
        press(other, 2)
        expect(page.locator("#me span")).to_have_text("2")
        other.close()


def test_weights_change_the_order_and_stand_in_the_address(
    browser: Any, shown: str, people: Workspace
) -> None:
    with seen(browser, shown) as window:
        page = window.open(f"/people/{ONE}")
        usual = keys(page)
        slider(page, "Vector").fill("0")
        slider(page, "Colour").fill("3")
        slider(page, "Category").fill("0")
        page.wait_for_url(f"**/people/{ONE}?vector=0&category=0&color=3")
        expected = people.recommend(ONE, k=24, vector_weight=0, category_weight=0, color_weight=3)
        assert keys(page) == [str(item.key) for item in expected.items] != usual
        assert page.title() == "Budget-Conscious Shopper · vitrine"
        window.arrivals.reload()
        assert keys(page) == [str(item.key) for item in expected.items]
        assert slider(page, "Colour").input_value() == "3"
        slider(page, "Price").fill("0")
        slider(page, "Colour").fill("0")
        window.expected.add(400)
        expect(
            page.get_by_role("alert").filter(has_text="Every rule's weight is 0")
        ).to_be_visible()
        page.get_by_role("link", name="Reset").click()
        page.wait_for_url(f"**/people/{ONE}")
        assert keys(page) == usual


def test_an_odd_user_is_found_by_typing_and_weighed_too(browser: Any, shown: str) -> None:
    with seen(browser, shown) as window:
        page = window.open("/people")
        page.get_by_role("searchbox").fill("😀//")
        page.get_by_role("link", name=ODD).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(ODD)
        page.get_by_label("Variety").fill("0.5")
        page.wait_for_url("**/people/?id=*&diversity=0.5")
        window.arrivals.reload()
        assert page.get_by_label("Variety").input_value() == "0.5"
        page.get_by_role("button", name="Compare").click()
        expect(page.locator(".side")).to_have_count(2)


def test_what_is_earlier_comes_when_asked_for(browser: Any, shown: str) -> None:
    with seen(browser, shown) as window:
        page = window.open(f"/people/{ONE}")
        assert page.locator(".deed").count() == 10
        page.get_by_role("link", name="Earlier").click()
        expect(page.locator(".deed")).not_to_have_count(10)
        assert page.url.endswith(ONE)


def test_a_visitor_is_forgotten(browser: Any, shown: str, people: Workspace) -> None:
    with seen(browser, shown) as window:
        page = window.open(f"/people/{ONE}")
        press(page)
        before = people.list_users().total
        page.locator("#me").click()
        page.get_by_text("Forget me", exact=True).click()
        page.get_by_role("button", name="Forget me now").click()
        expect(page.locator("main")).to_contain_text("Nothing is known of you yet")
        expect(page.locator("#me span")).to_have_text("0")
        assert people.list_users().total == before - 1


def test_without_scripts_hearts_and_sliders_are_forms(browser: Any, shown: str) -> None:
    with seen(browser, shown, java_script_enabled=False) as window:
        page = window.open(f"/people/{ONE}?color=2")
        key = keys(page)[0]
        page.locator("#recommended .heart").first.click()
        page.wait_for_url(f"**/people/{ONE}?color=2")
        assert page.locator("#me span").inner_text() == "1" and keys(page)[0] == key
        assert page.locator("#recommended .heart").first.get_attribute("aria-pressed") == "true"
        page.get_by_role("button", name="Show").click()
        assert "color=2" in page.url
        page = window.open(user_url(ODD))
        page.get_by_role("link", name="More").click()
        assert "offset=24" in page.url and keys(page)


def test_a_workspace_that_can_not_be_written_says_so_at_the_heart(
    browser: Any, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with seen(browser, shown) as window:
        page = window.open(f"/people/{ONE}")
        window.expected.add(500)
        card = page.locator("#recommended .card").first
        with monkeypatch.context() as patched:
            patched.setattr(changing, "sync_file", full)
            card.locator(".heart").click()
            expect(card.get_by_role("alert")).to_contain_text("space")
        expect(card.locator(".heart")).to_have_attribute("aria-pressed", "false")
        press(page)
        expect(card.get_by_role("alert")).to_have_count(0)
