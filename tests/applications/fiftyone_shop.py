"""A shop's photos in FiftyOne, searched by its `mosaic` backend: a program for any workspace.

Reads DATABRICKS_HOST and DATABRICKS_TOKEN, and the folder of a catalogue of photos from
SHOP_CATALOGUE. The workspace's endpoint of a CLIP model encodes photos and texts. Prints what it
found as JSON, beside the vectors by which it can be checked.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["FIFTYONE_DO_NOT_TRACK"] = "true"
os.environ["FIFTYONE_SHOW_PROGRESS_BARS"] = "false"

import fiftyone as fo
import fiftyone.brain as fob
import numpy as np
import requests
from databricks.ai_search.client import AISearchClient

HOST, TOKEN = os.environ["DATABRICKS_HOST"], os.environ["DATABRICKS_TOKEN"]
CATALOGUE = Path(os.environ["SHOP_CATALOGUE"])
ENDPOINT, MODEL = "shop", "clip-multimodal-encoder"
PHOTOS = 210  # FiftyOne scans 200 rows at once
ASK = "red dress"
MOSAIC = {
    "backend": "mosaic",
    "workspace_url": HOST,
    "personal_access_token": TOKEN,
    "endpoint_name": ENDPOINT,
    "catalog_name": "main",
    "schema_name": "shop",
}


def encoded(records: list[dict[str, str]]) -> np.ndarray:
    """The vectors of photos or texts, by the workspace's endpoint."""
    rows: list[list[float]] = []
    for start in range(0, len(records), 32):
        reply = requests.post(
            f"{HOST}/serving-endpoints/{MODEL}/invocations",
            headers={"Authorization": f"Bearer {TOKEN}"},
            json={"dataframe_records": records[start : start + 32]},
            timeout=120,
        )
        reply.raise_for_status()
        rows += reply.json()["predictions"]
    return np.array(rows, dtype=np.float64)


def new_dataset() -> fo.Dataset:
    with (CATALOGUE / "styles.csv").open(newline="") as lines:
        products = [row for _, row in zip(range(PHOTOS), csv.DictReader(lines))]
    dataset = fo.Dataset("shop")
    samples = []
    for product in products:
        sample = fo.Sample(filepath=str(CATALOGUE / "images" / f"{product['id']}.jpg"))
        sample["product"] = product["id"]
        sample["color"] = product["baseColour"]
        box = fo.Detection(label=product["articleType"], bounding_box=[0.1, 0.1, 0.8, 0.8])
        sample["garments"] = fo.Detections(detections=[box])
        samples.append(sample)
    dataset.add_samples(samples)
    return dataset


def photos(dataset: fo.Dataset) -> list[dict[str, str]]:
    return [
        {"image": base64.b64encode(Path(path).read_bytes()).decode()}
        for path in dataset.values("filepath")
    ]


def nearest(view: fo.DatasetView) -> list[list[Any]]:
    return [list(pair) for pair in zip(*view.values(["product", "score"]))]


def searched(dataset: fo.Dataset, index: Any, ask: np.ndarray) -> dict[str, Any]:
    by = {"brain_key": "clip", "dist_field": "score"}
    first = dataset.first()
    two = dataset.limit(2).values("id")
    white = dataset.match(fo.ViewField("color") == "White")
    with index.use_view(white):
        kept = index.sort_by_similarity(ask, k=PHOTOS, dist_field="score")
    return {
        "text": nearest(dataset.sort_by_similarity(ask, k=10, **by)),
        "photo": nearest(dataset.sort_by_similarity(first.id, k=5, **by)),
        "mean": nearest(dataset.sort_by_similarity(two, k=5, **by)),
        "white": [pair[0] for pair in nearest(kept)],
        "are_white": white.values("product"),
    }


def changed(dataset: fo.Dataset, index: Any, vectors: np.ndarray) -> dict[str, Any]:
    """Rows read back, written twice, removed and added again."""
    ids = dataset.values("id")
    found: dict[str, Any] = {"size": index.total_index_size}
    read, read_ids, _ = index.get_embeddings()
    order = {key: place for place, key in enumerate(ids)}
    places = [order[key] for key in read_ids]
    found["read"] = [len(set(places)), float(np.abs(read - vectors[places]).max())]
    try:
        index.add_to_index(vectors[:1], ids[:1], allow_existing=False)
    except ValueError as error:
        found["twice"] = str(error)
    index.remove_from_index(sample_ids=ids[:5])
    found["removed"] = index.total_index_size
    _, left, _ = index.get_embeddings(sample_ids=ids[:6])
    found["left"] = [order[key] for key in left]
    index.add_to_index(vectors[:8], np.array(ids[:8]), overwrite=False)
    found["added"] = index.total_index_size
    return found


def patches(dataset: fo.Dataset, vectors: np.ndarray, ask: np.ndarray) -> dict[str, Any]:
    """The same of boxes in photos, each with the vector of its photo."""
    index = fob.compute_similarity(
        dataset,
        patches_field="garments",
        embeddings={key: row[None] for key, row in zip(dataset.values("id"), vectors)},
        brain_key="boxes",
        index_name="boxes",
        **MOSAIC,
    )
    near = dataset.to_patches("garments").sort_by_similarity(ask, k=5, brain_key="boxes")
    products = dict(zip(dataset.values("id"), dataset.values("product")))
    found = {
        "boxes": index.total_index_size,
        "near_boxes": [products[key] for key in near.values("sample_id")],
    }
    index.cleanup()
    return found


def main() -> None:
    json.load(sys.stdin)  # the notes of a shop; these are its photos
    client = AISearchClient(HOST, personal_access_token=TOKEN, disable_notice=True)
    client.create_endpoint_and_wait(ENDPOINT)
    dataset = new_dataset()
    vectors = encoded(photos(dataset))
    ask = encoded([{"text": ASK}])[0]
    index = fob.compute_similarity(
        dataset, embeddings=vectors, brain_key="clip", index_name="photos", **MOSAIC
    )
    found = {
        "products": dataset.values("product"),
        "vectors": vectors.tolist(),
        "ask": ask.tolist(),
        **searched(dataset, index, ask),
        **changed(dataset, index, vectors),
        **patches(dataset, vectors, ask),
    }
    dataset.clear_cache()
    again = dataset.load_brain_results(
        "clip", **{k: MOSAIC[k] for k in ("workspace_url", "personal_access_token")}
    )
    found["loaded"] = again.total_index_size
    again.cleanup()
    found["left_indexes"] = client.list_indexes(ENDPOINT).get("vector_indexes", [])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
