"""Where does that come from? Real product attributes with clustered unit vectors, and queries.

A product's vector is a random centre of its article type, 0.6 times one of its colour, and noise
with a decaying spectrum, so that filters cut along the clusters and across them, as real
attributes do. A query is a product's vector with fresh noise. One seed: the same data everywhere.
Prices are drawn, for the catalogue has none. Written and read in chunks, so millions of rows fit.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from catalogue import Catalogue
from filters import TINY_FILTER_ROWS, Filters, named_filters
from schema import COLUMNS, DIMENSION, KEY, VECTOR
from truth import make_truth

QUERIES = 500
CHUNK = 50_000  # rows a row group
JUDGED_IF_LARGE = 100  # queries with exact answers where there are more than LARGE rows
LARGE = 200_000
COLOUR_SHARE, NOISE_NORM, QUERY_NOISE = 0.6, 0.7, 0.5
IMAGE = "/Volumes/main/fashion_demo/raw_data/images/{}.jpg"
TEXTS = {
    "product_display_name": "productDisplayName",
    "master_category": "masterCategory",
    "sub_category": "subCategory",
    "article_type": "articleType",
    "base_color": "baseColour",
    "gender": "gender",
    "season": "season",
    "usage": "usage",
}
RARE = ("article_type", "base_color", "gender", "season")


def prepare(styles: Path, cache: Path, rows: int | None) -> Catalogue:
    """The data of a size, from the cache, or made there. `rows` None: each product once."""
    folder = cache / f"data-{rows or 'all'}"
    if not folder.exists():
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True, exist_ok=True)
        make_products(styles, unfinished, rows)
        made = Catalogue(unfinished)
        make_truth(made, JUDGED_IF_LARGE if len(made.vectors) > LARGE else QUERIES)
        unfinished.rename(folder)
    return Catalogue(folder)


def make_products(styles: Path, folder: Path, rows: int | None) -> None:
    """Write products, vectors, queries and filters. Other row counts draw products anew."""
    shop = read_styles(styles)
    rng = np.random.default_rng(0)
    space = VectorSpace(shop, rng)
    each_once = rows in (None, len(shop))
    n = rows or len(shop)
    drawn = np.arange(n) if each_once else rng.integers(0, len(shop), n)
    keys = np.array([int(p["id"]) for p in shop]) if each_once else np.arange(1, n + 1)
    prices = np.clip(np.exp(rng.normal(3.9, 0.75, n)), 0, 299.95).round(2)
    asked = np.sort(rng.choice(n, QUERIES, replace=False))
    known = attributes(shop)
    out = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, (n, DIMENSION))
    with pq.ParquetWriter(folder / "products.parquet", schema(), compression="zstd") as writer:
        for start in range(0, n, CHUNK):
            part = slice(start, min(n, start + CHUNK))
            vectors = out[part] = space.products(drawn[part], rng)
            products = known.take(pa.array(drawn[part]))
            writer.write_table(chunk(products, keys[part], prices[part], vectors))
    queries = unit(out[asked] + QUERY_NOISE * space.noise(QUERIES, rng)).astype(np.float32)
    rng.shuffle(queries)
    out.flush()
    np.save(folder / "queries.npy", queries)
    (folder / "filters.json").write_text(json.dumps(named_filters(rare_combination(shop))))


def read_styles(styles: Path) -> list[dict[str, str]]:
    with styles.open(encoding="utf-8", newline="") as file:
        return [p for p in csv.DictReader(file) if p["season"] and p["id"].isdigit()]


class VectorSpace:
    """Centres of article types and colours, and the shape of the noise around them."""

    def __init__(self, shop: list[dict[str, str]], rng: np.random.Generator) -> None:
        types, self._type_of = np.unique([p["articleType"] for p in shop], return_inverse=True)
        colours, self._colour_of = np.unique([p["baseColour"] for p in shop], return_inverse=True)
        self._types = unit(gauss(len(types), rng))
        self._colours = COLOUR_SHARE * unit(gauss(len(colours), rng))
        rotation, _ = np.linalg.qr(gauss(DIMENSION, rng))
        spectrum = (1 / np.sqrt(np.arange(1, DIMENSION + 1))).astype(np.float32)
        spectrum *= NOISE_NORM / np.linalg.norm(spectrum)
        self._basis = spectrum[:, None] * rotation

    def noise(self, n: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((n, DIMENSION), dtype=np.float32) @ self._basis

    def products(self, drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """(n, 512) unit vectors for products given by their places in the shop."""
        out = self.noise(len(drawn), rng)
        out += self._types[self._type_of[drawn]]
        out += self._colours[self._colour_of[drawn]]
        return unit(out)


def gauss(n: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((n, DIMENSION)).astype(np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def attributes(shop: list[dict[str, str]]) -> pa.Table:
    """What the catalogue itself says of its products; empty and NA are null."""
    columns = {
        name: pa.array([None if p[source] in ("", "NA") else p[source] for p in shop])
        for name, source in TEXTS.items()
    }
    years = [int(float(p["year"])) if p["year"] else None for p in shop]
    return pa.table({**columns, "year": pa.array(years, pa.int32())})


def schema() -> pa.Schema:
    kinds = {KEY: pa.int32(), "price": pa.float64(), "year": pa.int32()}
    fields = [(name, kinds.get(name, pa.string())) for name in COLUMNS]
    return pa.schema([*fields, (VECTOR, pa.list_(pa.float32(), DIMENSION))])


def chunk(
    products: pa.Table, keys: np.ndarray, prices: np.ndarray, vectors: np.ndarray
) -> pa.Table:
    added = {
        KEY: pa.array(keys, pa.int32()),
        "price": pa.array(prices),
        "image_path": pa.array([IMAGE.format(key) for key in keys.tolist()]),
        VECTOR: pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION),
    }
    arrays = [added[n] if n in added else products[n] for n in schema().names]
    return pa.table(arrays, schema=schema())


def rare_combination(shop: list[dict[str, str]]) -> Filters:
    """The values of type, colour, gender and season that about 20 products of the shop share."""
    sources = [TEXTS[name] for name in RARE]
    counts = Counter(tuple(p[source] for source in sources) for p in shop)
    rarest = min(counts, key=lambda values: (abs(counts[values] - TINY_FILTER_ROWS), values))
    return dict(zip(RARE, rarest))
