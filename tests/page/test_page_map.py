"""The map in a browser: seen, moved, coloured, searched, drawn on; by pointer, touch and keys."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image
from support.browser import NARROW, WIDE, accessibility, overflow, seen, served_page
from support.storefront import built_shop

from engine import Settings, Workspace

# A browser without a graphics card says that it has one.
HAS_CARD = """
const asked = WebGL2RenderingContext.prototype.getExtension;
WebGL2RenderingContext.prototype.getExtension = function (name) {
  return name === "WEBGL_debug_renderer_info" ? null : asked.call(this, name);
};
"""


def opened(window: Any, path: str = "/map") -> Any:
    """The map's page, once its points are painted."""
    page = window.open(path)
    page.wait_for_selector("#map[data-ready]")
    return page


def centre(page: Any) -> tuple[float, float, float, float]:
    """The middle of the map on the screen, and half its width and height."""
    box = page.locator("#points").bounding_box()
    half, high = box["width"] / 2, box["height"] / 2
    return box["x"] + half, box["y"] + high, half, high


def heading(page: Any) -> str:
    return str(page.locator("#found h2").inner_text())


def query_of(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def place(page: Any, row: int) -> tuple[float, float]:
    """Where a row's point is on the screen."""
    x, y = page.evaluate(
        """async (row) => {
          const { scene } = await import(document.querySelector('script[src*="map/view.js"]').src);
          const box = scene.canvas.getBoundingClientRect();
          const [x, y] = scene.toScreen([scene.x[row], scene.y[row]]);
          return [x + box.left, y + box.top];
        }""",
        row,
    )
    return x, y


def painted(page: Any) -> Any:
    """(h, w) which pixels of the map have a colour."""
    page.locator("#map-state").evaluate("each => each.hidden = true")
    shot = Image.open(io.BytesIO(page.locator("#points").screenshot())).convert("HSV")
    return np.asarray(shot)[..., 1] > 70


def settled(page: Any) -> Any:
    """What is painted, once it does not change any more."""
    last = painted(page)
    for _ in range(20):
        page.wait_for_timeout(300)
        before, last = last, painted(page)
        if last.any() and (last == before).all():
            break
    return last


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", ["/map?colour=base_color&q=shirt", "/map"])
def test_the_map_is_for_everybody(
    browser: Any, address: str, path: str, size: Any, scheme: Any
) -> None:
    with seen(browser, address, size, scheme) as window:
        page = opened(window, path)
        assert accessibility(page) == []
        assert overflow(page) == 0


def test_points_are_painted_in_the_legends_colours(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        assert page.get_attribute("#map", "data-painter") == "canvas"
        legend = page.locator("#legend a")
        colours = legend.evaluate_all(
            "all => all.map(each => getComputedStyle(each.querySelector('.dot')).backgroundColor)"
        )
        picture = Image.open(io.BytesIO(page.locator("#points").screenshot())).convert("RGB")
        there = {colour for _, colour in picture.getcolors(1 << 24)}
        for colour in colours:
            assert tuple(map(int, re.findall(r"\d+", colour))) in there
        counts = [int(each.get_attribute("value")) for each in page.locator("#legend data").all()]
        assert sum(counts) == 39
        assert "39 products of main.fashion_demo.vs_image_search" in page.inner_text(".map-facts")


def test_a_graphics_card_paints_the_same(browser: Any, address: str) -> None:
    pictures = []
    for script in ("", HAS_CARD):
        with seen(browser, address) as window:
            window.page.add_init_script(script)
            page = opened(window)
            painter = page.get_attribute("#map", "data-painter")
            assert painter == ("webgl2" if script else "canvas")
            pictures.append(settled(page))
    both, either = (pictures[0] & pictures[1]).sum(), (pictures[0] | pictures[1]).sum()
    assert both > 0.6 * either > 0


def test_the_map_moves_by_mouse_wheel_and_buttons_and_the_address_knows(
    browser: Any, address: str
) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        x, y, half, _ = centre(page)
        before = place(page, 0)
        page.mouse.move(x - half + 8, y)
        page.mouse.down()
        page.mouse.move(x - half + 68, y + 30, steps=5)
        page.mouse.up()
        after = place(page, 0)
        assert (after[0] - before[0], after[1] - before[1]) == pytest.approx((60, 30), abs=1)
        assert "view" in query_of(page)
        page.mouse.move(x, y)
        page.mouse.wheel(0, -600)
        page.wait_for_url(re.compile(r"view=.*,(?!1\.00)[\d.]+$"))
        assert float(query_of(page)["view"].split(",")[2]) > 1.5
        there = place(page, 7)
        page.reload()
        page.wait_for_selector("#map[data-ready]")
        assert place(page, 7) == pytest.approx(there, abs=2)
        page.get_by_role("button", name="Whole").click()
        assert "view" not in query_of(page)
        assert place(page, 0) == pytest.approx(before, abs=1)


def test_fingers_pinch_it(browser: Any, address: str) -> None:
    with seen(browser, address, NARROW, has_touch=True, is_mobile=True) as window:
        page = opened(window)
        x, y, _, _ = centre(page)
        touch = window.page.context.new_cdp_session(page)

        def fingers(kind: str, *places: float) -> None:
            points = [{"x": x + each, "y": y, "id": number} for number, each in enumerate(places)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", -20, 20)
        for away in (30, 45, 60):
            fingers("touchMove", -away, away)
        fingers("touchEnd")
        page.wait_for_url("**view=*")
        assert float(query_of(page)["view"].split(",")[2]) == pytest.approx(3, rel=0.2)


def test_a_finger_on_a_point_shows_the_product(browser: Any, address: str) -> None:
    with seen(browser, address, NARROW, has_touch=True, is_mobile=True) as window:
        page = opened(window)
        page.touchscreen.tap(*place(page, 3))
        page.wait_for_selector("#tip.fixed a[href^='/product/']")


def test_the_pointer_shows_a_product_and_a_click_leads_to_it(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        page.mouse.move(*place(page, 5))
        tip = page.locator("#tip a")
        tip.wait_for()
        link = tip.get_attribute("href")
        assert link.startswith("/product/")
        assert tip.locator("img").evaluate("image => image.decode()") is None
        asked: list[str] = []
        page.route("**/product/**", lambda route: (asked.append(route.request.url), route.abort()))
        with page.expect_request("**/product/**"):
            page.mouse.click(*place(page, 5))
        page.wait_for_timeout(300)
        assert [url.endswith(link) for url in asked] == [True]
        window.errors.clear()  # the link's own page is another view's


def test_a_lasso_filters_the_list_and_lies_in_the_address(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        x, y, half, high = centre(page)
        page.get_by_role("button", name="Lasso").click()
        corners = [(-half, -high), (half, -high), (half, 0), (-half, 0)]
        page.mouse.move(x - half + 2, y - high + 2)
        page.mouse.down()
        for dx, dy in [*corners[1:], corners[0]]:
            page.mouse.move(x + 0.98 * dx, y + 0.98 * dy, steps=6)
        page.mouse.up()
        page.wait_for_selector("#found h2")
        upper = int(re.match(r"(\d+) products in the area", heading(page))[1])  # type: ignore[index]
        assert 0 < upper < 39
        assert page.locator("#found .card").count() == min(upper, 24)
        assert page.get_attribute("#lasso", "aria-pressed") == "false"
        said = page.locator("#said")
        assert said.inner_text() == heading(page)
        page.reload()
        page.wait_for_selector("#map[data-ready]")
        assert heading(page).startswith(f"{upper} products in the area")
        assert page.locator("#lasso-line.there").count() == 1
        page.go_back()
        page.wait_for_selector("#found h2", state="detached")
        assert "lasso" not in query_of(page)


def test_keys_move_show_choose_and_clear(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        page.focus("#points")
        page.keyboard.press("v")
        page.wait_for_selector("#found h2")
        assert heading(page) == "39 products in the area that you chose"
        before = place(page, 0)
        for key in ("+", "ArrowLeft", "ArrowDown"):
            page.keyboard.press(key)
        assert place(page, 0) != before
        page.keyboard.press("0")
        assert place(page, 0) == pytest.approx(before, abs=1)
        page.keyboard.press("Escape")
        page.wait_for_selector("#found h2", state="detached")
        assert query_of(page) == {}
        for _ in range(8):  # somewhere a product comes into the cross
            page.keyboard.press("ArrowUp")
            page.wait_for_timeout(300)
            if page.locator("#tip a").is_visible():
                break
        assert page.locator("#tip a").is_visible() and page.locator("#said").inner_text()


def test_colours_are_by_any_attribute_and_a_value_is_singled_out(
    browser: Any, address: str
) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        for column in page.locator("#colour option").evaluate_all("all => all.map(e => e.value)"):
            page.select_option("#colour", column)
            name = page.locator("#legend-name", has_text=column.replace("_", " "))
            name.wait_for()
            assert page.locator("#legend a").count() > 0
        page.select_option("#colour", "base_color")
        page.locator("#legend-name", has_text="base color").wait_for()
        value = page.locator("#legend a").first
        called = value.get_attribute("data-value")
        count = value.locator("data").get_attribute("value")
        value.click()
        page.wait_for_selector("#found .card")
        assert heading(page).startswith(f"{called} · {count} product")
        assert value.get_attribute("aria-current") == "true"
        assert query_of(page)["value"] == called
        page.locator("#legend a").first.click()
        page.wait_for_selector("#found h2", state="detached")
        assert "value" not in query_of(page)


def test_products_have_their_own_colours(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window, "/map?colour=base_color")
        dots = page.locator("#legend a").evaluate_all(
            "all => all.map(e => [e.dataset.value, "
            "getComputedStyle(e.querySelector('.dot')).backgroundColor])"
        )
        known = {"Black": (17, 17, 17), "White": (255, 255, 255), "Blue": (31, 79, 163)}
        found = {name: tuple(map(int, re.findall(r"\d+", colour))) for name, colour in dots}
        assert {name: found[name] for name in known if name in found} == {
            name: known[name] for name in known if name in found
        }
        assert set(known) & set(found)


def test_a_query_lights_up_its_results_and_has_a_place(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        page.fill("#q", "red shirt")
        page.keyboard.press("Enter")
        page.wait_for_selector("#query-mark.there", state="attached")
        page.wait_for_selector("#found .card")
        assert "nearest to “red shirt”" in heading(page) and query_of(page)["q"] == "red shirt"
        page.get_by_role("button", name="Clear").click()
        page.wait_for_selector("#query-mark:not(.there)", state="attached")
        assert query_of(page) == {} and page.input_value("#q") == ""


def test_only_what_was_asked_last_lights_up(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = opened(window)
        held: list[Any] = []
        page.route("**/page/map/lit?*q=slow*", lambda route: held.append(route))
        for words in ("slow", "quick"):
            page.fill("#q", words)
            page.keyboard.press("Enter")
        page.wait_for_selector("#query-mark.there", state="attached")
        marked = page.get_attribute("#query-mark", "transform")
        for route in held:
            route.fulfill(json={"tag": "other", "rows": [0], "place": [0, 0], "query": "slow"})
        page.wait_for_timeout(300)
        assert page.get_attribute("#query-mark", "transform") == marked
        assert query_of(page)["q"] == "quick"


def test_the_list_works_without_scripts(browser: Any, address: str) -> None:
    with seen(browser, address, java_script_enabled=False) as window:
        page = window.open("/map?colour=gender")
        page.locator("#legend a").first.click()
        assert page.locator("#found .card").count() > 0
        page.fill("#q", "shirt")
        page.get_by_role("button", name="Light up").click()
        assert query_of(page) == {"q": "shirt", "colour": "gender"}
        assert "nearest to “shirt”" in heading(page)


def test_a_lists_next_page_goes_on_where_the_first_ended(address: str) -> None:
    everywhere = "-33000,-33000,33000,-33000,33000,33000,-33000,33000"
    pages = [
        httpx.get(f"{address}/page/map/found?lasso={everywhere}&offset={offset}", trust_env=False)
        for offset in (0, 24)
    ]
    keys = [re.findall(r'class="key"[^>]*>(\d+)<', page.text) for page in pages]
    assert len(keys[0]) == 24 and len(keys[1]) == 15 and len({*keys[0], *keys[1]}) == 39
    assert "offset=24" in pages[0].text and "offset=" not in pages[1].text


def test_what_can_not_be_asked_is_an_error_that_says_so(address: str) -> None:
    for path, said in {
        "/map?shade=red": "&#39;shade&#39; is no part of this address",
        "/map?colour=shade": "The map has no attribute",
        "/map?colour=gender&value=Fish": "gender has no value",
        "/map?lasso=1,2": "expected x,y,x,y,x,y",
        "/map?value=a&value=b": "is there twice",
        "/page/map/product?row=39": "expected an integer from 0 to 38",
        "/page/map/product?row=-1": "expected an integer from 0 to 38",
        "/page/map/points?tensors=z": "expected some of x, y, key",
    }.items():
        reply = httpx.get(f"{address}{path}", trust_env=False)
        assert reply.status_code == 400 and said in reply.text, (path, reply.text)


def test_points_are_kept_by_browsers_until_they_change(address: str) -> None:
    url = f"{address}/page/map/points?tensors=x"
    first = httpx.get(url, trust_env=False)
    same = httpx.get(url, headers={"If-None-Match": first.headers["etag"]}, trust_env=False)
    assert (first.status_code, same.status_code) == (200, 304)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    """A shop of one's own, to change."""
    workspace = built_shop(tmp_path)
    with served_page(workspace) as url:
        yield workspace, url


def test_without_a_map_the_page_says_what_to_type(browser: Any, own: tuple[Workspace, str]) -> None:
    workspace, url = own
    (workspace.path / "maps" / "main.fashion_demo.vs_image_search.parquet").unlink()
    with seen(browser, url) as window:
        said = window.open("/map").locator("main").inner_text()
        assert "There is no map yet" in said
        typed = f"vitrine map build --index main.fashion_demo.vs_image_search -w {workspace.path}"
        assert window.page.locator("pre").inner_text() == typed and said.count(typed) == 1
        workspace.build_map()
        assert opened(window).locator("#legend a").count() > 0


def test_an_empty_workspace_has_no_map(browser: Any, tmp_path: Path) -> None:
    empty = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    with served_page(empty) as url, seen(browser, url) as window:
        assert f"vitrine demo -w {empty.path}" in window.open("/map").locator("main").inner_text()


def test_points_that_do_not_come_are_an_error_that_is_said(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(503)
        window.page.route("**/page/map/points?*", lambda route: route.fulfill(status=503))
        page = opened(window)
        assert "the server answered 503. Load the page again" in page.inner_text("#map-state")
