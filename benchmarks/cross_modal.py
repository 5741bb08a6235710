"""The shop's five cross-modal queries over the bundled catalogue, as a picture.

    python benchmarks/cross_modal.py [--out FILE.png] [--encoder NAME]

Words search the image index; a row shows a query and its first photos. The case `shop_queries` gives
the figures, for this catalogue and for one given with --data.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine import SearchResult, Workspace
from engine.shop.demo import Demo

HERE = Path(__file__).parent
# What a result must carry to be right: a colour (None: any), and one of these article types.
QUERIES: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "red summer dress": ("Red", ("Dresses",)),
    "black leather jacket": ("Black", ("Jackets",)),
    "white sneakers": ("White", ("Casual Shoes", "Sports Shoes")),
    "blue jeans": ("Blue", ("Jeans",)),
    "formal shoes": (None, ("Formal Shoes",)),
}
SHOWN, EDGE, GAP, LABEL = 6, 112, 8, 190
INK, RIGHT, WRONG = "#1c1c1c", "#2e7d32", "#b26a00"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "cross_modal.png")
    parser.add_argument("--encoder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(folder)
        demo = Demo(workspace.shop, workspace.tables, workspace.volumes, workspace.path)
        demo.build(given.encoder)
        rows = [(query, workspace.search(query, k=SHOWN)) for query in QUERIES]
        picture = draw(workspace, rows)
    picture.save(given.out, optimize=True)
    print(f"wrote {given.out}", file=sys.stderr)


def is_right(query: str, product: dict) -> bool:
    """Whether a result carries the words' colour and category."""
    color, kinds = QUERIES[query]
    return product["article_type"] in kinds and color in (None, product["base_color"])


def draw(workspace: Workspace, rows: list[tuple[str, SearchResult]]) -> Image.Image:
    """A row for each query: its words, then the photos; a line under each says right or not."""
    width, height = LABEL + SHOWN * (EDGE + GAP) + GAP, GAP + len(rows) * (EDGE + 2 * GAP)
    sheet = Image.new("RGB", (width, height), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    for line, (query, found) in enumerate(rows):
        top = GAP + line * (EDGE + 2 * GAP)
        pen.text((GAP, top + EDGE // 2), query, INK, font, anchor="lm")
        for place, product in enumerate(found):
            photo = Image.open(io.BytesIO(workspace.volumes.read(product["image_path"])))
            photo.thumbnail((EDGE, EDGE))
            left = LABEL + place * (EDGE + GAP)
            sheet.paste(photo, (left + (EDGE - photo.width) // 2, top))
            color = RIGHT if is_right(query, product) else WRONG
            pen.line((left, top + EDGE + 4, left + EDGE, top + EDGE + 4), color, 3)
    return sheet.quantize(128, dither=Image.Dither.NONE)


if __name__ == "__main__":
    main()
