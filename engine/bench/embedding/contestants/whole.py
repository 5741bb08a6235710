"""The engine's whole `embed`: files to published tables, each vector durable in the cache."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.arrays import Matrix
from engine.settings import Settings
from engine.shop.names import IMAGES
from engine.workspace import Workspace

VOLUME = "/Volumes/main/fashion_demo/bench"


class Contestant:
    def __init__(self, setup: dict[str, Any]) -> None:
        settings = Settings(path=Path.cwd() / "workspace", device=setup["device"])
        self.model, self.workspace = setup["model"], Workspace(settings=settings)
        encoder = self.workspace.encoder(self.model)
        encoder.encode_texts(["warm"])  # an encoder on CUDA sets its batches as it loads
        if setup["batch"]:
            encoder.image_batch = setup["batch"]

    def facts(self) -> dict[str, Any]:
        return {}

    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        """The table of products, and no vector known."""
        volume = f"{VOLUME}/{Path(inputs.folder).name}"
        self.workspace.register_volume(volume, Path(inputs.folder))
        names = [Path(photo).name for photo in inputs.photos]
        keys = [f"{number:06}" for number in range(len(names))]
        products = {"product_id": keys, "image_path": [f"{volume}/{name}" for name in names]}
        self.workspace.write_table("products", pa.table(products))
        for file in (self.workspace.settings.path / "cache").glob("embeddings*"):
            file.unlink()

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        self.workspace.embed(encoder=self.model)

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Matrix:
        table = self.workspace.read_table(IMAGES, ["product_id", "image_embedding"])
        found = table.sort_by("product_id")["image_embedding"].combine_chunks()
        return np.asarray(found.flatten()).reshape(len(table), -1).astype(np.float32)
