"""A shop of the bundled catalogue, and a catalogue of other columns whose vectors are planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.planted import DIMENSION, GOODS, index_goods

from engine import Settings, Workspace
from engine.shop.demo import sample_dir


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The bundled catalogue, embedded and indexed by the embedded model; tests don't change it."""
    folder = tmp_path_factory.mktemp("understood")
    made = Workspace(settings=Settings(folder))
    made.build(sample_dir() / "styles.csv", sample_dir() / "images")
    return made


@pytest.fixture
def photo() -> Path:
    """A photo of the bundled catalogue: a shoulder handbag."""
    return sample_dir() / "images" / "10043.jpg"


@pytest.fixture(scope="session")
def goods() -> pa.Table:
    """Goods with columns of their own. Dimension 0 is the colour (red or not), 1 the kind (bag or
    shoe), 2 the style, which bags never have; 3 the cost; the others are noise."""
    rng = np.random.default_rng(5)
    red, bag = rng.random(GOODS) < 0.5, rng.random(GOODS) < 0.4
    formal = (rng.random(GOODS) < 0.5) & ~bag
    cost = rng.random(GOODS) * 100
    vectors = rng.normal(size=(GOODS, DIMENSION)) * 0.2
    vectors[:, 0] += np.where(red, 1, -1)
    vectors[:, 1] += np.where(bag, 2, -2)
    vectors[:, 2] += np.where(formal, 1, -1)
    vectors[:, 3] += (cost - 50) / 25
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return pa.table(
        {
            "sku": [f"s-{i}" for i in range(GOODS)],
            "naming": [f"Thing {i}" for i in range(GOODS)],
            "sort": np.where(bag, "Bags", "Shoes").tolist(),
            "farbe": [
                None if i % 50 == 0 else ("Red", "Blue")[int(not r)] for i, r in enumerate(red)
            ],
            "stil": np.where(formal, "Formal", "Casual").tolist(),
            "cost": [None if i % 40 == 0 else float(c) for i, c in enumerate(cost)],
            "vector": pa.array(vectors.astype(np.float32).tolist(), pa.list_(pa.float32())),
        }
    )


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory, goods: pa.Table) -> Workspace:
    """A workspace with an index of the goods; tests don't change it."""
    made = Workspace(settings=Settings(tmp_path_factory.mktemp("planted"), encoder="hashed"))
    index_goods(made, goods)
    return made
