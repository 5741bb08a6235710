"""How good and how fast is the embedded model, on photos that it was never trained on?

The held-out tenth of the products is chosen by a hash of the product's id; see
`engine/shop/evaluation/products.py`. Needs the catalogue that it was trained on as --data: its
`images/`, and `images_small/` where it is there. Query sets are those of `datasets/queries/`.
"""

from __future__ import annotations

from pathlib import Path

from case import Options, Row, folder, run, seconds

from engine import Workspace
from engine.shop.demo import sample_dir
from engine.shop.evaluation.evaluation import Evaluation
from engine.shop.evaluation.speed import Speed

MODEL = "embedded"
QUERIES = Path(__file__).parents[2] / "datasets" / "queries"
GOALS = {
    "zero_shot_type": 0.84,
    "colour_type_precision_at_5": 0.71,
    "name_to_photo_recall_at_10": 0.76,
    "photo_to_photo_type_precision_at_5": 0.71,
    "queries:other_words": 0.75,
    "queries:descriptions": 0.62,
}
SAMPLE_QUERIES = """
{"text": "red dress", "where": {"baseColour": "Red", "articleType": "Dresses"}}
{"text": "blue jeans", "where": {"baseColour": "Blue", "articleType": "Jeans"}}
{"text": "white sneakers", "where": {"baseColour": "White", "subCategory": "Shoes"}}
{"text": "black handbag", "where": {"baseColour": "Black", "articleType": "Handbags"}}
{"text": "yellow tshirt", "where": {"baseColour": "Yellow", "articleType": "Tshirts"}}
"""


def embedded_model(options: Options) -> list[Row]:
    photos = [path for name in ("images", "images_small") if (path := options.data / name).is_dir()]
    with folder() as temporary:
        place = Workspace(temporary / "ws")
        held_out = place.evaluate(
            [MODEL],
            options.styles,
            photos,
            queries=sorted(QUERIES.glob("*.jsonl")),
            hold_out=10,
            speed=True,
        )
        return [
            *quality(held_out),
            sample(place, temporary / "sample.jsonl"),
            *cost(held_out.speeds[MODEL]),
            whole_catalogue(options, photos[-1], Workspace(temporary / "whole")),
        ]


def quality(found: Evaluation) -> list[Row]:
    counts = {form.name: len(form.products) for form in found.formats}
    rows = []
    for row in found.rows():
        goal = GOALS.get(row["figure"])
        if goal is not None and row["n"]:
            low, high = row["interval"]
            photos = f"{counts[row['photos']]:,} photos of {row['photos']} never trained on"
            value = f"{row['value']:.3f} (95 % interval {low:.3f} to {high:.3f})"
            rows.append(
                Row(f"{row['title']}, {photos}", value, f"at least {goal}", row["value"] >= goal)
            )
    return rows


def sample(place: Workspace, queries: Path) -> Row:
    queries.write_text(SAMPLE_QUERIES)
    data = sample_dir()
    found = place.evaluate([MODEL], data / "styles.csv", data / "images", queries=[queries])
    right = {
        line["query"]: round(line["value"] * len(line["found"]))
        for line in found.lines()
        if line["figure"] == "queries:sample"
    }
    text = ", ".join(f"{query} {count}" for query, count in right.items())
    worst = min(right.values())
    return Row("bundled sample, right of the top 10", text, "at least 8 each", worst >= 8)


def cost(speed: Speed) -> list[Row]:
    return [
        limit("ready in a fresh process, with one text", speed.ready, 0.6, "s", 1),
        limit("one text, p50", speed.text, 0.002, "ms", 1000),
        limit("one photo, decoding included, p50", speed.photo, 0.008, "ms", 1000),
        rate("photos per second through the pipeline, decoding included", speed.photos, 250),
        rate("product names per second", speed.texts, 1500),
    ]


def whole_catalogue(options: Options, photos: Path, place: Workspace) -> Row:
    took = seconds(lambda: place.build(options.styles, photos))
    texts = len(place.read_table("product_text_embeddings", ["product_id"]))
    rows = place.get_index("main.fashion_demo.vs_hybrid_search")["status"]["indexed_row_count"]
    what = f"whole catalogue: {texts:,} texts, {rows:,} photos, three indexes"
    return Row(what, f"{took:.0f} s", "under 240 s", took < 240)


def limit(what: str, value: float, target: float, unit: str, scale: float) -> Row:
    return Row(
        what, f"{value * scale:.2f} {unit}", f"at most {target * scale:g} {unit}", value <= target
    )


def rate(what: str, value: float, target: float) -> Row:
    return Row(what, f"{value:,.0f}", f"at least {target:,}", value >= target)


if __name__ == "__main__":
    run(embedded_model)
