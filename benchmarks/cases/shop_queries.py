"""How many of the image index's results for the shop's five queries carry the words' meaning?"""

from __future__ import annotations

import sys
from pathlib import Path

from case import Options, Row, folder, run

from engine import Workspace
from engine.shop.demo import sample_dir

sys.path.insert(0, str(Path(__file__).parents[1]))

TOP = 10


def shop_queries(options: Options) -> list[Row]:
    places = {"bundled sample": sample_dir()}
    if options.data.resolve() != sample_dir().resolve():
        places["--data"] = options.data
    return [right_of_top(name, place) for name, place in places.items()]


def right_of_top(name: str, place: Path) -> Row:
    from cross_modal import QUERIES, is_right

    with folder() as temporary:
        made = Workspace(temporary)
        made.build(place / "styles.csv", place / "images")
        counts = {
            query: sum(is_right(query, product) for product in made.search(query, k=TOP))
            for query in QUERIES
        }
    text = ", ".join(f"{query} {count}" for query, count in counts.items())
    return Row(f"{name}: right of the top {TOP}", text)


if __name__ == "__main__":
    run(shop_queries)
