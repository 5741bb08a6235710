"""Draw the sample catalogue: product photos made from shapes, and their table.

    python datasets/sample/draw.py                         # redraw this folder
    python datasets/sample/draw.py --out /tmp/shop --seed 7 --products 2000 --workers 4

The same seed, number of products and Pillow version give the same files, byte for byte.
From Python, with this folder on ``sys.path``:

    from drawing.catalogue import draw_catalogue
    draw_catalogue("/tmp/shop", seed=7, products=2000)
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from drawing.catalogue import DEFAULT_PRODUCTS, Product, draw_catalogue

HERE = Path(__file__).resolve().parent
START, STOP = "<!-- counts: start -->", "<!-- counts: stop -->"


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Draw a product catalogue.")
    parser.add_argument(
        "--out", type=Path, default=HERE, help="folder to write (default: this one)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, another catalogue")
    parser.add_argument("--products", type=int, default=DEFAULT_PRODUCTS, help="how many products")
    parser.add_argument("--size", type=int, default=224, help="picture height in pixels")
    parser.add_argument("--quality", type=int, default=90, help="JPEG quality")
    parser.add_argument("--workers", type=int, default=1, help="processes to draw with")
    return parser.parse_args(argv)


def count_table(title: str, counts: Counter[str]) -> list[str]:
    """A Markdown table of counts, largest first."""
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"| {title} | products |", "|---|---:|", *(f"| {name} | {n} |" for name, n in rows), ""]


def describe(catalogue: list[Product], folder: Path) -> str:
    """The counted part of the dataset card."""
    names = [name for product in catalogue for name in product.photo_names()]
    size = sum((folder / "images" / name).stat().st_size for name in names)
    extra = len(names) - len(catalogue)
    lines = [
        f"{len(catalogue)} products, {len(names)} pictures ({extra} of them second views), "
        f"{size / 1e6:.1f} MB.", "",
        *count_table("articleType", Counter(p.row["articleType"] for p in catalogue)),
        *count_table("baseColour", Counter(p.row["baseColour"] for p in catalogue)),
        *count_table("gender", Counter(p.row["gender"] for p in catalogue)),
    ]  # fmt: skip
    return "\n".join(lines)


def update_card(card: Path, counts: str) -> None:
    """Put the counts between the markers of a dataset card, if the folder has one."""
    if not card.exists():
        return
    text = card.read_text(encoding="utf-8")
    if START in text and STOP in text:
        before, rest = text.split(START, 1)
        after = rest.split(STOP, 1)[1]
        card.write_text(f"{before}{START}\n{counts}{STOP}{after}", encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """Draw, count, and say what was written."""
    options = parse_arguments(argv)
    started = time.perf_counter()
    catalogue = draw_catalogue(
        options.out, options.seed, options.products, size=options.size, quality=options.quality,
        workers=options.workers,
    )  # fmt: skip
    spent = time.perf_counter() - started
    counts = describe(catalogue, options.out)
    update_card(options.out / "README.md", counts)
    print(counts.splitlines()[0], f"Drawn in {spent:.0f} s into {options.out}.")
    listed = {name for product in catalogue for name in product.photo_names()}
    stale = [p.name for p in (options.out / "images").glob("*.jpg") if p.name not in listed]
    if stale:
        print(f"{len(stale)} older pictures in images/ are not in styles.csv; remove them by hand.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
