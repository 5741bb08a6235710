"""A small catalogue of a contest, and contestants that do one thing otherwise than they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.bench.contest.catalogue import Catalogue, write_catalogue
from engine.bench.contest.contest import Asked
from engine.bench.contest.entrants import Entrant
from engine.bench.contest.schema import Schema
from engine.bench.contest.truth import make_truth

ROWS, DIMENSION, QUERIES = 300, 16, 30
SCHEMA = Schema(
    "id", "v", DIMENSION, {"id": "long", "kind": "string", "price": "double"}, ("kind", "price")
)
ODD = """
from engine.bench.contestants.numpy_scan import Contestant as Plain
import os, time

class Contestant(Plain):
    about = "{about}"
    {more}
"""


def made(folder: Path) -> Catalogue:
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[1] = vectors[0]  # a tie
    columns = pa.table(
        {
            "id": np.arange(ROWS) * 7,
            "kind": pa.array([None if n % 50 == 3 else "ab"[n % 2] for n in range(ROWS)]),
            "price": rng.uniform(0, 100, ROWS),
        }
    )
    queries = rng.standard_normal((QUERIES, DIMENSION)).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    filters = {
        "half": {"kind": "a"},
        "few": {"kind": ["a", "b"], "price >=": 90.0, "price <": 99.0},
    }
    catalogue = write_catalogue(folder, SCHEMA, columns, vectors, queries, filters)
    make_truth(catalogue, QUERIES)
    return catalogue


def odd(folder: Path, name: str, more: str) -> Entrant:
    file = folder / f"{name}.py"
    file.write_text(ODD.format(about=name, more=more))
    return Entrant(name, file)


def all_of(catalogue: Catalogue, name: str | None = None, **more: object) -> Asked:
    one = None if name is None else catalogue.filters[name]
    return Asked(range(QUERIES), [one] * QUERIES, warm=one, **more)  # type: ignore[arg-type]
