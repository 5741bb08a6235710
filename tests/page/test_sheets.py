"""Contact sheets, the notebook's view and the validation's page: the page's card, in one file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.browser import NARROW, WIDE, accessibility, overflow, seen

from engine import Workspace
from engine.shop.search.result import SearchResult

NOTEBOOK = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>n</title><style>
body {{ background: {ground}; color: #888; font: 13px sans-serif; margin: 8px }}
.jp-RenderedHTMLCommon ol {{ padding-left: 2em; list-style: decimal }}
.jp-RenderedHTMLCommon img {{ max-width: 100%; height: auto }}
.jp-RenderedHTMLCommon a:link {{ color: #f0f; text-decoration: underline }}
</style></head><body data-jp-theme-light="{light}">
<ol id="own"><li class="card">a <a href="#x" class="to">link</a></li></ol>
<div class="jp-RenderedHTMLCommon">{cell}</div></body></html>"""


@contextmanager
def opened(
    browser: Any, file: Path, size: tuple[int, int] = WIDE, scheme: str = "light"
) -> Iterator[Any]:
    """A file in a browser that is asked for nothing else, and logs no error."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )
    page, wrong = context.new_page(), []
    page.on("request", lambda r: None if r.url.startswith("data:") else wrong.append(r.url))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    try:
        page.goto(file.as_uri(), wait_until="load")
        yield page
        assert wrong == [file.as_uri()]
    finally:
        context.close()


@pytest.fixture(scope="module")
def sheets(shop: Workspace, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sheets")
    return {
        "contact": shop.search("dress", k=24).save(folder / "contact.html"),
        "nothing": shop.search("dress", filters={"price <": 0}).save(folder / "nothing.html"),
        "validation": shop.validate(["red jeans", "dress", "nothing"]).save(folder / "v.html"),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, (390, 844), NARROW], ids=["wide", "phone", "narrow"])
@pytest.mark.parametrize("name", ["contact", "nothing", "validation"])
def test_a_sheet_is_for_everybody(
    browser: Any, sheets: dict[str, Path], name: str, size: tuple[int, int], scheme: str
) -> None:
    with opened(browser, sheets[name], size, scheme) as page:
        assert accessibility(page) == []
        assert overflow(page) == 0
        dark = page.evaluate("getComputedStyle(document.querySelector('.vitrine')).backgroundColor")
        assert (dark == "rgb(22, 22, 21)") == (scheme == "dark")


def test_a_card_says_rank_key_name_price_and_score_and_leads_to_its_photo(
    browser: Any, shop: Workspace, tmp_path: Path
) -> None:
    found = shop.search("dress", k=3, offset=4)
    with opened(browser, found.save(tmp_path / "sheet.html")) as page:
        card = page.locator(".card").first
        text = card.inner_text()
        assert found[0]["product_display_name"] in text and str(found.keys[0]) in text
        assert card.locator(".rank").inner_text() == "5"
        assert card.locator(".cost").inner_text() == f"{found[0]['price']:,.2f}"
        assert card.locator(".score").inner_text() == f"{found[0]['score']:.3f}"
        assert card.locator("img").evaluate("image => image.decode()") is None
        link = card.locator("a").get_attribute("href")
    photo = (tmp_path / link).resolve()
    assert photo == shop.volumes.resolve(found.to_dicts()[0]["image_path"]).resolve()


def test_cards_lead_to_a_server_s_products_where_one_is_named(shop: Workspace) -> None:
    found = shop.search("dress", k=3)
    links = re.findall(r'href="([^"]*)"', found.to_html(server="http://127.0.0.1:8765/"))
    assert links == [f"http://127.0.0.1:8765/product/{key}" for key in found.keys]
    assert "href" not in found.to_html()
    judged = shop.validate(["jeans"], k=2).to_html(server="http://127.0.0.1:8765")
    assert 'href="http://127.0.0.1:8765/product/' in judged


def test_the_card_is_the_page_s_own(
    browser: Any, address: str, sheets: dict[str, Path], tmp_path: Path
) -> None:
    style = """card => ['borderRadius', 'backgroundColor', 'color', 'fontFamily', 'fontSize'].map(
        name => getComputedStyle(card)[name])"""
    with opened(browser, sheets["contact"]) as page:
        own = page.locator(".card").first.evaluate(style)
    with seen(browser, address) as window:
        page = window.open("/?q=dress")
        assert page.locator(".card").first.evaluate(style) == own


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("is_dark", [False, True], ids=["light theme", "dark theme"])
def test_a_notebook_s_cell_has_the_notebook_s_theme_and_leaves_its_styles_alone(
    browser: Any, shop: Workspace, tmp_path: Path, is_dark: bool, scheme: str
) -> None:
    ask = """() => ['#own', '#own li', '#own a', 'body'].map(one => {
        const s = getComputedStyle(document.querySelector(one));
        return [s.color, s.backgroundColor, s.listStyleType, s.display, s.margin, s.padding, s.font];
    })"""
    values = {"ground": "#111" if is_dark else "#fff", "light": str(not is_dark).lower()}
    cell = shop.search("dress", k=6)._repr_html_()
    plain, full = tmp_path / "plain.html", tmp_path / "full.html"
    plain.write_text(NOTEBOOK.format(cell="", **values))
    full.write_text(NOTEBOOK.format(cell=cell, **values))
    with opened(browser, plain, NARROW, scheme) as page:
        before = page.evaluate(ask)
    with opened(browser, full, NARROW, scheme) as page:
        assert page.evaluate(ask) == before
        assert overflow(page) == 0
        ground = page.evaluate(
            "getComputedStyle(document.querySelector('.vitrine')).backgroundColor"
        )
        assert (ground == "rgb(22, 22, 21)") == is_dark
        cards = page.locator(".cards")
        assert cards.evaluate("one => getComputedStyle(one).display") == "grid"
        assert cards.evaluate("one => getComputedStyle(one).listStyleType") == "none"


def odd_result(workspace: Workspace, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """A search's result with other values in its rows."""
    found = workspace.search("dress", k=4)
    rows = tuple(tuple(change(dict(row)).values()) for row in found)
    return replace(found, _rows=rows)


