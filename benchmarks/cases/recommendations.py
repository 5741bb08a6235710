"""Do recommendations find a like that was held out, differ between personas, and come within 20 ms?

The interactions are made up from the personas' stated preferences, so that the figures tell whether the
engine follows known rules, not what people would buy. The HTTP figure includes the client.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
from collections.abc import Iterator
from functools import partial

import pyarrow as pa
from case import Options, Question, at_least, at_most, milliseconds, run
from shop import own_shop

from engine import Workspace
from engine.bench.records.line import Measured
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

ASK = Question("recommendations")
TOP = 20
ORDER = ("budget", "casual", "athletic", "vintage", "luxury")
TOKEN = "benchmark"
USERS, FEW_USERS = 120, 8
ENOUGH = 5000  # products, from which on five tastes need not share any


def recommendations(options: Options) -> Iterator[Measured]:
    with own_shop(options) as shop:
        shop.build_users()
        yield from figures(shop)
        yield from personas(shop)
        yield from latency(shop, options.few(USERS, FEW_USERS))


def figures(shop: Workspace) -> Iterator[Measured]:
    judged = shop.evaluate_recommendations(k=TOP)
    for way, of in judged.figures.items():
        for figure in of.values():
            yield ASK.line(
                figure.title,
                "score",
                [float(value) for value in figure.values],
                better="higher",
                more={"likes": "made up, each held out once"},
                way=way,
                candidates=judged.candidates,
            )


def personas(shop: Workspace) -> Iterator[Measured]:
    users = {user.segment: user.user_id for user in shop.list_users().users}
    found = {segment: shop.recommend(users[segment], k=TOP).items for segment in ORDER}
    tops = [{item.key for item in items} for items in found.values()]
    products = len(shop.read_table("products", ["price"]))
    is_judged = products >= ENOUGH
    yield ASK.line(
        f"overlap of two personas' first {TOP}",
        "share",
        [len(a & b) / TOP for a, b in itertools.combinations(tops, 2)],
        target=at_most(0.2, of="mean") if is_judged else None,
        products=products,
    )
    prices = {s: [item.product["price"] for item in found[s]] for s in ORDER}
    for segment, values in prices.items():
        how = {"persona": segment, "products": products}
        yield ASK.line("price recommended", "price", values, better="neither", **how)
    middles = [statistics.median(prices[segment]) for segment in ORDER]
    steps = [float(a <= b) for a, b in itertools.pairwise(middles)]
    yield ASK.line(
        "personas in the order of their median prices",
        "share",
        steps,
        better="higher",
        target=at_least(1, of="minimum") if is_judged else None,
        products=products,
    )


def latency(shop: Workspace, count: int) -> Iterator[Measured]:
    """Each user is asked for once, so that nothing was kept of it from before."""
    users = strangers(shop, count)
    first, second = users[: len(users) // 2], users[len(users) // 2 :]
    shop.recommend(first.pop(), k=TOP)
    own = [milliseconds(partial(shop.recommend, user, k=TOP)) for user in first]
    with BackgroundServer(shop, Credentials(TOKEN, "client", "secret")) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))

        def ask(user: str) -> None:
            path = f"/api/v1/search/recommendations/{user}?limit={TOP}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            reply = connection.getresponse()
            assert reply.status == 200 and len(json.loads(reply.read())["products"]) == TOP

        ask(second.pop())
        served = [milliseconds(partial(ask, user)) for user in second]
        connection.close()
    for door, taken in (("in-process", own), ("HTTP", served)):
        yield ASK.line("latency", "ms", taken, target=at_most(20), door=door, k=TOP)


def strangers(shop: Workspace, count: int) -> list[str]:
    """Users in place of the personas, five likes each, spread over the catalogue."""
    keys = [row.key for row in shop.recommend(shop.list_users().users[0].user_id, k=200).items]
    pairs = [(f"user-{number}", keys[(number * 7 + turn * 31) % len(keys)])
             for number in range(count) for turn in range(5)]  # fmt: skip
    shop.build_users(
        pa.table({"user": [user for user, _ in pairs], "product": [key for _, key in pairs]})
    )
    return [f"user-{number}" for number in range(count)]


if __name__ == "__main__":
    run(recommendations)
