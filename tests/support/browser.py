"""The page in Chromium: what it logs, what it asks for, and whether everybody can use it.

Playwright's library drives the system's own; its own browsers are not downloaded. That is Chromium's
headless shell where it is installed, as it is Playwright's own choice for pages that nobody looks at:
for each page the whole browser makes a window with all that is in it, five times the work of the page.
"""

from __future__ import annotations

import shutil
import time
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
    from playwright.sync_api import Browser, Page, Request

Scheme = Literal["light", "dark"]
OPTIONS = ["--headless", "--no-sandbox", "--disable-background-networking"]
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
WIDE, NARROW = (1280, 900), (360, 740)
PATIENCE = 120  # seconds, for a page that asks again and again
# A reply's arrival may put something into the page, and what is drawn then may come into view and ask
# for more: htmx marks what it works on, and what came into view is told one frame after it was drawn.
DRAWN = """async () => {
    if (matchMedia("(scripting: none)").matches) return; // nothing asks for more, and no timer runs
    const working = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added";
    const waiting = () =>
        document.readyState !== "complete" || document.querySelector(working) !== null;
    for (let quiet = 0; quiet < 4; quiet = waiting() ? 0 : quiet + 1) {
        await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
    }
}"""


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


class Arrivals:
    """What a page has asked for and not received yet."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._under_way: set[Request] = set()
        self._begun = 0
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        self._under_way.add(request)
        self._begun += 1

    def _end(self, request: Request) -> None:
        self._under_way.discard(request)

    def goto(self, url: str) -> None:
        """Go to an address, and wait until all of it is there."""
        self._under_way.clear()  # the replies that the page before waited for come no more
        self._page.goto(url)
        self.wait()

    def reload(self) -> None:
        """Load the page again, and wait until all of it is there."""
        self._under_way.clear()
        self._page.reload()
        self.wait()

    def wait(self) -> None:
        """Until all replies are here and drawn, and nothing drawn has asked for more.

        Raises:
            TimeoutError: with what is still missing.
        """
        last = time.monotonic() + PATIENCE
        while time.monotonic() < last:
            begun = self._begun
            self._page.evaluate(DRAWN)
            if not self._under_way and begun == self._begun:
                return
        missing = [request.url for request in self._under_way]
        raise TimeoutError(f"{self._page.url} waits for {missing}; it asked {self._begun} times")


@dataclass
class Seen:
    """A page in a browser, and what went on in it.

    Attributes:
        errors: what was logged as an error, and what scripts raised.
        foreign: addresses that are no part of the server.
        expected: statuses of replies whose line in the log is meant, such as 404.
        arrivals: what is still missing.
    """

    page: Page
    origin: str
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.arrivals = Arrivals(self.page)

    def open(self, path: str = "/") -> Page:
        """Go to an address of the server, and wait until all of it is there."""
        self.arrivals.goto(f"{self.origin}{path}")
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
