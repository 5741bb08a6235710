"""The view of a product, in a browser: photo, columns, similar ones, the look, tags, and the ways on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from support.browser import NARROW, WIDE, accessibility, overflow, seen, served_page
from support.catalogue import write_catalogue
from support.storefront import NO_PHOTO, PRODUCTS, TURNED

from engine import Settings, Workspace

NAME = "Brand Women Red Watches Long Name Long Name Long Name No 3"
BROKEN, GONE, ANIMATED, HUGE, UNINDEXED = 4, 5, 6, 7, 99


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A shop with photos that are odd, and a product that no index has."""
    folder = tmp_path_factory.mktemp("odd")
    given = write_catalogue(folder / "given", 12)
    (given.images / f"{ANIMATED}.jpg").write_bytes(animated())
    Image.fromarray(np.zeros((4000, 3000, 3), np.uint8)).save(given.images / f"{HUGE}.jpg")
    workspace = Workspace(settings=Settings(folder / "ws", encoder="hashed"))
    workspace.build(given.styles, given.images)
    (given.images / f"{BROKEN}.jpg").write_bytes(b"no picture")
    (given.images / f"{GONE}.jpg").unlink()
    table = workspace.read_table("main.fashion_demo.products")
    row = {**table.slice(0, 1).to_pylist()[0], "product_id": UNINDEXED}
    more = pa.Table.from_pylist([row], schema=table.schema)
    workspace.write_table("main.fashion_demo.products", pa.concat_tables([table, more]))
    with served_page(workspace) as url:
        yield url


def animated() -> bytes:

    buffer = io.BytesIO()
    first, second = Image.new("RGB", (40, 60), "red"), Image.new("RGB", (40, 60), "blue")
    first.save(buffer, "GIF", save_all=True, append_images=[second], duration=100, loop=0)
    return buffer.getvalue()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(
    "path",
    [
        "/product/3?found=%3Fq%3Dred",
        f"/product/{NO_PHOTO}",
        "/product/none",
        "/page/product/tags/3",
        "/page/product/look/3",
        "/page/product/similar/3?similar=photo",
    ],
)
def test_the_view_is_for_everybody(
    browser: Any, address: str, path: str, size: Any, scheme: Any
) -> None:
    with seen(browser, address, size, scheme) as window:
        window.expected.add(404)
        page = window.open(path)
        assert accessibility(page) == []
        assert overflow(page) == 0
        assert page.locator("h1").count() == 1


