"""Does the whole catalogue go through the commands, and does the import take under 5 s?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from case import Options, Question, at_least, at_most, folder, run, seconds

from engine import Workspace
from engine.bench.records.line import Measured

ASK = Question("catalogue")
VITRINE = Path(sys.executable).parent / "vitrine"


def catalogue(options: Options) -> Iterator[Measured]:
    with folder() as temporary:
        place = temporary / "ws"
        given = (options.styles, options.images, "-w", place)
        took = [seconds(lambda: call("import", *given)) for _ in range(options.few(3, 1))]
        products = len(Workspace(place).read_table("products"))
        yield ASK.line("vitrine import", "s", took, target=at_most(5), products=products)
        limits = ("--limit-photos", options.photos, "--encoder", options.encoder)
        built = seconds(lambda: call("build", *given, *limits))
        how = {"products": products, "photos": options.photos, "encoder": options.encoder}
        yield ASK.line("vitrine build", "s", built, **how)
        yield ASK.line(
            "products accounted for after the build",
            "share",
            accounted(Workspace(place), options, products),
            better="higher",
            target=at_least(1),
            **how,
        )


def accounted(made: Workspace, options: Options, products: int) -> float:
    """The share of products with vectors in each index, reported as failed, or beyond the limit."""
    images = len(made.read_table("product_image_embeddings", ["product_id"]))
    failed = len(made.read_table("embedding_failures"))
    rows = made.get_index("main.fashion_demo.vs_hybrid_search")["status"]["indexed_row_count"]
    with_photo = sum(1 for _ in options.images.glob("*.jpg"))
    skipped = max(0, min(products, with_photo) - options.photos)
    return (min(images, rows) + failed + skipped) / products


def call(*arguments: object) -> None:
    """Raises RuntimeError with what a command said, where it fails."""
    done = subprocess.run([VITRINE, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"vitrine {arguments[0]}: {done.stderr.strip()[-500:]}")


if __name__ == "__main__":
    run(catalogue)
