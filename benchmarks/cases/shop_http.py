"""How long do the shop's routes take over HTTP, text search end to end with its encoding among them?

The server is `vitrine serve` in another process; the client is one connection that stays open. Every
text is another one, so that nothing is answered from a cache. The shop is built of --data with the
embedded model, or is that of a workspace that VITRINE_BENCH_SHOP names, where it writes thumbnails only.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from case import Options, Row, folder, median, run, seconds
from http_cost import connected, serve

from engine import Workspace

REPEATS, WARM, K = 120, 20, 20
WORDS = {
    "what": [
        "dress",
        "shirt",
        "jeans",
        "sneakers",
        "handbag",
        "watch",
        "jacket",
        "sandals",
        "kurta",
    ],
    "colour": ["red", "navy blue", "black", "white", "green", "brown", "pink", "grey", "beige"],
    "how": ["summer", "formal", "casual", "printed", "leather", "cotton", "sports", "party"],
}
TEXT_MS = 15.0


def shop_http(options: Options) -> list[Row]:
    with served_shop(options) as (shop, port):
        total, keys = shop.list_products().total, list(shop.search("dress", k=200).keys)
        return [Row("products", f"{total:,}"), *measured(port, keys)]


@contextmanager
def served_shop(options: Options) -> Iterator[tuple[Workspace, int]]:
    """The shop that is measured, and the port of a server over it, a process of its own."""
    with ExitStack() as stack:
        given = os.environ.get("VITRINE_BENCH_SHOP")
        path = Path(given) if given else stack.enter_context(folder()) / "ws"
        shop = Workspace(path)
        if not given:
            shop.build(options.styles, options.images)
        server, port = serve(path)
        try:
            yield shop, port
        finally:
            server.terminate()
            server.wait()


def measured(port: int, keys: list[Any]) -> list[Row]:
    connection = connected(port)
    rng = np.random.default_rng(2)

    def ask(method: str, path: str, body: object = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data[:500]
        return data

    def text() -> str:
        return (
            " ".join(str(rng.choice(words)) for words in WORDS.values()) + f" {rng.integers(1e6)}"
        )

    def key() -> Any:
        return keys[rng.integers(len(keys))]

    photo = base64.b64encode(ask("GET", f"/api/v1/images/{keys[0]}")).decode()
    search, terms = "/api/v1/search", [{"weight": 0.5}, {"weight": -0.7}]
    cases: dict[str, Callable[[], object]] = {
        "text search": lambda: ask("POST", f"{search}/text", {"query": text(), "limit": K}),
        "text search, filtered": lambda: ask(
            "POST",
            f"{search}/text",
            {"query": text(), "filters": {"gender": "Women", "price <": 50}},
        ),
        "two texts and a product": lambda: ask(
            "POST",
            f"{search}/composed",
            {
                "terms": [
                    {"text": text()},
                    {"text": text(), **terms[0]},
                    {"product": key(), **terms[1]},
                ]
            },
        ),
        "a text and a photo": lambda: ask(
            "POST", f"{search}/composed", {"terms": [{"text": text()}, {"image": photo}]}
        ),
        "keyword search": lambda: ask(
            "GET", f"{search}/keyword?{urlencode({'query': text().rpartition(' ')[0]})}"
        ),
        "products, sorted, counted": lambda: ask(
            "GET", f"/api/v1/products?sort=price&facets=season&offset={rng.integers(100)}"
        ),
        "similar products": lambda: ask("GET", f"/api/v1/products/{key()}/similar"),
        "complete the look": lambda: ask("GET", f"/api/v1/products/{key()}/complete-the-look"),
        "thumbnail, made before": lambda: ask("GET", f"/api/v1/images/{keys[0]}?size=256"),
    }
    rows = []
    for name, asked in cases.items():
        taken = [1000 * seconds(asked) for _ in range(WARM + REPEATS)][WARM:]
        bound = TEXT_MS if name == "text search" else None
        rows.append(
            Row(
                f"{name}, over HTTP, median (90th percentile) ms",
                f"{median(taken):.1f} ({np.percentile(taken, 90):.1f})",
                "" if bound is None else f"{bound:g}",
                None if bound is None else median(taken) <= bound,
            )
        )
    return rows


if __name__ == "__main__":
    run(shop_http)
