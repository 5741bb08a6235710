"""The dual encoder in open_clip's architecture, with training-only attribute heads."""

from __future__ import annotations

import copy
import math
from typing import Any

import open_clip
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from .augment import MEAN, STD

EMBED_DIM = 512
HEAD_FIELDS = ("articleType", "baseColour", "gender", "usage", "season", "subCategory", "brand")


def clip_config(backbone: str, size: int, width: int, layers: int, heads: int,
                vocabulary: int, drop_path: float | None = None) -> dict[str, Any]:  # fmt: skip
    """open_clip's model configuration (``model_cfg`` of ``open_clip_config.json``)."""
    vision = {"timm_model_name": backbone, "timm_model_pretrained": False, "timm_pool": "avg",
              "timm_proj": "linear", "image_size": size}  # fmt: skip
    if drop_path:
        vision["timm_drop_path"] = drop_path
    text = {"context_length": 77, "vocab_size": vocabulary, "width": width, "heads": heads,
            "layers": layers}  # fmt: skip
    return {"embed_dim": EMBED_DIM, "vision_cfg": vision, "text_cfg": text, "custom_text": True}


def preprocess_config(size: int) -> dict[str, Any]:
    """open_clip's ``preprocess_cfg``: longest side to ``size``, centred on white."""
    return {"size": size, "mode": "RGB", "mean": list(MEAN), "std": list(STD),
            "interpolation": "bicubic", "resize_mode": "longest", "fill_color": 255}  # fmt: skip


def build_clip(config: dict[str, Any]) -> nn.Module:
    """The open_clip model of a configuration, with fresh weights."""
    config = {k: v for k, v in config.items() if k != "custom_text"}
    return open_clip.CustomTextCLIP(**config)


def encode_text(tower: nn.Module, ids: torch.Tensor) -> torch.Tensor:
    """open_clip's text tower for texts shorter than the context (no padding to the full length)."""
    length = ids.shape[1]
    x = tower.token_embedding(ids) + tower.positional_embedding[:length]
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernel's backward is slow for short texts
        x = tower.transformer(x, attn_mask=tower.attn_mask[:length, :length])
    x = x[torch.arange(len(ids)), ids.argmax(-1)]
    return tower.ln_final(x) @ tower.text_projection


class Trainee(nn.Module):
    """The dual encoder and what only training needs: attribute heads and scales."""

    def __init__(self, config: dict[str, Any], classes: dict[str, int]) -> None:
        super().__init__()
        self.clip = build_clip(config)
        features = self.clip.visual.trunk.num_features
        self.heads = nn.ModuleDict({f: nn.Linear(features, n) for f, n in classes.items()})
        self.bank_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self.query_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def image(self, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Unit image vectors, and the attribute heads' logits."""
        pooled = self.clip.visual.trunk(x)
        vectors = F.normalize(self.clip.visual.head(pooled).float(), dim=-1)
        return vectors, {f: head(pooled).float() for f, head in self.heads.items()}

    def text(self, ids: torch.Tensor, chunks: int = 1) -> torch.Tensor:
        """Unit text vectors; ``chunks`` groups of similar length waste little on padding."""
        lengths = ids.argmax(-1) + 1
        order = lengths.argsort()
        rows = []
        for group in order.chunk(chunks):
            part = ids[group, : int(lengths[group].max())]
            rows.append(encode_text(self.clip.text, part).float())
        vectors = torch.cat(rows)[order.argsort()]
        return F.normalize(vectors, dim=-1)


class Average:
    """Exponential moving average of weights and buffers."""

    def __init__(self, model: nn.Module, decay: float = 0.997) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        ours, theirs = self.model.state_dict(), model.state_dict()
        for name, average in ours.items():
            if average.dtype.is_floating_point:
                average.lerp_(theirs[name], 1 - decay)
