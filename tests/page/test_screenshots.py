"""Pictures of the main views over the bundled catalogue: those that README shows are made here.

    VITRINE_SCREENSHOTS=datasets/sample/page pytest tests/page/test_screenshots.py

draws them anew; without the variable they are made and thrown away.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.browser import NARROW, seen, served_page

import engine
from engine import Workspace
from engine.shop.demo import Demo

ROOT = Path(engine.__file__).parents[1]
FOLDER = "datasets/sample/page"
WIDE = (1180, 780)
# name -> address, size, colour scheme, and what is there once the view is whole
VIEWS: dict[str, tuple[str, tuple[int, int], str, str]] = {
    "search": ("/?q=red+summer+dress&is.gender=Women", WIDE, "light", ".card img"),
    "product": ("/product/10043", WIDE, "light", "#tags svg"),
    "people": ("/people/user_008828?with=user_006327", WIDE, "light", ".card img"),
    "map": ("/map?q=red+dress", WIDE, "dark", "canvas"),
    "search-narrow": ("/?q=black+handbag", NARROW, "dark", ".card img"),
}

# Photos further down are not loaded, and would never be decoded.
_PHOTOS = """Promise.all(
    [...document.images]
        .filter((image) => image.getBoundingClientRect().top < innerHeight)
        .map((image) => image.decode().catch(() => 0))
)"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo's shop is served, as `vitrine demo` makes it."""
    workspace = Workspace(tmp_path_factory.mktemp("shown") / "vitrine-demo")
    shop = Demo(workspace.shop, workspace.tables, workspace.volumes, workspace.path)
    shop.build()
    shop.people()
    with served_page(workspace) as url:
        yield url


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_of_the_bundled_catalogue_is_a_picture(
    browser: Any, address: str, tmp_path: Path, name: str
) -> None:
    path, size, scheme, whole = VIEWS[name]
    with seen(browser, address, size, scheme, locale="en-US") as window:  # type: ignore[arg-type]
        page = window.open(path)
        page.locator(whole).first.wait_for()
        page.evaluate(_PHOTOS)
        page.evaluate("document.activeElement.blur()")
        picture = page.screenshot(animations="disabled")
    image = Image.open(io.BytesIO(picture))
    assert image.size == size
    assert len(image.convert("RGB").getcolors(1 << 24) or ()) > 200  # something is drawn
    folder = Path(os.environ.get("VITRINE_SCREENSHOTS", tmp_path))
    image.convert("RGB").save(folder / f"{name}.webp", quality=88, method=6)


def test_readme_shows_pictures_that_are_made_here() -> None:
    shown = re.findall(rf"\({FOLDER}/([\w-]+)\.webp\)", (ROOT / "README.md").read_text())
    assert shown and set(shown) <= set(VIEWS)
    assert {path.stem for path in (ROOT / FOLDER).glob("*.webp")} == set(VIEWS)
