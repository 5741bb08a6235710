"""What every view has: the frame, styles and scripts, signing in, errors, and no other host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.browser import NARROW, WIDE, accessibility, overflow, seen, served_page
from support.server import CREDENTIALS

from engine import Settings, Workspace
from engine.shop.page import assets

VIEWS = ("/",)


@pytest.fixture(scope="module")
def guarded(shop: Workspace) -> Iterator[str]:
    with served_page(shop, CREDENTIALS) as url:
        yield url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", VIEWS)
def test_a_view_is_for_everybody(
    browser: Any, address: str, path: str, size: Any, scheme: Any
) -> None:
    with seen(browser, address, size, scheme) as window:
        page = window.open(path)
        assert accessibility(page) == []
        assert overflow(page) == 0


def test_styles_and_scripts_are_kept_by_browsers_for_as_long_as_they_are_the_same(
    address: str,
) -> None:
    for name in assets.names():
        reply = httpx.get(f"{address}{assets.asset_url(name)}", trust_env=False)
        assert reply.status_code == 200 and "immutable" in reply.headers["cache-control"]
        assert reply.headers["content-type"].startswith(
            ("text/css", "text/javascript", "image/svg", "text/plain")
        )
        assert reply.content == (assets.STATIC / name).read_bytes()
    other = httpx.get(f"{address}/page/static/{'0' * 16}/page.js", trust_env=False)
    assert "immutable" not in other.headers["cache-control"]
    for odd in ("../rendering.py", "%2e%2e/rendering.py", "page.js/", "", "vendor"):
        gone = httpx.get(f"{address}/page/static/{assets.digest()}/{odd}", trust_env=False)
        assert gone.status_code == 404


def test_no_view_may_run_what_others_wrote(address: str) -> None:
    policy = httpx.get(f"{address}/", trust_env=False).headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy


def test_whoever_has_not_signed_in_is_led_to_the_form_and_back(browser: Any, guarded: str) -> None:
    with seen(browser, guarded) as window:
        page = window.open("/?q=red+dress")
        assert page.url.endswith("/login?next=%2F%3Fq%3Dred%2Bdress")
        window.expected.add(401)
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        assert "Invalid access token" in page.get_by_role("alert").inner_text()
        page.get_by_label("Token").fill(CREDENTIALS.token)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/?q=red+dress")
        assert page.locator(".card img").first.evaluate("image => image.decode()") is None


def test_a_session_is_good_for_the_page_and_for_nothing_else(guarded: str) -> None:
    with httpx.Client(timeout=60, base_url=guarded, trust_env=False) as client:
        assert client.get("/").status_code == 303
        part = client.get(
            "/people", headers={"HX-Request": "true", "HX-Current-URL": f"{guarded}/?q=a"}
        )
        assert part.status_code == 401 and part.headers["hx-redirect"] == "/login?next=%2F%3Fq%3Da"
        assert client.post("/login", json={"token": CREDENTIALS.token}).status_code == 204
        assert client.get("/").status_code == 200
        for path in ("/api/v1/products", "/metrics", "/api/2.0/vector-search/endpoints"):
            assert client.get(path).status_code == 401, path


@pytest.mark.parametrize(
    "origin", [None, "https://evil.example", "http://127.0.0.1:1", "null", "http://["]
)
def test_a_page_of_another_server_can_change_nothing(guarded: str, origin: str | None) -> None:
    with httpx.Client(timeout=60, base_url=guarded, trust_env=False) as client:
        client.post("/login", json={"token": CREDENTIALS.token})
        headers = {} if origin is None else {"Origin": origin}
        assert client.post("/page/anything", headers=headers).status_code == 303
        assert client.post("/page/anything", headers={"Origin": guarded}).status_code == 404


def test_an_empty_workspace_says_what_to_type(browser: Any, tmp_path: Path) -> None:
    empty = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    with served_page(empty) as url, seen(browser, url) as window:
        text = window.open().locator("main").inner_text()
        assert f"vitrine demo -w {empty.path}" in text


def test_an_error_says_what_to_do(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        window.expected.add(400)
        page = window.open("/?shade=red")
        said = page.get_by_role("alert").inner_text()
        assert "'shade' is no part of this address; expected q, by, photo" in said
