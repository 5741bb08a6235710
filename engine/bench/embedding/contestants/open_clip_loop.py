"""The loop that open_clip's README leads to: its own transform, torch's DataLoader, one model.

On CUDA under autocast to bfloat16, as is usual; on a processor float32.
"""

from __future__ import annotations

import contextlib
from types import SimpleNamespace
from typing import Any

import open_clip
import torch
from torch.utils.data import DataLoader

from engine.bench.embedding.arithmetic import flops_of
from engine.bench.embedding.contestants.photo_set import PhotoSet
from engine.encode.models.sources import SEED, UNTRAINED
from engine.optional import require

BATCH = 32


class Contestant:
    def __init__(self, setup: dict[str, Any]) -> None:
        require("open_clip", "The loop of open_clip")
        self.device, self.workers = setup["device"] or "cpu", setup["workers"]
        self.batch = setup["batch"] or BATCH
        architecture, _, tag = setup["model"].partition("/")
        if setup["model"].startswith("local-dir:"):
            architecture, tag = setup["model"], UNTRAINED
        torch.manual_seed(SEED)
        self.model, _, self.preprocess = open_clip.create_model_and_transforms(
            architecture, pretrained=None if tag == UNTRAINED else tag, device=self.device
        )
        self.tokenizer = open_clip.get_tokenizer(architecture)
        self.model.eval()
        self.found: list[Any] = []

    def facts(self) -> dict[str, Any]:
        from PIL import Image

        photo = self.preprocess(Image.new("RGB", (64, 64)))[None].to(self.device)
        return {"gflop": {"images": flops_of(self.model.encode_image, photo) / 1e9}}

    def prepare(self, kind: str, inputs: SimpleNamespace) -> None:
        """Nothing."""

    def run(self, kind: str, inputs: SimpleNamespace) -> None:
        self.found = []
        with torch.inference_mode(), self._precision():
            if kind == "texts":
                for at in range(0, len(inputs.texts), self.batch):
                    tokens = self.tokenizer(inputs.texts[at : at + self.batch]).to(self.device)
                    self._keep(self.model.encode_text(tokens, normalize=True))
                return
            photos = PhotoSet(inputs.photos, self.preprocess)
            for batch in DataLoader(photos, self.batch, num_workers=self.workers):
                self._keep(self.model.encode_image(batch.to(self.device), normalize=True))

    def _keep(self, vectors: Any) -> None:
        self.found.append(vectors.float().cpu())

    def _precision(self) -> Any:
        if self.device.startswith("cuda"):
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def vectors(self, kind: str, inputs: SimpleNamespace) -> Any:
        return torch.cat(self.found).numpy()
