"""Any key of a product is an address: of its view, its parts and its photo, in clients and browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.browser import seen, served_page
from support.storefront import odd_products, picture

from engine import Settings, Workspace
from engine.shop.page.cards import photo_url, product_url

KEYS = [
    "",
    ".",
    "..",
    "...",
    "/",
    "/a",
    "a/",
    "a/b",
    "a//b",
    "a/../b",
    "a/./b",
    " ",
    " a",
    "a b",
    "100%",
    "%2e%2e",
    "%2F",
    "a+b",
    "a?b=c&d",
    "a#b",
    "a;b",
    "a\\b",
    "..\\",
    "a:b:1",
    "a\nb",
    "a\tb",
    "a\x00b",
    "été",
    "👩‍👩‍👧",
    "\u202eabc",
    "<b>'\"&amp;",
    "{{ 7 * 7 }}",
    "007",
    "-1",
    "1e3",
    "true",
    "me",
    "x" * 5000,
    "👗" * 1200,
]


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "photo.png").write_bytes(picture("PNG"))
    workspace = Workspace(settings=Settings(folder / "ws", encoder="hashed"))
    workspace.register_volume("/Volumes/main/odd/photos", folder)
    odd_products(workspace, KEYS, ["/Volumes/main/odd/photos/photo.png"] * len(KEYS))
    with served_page(workspace) as url:
        yield url


@pytest.mark.parametrize("key", KEYS, ids=lambda key: repr(key[:12]))
def test_the_view_and_the_photo_of_any_key_are_found(odd: str, key: str) -> None:
    with httpx.Client(timeout=60, base_url=odd, trust_env=False) as client:
        reply = client.get(product_url(key))
        assert reply.status_code == 200
        assert f'<h1 id="title"><bdi>Thing {KEYS.index(key)}</bdi></h1>' in reply.text
        assert client.get(photo_url(key, 64)).headers["content-type"] == "image/jpeg"
        assert client.get(photo_url(key)).headers["content-type"] == "image/png"


def test_a_browser_follows_the_links_of_any_key(browser: Any, odd: str) -> None:
    with seen(browser, odd) as window:
        page = window.open(product_url("007"))
        titles, sides = page.evaluate(
            """async ([views, photos]) => {
              const titles = [], sides = [];
              for (const view of views) {
                const link = document.createElement("a"); // as a browser reads it
                link.href = view;
                const text = await (await fetch(link.href)).text();
                titles.push(new DOMParser().parseFromString(text, "text/html").title);
              }
              for (const photo of photos) {
                const image = new Image();
                image.src = photo;
                await image.decode();
                sides.push([image.naturalWidth, image.naturalHeight]);
              }
              return [titles, sides];
            }""",
            [[product_url(key) for key in KEYS], [photo_url(key, 320) for key in KEYS]],
        )
        assert titles == [f"Thing {number} · vitrine" for number in range(len(KEYS))]
        assert sides == [[40, 60]] * len(KEYS)


@pytest.mark.parametrize("given, status", [("7", 200), ("007", 200), ("7.5", 404), ("x", 404)])
def test_integers_come_as_text(address: str, given: str, status: int) -> None:
    assert httpx.get(f"{address}{product_url(given)}", trust_env=False).status_code == status
