"""Which models can be used on this machine. Knows the package, hub caches and open_clip's registry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.encode.model_folders import editions, own_name
from engine.encode.models.hashed import DIMENSION, HASHED
from engine.encode.models.onnx import OnnxEncoder
from engine.encode.models.sentence_form import SentenceForm, bytes_in, read_form
from engine.encode.models.sources import HUB
from engine.encode.models.transformers_form import is_clip, model_config
from engine.encode.text_models import TEXT_MODEL, has_text_model, text_folder
from engine.errors import CorruptFile
from engine.optional import install_line, is_installed, require
from engine.settings import DEFAULT_ENCODER


@dataclass(frozen=True)
class ModelInfo:
    """A model that `load_encoder` takes by `name`.

    Attributes:
        kind: "embedded", "text model" (of the extra [text], which may not be here), "for tests",
            "hub cache", or "open_clip" (known by name; its weights may not be here).
        dimension: of its vectors, None if unknown.
        bytes: of its files here, None if they are not here.
        where: the directory, why it can't be used, or how to get it; for "open_clip" the names of its
            pretrained weights.
        also: another name that stands for it: "embedded" for the embedded model's newest edition.
    """

    name: str
    kind: Literal["embedded", "text model", "for tests", "hub cache", "open_clip"]
    dimension: int | None
    bytes: int | None
    where: str
    also: str | None = None


def available_models() -> list[ModelInfo]:
    """The embedded model's editions, newest first, the extra's model for texts, the one for tests, those
    in the hub's cache, and those that open_clip knows.
    """
    hashed = ModelInfo(HASHED, "for tests", DIMENSION, 0, "no weights: hashed words")
    return [*_embedded(), _for_texts(), hashed, *_in_hub_cache(), *_known_to_open_clip()]


def _embedded() -> Iterator[ModelInfo]:
    newest = own_name(DEFAULT_ENCODER)
    for name, folder in editions().items():
        also = DEFAULT_ENCODER if name == newest else None
        try:
            dimension, where = OnnxEncoder(name, None, folder).dimension, str(folder)
        except CorruptFile as error:
            dimension, where = None, error.message
        yield ModelInfo(name, "embedded", dimension, _size(folder), where, also)


def _for_texts() -> ModelInfo:
    if not has_text_model():
        return ModelInfo(TEXT_MODEL, "text model", None, None, install_line("text"))
    folder = text_folder(TEXT_MODEL)
    assert folder is not None
    form = read_form(TEXT_MODEL, folder)
    dimension = form.dimension if isinstance(form, SentenceForm) else None
    return ModelInfo(TEXT_MODEL, "text model", dimension, bytes_in(folder), str(folder))


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _in_hub_cache() -> Iterator[ModelInfo]:
    if not is_installed("huggingface_hub"):
        return
    hub: Any = require("huggingface_hub", "the hub's cache")
    try:
        repositories = hub.scan_cache_dir().repos
    except hub.errors.CacheNotFound:
        return
    for repository in sorted(repositories, key=lambda r: str(r.repo_id)):
        for revision in repository.revisions:
            dimension = _dimension_in(Path(revision.snapshot_path))
            if repository.repo_type == "model" and dimension is not None:
                yield ModelInfo(
                    f"{HUB}{repository.repo_id}",
                    "hub cache",
                    dimension,
                    int(revision.size_on_disk),
                    str(revision.snapshot_path),
                )
                break


def _dimension_in(folder: Path) -> int | None:
    """The dimension of the CLIP in a directory; None where none can be loaded."""
    if not any(any(folder.glob(pattern)) for pattern in ("*.safetensors", "*.bin")):
        return None
    ours, theirs = folder / "open_clip_config.json", folder / "config.json"
    try:
        if ours.is_file():
            return int(json.loads(ours.read_bytes())["model_cfg"]["embed_dim"])
        if theirs.is_file() and is_clip(config := json.loads(theirs.read_bytes())):
            return int(model_config(config)[0]["embed_dim"])
    except (ValueError, KeyError, TypeError):
        return None
    return None


def _known_to_open_clip() -> Iterator[ModelInfo]:
    if not is_installed("open_clip"):
        return
    open_clip: Any = require("open_clip", "the list of open_clip's models")
    for name in open_clip.list_models():
        config = open_clip.get_model_config(name) or {}
        tags = open_clip.list_pretrained_tags_by_model(name)
        yield ModelInfo(name, "open_clip", config.get("embed_dim"), None, ", ".join(tags))
