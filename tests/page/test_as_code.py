"""The panel "As code": tabs with scripts, details without, and what it shows run and compared."""

from __future__ import annotations

import html
import re
import subprocess
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from jinja2 import Environment, FileSystemLoader
from support.browser import NARROW, WIDE, accessibility, overflow, seen

from engine import Workspace
from engine.shop.as_code.look import LookRequest
from engine.shop.as_code.snippets import LANGUAGES
from engine.shop.browsing.listing import ListRequest
from engine.shop.latent.request import DimensionRequest
from engine.shop.page.rendering import TEMPLATES
from engine.shop.search.request import SearchRequest
from engine.shop.validation.request import ValidateRequest

SEARCH = "/page/as-code?q=red+shoes&is.gender=Women&term=text:shirt:-0.5"
ASKED: list[tuple[str, Any]] = [
    (
        SEARCH,
        SearchRequest(
            compose=[("red shoes", 1), ("shirt", -0.5)], k=24, filters={"gender": ["Women"]}
        ),
    ),
    ("/page/as-code?q=red+shoes&offset=24", SearchRequest("red shoes", k=24, offset=24)),
    ("/page/as-code?q=red+shoes&by=words", SearchRequest("red shoes", keyword=True, k=24)),
    (
        "/page/as-code?from=10&to=50&sort=price+DESC",
        ListRequest(filters={"price >=": 10.0, "price <=": 50.0}, sort="price DESC", limit=24),
    ),
    (
        "/page/as-code/similar?product=3&by=text&k=5",
        SearchRequest(like="3", index="main.fashion_demo.vs_text_search", k=5),
    ),
    ("/page/as-code/look?product=3&k=4", LookRequest("3", 4)),
    ("/page/as-code/latent?dimension=7&k=3", DimensionRequest(7, k=3)),
    (
        f"/page/as-code/validate?query=red+shirt&query={quote('it’s <b>')}&k=3",
        ValidateRequest(["red shirt", "it’s <b>"], k=3),
    ),
]


@pytest.mark.parametrize(("path", "asked"), ASKED, ids=lambda v: str(v)[:60])
def test_the_panel_shows_what_the_workspace_says(
    path: str, asked: Any, address: str, shop: Workspace
) -> None:
    said = shop.as_code(asked)
    part = httpx.get(f"{address}{path}", headers={"HX-Request": "true"}, trust_env=False)
    assert part.status_code == 200 and "<html" not in part.text
    shown = [
        html.unescape(each) for each in re.findall(r"<code>(.*?)</code>", part.text, re.DOTALL)
    ]
    assert shown == [each.code for each in said.snippets if each.code]
    whole = httpx.get(f"{address}{path}", trust_env=False).text
    assert "<html" in whole and all(html.escape(code).split("&")[0] in whole for code in shown)


@pytest.mark.parametrize("path", ["", "/similar?by=sound&product=3", "/look", "/latent?k=x"])
def test_an_address_that_asks_nothing_is_an_error_to_read(path: str, address: str) -> None:
    odd = f"/page/as-code{path}" if path else "/page/as-code?q=a&q=b"
    reply = httpx.get(f"{address}{odd}", trust_env=False)
    assert reply.status_code == 400 and "can't be asked" in html.unescape(reply.text)


def test_a_photo_that_is_not_kept_is_an_error_to_read(address: str) -> None:
    reply = httpx.get(f"{address}/page/as-code?q=a&photo={'0' * 32}", trust_env=False)
    assert reply.status_code == 404 and "Give it again" in reply.text


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_it_is_for_everybody(browser: Any, address: str, size: Any, scheme: Any) -> None:
    with seen(browser, address, size, scheme) as window:
        page = window.open(SEARCH)
        assert accessibility(page) == []
        assert overflow(page) == 0


def test_tabs_go_by_keys_are_remembered_and_copied(
    browser: Any, address: str, shop: Workspace
) -> None:
    said = shop.as_code(ASKED[0][1])
    with seen(browser, address, permissions=["clipboard-read", "clipboard-write"]) as window:
        page = window.open(SEARCH)
        tabs = page.get_by_role("tab")
        assert tabs.all_inner_texts() == [said[language].title for language in LANGUAGES]
        tabs.first.focus()
        for key, language in (
            ("ArrowRight", "sql"), ("End", "vitrine"), ("ArrowRight", "python"),
            ("ArrowLeft", "vitrine"), ("Home", "python"), ("ArrowRight", "sql"),
        ):  # fmt: skip
            page.keyboard.press(key)
            panel = page.get_by_role("tabpanel")
            assert panel.count() == 1
            assert panel.locator("code").text_content() == said[language].code
        page.get_by_role("button", name="Copy").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.locator("#said").inner_text() == "Copied"
        assert page.evaluate("navigator.clipboard.readText()") == said["sql"].code
        page = window.open("/page/as-code?q=shirt")
        assert page.get_by_role("tab", selected=True).inner_text() == "SQL"


def test_what_is_copied_of_the_panel_gives_the_rows_of_the_page(
    browser: Any, address: str, shop: Workspace
) -> None:
    with seen(browser, address) as window:
        page = window.open("/?q=red+shoes&is.gender=Women")
        keys = page.locator(".card .key").all_inner_texts()
        page = window.open("/page/as-code?q=red+shoes&is.gender=Women")
        page.get_by_role("tab", name="SQL").click()
        sql = page.get_by_role("tabpanel").locator("code").inner_text()
        page.get_by_role("tab", name="curl").click()
        curl = page.get_by_role("tabpanel").locator("code").inner_text()
    assert [str(row["product_id"]) for row in shop.sql(sql).to_pylist()] == keys and keys
    env = {"DATABRICKS_HOST": address, "DATABRICKS_TOKEN": "any", "PATH": "/usr/bin:/bin"}
    run = subprocess.run(["bash", "-eu", "-c", curl], env=env, capture_output=True, check=True)
    found = re.findall(r"\[(\d+)\.0,", run.stdout.decode())
    assert found == keys


def test_without_scripts_it_is_details_and_a_link(browser: Any, address: str) -> None:
    with seen(browser, address, java_script_enabled=False) as window:
        page = window.open("/page/as-code?q=shirt")
        assert page.locator("summary").all_inner_texts() == ["Python", "SQL", "curl", "vitrine"]
        page.locator("summary", has_text="curl").click()
        assert "curl -sS" in page.locator("details[data-language=curl] code").inner_text()


def test_a_view_includes_it_in_one_line_and_it_is_loaded_when_it_is_opened(
    browser: Any, address: str
) -> None:
    line = '{% from "as_code.html" import as_code %}{{ as_code(url) }}'
    views = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    macro = views.from_string(line).render(url="/page/as-code?q=shirt&is.gender=Women")
    with seen(browser, address) as window:
        page = window.open("/")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(
            "html => { const main = document.querySelector('main'); main.innerHTML = html;"
            " htmx.process(main); }",
            macro,
        )
        assert page.get_by_role("tab").count() == 0 and not asked
        page.locator("summary", has_text="As code").click()
        page.get_by_role("tab", name="vitrine").click()
        assert "--filter" in page.get_by_role("tabpanel").inner_text()
        assert len([url for url in asked if "/page/as-code?" in url]) == 1
        page.locator("summary", has_text="As code").click()
        page.locator("summary", has_text="As code").click()
        page.wait_for_timeout(100)
        assert len([url for url in asked if "/page/as-code?" in url]) == 1
        assert page.evaluate("location.pathname") == "/"
