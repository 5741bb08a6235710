"""Do recommendations find a like that was held out, differ between personas, and come within 20 ms?

The interactions are made up from the personas' stated preferences, so that the figures tell whether the
engine follows known rules, not what people would buy. The HTTP figure includes the client.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
from functools import partial
from pathlib import Path

import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

TOP = 20
ORDER = ("budget", "casual", "athletic", "vintage", "luxury")
TOKEN = "benchmark"
USERS = 120
ENOUGH = 5000  # products, from which on five tastes need not share any


def recommendations(options: Options) -> list[Row]:
    with folder() as temporary:
        shop = Workspace(temporary)
        shop.build(options.styles, photos(options.data))
        shop.build_users()
        return [*figures(shop), *personas(shop), *latency(shop)]


def photos(data: Path) -> Path:
    return next(data / name for name in ("images", "images_small") if (data / name).is_dir())


def figures(shop: Workspace) -> list[Row]:
    judged = shop.evaluate_recommendations(k=TOP)
    rows = []
    for way, of in judged.figures.items():
        texts = []
        for figure in of.values():
            low, high = figure.interval()
            texts.append(f"{figure.title} {figure.value:.3f} ({low:.3f} to {high:.3f})")
        what = f"{way}: {judged.held_out} made-up likes, each held out, of {judged.candidates:,}"
        rows.append(Row(what, ", ".join(texts)))
    return rows


def personas(shop: Workspace) -> list[Row]:
    users = {user.segment: user.user_id for user in shop.list_users().users}
    found = {segment: shop.recommend(users[segment], k=TOP).items for segment in ORDER}
    tops = [{item.key for item in items} for items in found.values()]
    overlap = statistics.mean(len(a & b) / TOP for a, b in itertools.combinations(tops, 2))
    prices = [median([item.product["price"] for item in found[segment]]) for segment in ORDER]
    shown = ", ".join(f"{segment} {price:.2f}" for segment, price in zip(ORDER, prices))
    few = len(shop.read_table("products", ["price"])) < ENOUGH
    met = (None, None) if few else (overlap < 0.2, prices == sorted(prices))
    targets = ("", "") if few else ("< 20 %", "ascending")
    return [
        Row(f"five personas: mean overlap of the top {TOP}", f"{overlap:.1%}", targets[0], met[0]),
        Row("five personas: median prices", shown, targets[1], met[1]),
    ]


def latency(shop: Workspace) -> list[Row]:
    """Each user is asked for once, so that nothing was kept of it from before."""
    users = strangers(shop)
    first, second = users[: len(users) // 2], users[len(users) // 2 :]
    shop.recommend(first.pop(), k=TOP)
    own = median([1000 * seconds(partial(shop.recommend, user, k=TOP)) for user in first])
    with BackgroundServer(shop, Credentials(TOKEN, "client", "secret")) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"))

        def ask(user: str) -> None:
            path = f"/api/v1/search/recommendations/{user}?limit={TOP}"
            connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
            reply = connection.getresponse()
            assert reply.status == 200 and len(json.loads(reply.read())["products"]) == TOP

        ask(second.pop())
        served = median([1000 * seconds(partial(ask, user)) for user in second])
        connection.close()
    times = (("in-process", own), ("over HTTP", served))
    return [
        Row(f"recommendations {how}, at the median", f"{ms:.1f} ms", "< 20 ms", ms < 20)
        for how, ms in times
    ]


def strangers(shop: Workspace) -> list[str]:
    """Users in place of the personas, five likes each, spread over the catalogue."""
    keys = [row.key for row in shop.recommend(shop.list_users().users[0].user_id, k=200).items]
    pairs = [(f"user-{number}", keys[(number * 7 + turn * 31) % len(keys)])
             for number in range(USERS) for turn in range(5)]  # fmt: skip
    shop.build_users(
        pa.table({"user": [user for user, _ in pairs], "product": [key for _, key in pairs]})
    )
    return [f"user-{number}" for number in range(USERS)]


if __name__ == "__main__":
    run(recommendations)
