"""How good and how fast is the embedded model, on photos that it was never trained on?

The held-out tenth of the photos is chosen by a hash of the product's id; see
`embedded_model/recipe/data.py`. Needs the catalogue that it was trained on as --data.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import Workspace, load_encoder
from engine.shop.demo import sample_dir

RECIPE = Path(__file__).parents[1] / "embedded_model"
GOALS = {
    "zero_shot_type": ("zero-shot article type, accuracy", 0.75),
    "colour_type_precision_at_5": ('"colour type" texts, precision at 5, both right', 0.68),
    "name_to_photo_recall_at_10": ("product name to its photo, recall at 10", 0.70),
    "photo_to_photo_type_precision_at_5": ("photo to photo, same type, precision at 5", 0.68),
}


def embedded_model(options: Options) -> list[Row]:
    sys.path.insert(0, str(RECIPE))
    return [*quality(options), *sample(), *cost(options)]


def quality(options: Options) -> list[Row]:
    from recipe.data import is_held_out
    from recipe.evaluate import evaluate
    from recipe.verify import photos_of

    encoder = load_encoder()
    products, paths = photos_of(options.styles, options.images)
    held = [i for i, product in enumerate(products) if is_held_out(product.id)]
    images = encoder.encode_images([paths[i] for i in held])
    report = evaluate(images, [products[i] for i in held], encoder.encode_texts)
    rows = []
    for key, (what, goal) in GOALS.items():
        value, (low, high) = report[key]["value"], report[key]["interval"]
        rows.append(
            Row(
                f"{what}, {len(held):,} photos never trained on",
                f"{value:.3f} (95 % interval {low:.3f} to {high:.3f})",
                f"at least {goal}",
                value >= goal,
            )
        )
    return rows


def sample() -> list[Row]:
    from recipe.evaluate import sample_queries
    from recipe.verify import photos_of

    encoder = load_encoder()
    products, paths = photos_of(sample_dir() / "styles.csv", sample_dir() / "images")
    report = sample_queries(encoder.encode_images(paths), products, encoder.encode_texts)
    right = {query: found["right"] for query, found in report.items()}
    text = ", ".join(f"{query} {n}" for query, n in right.items())
    return [
        Row("bundled sample, right of the top 5", text, "at least 4 each", min(right.values()) >= 4)
    ]


def cost(options: Options) -> list[Row]:
    encoder = load_encoder()
    photos = sorted(options.images.glob("*.jpg"))[:1000]
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        names = made.import_fashion(options.styles, options.images) and [
            n for n in made.read_table("products")["product_display_name"].to_pylist() if n
        ]
        code = "import engine; engine.load_encoder().encode_texts(['red dress'])"
        ready = [
            seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))
            for _ in range(7)
        ]
        encoder.encode_texts(["warm"])
        encoder.encode_images(photos[:1])
        one_text = [seconds(lambda n=n: encoder.encode_texts([n])) for n in names[:200]]
        one_photo = [seconds(lambda p=p: encoder.encode_images([p])) for p in photos[:200]]
        texts = len(names[:6000]) / seconds(lambda: encoder.encode_texts(names[:6000]))
        photos_rate = photos_per_second(made, options, temporary)
        whole = seconds(lambda: made.build(options.styles, options.images))
        rows = made.get_index("main.fashion_demo.vs_hybrid_search")["status"]["indexed_row_count"]
    return [
        limit("encoder ready in a fresh process, one text", median(ready), 0.5, "s", 1),
        limit("one text, p50", median(one_text), 0.002, "ms", 1000),
        limit("one photo, decoding included, p50", median(one_photo), 0.012, "ms", 1000),
        Row(
            "photos per second through the pipeline, decoding included",
            f"{photos_rate:,.0f}",
            "200",
            photos_rate >= 200,
        ),
        Row("product names per second", f"{texts:,.0f}", "3,000", texts >= 3000),
        Row(
            f"whole catalogue: {len(names):,} texts, {rows:,} photos, three indexes",
            f"{whole:.0f} s",
            "under 120 s",
            whole < 120,
        ),
    ]


def photos_per_second(made: Workspace, options: Options, temporary: Path) -> float:
    """The rate of an `embed` over products that have a photo and no name."""
    products = made.read_table("products", ["product_id", "image_path"]).to_pylist()
    there = [p for p in products if made.volumes.resolve(p["image_path"]).is_file()][:4000]
    alone = Workspace(temporary / "photos")
    alone.register_volume("/Volumes/main/fashion_demo/raw_data/images", options.images)
    alone.write_table("products", pa.Table.from_pylist(there))
    return len(there) / seconds(alone.embed)


def limit(what: str, value: float, target: float, unit: str, scale: float) -> Row:
    return Row(
        what, f"{value * scale:.2f} {unit}", f"at most {target * scale:g} {unit}", value <= target
    )


if __name__ == "__main__":
    run(embedded_model)
