"""clip-retrieval's inference: a folder of files to a folder of arrays. Imports nothing of the engine.

Its packages are older than the engine's, so that it runs in an environment of its own. What it loads
it keeps for the next call of the same process, so that runs after the first are inference alone.
"""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

BATCH, WORKERS = 32, 2


class Contestant:
    def __init__(self, setup: dict[str, Any]) -> None:
        worker: Any = importlib.import_module("clip_retrieval.clip_inference.worker")
        self.infer = worker.worker
        self.batch = setup["batch"] or BATCH
        architecture = setup["model"].partition("/")[0]
        self.model = f"open_clip:{architecture}/{setup['checkpoint']}"
        self.folder = Path.cwd() / "out"

    def facts(self) -> dict[str, Any]:
        return {}

    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        self.infer(
            tasks=[0],
            input_dataset=inputs.folder if kind == "images" else inputs.text_folder,
            output_folder=str(self.folder),
            output_partition_count=1,
            batch_size=self.batch,
            num_prepro_workers=WORKERS,
            enable_text=kind == "texts",
            enable_image=kind == "images",
            clip_model=self.model,
            use_jit=False,
        )

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Any:
        """In the order of the files' names, which is that of the inputs."""
        part = "img_emb" if kind == "images" else "text_emb"
        (file,) = sorted((self.folder / part).glob("*.npy"))
        return np.load(file).astype(np.float32)
