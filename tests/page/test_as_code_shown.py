"""Every view shows what it asked as code, and the code gives the products that the view shows."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.browser import served_page
from support.command import typed
from support.storefront import built_shop, picture

from engine import Settings, Workspace

USER, OTHER = "user_006327", "user_008828"
VIEWS = {
    "/product/3": "/page/as-code/similar",
    "/product/3?similar=text": "/page/as-code/similar",
    "/page/product/similar/3?similar=photo&offset=12": "/page/as-code/similar",
    f"/people/{USER}": "/page/as-code/recommended",
    f"/people/{USER}?vector=0.2&category=3&color=0&price=0.5&diversity=0.7&offset=5": (
        "/page/as-code/recommended"
    ),
    f"/people/{USER}?with={OTHER}&vector=0.2&offset=7": "/page/as-code/recommended",
    "/?photo=&by=words&term=text:shirt:1": "/page/as-code",
    "/?q=jeans&by=both": "/page/as-code",
    "/?from=12.5&sort=price+DESC&is.gender=Men": "/page/as-code",
    "/inside/latent?d=7": "/page/as-code/latent",
}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = built_shop(tmp_path_factory.mktemp("shown"))
    made.build_users()
    return made


@pytest.fixture(scope="module")
def shown(people: Workspace) -> Iterator[str]:
    with served_page(people) as url:
        yield url


def keys_of(text: str) -> list[str]:
    """The keys of the cards, in their order."""
    return [html.unescape(key) for key in re.findall(r'class="key"[^>]*>([^<]*)<', text)]


def code_of(address: str, path: str, language: str) -> str:
    part = httpx.get(f"{address}{path}", headers={"HX-Request": "true"}, trust_env=False)
    assert part.status_code == 200, part.text
    found = re.search(f'data-language="{language}".*?<code>(.*?)</code>', part.text, re.DOTALL)
    assert found is not None, part.text
    return html.unescape(found[1])


def keys_in(reply: object, name: str = "product_id") -> list[str]:
    """The keys of what a command printed, in their order, wherever they stand."""
    if isinstance(reply, dict):
        own = [str(reply[name])] if name in reply else []
        return own or [key for value in reply.values() for key in keys_in(value, name)]
    return [key for each in reply for key in keys_in(each, name)] if isinstance(reply, list) else []


@pytest.mark.parametrize("view", VIEWS)
def test_the_code_that_a_view_shows_gives_its_products(view: str, shown: str) -> None:
    text = httpx.get(f"{shown}{view}", trust_env=False).text
    paths = re.findall(r'<details class="code-of" hx-get="([^"]*)"', text)
    assert paths and all(path.split("?")[0] == VIEWS[view] for path in paths)
    recommended = text.partition('id="recommended"')[2] if view.startswith("/people") else ""
    wanted = keys_of(recommended or text)
    found = []
    for path in map(html.unescape, paths):
        command = shlex.split(code_of(shown, path, "vitrine"))
        found += keys_in(json.loads(typed(*command[1:], "--json").stdout))
    if "by=both" in view or "/latent" in view:  # of two lists the page has the other one first
        found, wanted = sorted(found), sorted(wanted)
    assert found == wanted and found


def test_a_look_is_shown_as_code(tmp_path: Path) -> None:
    """Of a catalogue with several categories; the page groups its products by them."""
    lines = ["id,name,kind", *(f"{n},Thing {n},{kind}" for n, kind in enumerate("abcabc"))]
    (tmp_path / "things.csv").write_text("\n".join(lines))
    for number in range(6):
        (tmp_path / f"{number}.png").write_bytes(picture("PNG", (8, 9 + number)))
    made = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    means = {"id": "id", "title": "name", "category": "kind"}
    made.build(tmp_path / "things.csv", tmp_path, catalogue=means)
    with served_page(made) as url:
        text = httpx.get(f"{url}/page/product/look/0", trust_env=False).text
        (path,) = re.findall(r'<details class="code-of" hx-get="([^"]*)"', text)
        code = code_of(url, html.unescape(path), "vitrine")
    reply = json.loads(typed(*shlex.split(code)[1:], "--json").stdout)
    found = set(keys_in(reply, "id")) - {"0"}  # the reply may name the product itself
    assert found == set(keys_of(text)) and found


def test_a_validation_is_shown_as_code(shown: str) -> None:
    view = "/inside/validation?q=red+shirt%0Ablue+jeans&k=3"
    text = httpx.get(f"{shown}{view}", trust_env=False).text
    (path,) = re.findall(r'<details class="code-of" hx-get="([^"]*)"', text)
    code = code_of(shown, html.unescape(path), "vitrine")
    reply = json.loads(typed(*shlex.split(code)[1:], "--json").stdout)
    assert [one["query"] for one in reply["queries"]] == ["red shirt", "blue jeans"]
    counted = re.findall(r"by meaning \(photos\) <span class=\"facts\">([^<]*)<", text)
    assert len(counted) == 2
