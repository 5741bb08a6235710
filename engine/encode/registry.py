"""Encoders by name. Knows which model a name stands for; not how one works, nor who asks.

A model's file is imported when its name is asked for: torch, onnxruntime and Pillow are heavy.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.encode.encoder import Encoder
from engine.encode.model_folders import editions, is_onnx_form, local_folder, own_name
from engine.encode.models.sentence_form import Folder, SentenceForm, read_form
from engine.encode.text_models import text_folder
from engine.errors import CorruptFile
from engine.settings import DEFAULT_ENCODER


def _open_clip(name: str, device: str | None) -> Encoder:
    from engine.encode.models.clip import OpenClipEncoder

    return OpenClipEncoder(name, device)


def _onnx(name: str, device: str | None, folder: Path) -> Encoder:
    from engine.encode.models.onnx import OnnxEncoder

    return OnnxEncoder(name, device, folder)


def _hashed(name: str, device: str | None) -> Encoder:
    from engine.encode.models.hashed import HashedEncoder

    return HashedEncoder(name, device)


def _sentences(name: str, device: str | None, folder: Folder) -> Encoder:
    form = read_form(name, folder)
    if isinstance(form, SentenceForm):
        from engine.encode.models.sentence_bert import SentenceEncoder

        return SentenceEncoder(name, device, form)
    from engine.encode.models.sentence_library import LibraryEncoder

    return LibraryEncoder(name, device, form)


def load_encoder(name: str | None = None, device: str | None = None) -> Encoder:
    """An encoder by name; its weights are loaded when it is first used.

    Args:
        name: None or "embedded" for the newest edition of the model that comes with the package,
            which needs no torch; "vitrine-clip-1" and so on for that edition.
            "all-minilm-l6-v2" for the text model that the extra [text] brings: texts, no photos.
            "hashed" for tests: instant and without meaning, see `HashedEncoder`.
            `ARCHITECTURE/TAG` of open_clip (`ViT-B-32-quickgelu/openai`), `ARCHITECTURE/FILE` for
            a checkpoint, `ARCHITECTURE/untrained` for seeded random weights; `local-dir:DIRECTORY`
            (or its path) for one in the embedded model's, open_clip's, transformers' or
            sentence-transformers' form; `hf-hub:ORG/NAME` for one in open_clip's or transformers'.
        device: "cpu", "cuda", "cuda:1", ...; None takes CUDA where torch has one.

    Raises:
        ModelUnavailable: unknown architecture, tag, file or device, or weights that are not here.
        MissingExtra: a package that the model needs is not installed.
        CorruptFile: a model's file is damaged.
    """
    wanted = own_name(name or DEFAULT_ENCODER)
    if wanted == "hashed":
        return _hashed(wanted, device)
    folder = editions().get(wanted) or local_folder(wanted)
    if folder is not None and is_onnx_form(folder):
        return _onnx(wanted, device, folder)
    texts = text_folder(wanted)
    if texts is not None:
        return _sentences(wanted, device, texts)
    return _open_clip(wanted, device)


def recorded_name(made_by: Mapping[str, Any]) -> str:
    """The name of the model that a table or an index recorded, as `encoder` and `fingerprint`.

    Releases before 0.7 recorded `embedded`, which stands for the newest edition: then the edition of
    that fingerprint is meant.
    """
    name = str(made_by["encoder"])
    if name == DEFAULT_ENCODER:
        for edition in editions():
            with contextlib.suppress(CorruptFile):  # whose files are damaged
                if load_encoder(edition).fingerprint == made_by["fingerprint"]:
                    return edition
    return name
