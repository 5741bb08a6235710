"""How good and how fast is the embedded model, on photos that it was never trained on?

The held-out tenth of the products is chosen by a hash of the product's id; see
`engine/shop/evaluation/products.py`. Needs the catalogue that it was trained on as --data: its
`images/`, and `images_small/` where it is there. Query sets are those of `datasets/queries/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from case import SAMPLE, Options, Question, at_least, at_most, folder, run, seconds

from engine import Workspace
from engine.bench.records.line import Measured
from engine.shop.evaluation.evaluation import Evaluation
from engine.shop.evaluation.speed import Speed

ASK = Question("embedded_model")
MODEL = "embedded"
FEW = 12  # products of a smoke run
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


def embedded_model(options: Options) -> Iterator[Measured]:
    with folder() as temporary:
        place = Workspace(temporary / "ws")
        held_out = place.evaluate(
            [MODEL],
            options.styles,
            options.photo_folders,
            queries=sorted(QUERIES.glob("*.jsonl")),
            hold_out=options.few(10, None),
            limit=options.few(None, FEW),
            speed=True,
        )
        yield from quality(held_out)
        yield from sample(place, temporary / "sample.jsonl", options.few(None, FEW))
        yield from cost(held_out.speeds[MODEL])
        if options.smoke:
            yield ASK.left_out("not in a smoke run: other cases build", part="whole catalogue")
        else:
            yield from whole_catalogue(options, Workspace(temporary / "whole"))


def quality(found: Evaluation) -> Iterator[Measured]:
    """What came of each query of the figures that have a goal."""
    counts = {form.name: len(form.products) for form in found.formats}
    for judged in found.judgements:
        for figure in judged.figures:
            if figure.key in GOALS and len(figure.values):
                yield ASK.line(
                    figure.title,
                    "share",
                    [float(value) for value in figure.values],
                    better="higher",
                    target=at_least(GOALS[figure.key], of="mean"),
                    photos=judged.photos,
                    count=counts[judged.photos],
                )


def sample(place: Workspace, queries: Path, limit: int | None) -> Iterator[Measured]:
    queries.write_text(SAMPLE_QUERIES)
    found = place.evaluate(
        [MODEL], SAMPLE / "styles.csv", SAMPLE / "images", queries=[queries], limit=limit
    )
    for line in found.lines():
        if line["figure"] == "queries:sample":
            yield ASK.line(
                "right of the first ten of the sample",
                "products",
                round(line["value"] * len(line["found"])),
                better="higher",
                target=at_least(8),
                query=line["query"],
            )


def cost(speed: Speed) -> Iterator[Measured]:
    """Medians and rates as `engine/shop/evaluation/speed.py` takes them."""
    limits = (
        ("ready in a fresh process, with one text", "s", speed.ready, 0.6),
        ("one text", "ms", 1000 * speed.text, 2.0),
        ("one photo, decoding included", "ms", 1000 * speed.photo, 8.0),
    )
    for what, unit, value, bound in limits:
        yield ASK.line(what, unit, value, target=at_most(bound))
    rates = (
        ("photos through the pipeline, decoding included", "photos/s", speed.photos, 250),
        ("product names encoded", "names/s", speed.texts, 1500),
    )
    for what, unit, value, least in rates:
        yield ASK.line(what, unit, value, better="higher", target=at_least(least))


def whole_catalogue(options: Options, place: Workspace) -> Iterator[Measured]:
    took = seconds(lambda: place.build(options.styles, options.photo_folders[-1]))
    texts = len(place.read_table("product_text_embeddings", ["product_id"]))
    rows = place.get_index("main.fashion_demo.vs_hybrid_search")["status"]["indexed_row_count"]
    how = {"texts": texts, "photos": rows}
    yield ASK.line("the whole catalogue, three indexes", "s", took, target=at_most(240), **how)


if __name__ == "__main__":
    run(embedded_model)
