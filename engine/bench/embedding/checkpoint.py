"""A model's weights as one file that every release of open_clip reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.encode.models.sources import SEED, Source
from engine.optional import require


def saved(name: str, file: Path) -> Path:
    """The checkpoint of an open_clip model; of random weights those that its encoder draws.

    Raises:
        ModelUnavailable: its weights are not here. MissingExtra: torch or open_clip is not installed.
    """
    source = Source.parse(name)
    if source.checkpoint is not None:
        return source.checkpoint
    torch: Any = require("torch", f"encoder {name!r}")
    open_clip: Any = require("open_clip", f"encoder {name!r}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = open_clip.create_model(source.architecture, pretrained=None, device="cpu")
    torch.save(model.state_dict(), file)
    return file