@pytest.mark.parametrize(
    "title",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "x" * 3_000,
        "日本語のとても長い商品名" * 20,
        "قميص أحمر للرجال",
        None,
        "\x00\x1b[31m",
    ],
)
def test_odd_names_break_no_sheet(
    browser: Any, shop: Workspace, tmp_path: Path, title: object
) -> None:
    found = odd_result(shop, lambda row: {**row, "product_display_name": title})
    with opened(browser, found.save(tmp_path / "odd.html"), NARROW) as page:
        assert overflow(page) == 0
        assert page.locator(".card").count() == 4
        assert page.locator("script").count() == 0 and page.locator(".card img").count() <= 4


@pytest.mark.parametrize(
    ("price", "shown"), [(None, 0), (float("nan"), 0), ("from 5 €", 1), (1234567.5, 1)]
)
def test_odd_prices_break_no_sheet(shop: Workspace, price: object, shown: int) -> None:
    page = odd_result(shop, lambda row: {**row, "price": price}).to_html()
    assert page.count('class="cost"') == 4 * shown
    if isinstance(price, str):
        assert page.count(price) == 4
    assert "1,234,567.50" in page or price != 1234567.5


def test_200_rows_are_a_few_megabytes(shop: Workspace, tmp_path: Path) -> None:
    found = shop.search("dress", k=10)
    many: SearchResult = replace(
        found,
        _rows=tuple(found._rows * 20),
        _images=tuple(found._images * 20),
        keys=tuple(found.keys * 20),
    )
    page = many.to_html()
    assert page.count('<li class="card') == 200 and len(page) < 4_000_000


def test_a_photo_that_is_gone_is_said_and_the_rest_is_shown(
    shop: Workspace, tmp_path: Path
) -> None:
    found = shop.search("dress", k=3)
    paths = ("/Volumes/main/fashion_demo/raw_data/images/none.jpg", None, found._images[2])
    page = replace(found, _images=paths).to_html()
    assert page.count("<img") == 1 and page.count(">no photo<") == 2
    assert "1 of 3 photos can&#39;t be shown" in page
