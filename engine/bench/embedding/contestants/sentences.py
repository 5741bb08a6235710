"""sentence-transformers' own `encode`: its CLIP over photos and texts, its text models over texts."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

BATCH = 32  # the library's own default


class Contestant:
    def __init__(self, setup: dict[str, Any]) -> None:
        library: Any = importlib.import_module("sentence_transformers")
        device, folder = setup["device"] or "cpu", setup["folder"]
        self.batch = setup["batch"] or BATCH
        if setup["form"] == "transformers":
            models: Any = importlib.import_module("sentence_transformers.models")
            self.model = library.SentenceTransformer(
                modules=[models.CLIPModel(folder)], device=device
            )
        else:
            self.model = library.SentenceTransformer(folder, device=device, local_files_only=True)
        self.found: Any = None

    def facts(self) -> dict[str, Any]:
        return {}

    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        """Nothing."""

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        given = inputs.texts
        if kind == "images":
            from PIL import Image

            given = [Image.open(photo) for photo in inputs.photos]
        self.found = self.model.encode(
            given, batch_size=self.batch, show_progress_bar=False, normalize_embeddings=True
        )

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Any:
        return self.found
