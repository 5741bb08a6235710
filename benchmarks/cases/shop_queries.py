"""How many of the image index's results for the shop's five queries carry the words' meaning?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from case import SAMPLE, Options, Question, at_least, folder, run
from shop import built_shop, is_of

from engine import Workspace
from engine.bench.records.line import Measured

sys.path.insert(0, str(Path(__file__).parents[1]))

from cross_modal import QUERIES, is_right

ASK = Question("shop_queries")
TOP = 10


def shop_queries(options: Options) -> Iterator[Measured]:
    with ExitStack() as stack:
        shop = stack.enter_context(built_shop(options)) if options.data == SAMPLE else None
        if shop is not None and is_of(shop, SAMPLE / "images"):
            yield from right_of_top("the bundled sample", shop)
        else:
            yield from built(SAMPLE, "images", "the bundled sample")
    if options.data != SAMPLE:
        for photos in options.photo_folders:
            yield from built(options.data, photos.name, "--data")


def built(place: Path, photos: str, catalogue: str) -> Iterator[Measured]:
    with folder() as temporary:
        made = Workspace(temporary)
        made.build(place / "styles.csv", place / photos)
        yield from right_of_top(catalogue, made, photos)


def right_of_top(catalogue: str, shop: Workspace, photos: str = "images") -> Iterator[Measured]:
    for query in QUERIES:
        count = sum(is_right(query, product) for product in shop.search(query, k=TOP))
        yield ASK.line(
            f"right of the first {TOP}",
            "products",
            count,
            better="higher",
            target=at_least(8),
            catalogue=catalogue,
            photos=photos,
            query=query,
        )


if __name__ == "__main__":
    run(shop_queries)
