"""Encoders by name. Knows which model a name stands for; not how one works, nor who asks.

A model's file is imported when its name is asked for: torch, onnxruntime and Pillow are heavy.
"""

from __future__ import annotations

from engine.encode.encoder import Encoder
from engine.settings import DEFAULT_ENCODER


def _open_clip(name: str, device: str | None) -> Encoder:
    from engine.encode.models.clip import OpenClipEncoder

    return OpenClipEncoder(name, device)


def _embedded(name: str, device: str | None) -> Encoder:
    from engine.encode.models.onnx import OnnxEncoder

    return OnnxEncoder(name, device)


def _hashed(name: str, device: str | None) -> Encoder:
    from engine.encode.models.hashed import HashedEncoder

    return HashedEncoder(name, device)


# Encoders that have a name of their own; any other name is read by open_clip's rules.
_MAKERS = {DEFAULT_ENCODER: _embedded, "hashed": _hashed}


def load_encoder(name: str | None = None, device: str | None = None) -> Encoder:
    """An encoder by name; its weights are loaded when it is first used.

    Args:
        name: None or "embedded" for the model that comes with the package, which needs no torch.
            "hashed" for tests: instant and without meaning, see `HashedEncoder`.
            `ARCHITECTURE/TAG` of open_clip (`ViT-B-32-quickgelu/openai`), `ARCHITECTURE/FILE` for
            a checkpoint, `ARCHITECTURE/untrained` for seeded random weights; `local-dir:DIRECTORY`
            (or its path) or `hf-hub:ORG/NAME` for one in open_clip's or transformers' form.
        device: "cpu", "cuda", "cuda:1", ...; None takes CUDA where torch has one.

    Raises:
        ModelUnavailable: unknown architecture, tag, file or device, or weights that are not here.
        MissingExtra: torch or open_clip is not installed.
    """
    wanted = name or DEFAULT_ENCODER
    return _MAKERS.get(wanted, _open_clip)(wanted, device)
