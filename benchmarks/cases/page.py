"""How long from a key to the painted grid, how soon is the page there, and how much does it weigh?

    VITRINE_BENCH_SHOP=WORKSPACE python benchmarks/run.py page

The server is `vitrine serve` in another process; the browser is the system's chromium, without a window.
The shop is built of --data with the embedded model, or is that of the workspace that VITRINE_BENCH_SHOP
names, where thumbnails only are written. A key counts from the system's event to the frame after the
grid of exactly what stands in the box is in place; so does a row of photos, until each is decoded.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from case import Options, Row, folder, median, run
from http_cost import serve
from playwright.sync_api import Browser, Page, sync_playwright

from engine import Workspace

TEXTS = ("red summer dress", "black leather shoes", "white cotton shirt", "blue running shoes")
LOADS = 9
KEY_MS, PAINT_MS, WEIGHT_KB = 150.0, 1000.0, 300.0
FAST = 60  # milliseconds between keys of somebody who types fast
OPTIONS = ["--headless", "--no-sandbox", "--disable-background-networking"]

WATCH = """
window.taken = [];
window.photos = [];
let pressed = null;
addEventListener("keydown", (event) => {
  pressed = event.key.trim() && event.key.length === 1 ? event.timeStamp : null;
}, true);
const after = (then) => requestAnimationFrame(() => {
  const channel = new MessageChannel();
  channel.port1.onmessage = then;
  channel.port2.postMessage(0);
});
new MutationObserver(() => {
  if (pressed === null) return;
  const typed = document.getElementById("q").value.trim();
  if (!document.querySelector("h2.count")?.textContent.includes(`“${typed}”`)) return;
  const start = pressed;
  pressed = null;
  after(() => taken.push(performance.now() - start));
  const row = [...document.querySelectorAll("#found .card img")].slice(0, 5);
  Promise.allSettled(row.map((image) => image.decode())).then(() =>
    after(() => photos.push(performance.now() - start)));
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
WEIGHT = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .filter((each) => each.initiatorType !== "img")
  .reduce((sum, each) => sum + each.encodedBodySize, 0)"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def page(options: Options) -> list[Row]:
    if shutil.which("chromium") is None:
        return [Row("left out: there is no chromium here", "")]
    with ExitStack() as stack:
        given = os.environ.get("VITRINE_BENCH_SHOP")
        path = Path(given) if given else stack.enter_context(folder()) / "ws"
        shop = Workspace(path)
        if not given:
            shop.build(options.styles, options.images)
        products = Row("products", f"{shop.products_overview().products:,}")
        server, port = serve(path)
        try:
            with chromium() as browser:
                return [products, *measured(browser, f"http://127.0.0.1:{port}")]
        finally:
            server.terminate()
            server.wait()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


def measured(browser: Browser, url: str) -> list[Row]:
    started = time.perf_counter()
    first = opened(browser, url)
    cold = 1000 * (time.perf_counter() - started)
    weight = first.evaluate(WEIGHT) / 1000
    first.context.close()
    paints = [painted(browser, url) for _ in range(LOADS)]
    keys, photos, fast = typed(browser, url)
    return [
        Row("first visit after a start, all of it there, ms", f"{cold:.0f}"),
        _row("first paint, ms", paints, PAINT_MS),
        Row("page without photos, kB", f"{weight:.0f}", f"{WEIGHT_KB:g}", weight <= WEIGHT_KB),
        _row("a key to the painted grid, ms", keys, KEY_MS),
        _row("a key to the first row's photos, ms", photos),
        _row(f"last of keys {FAST} ms apart to the painted grid, ms", fast, KEY_MS),
    ]


def opened(browser: Browser, url: str) -> Page:
    """The page in a fresh window, with nothing kept of earlier ones."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(WATCH)
    window = context.new_page()
    window.goto(url, wait_until="networkidle")
    return window


def painted(browser: Browser, url: str) -> float:
    window = opened(browser, url)
    taken = float(window.evaluate(PAINT))
    window.context.close()
    return taken


def typed(browser: Browser, url: str) -> tuple[list[float], list[float], list[float]]:
    window = opened(browser, url)
    window.keyboard.type("warm")
    window.wait_for_load_state("networkidle")
    fast = []
    for text in TEXTS:
        window.locator("#q").fill("")
        window.wait_for_timeout(200)
        for place, key in enumerate(text, 1):
            window.keyboard.type(key)
            window.wait_for_timeout(150 if place < len(text) else 500)
    keys, photos = window.evaluate("taken"), window.evaluate("photos")
    for text in TEXTS:
        window.locator("#q").fill("")
        window.wait_for_timeout(300)
        window.evaluate("() => { taken.length = 0; }")
        window.keyboard.type(text, delay=FAST)
        window.wait_for_timeout(700)
        fast.append(window.evaluate("taken.at(-1)"))
    return keys, photos, fast


def _row(what: str, taken: list[Any], target: float | None = None) -> Row:
    shown = f"{median(taken):.0f} ({np.percentile(taken, 90):.0f})"
    bound = "" if target is None else f"{target:g}"
    met = None if target is None else median(taken) <= target
    return Row(f"{what}, median (90th percentile) of {len(taken)}", shown, bound, met)


if __name__ == "__main__":
    run(page)
