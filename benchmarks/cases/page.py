"""How long from a key to the painted grid, how soon are page and map there, what does each view weigh?

    python benchmarks/run.py page [--shop WORKSPACE]

The server is `vitrine serve` in another process; the browser is the system's chromium, without a window.
The shop is built of --data with the embedded model, or is that of the workspace that --shop names, where
thumbnails only are written. A key counts from the system's event to the frame after the
grid of exactly what stands in the box is in place; so does a row of photos, until each is decoded. The
map counts from the visit to the frame after its points are drawn; its frames are counted as it moves by
a step each frame, for as long as the browser asks for more. A map that is missing is made before.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from case import Options, Question, Target, at_most, run
from playwright.sync_api import Browser, Page, sync_playwright
from shop import served_shop

from engine.bench.records.line import Measured

ASK = Question("page")

TEXTS = ("red summer dress", "black leather shoes", "white cotton shirt", "blue running shoes")
LOADS, FEW_LOADS = 9, 1
FEW_TEXTS = ("red",)
KEY_MS, PAINT_MS, MAP_MS, WEIGHT_KB = 150.0, 1000.0, 1500.0, 300.0
MOVES_MS, FEW_MOVES_MS = 3000, 200  # how long the map moves
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


def page(options: Options) -> Iterator[Measured]:
    if shutil.which("chromium") is None:
        yield ASK.left_out("there is no chromium here", contestant="the page")
        return
    with served_shop(options) as (shop, port), chromium() as browser:
        shop.build_map()
        products = shop.products_overview().products
        yield from Visits(browser, f"http://127.0.0.1:{port}", products, options).lines()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


class Visits:
    """A browser's visits to the shop's page, and what they took."""

    def __init__(self, browser: Browser, url: str, products: int, options: Options) -> None:
        self._browser, self._url, self._options = browser, url, options
        self._how = {"products": products}
        self._loads = range(options.few(LOADS, FEW_LOADS))

    def lines(self) -> Iterator[Measured]:
        started = time.perf_counter()
        first = opened(self._browser, self._url)
        yield self.took("first visit after a start", [1000 * (time.perf_counter() - started)])
        first.context.close()
        paints = [painted(self._browser, self._url) for _ in self._loads]
        yield self.took("first paint", paints, at_most(PAINT_MS))
        texts = self._options.few(TEXTS, FEW_TEXTS)
        keys, photos, fast = typed(self._browser, self._url, texts)
        yield self.took("a key to the painted grid", keys, at_most(KEY_MS))
        yield self.took("a key to the first row's photos", photos)
        last = f"last of keys {FAST} ms apart to the painted grid"
        yield self.took(last, fast, at_most(KEY_MS))
        yield from self.the_map()
        yield from self.weights()

    def took(self, what: str, values: list[float], target: Target | None = None) -> Measured:
        if not values:
            return ASK.left_out("the browser painted nothing while it was watched", what=what)
        return ASK.line(what, "ms", values, target=target, **self._how)

    def the_map(self) -> Iterator[Measured]:
        """How soon its points are there, and how it moves."""
        shown = []
        for _ in self._loads:
            window = mapped(self._browser, self._url)
            shown.append(float(window.evaluate("mapPainted")))
            window.context.close()
        yield self.took("the map's points painted", shown, at_most(MAP_MS))
        window = mapped(self._browser, self._url)
        painter = window.get_attribute("#map", "data-painter")
        for does, zooms in (("moves", False), ("grows", True)):
            span = self._options.few(MOVES_MS, FEW_MOVES_MS)
            frames = window.evaluate(MOVED, [span, zooms])
            how = {"map": does, "painter": painter, **self._how}
            yield ASK.line("frames", "frames/s", float(frames), better="higher", **how)
        window.context.close()

    def weights(self) -> Iterator[Measured]:
        """Of each view, with its styles, scripts and numbers, as they are sent; without photos."""
        for name, view in self.views().items():
            window = opened(self._browser, f"{self._url}{view}")
            weight = window.evaluate(WEIGHT) / 1000
            window.context.close()
            yield ASK.line(
                "weight without photos",
                "kB",
                weight,
                target=at_most(WEIGHT_KB),
                view=name,
                **self._how,
            )

    def views(self) -> dict[str, str]:
        """Paths by the names of the views; in a smoke run the first one."""
        if self._options.smoke:
            return {VIEWS[0]: VIEWS[0]}
        views = {view: view for view in VIEWS}
        for name, (view, link) in FIRST_LINKS.items():
            window = opened(self._browser, f"{self._url}{view}")
            found = window.locator(link)
            if found.count():
                views[name] = found.first.get_attribute("href") or view
            window.context.close()
        return views


def mapped(browser: Browser, url: str) -> Page:
    window = opened(browser, f"{url}/map")
    window.wait_for_function("window.mapPainted > 0")
    return window


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


def typed(
    browser: Browser, url: str, texts: Sequence[str]
) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of each key, of its photos, and of the last of keys that follow fast."""
    window = opened(browser, url)
    window.keyboard.type("warm")
    window.wait_for_load_state("networkidle")
    fast = []
    for text in texts:
        window.locator("#q").fill("")
        window.wait_for_timeout(200)
        for place, key in enumerate(text, 1):
            window.keyboard.type(key)
            window.wait_for_timeout(150 if place < len(text) else 500)
    keys, photos = window.evaluate("taken"), window.evaluate("photos")
    for text in texts:
        window.locator("#q").fill("")
        window.wait_for_timeout(300)
        window.evaluate("() => { taken.length = 0; }")
        window.keyboard.type(text, delay=FAST)
        window.wait_for_timeout(700)
        fast.append(window.evaluate("taken.at(-1)"))
    return keys, photos, fast


if __name__ == "__main__":
    run(page)
