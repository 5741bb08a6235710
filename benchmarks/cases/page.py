"""How long from a key to the painted grid, how soon are page and map there, what does each view weigh?

    VITRINE_BENCH_SHOP=WORKSPACE python benchmarks/run.py page

The server is `vitrine serve` in another process; the browser is the system's chromium, without a window.
The shop is built of --data with the embedded model, or is that of the workspace that VITRINE_BENCH_SHOP
names, where thumbnails only are written. A key counts from the system's event to the frame after the
grid of exactly what stands in the box is in place; so does a row of photos, until each is decoded. The
map counts from the visit to the frame after its points are drawn; its frames are counted as it moves by
a step each frame, for as long as the browser asks for more. A map that is missing is made before.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from case import Options, Row, median, run
from playwright.sync_api import Browser, Page, sync_playwright
from shop_http import served_shop

TEXTS = ("red summer dress", "black leather shoes", "white cotton shirt", "blue running shoes")
LOADS = 9
KEY_MS, PAINT_MS, MAP_MS, WEIGHT_KB = 150.0, 1000.0, 1500.0, 300.0
FRAMES, MOVES_MS = 60, 3000  # a second; how long the map moves
VIEWS = (
    "/",
    "/?q=red+dress&by=both",
    "/people",
    "/map",
    "/inside",
    "/inside/latent",
    "/inside/validation",
)
FIRST_LINKS = {
    "a product": ("/", "#found .card a[href^='/product']"),
    "a person": ("/people", "main a[href^='/people/']"),
}
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
new MutationObserver((_, observer) => {
  if (!document.querySelector("#map[data-ready]")) return;
  observer.disconnect();
  after(() => { window.mapPainted = performance.now(); });
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-ready"] });
"""
WEIGHT = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .filter((each) => each.initiatorType !== "img")
  .reduce((sum, each) => sum + each.encodedBodySize, 0)"""
MOVED = """async ([milliseconds, zooms]) => {
  const { scene } = await import(document.querySelector('script[src*="map/view.js"]').src);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const [start, before] = [await frame(), scene.frames];
  let now = start;
  for (let step = 0; now - start < milliseconds; step++) {
    const there = step % 120 < 60;
    if (zooms) scene.enlarge(there ? 1.03 : 1 / 1.03);
    else scene.pan(there ? 4 : -4, there ? 2 : -2);
    now = await frame();
  }
  return (1000 * (scene.frames - before)) / (now - start);
}"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def page(options: Options) -> list[Row]:
    if shutil.which("chromium") is None:
        return [Row("left out: there is no chromium here", "")]
    with served_shop(options) as (shop, port), chromium() as browser:
        shop.build_map()
        products = Row("products", f"{shop.products_overview().products:,}")
        return [products, *measured(browser, f"http://127.0.0.1:{port}")]


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
    first.context.close()
    paints = [painted(browser, url) for _ in range(LOADS)]
    keys, photos, fast = typed(browser, url)
    return [
        Row("first visit after a start, all of it there, ms", f"{cold:.0f}"),
        _row("first paint, ms", paints, PAINT_MS),
        _row("a key to the painted grid, ms", keys, KEY_MS),
        _row("a key to the first row's photos, ms", photos),
        _row(f"last of keys {FAST} ms apart to the painted grid, ms", fast, KEY_MS),
        *the_map(browser, url),
        *weights(browser, url),
    ]


def the_map(browser: Browser, url: str) -> list[Row]:
    """How soon its points are there, and how it moves."""
    shown = []
    for _ in range(LOADS):
        window = mapped(browser, url)
        shown.append(window.evaluate("mapPainted"))
        window.context.close()
    window = mapped(browser, url)
    painter = window.get_attribute("#map", "data-painter")
    pans, zooms = (window.evaluate(MOVED, [MOVES_MS, zooms]) for zooms in (False, True))
    window.context.close()
    return [
        _row("the map's points painted, ms", shown, MAP_MS),
        *(
            Row(
                f"frames a second as the map {does} ({painter})", f"{frames:.0f}", f"{FRAMES}", None
            )
            for does, frames in (("moves", pans), ("grows", zooms))
        ),
    ]


def mapped(browser: Browser, url: str) -> Page:
    window = opened(browser, f"{url}/map")
    window.wait_for_function("window.mapPainted > 0")
    return window


def weights(browser: Browser, url: str) -> list[Row]:
    """Of each view, with its styles, scripts and numbers, as they are sent; without photos."""
    views = {view: view for view in VIEWS}
    for name, (view, link) in FIRST_LINKS.items():
        window = opened(browser, f"{url}{view}")
        found = window.locator(link)
        if found.count():
            views[name] = found.first.get_attribute("href") or view
        window.context.close()
    rows = []
    for name, view in views.items():
        window = opened(browser, f"{url}{view}")
        weight = window.evaluate(WEIGHT) / 1000
        window.context.close()
        what = f"{name} without photos, kB"
        rows.append(Row(what, f"{weight:.0f}", f"{WEIGHT_KB:g}", weight <= WEIGHT_KB))
    return rows


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