def test_a_product_is_shown_with_all_that_is_known_of_it(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/product/3")
        assert page.title() == f"{NAME} · vitrine"
        assert page.get_by_role("heading", level=1).inner_text() == NAME
        assert page.get_by_role("img", name=NAME).evaluate("one => one.decode()") is None
        said = page.locator(".attributes").inner_text()
        for label in ("article type", "base color", "gender", "season", "year", "product id"):
            assert label in said.lower()
        assert page.locator("#similar .card").count() == 12
        look = page.locator("#look").inner_text()
        assert "Of another" in look or "No product of another" in look
        tags = page.locator("#tags").inner_text()
        assert "formal" in tags and "hashed" in tags and "Temperature" in tags
        page.get_by_role("link", name="Red", exact=True).first.click()
        page.wait_for_url("**/?is.base_color=Red")


def test_shares_of_tags_are_probabilities(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/page/product/tags/3")
        shares = page.locator("section[aria-label=style] .share").all_inner_texts()
        widths = page.locator("section[aria-label=style] rect:not(.all)").evaluate_all(
            "bars => bars.map(bar => bar.width.baseVal.value)"
        )
        assert len(shares) == 4 and sum(widths) == pytest.approx(100, abs=0.1)
        assert [float(text.split()[0]) for text in shares] == pytest.approx(widths, abs=0.51)
        assert page.locator("section[aria-label='article type'] .said").count() == 1


def test_each_way_to_be_alike_has_its_address(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/product/3")
        both = page.locator("#similar .key").all_inner_texts()
        page.get_by_role("link", name="By photo").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/product/3?similar=photo#similar")
        current = page.locator(".tabs [aria-current]")
        assert current.inner_text() == "By photo" and page.title() == f"{NAME} · vitrine"
        photo = page.locator("#similar .key").all_inner_texts()
        assert photo != both
        window.arrivals.reload()
        assert page.locator("#similar .key").all_inner_texts() == photo
        page.go_back()
        page.wait_for_function(
            "() => document.querySelector('.tabs [aria-current]').text == 'By both'"
        )
        assert page.locator("#similar .key").all_inner_texts() == both


def test_more_similar_ones_come_and_the_focus_goes_on_to_them(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/product/3?similar=text")
        for shown in (24, 36, PRODUCTS - 2):  # itself, and one that the index lacks
            page.locator("#similar .next a").focus()
            page.keyboard.press("Enter")
            page.wait_for_function(
                "count => document.querySelectorAll('#similar .card').length == count", arg=shown
            )
            place = page.evaluate(
                "[...document.querySelectorAll('#similar .card')].findIndex("
                "card => card.contains(document.activeElement))"
            )
            assert place == (shown - 1) // 12 * 12
        assert page.locator("#similar .next").count() == 0
        ranks = page.locator("#similar .rank").all_inner_texts()
        assert ranks == [str(number) for number in range(1, PRODUCTS - 1)]


def test_the_photo_is_seen_in_full(browser: Any, odd: str) -> None:
    with seen(browser, odd) as window:
        window.expected.add(404)  # of others, beside it
        page = window.open(f"/product/{HUGE}")
        small = page.locator(".product img").evaluate("one => one.naturalHeight")
        assert small == 1024
        page.locator("[data-zoom]").press("Enter")
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("3,000 × 4,000 pixels").wait_for()
        assert page.evaluate("document.activeElement.textContent") == "Close"
        page.keyboard.press("Escape")
        assert not dialog.is_visible()
        assert page.evaluate("'zoom' in document.activeElement.dataset")


def test_photos_stand_upright_and_move_only_in_full(browser: Any, address: str, odd: str) -> None:
    with seen(browser, address) as window:
        page = window.open(f"/product/{TURNED}")
        sides = "one => [one.naturalWidth, one.naturalHeight]"
        assert page.locator(".product img").evaluate(sides) == [30, 60]
    with httpx.Client(timeout=60, base_url=odd, trust_env=False) as client:
        small = client.get(f"/page/photos/{ANIMATED}?size=1024")
        assert small.headers["content-type"] == "image/jpeg"
        assert client.get(f"/page/photos/{ANIMATED}").headers["content-type"] == "image/gif"


@pytest.mark.parametrize(
    "key, why", [(BROKEN, "can't be shown"), (GONE, "can't be shown")], ids=["broken", "gone"]
)
def test_a_photo_that_cannot_be_shown_says_why(browser: Any, odd: str, key: int, why: str) -> None:
    with seen(browser, odd) as window:
        window.expected.add(404)
        page = window.open(f"/product/{key}")
        none = page.locator(".product .none")
        none.wait_for()
        assert f"The photo of product '{key}' {why}" in none.inner_text()
        assert page.locator("#tags .bars").count() > 0  # its vector is from before
        window.open("/")
        page.get_by_text("photo can't be shown").first.wait_for()
        assert page.locator(".card .none").count() == 2


def test_a_product_without_a_photo_says_so_where_it_matters(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(404)
        page = window.open(f"/product/{NO_PHOTO}?similar=photo")
        assert "no file at" in page.locator(".product .none").inner_text()
        for part in ("#similar", "#tags"):
            assert f"{NO_PHOTO}" in page.locator(f"{part} .notice").inner_text()


def test_a_product_that_no_index_has_is_shown_all_the_same(browser: Any, odd: str) -> None:
    with seen(browser, odd) as window:
        page = window.open(f"/product/{UNINDEXED}")
        assert str(UNINDEXED) in page.locator(".attributes").inner_text()
        for part in ("#similar", "#look", "#tags"):
            assert str(UNINDEXED) in page.locator(f"{part} .notice").inner_text()


def test_the_way_through_a_search_and_back(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red&by=words")
        names = page.locator(".card .name").all_inner_texts()
        page.locator(".card a.to").nth(1).click()
        page.locator(".steps [rel=next]").click()
        page.wait_for_url("**found=*")
        assert page.get_by_role("heading", level=1).inner_text() == names[2]
        page.locator(".steps [rel=prev]").click()
        page.wait_for_function(
            "name => document.querySelector('h1').innerText == name", arg=names[1]
        )
        page.locator(".steps [rel=prev]").click()
        page.wait_for_function(
            "name => document.querySelector('h1').innerText == name", arg=names[0]
        )
        page.locator(".steps [rel=next]").wait_for()
        assert page.locator(".steps [rel=prev]").count() == 0
        page.get_by_role("link", name="Back to the results").click()
        page.wait_for_url("**/?q=red&by=words")


def test_more_and_less_of_a_product_join_the_search(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/product/3?found=%3Fq%3Dred%26is.gender%3DMen%26term%3Dproduct%3A3%3A1")
        page.get_by_role("link", name="Less like this").click()
        page.wait_for_url("**/?q=red&term=product%3A3%3A-0.5&is.gender=Men")
        assert page.locator(".card").count() > 0
        page.goto(f"{address}/product/3")
        page.get_by_role("link", name="More like this").click()
        page.wait_for_url("**/?term=product%3A3%3A1")
        assert page.locator(".card").count() > 0
        assert "3" not in page.locator(".card .key").all_inner_texts()


def test_everything_is_a_link_without_scripts(browser: Any, address: str) -> None:
    with seen(browser, address, java_script_enabled=False) as window:
        page = window.open("/product/3")
        assert page.locator("#similar .card").count() == 12
        page.get_by_role("link", name="By text").click()
        assert page.locator(".tabs [aria-current]").inner_text() == "By text"
        page.locator("#similar .next a").click()
        assert page.locator("#similar .rank").first.inner_text() == "13"
        page.go_back()
        page.locator("#tags a").click()
        assert page.locator(".bars").count() > 1
        page.get_by_role("link", name=NAME).click()
        page.locator("#look a").click()
        page.get_by_role("link", name=NAME).click()
        assert page.locator("h1").inner_text() == NAME


@pytest.mark.parametrize("given, near", [("41", "40"), ("Watches", "Watches"), ("3x", "3")])
def test_a_product_that_is_not_there_suggests_others(
    browser: Any, address: str, given: str, near: str
) -> None:
    with seen(browser, address) as window:
        window.expected.add(404)
        page = window.open(f"/product/{given}")
        assert "There is no such product" in page.get_by_role("alert").inner_text()
        assert near in page.locator(".card").first.inner_text()
        page.get_by_role("button", name="Search").click()
        page.wait_for_url(f"**/?q={given}")


@pytest.mark.parametrize("path", ["/product/3?similar=sound", "/page/product/similar/3?offset=-1"])
def test_what_cannot_be_asked_is_said(address: str, path: str) -> None:
    reply = httpx.get(f"{address}{path}", trust_env=False)
    assert reply.status_code == 400 and "expected" in reply.text
