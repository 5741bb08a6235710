"""The page in Chromium: what it logs, what it asks for, and whether everybody can use it.

Playwright's library drives the system's own; its own browsers are not downloaded. That is Chromium's
headless shell where it is installed, as it is Playwright's own choice for pages that nobody looks at:
for each page the whole browser makes a window with all that is in it, five times the work of the page.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from support.needs import needs, skip

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Scheme = Literal["light", "dark"]
OPTIONS = ["--headless", "--no-sandbox", "--disable-background-networking"]
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
WIDE, NARROW = (1280, 900), (360, 740)


@contextmanager
def browser_of() -> Iterator[Browser]:
    """A browser; the test is skipped where it, or what drives it, is not installed."""
    needs("browser")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        skip("needs the browser chromium (Debian: apt-get install chromium-headless-shell)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield made
        made.close()


@contextmanager
def served_page(workspace: Workspace, credentials: Credentials | None = None) -> Iterator[str]:
    """The address that a workspace's page is served at."""
    with BackgroundServer(workspace, credentials) as server:
        yield server.url


@dataclass
class Seen:
    """A page in a browser, and what went on in it.

    Attributes:
        errors: what was logged as an error, and what scripts raised.
        foreign: addresses that are no part of the server.
        expected: statuses of replies whose line in the log is meant, such as 404.
    """

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def open(self, path: str = "/") -> Page:
        """Go to an address of the server, and wait until all of it is there."""
        self.page.goto(f"{self.origin}{path}", wait_until="networkidle")
        return self.page

    def check(self) -> None:
        """Nothing was logged as an error, and nobody else was asked for anything."""
        meant = tuple(f"status of {status}" for status in self.expected)
        errors = [text for text in self.errors if not any(part in text for part in meant)]
        assert errors == [] and self.foreign == []


@contextmanager
def seen(
    browser: Browser,
    origin: str,
    size: tuple[int, int] = WIDE,
    scheme: Scheme = "light",
    **options: Any,
) -> Iterator[Seen]:
    """A fresh browser window on a server's page; at its end `check` holds."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, **options
    )
    try:
        page = context.new_page()
        found = Seen(page, origin)
        page.on("console", lambda m: found.errors.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: found.errors.append(str(error)))
        page.on("request", lambda request: _note_foreign(found, request.url))
        yield found
        found.check()
    finally:
        context.close()


def _note_foreign(found: Seen, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != found.origin:
        found.foreign.append(url)


def accessibility(page: Page) -> list[str]:
    """What axe finds serious or critical: rule, and the first element that breaks it."""
    from axe_playwright_python.sync_playwright import Axe

    report = Axe().run(page).response
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:200]} ({each['nodes'][0]['failureSummary'][:300]})"
        for each in report["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window; 0 where nothing scrolls sideways."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def skipped_headings(page: Page) -> list[str]:
    """Headings that are more than one level below the heading before them."""
    headings = page.locator("main :is(h1, h2, h3, h4, h5, h6)").filter(visible=True)
    found = headings.evaluate_all("all => all.map(each => each.tagName + ' ' + each.textContent)")
    return [
        after for before, after in pairwise(["h0", *found]) if int(after[1]) > int(before[1]) + 1
    ]
