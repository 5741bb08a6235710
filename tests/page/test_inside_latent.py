"""The latent explorer and the validation, in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from support.browser import NARROW, accessibility, overflow, seen, served_page
from support.planted import DIMENSION, GOODS, PLANTED, index_goods

from engine import Settings, Workspace, optional
from engine.shop.names import IMAGE_INDEX

SCHEMA = {"id": "int", "v": "array<float>"}


@pytest.fixture
def planted(tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    """Goods of a catalogue without a shop's tables, and where they are served."""
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    random = np.random.default_rng(3)
    vectors = random.normal(size=(GOODS, DIMENSION)).astype(np.float32)
    colors = np.array(["rot", "blau"])[(vectors[:, 5] > 0).astype(int)]
    vectors[:, 5] *= 4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    columns = {
        "sku": [f"s/{n}" for n in range(GOODS)],
        "naming": [f"good {n}" for n in range(GOODS)],
        "sort": ["a", "b", "c"] * (GOODS // 3),
        "farbe": colors.tolist(),
        "stil": ["x"] * GOODS,
        "cost": [float(n) for n in range(GOODS)],
        "vector": vectors.tolist(),
    }
    index_goods(workspace, pa.table(columns))
    with served_page(workspace) as url:
        yield workspace, url


def test_features_are_found_on_request_once_and_shown(
    browser: Any, planted: tuple[Workspace, str]
) -> None:
    workspace, url = planted
    with seen(browser, url) as window:
        page = window.open("/inside/latent")
        assert page.locator(".reads").count() == 0
        page.get_by_role("button", name="Find what the vectors tell").click()
        page.locator(".reads").wait_for(timeout=60_000)
        window.arrivals.wait()
        first = page.locator(".reads tbody tr").first.inner_text()
        assert first.startswith("farbe") and "5" in first.split()
        assert page.locator(".found button").count() == 0
        assert accessibility(page) == []
    job = workspace.latent_job(PLANTED)
    assert job is not None and job.state == "done"


def test_a_dimension_is_picked_by_address_keys_and_links(
    browser: Any, planted: tuple[Workspace, str]
) -> None:
    _, url = planted
    with seen(browser, url) as window:
        page = window.open(f"/inside/latent?index={PLANTED}&d=5")
        assert page.get_by_role("heading", name="Dimension 5").count() == 1
        assert "farbe: " in page.locator(".end").first.inner_text()
        page.get_by_role("slider").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("heading", name="Dimension 6").wait_for()
        page.wait_for_url("**d=6*")
        assert page.evaluate("document.activeElement.id") == "d"
        page.get_by_role("link", name="Previous dimension").click()
        page.get_by_role("heading", name="Dimension 5").wait_for()
        low, high = page.locator(".end").all()
        assert "farbe: rot (12 of 12)" in low.inner_text()
        assert "farbe: blau (12 of 12)" in high.inner_text() and "good " in high.inner_text()


def test_what_is_missing_is_said_with_how_to_install_it(
    browser: Any, planted: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, url = planted
    monkeypatch.setattr(optional, "is_installed", lambda package: package != "sklearn")
    with seen(browser, url) as window:
        page = window.open("/inside/latent")
        page.get_by_role("button", name="Find what the vectors tell").click()
        page.get_by_text("[latent]").wait_for()
        assert "Dimension 0" in page.locator("main").inner_text()
    assert workspace.latent_job(PLANTED) is None


def test_directions_lead_to_what_more_and_less_of_them_gives(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/inside/latent")
        page.locator("summary", has_text="gender").click()
        page.locator("details[open] a.name").first.click()
        page.get_by_label("Words beside it").fill("shirt")
        page.get_by_role("button", name="Show").click()
        for title in ("More", "As it is", "Less"):
            assert page.get_by_role("region", name=title).locator(".card").count() == 12
        page.get_by_role("region", name="Less").get_by_role("link", name="in the search").click()
        page.wait_for_url("**term=direction*-0.3")
        assert page.locator(".card").count() > 0


@pytest.mark.parametrize("kind", ["without a version", "of rows by upsert"])
def test_an_index_that_is_not_the_shops_is_explored_or_says_why_not(
    browser: Any, tmp_path: Path, kind: str
) -> None:
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    workspace.create_endpoint("any", "STANDARD")
    options = {"dimension": 4, "vector_column": "v", "schema": SCHEMA, "primary_key": "id"}
    workspace.create_direct_access_index("main.a.direct", endpoint="any", **options)
    if kind == "of rows by upsert":
        workspace.upsert("main.a.direct", [{"id": n, "v": [n, 1.0, 0, 0]} for n in range(5)])
    else:
        shutil.rmtree(workspace.path / "indexes" / "main.a.direct" / "versions")
        workspace = Workspace(workspace.path)
    with served_page(workspace) as url, seen(browser, url, NARROW) as window:
        page = window.open("/inside/latent")
        text = page.locator("main").inner_text()
        assert accessibility(page) == [] and overflow(page) == 0
        if kind == "without a version":
            assert "has no version yet" in text
        else:
            assert "no photo" in text
            assert "Dimension 0" in text and "value 4.000" in text


def test_the_validation_marks_what_is_right(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/inside/validation")
        page.get_by_label("Queries, one a line").fill("red tshirts\nzzz unknown\n\n")
        page.get_by_role("button", name="Ask").click()
        page.get_by_role("heading", name="zzz unknown").wait_for()
        text = page.locator("main").inner_text()
        assert "Not judged: its words name no category or colour here" in text
        assert "q=red+tshirts" in page.url
        assert page.locator(".card.right").count() + page.locator(".card.wrong").count() > 0


def test_an_index_of_words_alone_is_not_offered(shop: Workspace, address: str) -> None:
    reply = httpx.get(f"{address}/inside/latent?index={IMAGE_INDEX}&d=1", trust_env=False)
    assert "Dimension 1" in reply.text
    assert shop.inspection.indexes_with_vectors() == sorted(shop.inspection.indexes_with_vectors())
