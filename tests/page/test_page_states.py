"""What every view does when something is amiss: no table, no index, damage, no server, no session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.browser import WIDE, accessibility, overflow, seen, served_page
from support.server import CREDENTIALS
from support.storefront import built_shop

from engine import Settings, Workspace
from engine.doors.http.server import BackgroundServer

PRODUCTS = "main.fashion_demo.products"
PATHS = ("/", "/?q=red", "/product/3", "/page/product/similar/3")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_shop(tmp_path_factory.mktemp("built")).path


@pytest.fixture
def copied(built: Path, tmp_path: Path) -> Workspace:
    """A shop of one's own."""
    shutil.copytree(built, tmp_path / "a shop")
    return Workspace(settings=Settings(tmp_path / "a shop", encoder="hashed"))


def told(workspace: Workspace, path: str) -> tuple[int, str]:
    """Status and text of a view."""
    with served_page(workspace) as url:
        reply = httpx.get(f"{url}{path}", trust_env=False)
    return reply.status_code, reply.text


@pytest.mark.parametrize("path", PATHS)
def test_without_a_table_of_products_every_view_says_what_to_type(
    copied: Workspace, path: str
) -> None:
    copied.drop_table(PRODUCTS)
    status, text = told(copied, path)
    assert status == 200 and "This workspace has no table of products" in text
    assert "index <code>main.fashion_demo.vs_image_search</code>" in text
    assert f"vitrine build PRODUCTS.csv IMAGES -w &#39;{copied.path}&#39;" in text


def test_without_an_index_products_are_listed_and_found_by_words(
    browser: Any, copied: Workspace
) -> None:
    for index in copied.list_indexes():
        copied.delete_index(index["name"])
    with served_page(copied) as url, seen(browser, url) as window:
        window.expected.add(404)
        assert window.open("/").locator(".card").count() > 0
        assert window.open("/?q=red&by=words").locator(".card").count() > 0
        said = window.open("/?q=red").get_by_role("alert").inner_text()
        assert "no index of them" in said and "vitrine build PRODUCTS.csv IMAGES" in said
        page = window.open("/product/3")
        for part in ("#similar", "#look", "#tags"):
            assert "vitrine build" in page.locator(f"{part} .notice").inner_text()
        assert accessibility(page) == [] and overflow(page) == 0


@pytest.mark.parametrize("path", PATHS)
def test_a_damaged_table_of_products_says_how_to_make_it_again(
    copied: Workspace, path: str
) -> None:
    for file in (copied.path / "tables/main/fashion_demo/products").glob("*.parquet"):
        file.write_bytes(b"damaged")
    status, text = told(copied, path)
    assert status == 400 and "That did not work" in text and "vitrine build PRODUCTS" in text


def test_a_damaged_index_is_the_trouble_of_what_needs_it(browser: Any, copied: Workspace) -> None:
    for file in (copied.path / "indexes").rglob("vectors.npy"):
        file.write_bytes(b"x")
    with served_page(copied) as url, seen(browser, url) as window:
        window.expected.add(500)
        page = window.open("/product/3")
        assert page.locator(".attributes a").count() > 0
        assert "vitrine index restore" in page.locator("#similar .notice").inner_text()
        said = window.open("/?q=red").get_by_role("alert").inner_text()
        assert "That did not work" in said and "vitrine index restore" in said


