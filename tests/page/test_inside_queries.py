"""Queries explained: the last ones, their steps, and what an exact search finds instead."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from support.browser import seen

from engine import Workspace
from engine.service.inspection.recent import AnsweredQuery
from engine.shop.names import IMAGE_INDEX
from engine.shop.page.address import Asked
from engine.shop.page.inside.explaining import explained
from engine.shop.page.inside.steps import WIDTH, shown_queries, steps_of
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult


def test_the_picture_of_a_query_fills_its_width_by_its_steps() -> None:
    steps = steps_of({"encode": 3.0, "filter": 0.0, "search": 1.0})
    assert [step.name for step in steps.steps] == ["encode", "search"]
    assert steps.whole_ms == 4.0 and steps.steps[1].start == steps.steps[0].length
    assert sum(step.length for step in steps.steps) == pytest.approx(WIDTH, abs=0.5)
    assert steps.in_words == "encode 3.00 ms, search 1.00 ms"
    assert steps_of({}).in_words == "no time" and steps_of({"encode": 0.0}).steps == ()


def test_only_a_query_that_an_address_holds_is_explained() -> None:
    def query(is_plain: bool) -> AnsweredQuery:
        return AnsweredQuery(1.0, "i", "a & b", "ANN", "", is_plain, 1, {"search": 1.0}, (), "api")

    plain, other = shown_queries([query(True), query(False)])
    assert plain.explained == "/inside/query?q=a+%26+b" and other.explained is None


def test_recall_is_the_share_of_the_exact_results(shop: Workspace) -> None:
    overview = shop.products_overview()

    def worse(request: SearchRequest) -> SearchResult:
        """A search that misses the best one where exactness is not asked for."""
        found = shop.shop.search(request)
        if request.exact:
            return found
        fields = dict(vars(found))
        return SearchResult(**{**fields, "keys": found.keys[1:], "_rows": fields["_rows"][1:]})

    asked = Asked(words="red dress")
    (same,) = explained(asked, None, shop.shop.search, overview.catalogue, overview.columns)
    assert same.recall == 1.0 and same.is_same and len(same.rows) == 24
    (worse_one,) = explained(asked, None, worse, overview.catalogue, overview.columns)
    assert worse_one.recall == pytest.approx(23 / 24) and not worse_one.is_same
    missed = [row for row in worse_one.rows if row.place is None]
    assert [row.exact_place for row in missed] == [1]


def test_a_search_by_words_and_meaning_is_explained_as_both(shop: Workspace) -> None:
    overview = shop.products_overview()
    asked = Asked(words="shirt", by="both", chosen={"gender": ("Women",)})
    meaning, words = explained(asked, None, shop.shop.search, overview.catalogue, overview.columns)
    assert meaning.exact_steps is not None and words.exact_steps is None and words.recall is None
    assert meaning.filtered == words.filtered == ("gender: Women",)
    assert "match" in meaning.plan[0] and "products" in words.plan[0]


def test_the_last_queries_are_listed_and_one_is_explained(
    browser: Any, shop: Workspace, address: str
) -> None:
    vector = [0.1] * shop.inspection.index(IMAGE_INDEX).dimension
    shop.query_index(IMAGE_INDEX, columns=["product_id"], query_vector=vector, num_results=2)
    httpx.get(f"{address}/?q=green+shirt", trust_env=False)
    with seen(browser, address) as window:
        page = window.open("/inside/queries")
        rows = page.locator("tbody tr").all_inner_texts()  # a closed page's last one may be there
        latest = next(number for number, row in enumerate(rows) if "green shirt" in row)
        before = next(row for row in rows[latest + 1 :] if "a vector" in row)
        assert latest < 5 and "by the API" in before
        row = page.locator("tbody tr").nth(latest)
        assert row.locator("svg rect.step").count() > 0
        row.get_by_role("link", name="explain").click()
        page.wait_for_url("**/inside/query?q=green+shirt")
        text = page.locator("main").inner_text()
        assert "100 %" in text and "exactness asked for" in text
        page.get_by_role("link", name="see the results").click()
        page.wait_for_url("**/?q=green+shirt")
