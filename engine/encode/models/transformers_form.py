"""CLIP in the form of the transformers library to open_clip's form. Knows names of weights; no torch.

Many machines have `openai/clip-vit-base-patch32` in their hub cache in that form: `config.json` and
`model.safetensors`. The architectures are the same; names, the packing of attention and the direction
of projections differ. Truth: transformers itself, on a small random model in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Weights = dict[str, npt.NDArray[Any]]

# transformers leaves out of config.json what equals its defaults, which are those of ViT-B/32.
_TEXT = {
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "vocab_size": 49408,
    "hidden_act": "quick_gelu",
}
_VISION = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 32,
    "hidden_act": "quick_gelu",
}
_MEAN, _STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]

_RENAMED = {
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.": "visual.ln_pre.",
    "vision_model.post_layernorm.": "visual.ln_post.",
    "vision_model.encoder.layers.": "visual.transformer.resblocks.",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.": "ln_final.",
    "text_model.encoder.layers.": "transformer.resblocks.",
}
_INSIDE = {
    ".layer_norm1.": ".ln_1.",
    ".layer_norm2.": ".ln_2.",
    ".self_attn.out_proj.": ".attn.out_proj.",
    ".mlp.fc1.": ".mlp.c_fc.",
    ".mlp.fc2.": ".mlp.c_proj.",
}
_PROJECTIONS = {
    "visual_projection.weight": "visual.proj",
    "text_projection.weight": "text_projection",
}
_PACKED = re.compile(r"(.*)\.self_attn\.q_proj\.(weight|bias)")


def is_clip(config: Mapping[str, Any]) -> bool:
    """Whether a transformers `config.json` describes a CLIP with both towers."""
    return config.get("model_type") == "clip"


def model_config(
    config: Mapping[str, Any], processor: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """open_clip's `model_cfg` and `preprocess_cfg` for a transformers CLIP.

    Args:
        config: its `config.json`. processor: its `preprocessor_config.json`, if it has one.
    """
    text, vision = _tower(config, "text", _TEXT), _tower(config, "vision", _VISION)
    model = {
        "embed_dim": config.get("projection_dim", 512),
        "quick_gelu": text["hidden_act"] == "quick_gelu",
        "vision_cfg": {
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "layers": vision["num_hidden_layers"],
            "width": vision["hidden_size"],
            "head_width": vision["hidden_size"] // vision["num_attention_heads"],
            "mlp_ratio": vision["intermediate_size"] / vision["hidden_size"],
        },
        "text_cfg": {
            "context_length": text["max_position_embeddings"],
            "vocab_size": text["vocab_size"],
            "layers": text["num_hidden_layers"],
            "width": text["hidden_size"],
            "heads": text["num_attention_heads"],
            "mlp_ratio": text["intermediate_size"] / text["hidden_size"],
        },
    }
    return model, _preprocess_config(vision["image_size"], processor or {})


def _tower(config: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """One tower's facts, those that the config leaves out included."""
    older, own = config.get(f"{name}_config_dict"), config.get(f"{name}_config")
    return {**defaults, **(older or {}), **(own or {})}


def _preprocess_config(size: int, processor: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "size": size,
        "mean": processor.get("image_mean", _MEAN),
        "std": processor.get("image_std", _STD),
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    }


def convert(weights: Mapping[str, npt.NDArray[Any]]) -> Weights:
    """Weights by open_clip's names.

    Args:
        weights: by transformers' names; position ids and other buffers are left out.
    """
    out: Weights = {}
    for name, value in weights.items():
        packed = _PACKED.fullmatch(name)
        if packed:
            block, part = packed.groups()
            three = [weights[f"{block}.self_attn.{which}_proj.{part}"] for which in "qkv"]
            out[f"{_renamed(block + '.')}attn.in_proj_{part}"] = np.concatenate(three)
        elif name in _PROJECTIONS:
            out[_PROJECTIONS[name]] = np.ascontiguousarray(value.T)
        elif name == "logit_scale":
            out[name] = value
        elif not re.search(r"position_ids$|\.[kv]_proj\.", name):
            out[_renamed(name)] = value
    return out


def _renamed(name: str) -> str:
    for theirs, ours in _RENAMED.items():
        if name.startswith(theirs):
            name = ours + name.removeprefix(theirs)
            break
    for theirs, ours in _INSIDE.items():
        name = name.replace(theirs, ours)
    return name
