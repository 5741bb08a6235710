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
    rows = [right_of_top("bundled sample", sample_dir(), "images")]
    if options.data.resolve() != sample_dir().resolve():
        folders = [name for name in ("images", "images_small") if (options.data / name).is_dir()]
        rows += [right_of_top(f"--data, {name}", options.data, name) for name in folders]
    return rows


def right_of_top(name: str, place: Path, photos: str) -> Row:
    from cross_modal import QUERIES, is_right

    with folder() as temporary:
        made = Workspace(temporary)
        made.build(place / "styles.csv", place / photos)
        counts = {
            query: sum(is_right(query, product) for product in made.search(query, k=TOP))
            for query in QUERIES
        }
    text = ", ".join(f"{query} {count}" for query, count in counts.items())
    worst = min(counts.values())
    return Row(f"{name}: right of the top {TOP}", text, "at least 8 each", worst >= 8)


if __name__ == "__main__":
    run(shop_queries)
