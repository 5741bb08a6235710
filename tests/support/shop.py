"""A small shop for the mirrored client: a products table with vectors, and plain numpy to compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from engine import VectorSearchClient, VectorSearchIndex, Workspace

Floats = npt.NDArray[np.float64]
Ranked = list[tuple[Any, float]]
ENDPOINT = "fashion_vector_search"
TABLE = "main.fashion_demo.product_embeddings_enriched"
INDEX = "main.fashion_demo.vs_image_search"
DIMENSION = 16
PRODUCTS = 60


def unit_vectors(rows: int, dimension: int, seed: int) -> Floats:
    """Unit rows whose numbers float32 holds exactly, so that every later step is exact too."""
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32).astype(np.float64)


def products_table(rows: int = PRODUCTS, dimension: int = DIMENSION, seed: int = 0) -> pa.Table:
    """Products in no order of keys, with a unit vector each; rows 10 to 13 share one vector."""
    rng = np.random.default_rng(seed)
    keys = rng.permutation(rows) * 7 + 10_000
    vectors = unit_vectors(rows, dimension, seed)
    vectors[10:14] = vectors[10]
    started = datetime(2024, 1, 1)
    text = pa.string()
    return pa.table(
        {
            "product_id": pa.array(keys, pa.int32()),
            "product_display_name": pa.array([f"Product {key}" for key in keys], text),
            "master_category": pa.array([("Apparel", "Footwear")[i % 2] for i in range(rows)]),
            "sub_category": pa.array(["Topwear"] * rows, text),
            "article_type": pa.array([("Shirts", "Jeans", "Shoes")[i % 3] for i in range(rows)]),
            "base_color": pa.array([("Red", "Blue", None, "Black")[i % 4] for i in range(rows)]),
            "price": pa.array([None if i % 9 == 8 else 5.25 * i for i in range(rows)]),
            "image_path": pa.array([f"/Volumes/main/shop/raw/{key}.jpg" for key in keys], text),
            "gender": pa.array([("Men", "Women")[i // 2 % 2] for i in range(rows)]),
            "season": pa.array(["Summer"] * rows, text),
            "year": pa.array([2010 + i % 8 for i in range(rows)], pa.int32()),
            "usage": pa.array(["Casual"] * rows, text),
            "in_stock": pa.array([i % 5 != 0 for i in range(rows)]),
            "tags": pa.array([[("new", "sale")[i % 2], f"t{i % 3}"] for i in range(rows)]),
            "added_on": pa.array([date(2024, 1, 1) + timedelta(days=i) for i in range(rows)]),
            "updated_at": pa.array(
                [started + timedelta(hours=i) for i in range(rows)], pa.timestamp("us", tz="UTC")
            ),
            "image_embedding": pa.array(vectors.tolist(), pa.list_(pa.float64())),
        }
    )


def best(table: pa.Table, query: Sequence[float], k: int, keep: Sequence[bool] = ()) -> Ranked:
    """(key, score) of the k nearest rows that are kept, by plain arithmetic; ties by key."""
    vectors = np.array(table["image_embedding"].to_pylist(), dtype=np.float32).astype(np.float64)
    wide = np.asarray(query, dtype=np.float32).astype(np.float64)
    scores = 1 / (1 + ((vectors - wide) ** 2).sum(axis=1))
    keys = table["product_id"].to_pylist()
    chosen = [i for i in range(len(keys)) if not keep or keep[i]]
    chosen.sort(key=lambda i: (-scores[i], keys[i]))
    return [(keys[i], float(scores[i])) for i in chosen[:k]]


@pytest.fixture(scope="session")
def products() -> pa.Table:
    return products_table()


@pytest.fixture(scope="session")
def make_products() -> Callable[..., pa.Table]:
    return products_table


@pytest.fixture(scope="session")
def nearest() -> Callable[..., Ranked]:
    return best


@pytest.fixture
def client(tmp_path: Path, products: pa.Table) -> VectorSearchClient:
    """A client of a fresh workspace with the products table and the endpoint, without indexes."""
    made = VectorSearchClient(workspace=tmp_path / "workspace")
    made.workspace.write_table(TABLE, products)
    made.create_endpoint(ENDPOINT)
    return made


CreateIndex = Callable[..., VectorSearchIndex]


def _create_index(client: VectorSearchClient, **changed: Any) -> VectorSearchIndex:
    arguments: dict[str, Any] = {
        "endpoint_name": ENDPOINT,
        "index_name": INDEX,
        "source_table_name": TABLE,
        "pipeline_type": "TRIGGERED",
        "primary_key": "product_id",
        "embedding_dimension": DIMENSION,
        "embedding_vector_column": "image_embedding",
    }
    return client.create_delta_sync_index(**{**arguments, **changed})


@pytest.fixture
def create_index(client: VectorSearchClient) -> CreateIndex:
    """Creates the image index on the client's endpoint; arguments by name change how."""

    def create(**changed: Any) -> VectorSearchIndex:
        return _create_index(client, **changed)

    return create


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory, products: pa.Table) -> VectorSearchIndex:
    """An index over the products; tests only read it."""
    made = VectorSearchClient(workspace=Workspace(tmp_path_factory.mktemp("shop")))
    made.workspace.write_table(TABLE, products)
    made.create_endpoint(ENDPOINT)
    return _create_index(made)
