"""The search view in a browser: what is typed, dropped, moved and chosen; the way back; odd ends."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from PIL import Image
from support.browser import NARROW, WIDE, accessibility, overflow, seen
from support.storefront import picture

from engine import Workspace
from engine.doors.http.server import BackgroundServer

STATES = (
    "/?q=red+jeans",
    "/?q=red+jeans&by=words&is.gender=Women&from=1",
    "/?q=red&by=both",
    "/?q=xyzzy+red&by=words",
    "/?q=red&term=text:jeans:-0.5&term=product:3:0.5&is.base_color=Red",
    "/?offset=24",
)


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
def size(request: pytest.FixtureRequest) -> Iterator[Any]:
    return request.param


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", STATES)
def test_each_state_is_for_everybody(
    browser: Any, address: str, path: str, size: Any, scheme: Any
) -> None:
    with seen(browser, address, size, scheme) as window:
        window.expected.add(404)  # of the photo that is gone
        page = window.open(path)
        if size == NARROW:
            page.get_by_text("Filters", exact=True).first.click()
        page.get_by_text("Add a part").click()
        assert accessibility(page) == []
        assert overflow(page) == 0


def heading(page: Any) -> str:
    return str(page.locator("h2.count").inner_text())


def keys(page: Any) -> list[str]:
    return [str(key) for key in page.locator("#found .card .key").all_inner_texts()]


def wait_for(page: Any, text: str) -> None:
    page.locator("h2.count", has_text=text).wait_for()


def test_what_is_typed_is_found_and_stays_in_the_address(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open()
        page.keyboard.type("red jeans")  # the box has the focus
        wait_for(page, "“red jeans”")
        assert page.url.endswith("/?q=red+jeans") and page.title() == "red jeans · vitrine"
        typed = keys(page)
        page.reload()
        assert keys(page) == typed and page.get_by_label("Search products").input_value()
        assert "39 products" in page.locator("#said").inner_text() or "39 products" in heading(page)


def test_one_step_back_leads_to_before_what_was_typed(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/?is.gender=Women")
        page.keyboard.type("red")
        wait_for(page, "“red”")
        page.locator("#filters input[value=Jeans]").check()
        page.wait_for_url("**article_type=Jeans**")
        page.locator("#active", has_text="Jeans").wait_for()
        page.go_back()
        page.locator("#active", has_text="Jeans").wait_for(state="detached")
        assert heading(page).endswith("“red” first")
        assert not page.locator("#filters input[value=Jeans]").is_checked()
        page.go_back()
        page.wait_for_url("**/?is.gender=Women")
        page.locator("h2.count", has_text=re.compile("^20 products$")).wait_for()
        assert page.get_by_label("Search products").input_value() == ""
        page.go_forward()
        wait_for(page, "“red”")
        assert page.get_by_label("Search products").input_value() == "red"


def test_a_late_answer_to_an_earlier_question_is_dropped(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open()
        held: list[Any] = []
        page.route(re.compile(r"/\?q=red$"), lambda route: held.append(route))
        page.get_by_label("Search products").fill("red")
        page.locator("#loading", has_text="Searching").wait_for()  # said after a while
        assert page.locator("#found").get_attribute("aria-busy") == "true"
        page.get_by_label("Search products").fill("blue")
        wait_for(page, "“blue”")
        assert len(held) == 1 and not page.locator("#loading").is_visible()
        held[0].abort()
        page.wait_for_timeout(50)
        assert "“blue”" in heading(page) and page.url.endswith("/?q=blue")
        assert page.locator("#gone").is_hidden()
        page.unroute_all()


def test_numbers_hold_what_a_click_leaves(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open()
        label = page.locator("label", has_text="Red").filter(has=page.locator(".swatch"))
        count = int(label.locator(".count data").get_attribute("value"))
        label.click()
        wait_for(page, f"{count} products")
        assert label.locator("input").evaluate("box => box === document.activeElement")
        page.get_by_label("from").fill("100000")
        page.get_by_label("from").press("Enter")
        page.get_by_text("Nothing found.").wait_for()
        said = page.locator(".nothing a", has_text="Without the price range")
        freed = page.locator(".nothing li", has_text="Without the price range").inner_text()
        assert f"{count} products" in freed
        said.click()
        wait_for(page, f"{count} products")
        page.get_by_role("link", name="Clear all filters").click()
        wait_for(page, "40 products")
        assert page.url.endswith("/") and not label.locator("input").is_checked()


def test_a_coarser_choice_gives_up_finer_ones(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/?is.master_category=Apparel&is.sub_category=Topwear")
        page.locator("#filters input[value=Apparel]").uncheck()
        wait_for(page, "40 products")
        assert page.url.endswith("/")


def test_a_photo_is_chosen_and_weighed_against_words(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red")
        slider = page.get_by_role("slider")
        assert slider.count() == 0  # only with both
        file = {"name": "a.png", "mimeType": "image/png", "buffer": picture("PNG")}
        page.get_by_label("A photo to search with").set_input_files(file)  # type: ignore[arg-type]
        slider.wait_for()
        first = page.url
        assert re.search(r"q=red&photo=[0-9a-f]{32}$", first)
        assert page.get_by_alt_text("The photo that you search with").evaluate(
            "image => image.decode().then(() => image.naturalWidth)"
        )
        assert slider.get_attribute("aria-valuetext") == "50 % words, 50 % photo"
        slider.focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        page.wait_for_url("**share=0.7")
        assert slider.get_attribute("aria-valuetext") == "70 % words, 30 % photo"
        assert slider.evaluate("each => each === document.activeElement")
        page.go_back()
        page.wait_for_url(first)
        page.locator(".blend output", has_text="50 %").wait_for()
        assert slider.input_value() == "0.5"
        page.get_by_label("Remove the photo").click()
        page.wait_for_url("**/?q=red")
        slider.wait_for(state="detached")


DROP = """([name, type, bytes, kind]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const target = document.querySelector("main");
  if (kind === "paste") {
    target.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
    return;
  }
  for (const each of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(each, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_photo_is_dropped_or_pasted(browser: Any, address: str, kind: str) -> None:
    with seen(browser, address) as window:
        page = window.open()
        page.evaluate(DROP, ["a.png", "image/png", list(picture("PNG")), kind])
        page.wait_for_url("**/?photo=*")
        wait_for(page, "a photo")
        assert page.locator("body.dropping").count() == 0
        shared = keys(page)
        assert shared == keys(window.open(page.url.removeprefix(address)))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo"),
        ("a.txt", b"hello", "no image in a format that can be read"),
        ("a.jpg", b"", "empty"),
    ],
)
def test_what_is_no_photo_is_said_in_place(
    browser: Any, address: str, name: str, data: bytes, said: str
) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red")
        window.expected.add(400)
        before = keys(page)
        page.evaluate(DROP, [name, "image/x", list(data), "drop"])
        page.locator("#problem", has_text=said).wait_for()
        assert keys(page) == before and page.url.endswith("/?q=red")
        page.get_by_label("Search products").fill("blue")
        wait_for(page, "“blue”")
        assert page.locator("#problem").inner_text() == ""


def test_a_file_too_large_is_not_even_sent(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open()
        page.evaluate(
            "document.querySelector('main').dispatchEvent(new ClipboardEvent('paste', {bubbles: true,"
            "clipboardData: (() => { const data = new DataTransfer(); data.items.add(new File("
            "[new Uint8Array(60000001)], 'big.jpg')); return data; })()}))"
        )
        page.locator("#problem", has_text="big.jpg has 61 MB; at most 60 MB").wait_for()


def test_a_photo_for_printers_is_taken_without_scripts_too(address: str) -> None:
    buffer = io.BytesIO()
    Image.new("CMYK", (20, 20)).save(buffer, "JPEG")
    with httpx.Client(timeout=60, base_url=address, trust_env=False) as client:
        files = {"picture": ("a.jpg", buffer.getvalue())}
        sent = client.post(
            "/page/given", files=files, data={"q": "red", "by": ""}, headers={"Origin": address}
        )
        assert sent.status_code == 303, sent.text
        shown = client.get(sent.headers["location"])
        assert shown.status_code == 200 and "The photo that you search with" in shown.text
        none = client.post("/page/given", data={"q": "red"}, headers={"Origin": address})
        assert none.status_code == 400 and "No photo was given" in none.text


def test_parts_are_added_weighed_and_removed(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red")
        page.get_by_text("Add a part").click()
        page.get_by_label("What").fill("long: name")
        page.get_by_label("Weight", exact=True).fill("-0.4")
        page.get_by_role("button", name="Add").click()
        chip = page.locator(".chip.term")
        chip.wait_for()
        assert page.url.endswith("/?q=red&term=text%3Along%3A+name%3A-0.4")
        assert "away" in str(chip.get_attribute("class"))
        page.go_back()  # one step
        chip.wait_for(state="detached")
        page.go_forward()
        chip.wait_for()
        chip.get_by_role("spinbutton").fill("0.8")
        chip.get_by_role("spinbutton").press("Tab")
        page.wait_for_url("**name%3A0.8")
        wait_for(page, "0.8 ×")
        card = page.locator("#found .card").nth(2)
        title = card.locator(".name").inner_text()
        card.hover()
        card.get_by_label(f"Less like {title}").click()
        page.locator(".chip.term", has_text="product").wait_for()
        assert page.locator(".chip.term").count() == 2
        page.get_by_label("Remove text long: name").click()
        page.wait_for_url(re.compile("term=product"))
        page.locator(".chip.term", has_text="long").wait_for(state="detached")
        assert page.get_by_label("Search products").evaluate("e => e === document.activeElement")


def test_words_and_meaning_side_by_side(browser: Any, address: str, size: Any) -> None:
    with seen(browser, address, size) as window:
        page = window.open("/?q=red+jeans")
        page.get_by_label("Side by side").check(force=True)
        page.wait_for_url("**by=both**")
        both = page.get_by_role("region")
        both.first.wait_for()
        assert "By words" in both.nth(0).inner_text() and "By meaning" in both.nth(1).inner_text()
        boxes = [both.nth(place).bounding_box() for place in range(2)]
        assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] < boxes[1]["x"]  # type: ignore[index]
        assert both.nth(0).locator(".why").count() > 0
        page.get_by_role("link", name="All by meaning").click()
        page.wait_for_url("**/?q=red+jeans")
        wait_for(page, "“red jeans”")
        assert page.get_by_role("radio", name="By meaning").is_checked()


def test_the_list_goes_on_and_is_found_again_on_the_way_back(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(404)  # of the photo that is gone
        page = window.open("/?is.season=Summer")
        assert len(keys(page)) == 24 or page.locator(".end").count()
        page.mouse.wheel(0, 20_000)
        page.locator(".end", has_text="That is all: 40 products.").wait_for()
        every = keys(page)
        assert len(every) == len(set(every)) == 40
        assert page.locator("#p-40 .none").inner_text() == "photo can't be shown"
        page.wait_for_timeout(400)
        where = page.evaluate("scrollY")
        window.arrivals.reload()
        page.locator(".end").wait_for()
        page.wait_for_function("where => Math.abs(scrollY - where) < 2", arg=where)
        assert keys(page) == every


def test_the_next_products_take_the_focus_of_the_link(browser: Any, address: str) -> None:
    with seen(browser, address, (1280, 300)) as window:
        window.expected.add(404)  # of the photo that is gone
        page = window.open()
        page.locator(".next a").focus()  # which also brings it near enough to go on by itself
        page.wait_for_timeout(300)
        assert len(keys(page)) == 24 and page.locator(".next a").evaluate(
            "link => link === document.activeElement"
        )
        page.keyboard.press("Enter")
        page.locator(".end").wait_for()
        assert page.evaluate("document.activeElement.closest('.card')?.id") == "p-25"


def test_the_list_goes_on_by_itself_when_the_focus_leaves_its_link(
    browser: Any, address: str
) -> None:
    with seen(browser, address, (1280, 300)) as window:
        window.expected.add(404)  # of the photo that is gone
        page = window.open()
        page.locator(".next a").focus()
        page.keyboard.press("Shift+Tab")
        page.locator(".end").wait_for()
        assert page.evaluate("document.activeElement.closest('.card')?.id") == "p-24"


def test_without_scripts_links_and_forms_do(browser: Any, address: str) -> None:
    with seen(browser, address, java_script_enabled=False) as window:
        window.expected.add(404)  # of the photo that is gone
        page = window.open("/?is.gender=Women")
        page.get_by_label("Search products").fill("red")
        page.get_by_label("By words").check(force=True)
        page.get_by_role("button", name="Apply").click()
        assert "q=red" in page.url and "by=words" in page.url and "is.gender=Women" in page.url
        assert "products for “red”" in heading(page)
        page.get_by_text("Add a part").click()
        page.get_by_label("What").fill("jeans")
        page.get_by_role("button", name="Add").click()
        assert "term=text%3Ajeans%3A0.5" in page.url and "is.gender=Women" in page.url
        page = window.open()
        page.get_by_role("link", name="More", exact=True).click()
        assert "from number 25" in heading(page) and len(keys(page)) == 16


def test_what_can_t_be_asked_is_said_beside_the_query(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        window.expected |= {400, 404}
        page = window.open(f"/?q=red&photo={'0' * 32}")
        assert "Give it again" in page.get_by_role("alert").filter(visible=True).first.inner_text()
        page.get_by_label("Remove the photo").click()
        wait_for(page, "“red”")
        page.get_by_text("Add a part").click()
        page.get_by_label("Kind").select_option("product")
        page.get_by_label("What").fill("none of these")
        page.get_by_role("button", name="Add").click()
        page.locator("#problem", has_text="none of these").wait_for()
        assert page.url.endswith("/?q=red")
        assert "“red”" in heading(page)


def test_the_page_goes_on_when_the_server_is_back(browser: Any, shop: Workspace) -> None:
    first = BackgroundServer(shop, None)
    with contextlib.ExitStack() as running:
        running.enter_context(first)
        with seen(browser, first.url) as window:
            page = window.open()
            running.close()
            page.get_by_label("Search products").fill("red")
            page.locator("#gone").wait_for()
            page.get_by_label("Search products").fill("blue")  # one types on
            port = int(first.url.rpartition(":")[2])
            running.enter_context(BackgroundServer(shop, None, port=port))
            wait_for(page, "“blue”")
            page.locator("#gone").wait_for(state="hidden")
            assert "“blue”" in heading(page)
            window.errors.clear()  # that nobody answered