class Server:
    """A server that stops and starts on one port."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._port = workspace, 0
        self.start()

    def start(self) -> None:
        self._running = BackgroundServer(self._workspace, None, port=self._port)
        self._running.__enter__()
        self.url = self._running.url
        self._port = int(self.url.rpartition(":")[2])

    def stop(self) -> None:
        self._running.__exit__()


@pytest.fixture
def server(shop: Workspace) -> Iterator[Server]:
    made = Server(shop)
    yield made
    made.stop()


def forgiven(window: Any) -> None:
    """Lines that a browser logs where a server is gone."""
    gone = (
        "ERR_CONNECTION_REFUSED",
        "Failed to fetch",
        "ERR_EMPTY_RESPONSE",
        "ERR_CONNECTION_RESET",
    )
    window.errors[:] = [line for line in window.errors if not any(one in line for one in gone)]


def test_a_part_that_was_asked_for_comes_when_the_server_is_back(
    browser: Any, server: Server
) -> None:
    with seen(browser, server.url) as window:
        page = window.open("/product/3")
        page.evaluate("window.same = true")
        server.stop()
        page.get_by_role("link", name="By photo").click()
        gone = page.locator("#gone")
        gone.wait_for()
        assert "vitrine serve" in gone.inner_text() and accessibility(page) == []
        page.locator("#similar .next a").click()
        server.start()
        gone.wait_for(state="hidden")
        page.wait_for_url("**similar=photo#similar")
        page.wait_for_function("() => document.querySelectorAll('#similar .card').length == 12")
        assert page.evaluate("window.same")  # nothing else was loaded again
        forgiven(window)


def test_parts_and_photos_that_were_on_their_way_come_when_the_server_is_back(
    browser: Any, server: Server
) -> None:
    with seen(browser, server.url) as window:
        page = window.page
        page.route("**/page/product/tags/**", lambda route: route.abort("connectionrefused"))
        page.route("**/page/photos/**", lambda route: route.abort("connectionrefused"))
        page.route("**/health", lambda route: route.abort("connectionrefused"))
        page.goto(f"{server.url}/product/3")
        page.locator("#gone").wait_for()
        page.unroute_all()
        page.locator("#tags .bars").first.wait_for()
        page.locator("#gone").wait_for(state="hidden")
        page.wait_for_function("() => document.querySelector('.product img')?.naturalWidth > 0")
        forgiven(window)


@pytest.mark.parametrize("meanwhile", ["nothing", "another part of the page arrives"])
def test_a_photo_that_failed_just_before_the_server_came_back_is_asked_for_again(
    browser: Any, server: Server, meanwhile: str
) -> None:
    with seen(browser, server.url) as window:
        page = window.page
        lost: list[str] = []

        def once(route: Any) -> None:
            if route.request.resource_type == "image" and route.request.url not in lost:
                lost.append(route.request.url)
                route.abort("connectionrefused")
            else:
                route.continue_()

        if meanwhile != "nothing":
            page.add_init_script(
                """document.addEventListener("error", () => {
                  document.dispatchEvent(new CustomEvent("htmx:after:swap"));
                }, true)"""
            )
        page.route("**/page/photos/**", once)
        page.goto(f"{server.url}/product/3")
        page.wait_for_function("() => document.querySelector('.product img')?.naturalWidth > 0")
        assert lost
        forgiven(window)


def test_a_search_goes_on_when_the_server_is_back(browser: Any, server: Server) -> None:
    with seen(browser, server.url) as window:
        page = window.open("/")
        server.stop()
        page.locator("#q").fill("red watch")
        page.locator("#q").press("Enter")
        page.locator("#gone").wait_for()
        assert page.locator("#q").input_value() == "red watch"
        server.start()
        page.locator("#gone").wait_for(state="hidden")
        page.wait_for_url("**q=red+watch*")
        page.locator(".card").first.wait_for()
        forgiven(window)


def test_what_changes_something_is_not_repeated_by_itself(browser: Any, server: Server) -> None:
    sent = []
    with seen(browser, server.url) as window:
        page = window.open("/product/3")
        page.evaluate(
            """() => {
              const form = document.createElement("form");
              form.id = "change";
              form.setAttribute("hx-post", "/people/like");
              form.append(document.createElement("button"));
              document.querySelector("main").append(form);
              htmx.process(form);
            }"""
        )
        server.stop()
        page.evaluate("() => document.getElementById('change').requestSubmit()")
        page.locator("#gone").wait_for()
        page.on("request", lambda request: sent.append(request.method))
        server.start()
        page.locator("#failed").wait_for()
        assert "do it again" in page.locator("#failed").inner_text() and "POST" not in sent
        forgiven(window)


def test_what_is_no_page_is_told_and_not_put_into_the_page(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(429)
        page = window.open("/product/3")
        cards = page.locator("#similar .card").count()
        page.route(
            "**/page/product/similar/**",
            lambda route: route.fulfill(
                status=429, content_type="application/json", body='{"message": "Too much to do."}'
            ),
        )
        page.get_by_role("link", name="By photo").click()
        page.locator("#failed").wait_for()
        assert page.locator("#failed").inner_text() == "Too much to do."
        assert page.locator("#similar .card").count() == cards
        page.unroute_all()
        page.get_by_role("link", name="By text").click()
        page.locator("#failed").wait_for(state="hidden")


def test_who_is_signed_out_meanwhile_signs_in_and_is_back(browser: Any, shop: Workspace) -> None:
    with served_page(shop, CREDENTIALS) as url, seen(browser, url) as window:
        window.expected.update((401, 403))
        page = window.open("/product/3")
        for way in ("By photo", "More"):
            page.get_by_label("Token").fill(CREDENTIALS.token)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/product/3**")
            page.locator("#tags .bars").first.wait_for()
            page.context.clear_cookies()
            page.locator("#similar").get_by_role("link", name=way).click()
            page.wait_for_url("**/login?next=%2Fproduct%2F3**")


def test_a_photo_that_needs_signing_in_again_leads_to_the_form(
    browser: Any, shop: Workspace
) -> None:
    with served_page(shop, CREDENTIALS) as url, seen(browser, url) as window:
        page = window.open("/product/3")
        page.get_by_label("Token").fill(CREDENTIALS.token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/product/3")
        page.locator("#tags .bars").first.wait_for()
        page.context.clear_cookies()
        page.evaluate("() => { document.querySelector('.product img').src = '/page/photos/7'; }")
        # Not by its address: where two photos fail, the second way there ends the first.
        page.get_by_label("Token").wait_for()
        assert page.url == f"{url}/login?next=%2Fproduct%2F3"


@pytest.mark.parametrize("path", ["/product/3/4", "/page/nothing", "/inside/nothing/here"])
def test_an_address_that_no_view_has_is_a_page_too(browser: Any, address: str, path: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(404)
        page = window.open(path)
        assert f"No view is at '{path}'" in page.get_by_role("alert").inner_text()
        page.get_by_role("link", name="start again").click()
        page.locator(".card").first.wait_for()


def test_a_form_of_who_was_signed_out_leads_back_to_its_page(shop: Workspace) -> None:
    with served_page(shop, CREDENTIALS) as url, httpx.Client(timeout=60, trust_env=False) as client:
        headers = {"Referer": f"{url}/product/3?similar=text", "Origin": url}
        reply = client.post(f"{url}/people/like", data={"product": "3"}, headers=headers)
        assert reply.status_code == 303
        assert reply.headers["location"] == "/login?next=%2Fproduct%2F3%3Fsimilar%3Dtext"
        for foreign in (
            "https://evil.example/x",
            "//evil.example",
            "http://[",
            "",
            f"{url}.evil/x",
        ):
            headers["Referer"] = foreign
            reply = client.post(f"{url}/people/like", headers=headers)
            assert reply.headers["location"] == "/login?next=%2F", foreign


@pytest.mark.parametrize("path", ["/", "/product/3", "/product/none"])
def test_everything_is_reached_by_keys(browser: Any, address: str, path: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(404)
        page = window.open(path)
        skip = page.get_by_role("link", name="Skip to the content")
        skip.focus()
        assert skip.evaluate("one => one.getBoundingClientRect().left") >= 0
        page.keyboard.press("Enter")
        assert page.evaluate("() => document.activeElement.id") == "content"
        page.keyboard.press("/")
        page.wait_for_function("() => document.activeElement.id == 'q'")
        page.keyboard.type("/")
        assert page.locator("#q").input_value().endswith("/")


def test_the_focus_is_seen_wherever_it_goes(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/product/3")
        page.locator(".skip").focus()
        reached = []
        while True:
            page.keyboard.press("Tab")
            number, outline, is_hidden = page.evaluate(
                """() => {
                  const one = document.activeElement;
                  const all = [...document.querySelectorAll("a, button, input, summary")];
                  const box = one.getBoundingClientRect();
                  const top = document.querySelector(".top").getBoundingClientRect();
                  const isUnder = !one.closest(".top") && box.top < top.bottom - 1;
                  return [all.indexOf(one), getComputedStyle(one).outlineStyle, isUnder];
                }"""
            )
            if number < 0:  # behind the last one
                break
            assert outline != "none" and not is_hidden
            reached.append(number)
        assert len(reached) > 30 and reached == sorted(reached)


@pytest.mark.parametrize("path", ["/product/3", "/product/none", "/?shade=red"])
def test_headings_and_landmarks_are_in_order(browser: Any, address: str, path: str) -> None:
    with seen(browser, address) as window:
        window.expected.update((400, 404))
        page = window.open(path)
        for landmark in ("banner", "main"):
            assert page.get_by_role(landmark).count() == 1
        levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(h => +h.tagName[1])")
        assert levels[0] == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert page.title().endswith(" · vitrine") and len(page.title()) > 12


@pytest.mark.parametrize("path", ["/", "/product/3"])
def test_pages_are_readable_at_four_times_their_size(browser: Any, address: str, path: str) -> None:
    for width, scale in ((640, 2), (320, 4)):
        with seen(browser, address, (width, 450), device_scale_factor=scale) as window:
            assert overflow(window.open(path)) == 0


def test_forced_colours_keep_bars_and_where_one_is(browser: Any, address: str) -> None:
    with seen(browser, address, WIDE, forced_colors="active") as window:
        page = window.open("/product/3")
        fills = page.locator("#tags rect").evaluate_all(
            "all => all.slice(0, 2).map(one => getComputedStyle(one).fill)"
        )
        assert fills[0] != fills[1]
        marked = page.locator(".tabs [aria-current]").evaluate(
            "one => getComputedStyle(one).outlineStyle"
        )
        assert marked == "solid"


def test_nothing_moves_for_whom_it_should_not(browser: Any, address: str) -> None:
    with seen(browser, address, WIDE, reduced_motion="reduce") as window:
        page = window.open("/product/3")
        assert page.evaluate(
            "() => document.getAnimations().length == 0 && [...document.querySelectorAll('*')].every("
            "one => ['0s', ''].includes(getComputedStyle(one).transitionDuration))"
        )


def test_a_page_is_printed_without_what_one_presses(browser: Any, address: str) -> None:
    with seen(browser, address, WIDE, "dark") as window:
        page = window.open("/product/3")
        page.emulate_media(media="print")
        for pressed in ("nav", ".actions", ".next", "button"):
            assert page.locator(pressed).first.is_hidden()
        assert page.locator("h1").is_visible() and page.locator(".attributes").is_visible()
        colours = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).color]"
        assert page.locator("body").evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


PRICES = {"en-US": "€1,234.50", "de-DE": "1.234,50 €", "ar-EG": "١٬٢٣٤٫٥٠", "hi-IN": "€1,234.50"}


@pytest.mark.parametrize("language", PRICES)
def test_prices_numbers_and_dates_are_as_the_browser_writes_them(
    browser: Any, address: str, language: str
) -> None:
    with seen(browser, address, locale=language, timezone_id="America/New_York") as window:
        page = window.open()
        written = page.evaluate(
            """async (name) => {
              const { localize } = await import(name);
              document.querySelector("main").innerHTML = `
                <data class="price" value="1234.50" data-currency="€">€1,234.50</data>
                <data class="number" value="12345678901234567890.20">x</data>
                <time datetime="2024-03-01">x</time>
                <time datetime="2024-03-01T01:30:00Z">x</time>
                <time datetime="nothing">x</time>`;
              localize();
              return [...document.querySelectorAll("main > *")].map(one => one.textContent);
            }""",
            page.locator("script[src*='page.js']").get_attribute("src"),
        )
        price, number, day, moment, odd = [" ".join(text.split()) for text in written]
        assert PRICES[language] in price and price.count("€") == 1
        wanted = page.evaluate(
            """() => [
              new Intl.NumberFormat(undefined, {minimumFractionDigits: 2})
                .format("12345678901234567890.20"),
              new Intl.DateTimeFormat(undefined, {dateStyle: "medium"}).format(new Date(2024, 2, 1)),
              new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "short"})
                .format(new Date(2024, 1, 29, 20, 30)),
            ]"""
        )
        assert [number, day, moment] == [" ".join(text.split()) for text in wanted]
        assert odd == "nothing"
