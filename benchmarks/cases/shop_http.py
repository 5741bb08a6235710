"""How long do the shop's routes take over HTTP, text search end to end with its encoding among them?

The server is `vitrine serve` in another process; the client is one connection that stays open. Every
text is another one, so that nothing is answered from a cache. The shop is built of --data with the
embedded model, or is that of the workspace that --shop names, where it writes thumbnails only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode

import numpy as np
from case import Options, Question, at_most, milliseconds, run
from served import connected
from shop import served_shop

from engine.bench.records.line import Measured

ASK = Question("shop_http")
REPEATS, WARM, K = 120, 20, 20
FEW_REPEATS, FEW_WARM = 3, 1
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


def shop_http(options: Options) -> Iterator[Measured]:
    repeats, warm = options.few((REPEATS, WARM), (FEW_REPEATS, FEW_WARM))
    with served_shop(options) as (shop, port):
        products, keys = shop.list_products().total, list(shop.search("dress", k=200).keys)
        for name, asked in Asker(port, keys).ways().items():
            taken = [milliseconds(asked) for _ in range(warm + repeats)][warm:]
            target = at_most(TEXT_MS) if name == "text search" else None
            how = {"route": name, "products": products, "door": "HTTP"}
            yield ASK.line("latency", "ms", taken, target=target, **how)


class Asker:
    """Requests to the shop's routes; each text, product and offset is drawn anew."""

    def __init__(self, port: int, keys: list[Any]) -> None:
        self._connection: HTTPConnection = connected(port)
        self._keys, self._rng = keys, np.random.default_rng(2)
        self._photo = base64.b64encode(self.ask("GET", f"/api/v1/images/{keys[0]}")).decode()

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        sent = json.dumps(body) if body is not None else None
        self._connection.request(method, path, sent, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data[:500]
        return data

    def text(self) -> str:
        drawn = [str(self._rng.choice(words)) for words in WORDS.values()]
        return f"{' '.join(drawn)} {self._rng.integers(1e6)}"

    def key(self) -> Any:
        return self._keys[self._rng.integers(len(self._keys))]

    def searched(self, kind: str, body: dict[str, Any]) -> bytes:
        return self.ask("POST", f"/api/v1/search/{kind}", body)

    def mixed(self) -> bytes:
        terms = [
            {"text": self.text()},
            {"text": self.text(), "weight": 0.5},
            {"product": self.key(), "weight": -0.7},
        ]
        return self.searched("composed", {"terms": terms})

    def with_photo(self) -> bytes:
        terms = [{"text": self.text()}, {"image": self._photo}]
        return self.searched("composed", {"terms": terms})

    def filtered(self) -> bytes:
        where = {"gender": "Women", "price <": 50}
        return self.searched("text", {"query": self.text(), "filters": where})

    def by_words(self) -> bytes:
        query = urlencode({"query": self.text().rpartition(" ")[0]})
        return self.ask("GET", f"/api/v1/search/keyword?{query}")

    def listed(self) -> bytes:
        offset = self._rng.integers(100)
        return self.ask("GET", f"/api/v1/products?sort=price&facets=season&offset={offset}")

    def ways(self) -> dict[str, Callable[[], object]]:
        product, shown = "/api/v1/products", f"/api/v1/images/{self._keys[0]}?size=256"
        return {
            "text search": lambda: self.searched("text", {"query": self.text(), "limit": K}),
            "text search, filtered": self.filtered,
            "two texts and a product": self.mixed,
            "a text and a photo": self.with_photo,
            "keyword search": self.by_words,
            "products, sorted, counted": self.listed,
            "similar products": lambda: self.ask("GET", f"{product}/{self.key()}/similar"),
            "complete the look": lambda: self.ask(
                "GET", f"{product}/{self.key()}/complete-the-look"
            ),
            "thumbnail, made before": lambda: self.ask("GET", shown),
        }


if __name__ == "__main__":
    run(shop_http)
