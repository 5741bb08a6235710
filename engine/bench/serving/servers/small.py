"""A small workspace of made-up rows, for whether everything runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.settings import Settings
from engine.workspace import Workspace

INDEX = "main.bench.small"
ENCODER = "hashed"  # which tests run with: it loads nothing
_ROWS = 300
_WORDS = ("red", "blue", "green", "long", "short", "cotton", "woollen", "summer", "winter", "plain")
_KINDS = ("dress", "shirt", "shoe", "bag", "scarf")


def small_workspace(folder: Path, rows: int = _ROWS) -> Workspace:
    """Rows with names, kinds and prices, and an index that encodes the names."""
    workspace = Workspace(settings=Settings(folder, encoder=ENCODER))
    rng = np.random.default_rng(0)
    kinds = [_KINDS[place] for place in rng.integers(len(_KINDS), size=rows)]
    words = [_WORDS[place] for place in rng.integers(len(_WORDS), size=rows)]
    table = pa.table(
        {
            "id": list(range(rows)),
            "name": [f"{word} {kind} {n}" for n, (word, kind) in enumerate(zip(words, kinds))],
            "kind": kinds,
            "price": rng.uniform(5, 90, rows).round(2).tolist(),
        }
    )
    workspace.write_table("main.bench.small_rows", table)
    workspace.create_index(
        INDEX,
        source_table="main.bench.small_rows",
        primary_key="id",
        source_column="name",
        model_endpoint="databricks-gte-large-en",
        endpoint="bench",
        create_endpoint=True,
    )
    return workspace
