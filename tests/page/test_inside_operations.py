"""What an operator sees and starts at /inside, in a browser and without one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from support.browser import NARROW, WIDE, accessibility, overflow, seen, served_page
from support.children import wait_until
from support.server import CREDENTIALS

from engine import Settings, Workspace
from engine.doors.http.page.inside.latencies import Latency, latencies
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, TEXT_INDEX

VIEWS = (
    "/inside",
    "/inside/failures",
    "/inside/failures?table=main.fashion_demo.embedding_failures",
    f"/inside/index/{IMAGE_INDEX}",
    "/inside/queries",
    "/inside/query?q=red+dress&by=both",
    "/inside/query",
    "/inside/latent",
    "/inside/direction?name=base_color%3DBlue&q=shirt",
    "/inside/validation",
)


@pytest.fixture
def own(shop: Workspace, tmp_path: Path) -> Iterator[tuple[Workspace, str]]:
    """A shop to be changed, and where it is served."""
    shutil.copytree(shop.path, tmp_path / "ws")
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    with served_page(workspace) as url:
        yield workspace, url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_views_inside_are_for_everybody(
    browser: Any, address: str, size: Any, scheme: Any
) -> None:
    with seen(browser, address, size, scheme) as window:
        for path in VIEWS:
            page = window.open(path)
            assert accessibility(page) == [], path
            assert overflow(page) == 0, path
            for box in page.locator(".scroll").all():
                assert box.get_attribute("tabindex") == "0", path


def test_every_view_is_there_without_scripts(address: str) -> None:
    for path in VIEWS:
        reply = httpx.get(f"{address}{path}", trust_env=False)
        assert reply.status_code == 200 and "<h1" in reply.text, path
        part = httpx.get(f"{address}{path}", trust_env=False, headers={"HX-Request": "true"})
        assert part.status_code == 200 and "<html" not in part.text, path


def test_an_empty_workspace_says_what_to_type(browser: Any, tmp_path: Path) -> None:
    empty = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    with served_page(empty) as url, seen(browser, url) as window:
        for path in ("/inside", "/inside/failures", "/inside/queries", "/inside/latent"):
            page = window.open(path)
            assert accessibility(page) == []
        assert "vitrine demo" in window.open("/inside").locator("main").inner_text()
        assert "No index has vectors" in window.open("/inside/latent").locator("main").inner_text()
        fault = window.open("/inside/validation").get_by_role("alert").last.inner_text()
        assert "not found" in fault
        assert not empty.path.exists()


def test_a_check_is_started_and_its_result_comes_in_place(
    browser: Any, own: tuple[Workspace, str]
) -> None:
    workspace, url = own
    with seen(browser, url) as window:
        page = window.open("/inside")
        page.get_by_role("button", name=f"Check: {IMAGE_INDEX}").click()
        card = page.locator("article", has_text="vs_image_search")
        card.get_by_text("all intact").wait_for(timeout=30_000)
        assert page.url.endswith("/inside")
        segment = next((workspace.path / "indexes" / TEXT_INDEX / "segments").iterdir())
        (segment / "vectors.npy").write_bytes(b"0" * (segment / "vectors.npy").stat().st_size)
        page.get_by_role("button", name=f"Check: {TEXT_INDEX}").click()
        page.locator("article", has_text="vs_text_search").get_by_text(
            "vectors.npy"
        ).first.wait_for(timeout=30_000)


def test_a_sync_brings_what_changed_and_the_figures_follow(
    browser: Any, own: tuple[Workspace, str]
) -> None:
    workspace, url = own
    source = str(workspace.inspection.index(IMAGE_INDEX).source_table)
    workspace.write_table(source, workspace.read_table(source).slice(0, 30))
    with seen(browser, url) as window:
        page = window.open(f"/inside/index/{IMAGE_INDEX}")
        assert page.get_by_text("changed since").count() == 1
        page.get_by_role("button", name="Sync now").click()
        page.get_by_text("30 rows: 0 inserted").wait_for(timeout=30_000)
        page.get_by_text("as it is").wait_for(timeout=30_000)
        assert workspace.inspection.index(IMAGE_INDEX).rows == 30


def test_forms_work_without_scripts(browser: Any, own: tuple[Workspace, str]) -> None:
    _, url = own
    with seen(browser, url, java_script_enabled=False) as window:
        page = window.open(f"/inside/index/{IMAGE_INDEX}")
        page.get_by_role("button", name="Compact").click()
        assert page.url.endswith(f"/inside/index/{IMAGE_INDEX}")
        assert "compact" in page.locator(".jobs").inner_text()


def test_the_page_looks_again_by_itself(browser: Any, own: tuple[Workspace, str]) -> None:
    workspace, url = own
    with seen(browser, url) as window:
        page = window.page
        page.clock.install()
        window.open("/inside")
        workspace.write_table("main.default.born_later", pa.table({"a": [1]}))
        page.locator("#find").focus()
        page.clock.run_for(11_000)
        assert page.get_by_text("main.default.born_later").count() == 0  # somebody is typing
        page.locator("#find").blur()
        page.clock.run_for(11_000)
        page.get_by_text("main.default.born_later").wait_for(timeout=10_000)


def test_a_damaged_thing_is_its_own_row(browser: Any, own: tuple[Workspace, str]) -> None:
    workspace, url = own
    workspace.write_table("main.default.cut", pa.table({"a": [1]}))
    (workspace.path / "tables/main/default/cut/table.json").write_text("{")
    for file in (workspace.path / "indexes" / HYBRID_INDEX).glob("index.json*"):
        file.write_text("{")
    for file in (workspace.path / "endpoints").iterdir():
        file.write_text("{")
    with seen(browser, url) as window:
        page = window.open("/inside")
        assert accessibility(page) == [] and overflow(page) == 0
        row = page.locator("tr", has_text="main.default.cut")
        assert "is damaged" in row.inner_text()
        hybrid = page.locator("article", has_text="vs_hybrid_search")
        assert "is damaged" in hybrid.inner_text()
        assert "39" in page.locator("article", has_text="vs_image_search").inner_text()
        only = window.open("/inside?damaged=1")
        assert (
            only.locator("tbody tr", has_text="main.")
            .first.inner_text()
            .startswith("main.default.cut")
        )


def test_long_lists_are_paged(browser: Any, own: tuple[Workspace, str]) -> None:
    workspace, url = own
    for number in range(60):
        workspace.write_table(f"main.many.table_{number:03}", pa.table({"a": [number]}))
    with seen(browser, url, NARROW) as window:
        page = window.open("/inside?find=main.many")
        assert page.get_by_text("main.many.table_049").count() == 1
        assert page.get_by_text("main.many.table_050").count() == 0
        page.get_by_role("link", name="Next ›").click()
        page.get_by_text("main.many.table_059").wait_for()
        assert "find=main.many" in page.url and overflow(page) == 0


def test_failures_are_read_by_key_and_reason(browser: Any, address: str) -> None:
    with seen(browser, address) as window:
        page = window.open("/inside/failures")
        page.get_by_role("link", name="main.fashion_demo.embedding_failures").click()
        row = page.locator("tbody tr").first.inner_text()
        assert row.startswith("40") and "40.jpg" in row


def test_what_is_not_there_is_said(address: str) -> None:
    for path, status in (
        ("/inside/index/main.a.none", 404),
        ("/inside/failures?table=main.a.none", 404),
        ("/inside?tables=x", 400),
        ("/inside/query?shade=red", 400),
        (f"/inside/query?q=red&photo={'0' * 32}", 404),
        ("/inside/direction?name=base_color%3DNone", 404),
        ("/inside/latent?d=99999", 200),
        ("/inside/validation?k=0", 400),
    ):
        reply = httpx.get(f"{address}{path}", trust_env=False)
        assert reply.status_code == status and 'role="alert"' in reply.text, path


def test_requests_are_those_of_the_metrics(address: str) -> None:
    for _ in range(3):
        httpx.get(f"{address}/inside/queries", trust_env=False)
    told = 'vitrine_http_request_seconds_count{operation="page_queries"} '

    def counted() -> Latency | None:
        """What both tell alike: a request counts once its answer was sent, which is after it came."""
        found = {one.operation: one for one in latencies()}["page_queries"]
        metrics = httpx.get(f"{address}/metrics", trust_env=False).text
        (row,) = [row for row in metrics.splitlines() if row.startswith(told)]
        return found if found.requests == float(row.removeprefix(told)) >= 3 else None

    wait_until(counted)
    found = counted()
    assert found is not None and found.failed == 0
    assert 0 < found.half_ms <= found.most_ms and found.mean_ms > 0
    assert "page_queries</th>" in httpx.get(f"{address}/inside", trust_env=False).text


def test_another_page_starts_nothing(own: tuple[Workspace, str]) -> None:
    workspace, url = own
    step = f"{url}/inside/index/{IMAGE_INDEX}/compact"
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null", "http://["):
        assert httpx.post(step, headers={"Origin": origin}, trust_env=False).status_code == 403
    assert workspace.inspection.jobs(workspace.inspection.index(IMAGE_INDEX)) == []
    assert httpx.post(step, headers={"Origin": url}, trust_env=False).status_code == 303


def test_whoever_has_not_signed_in_sees_and_starts_nothing(shop: Workspace) -> None:
    with served_page(shop, CREDENTIALS) as url:
        assert httpx.get(f"{url}/inside", trust_env=False).status_code == 303
        step = f"{url}/inside/index/{IMAGE_INDEX}/check"
        assert httpx.post(step, trust_env=False).headers["location"].startswith("/login")
