"""Who embeds beside whom: the table of contestants, what each needs, which models it knows."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.encode.model_folders import editions, is_onnx_form, local_folder, own_name
from engine.encode.models.hashed import HASHED
from engine.encode.text_models import text_folder
from engine.optional import EXTRA_OF, install_line, is_installed

FOLDER = Path(__file__).parent / "contestants"
OURS = "vitrine"
CLIP_RETRIEVAL = "clip-retrieval"
FORMS = ("onnx", "open_clip", "transformers", "sentences", "hashed")
NEEDS: Mapping[str, tuple[str, ...]] = {  # of our own models, by form
    "open_clip": ("torch", "open_clip"),
    "transformers": ("torch", "open_clip"),
}
NO_CLIP_RETRIEVAL = (
    "clip-retrieval is not installed. It wants numpy<2 and pyarrow<16, older than this engine's, so it "
    "needs an environment of its own: uv venv DIR, uv pip install --python DIR/bin/python "
    "clip-retrieval, then --clip-retrieval-python DIR/bin/python."
)


@dataclass(frozen=True)
class Entrant:
    """A contestant.

    Attributes:
        file: of `contestants/`. forms: of models that it knows.
        kinds: what it embeds. needs: packages, beside those of our own model's form.
        settings: what its file is told beyond the model.
    """

    name: str
    file: str
    forms: tuple[str, ...] = FORMS
    kinds: tuple[str, ...] = ("images", "texts")
    needs: tuple[str, ...] = ()
    is_ours: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return FOLDER / self.file


LOOP = ("torch", "open_clip")
ENTRANTS = (
    Entrant(OURS, "vitrine.py", is_ours=True),
    Entrant("vitrine embed", "whole.py", FORMS[:3], ("images",), is_ours=True),
    Entrant("bare model", "bare.py", FORMS[:4], is_ours=True),
    Entrant("padded to 77 tokens", "padded.py", FORMS[1:3], ("texts",), is_ours=True),
    Entrant("onnxruntime loop", "onnx_loop.py", ("onnx",)),
    Entrant(
        "open_clip loop, 0 workers",
        "open_clip_loop.py",
        ("open_clip",),
        needs=LOOP,
        settings={"workers": 0},
    ),
    Entrant(
        "open_clip loop, 2 workers",
        "open_clip_loop.py",
        ("open_clip",),
        ("images",),
        needs=LOOP,
        settings={"workers": 2},
    ),
    Entrant(
        "sentence-transformers",
        "sentences.py",
        ("transformers", "sentences"),
        needs=("sentence_transformers",),
    ),
    Entrant(CLIP_RETRIEVAL, "clip_inference.py", ("open_clip",), needs=("clip_retrieval",)),
)
NAMES = tuple(entrant.name for entrant in ENTRANTS)


@dataclass(frozen=True)
class Model:
    """A model by the name that is shown, the one that loads it, its form, and its directory if any."""

    shown: str
    name: str
    form: str
    folder: str | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("texts",) if self.form == "sentences" else ("images", "texts")


def model_of(name: str, shown: str | None = None) -> Model:
    """Which form a model has, found without loading it.

    Raises:
        ModelUnavailable, MissingExtra, CorruptFile: there is no such model here.
    """
    shown = shown or name
    if name == HASHED:
        return Model(shown, name, "hashed")
    folder = editions().get(own_name(name)) or local_folder(name)
    if folder is not None and is_onnx_form(folder):
        return Model(shown, name, "onnx", str(folder))
    texts = text_folder(name)
    if texts is not None:
        return Model(shown, name, "sentences", str(texts))
    from engine.encode.models.sources import Source

    form = Source.parse(name).form
    return Model(shown, name, form, None if folder is None else str(folder))


def why_out(entrant: Entrant, model: Model, clip_retrieval_python: str | None) -> str | None:
    """Why a contestant can't take part, in words; None where it can."""
    if entrant.name == CLIP_RETRIEVAL and clip_retrieval_python:
        missing = []
    else:
        needs = (*entrant.needs, *(NEEDS.get(model.form, ()) if entrant.is_ours else ()))
        missing = [package for package in needs if not is_installed(package)]
    if missing and missing[0] not in EXTRA_OF:
        return NO_CLIP_RETRIEVAL
    if missing:
        return f"{missing[0]} is not installed: {install_line(EXTRA_OF[missing[0]])}"
    if model.form not in entrant.forms:
        return f"knows no model in the form of {model.shown} ({model.form})"
    if entrant.name == CLIP_RETRIEVAL and model.folder is not None:
        return f"takes an architecture with weights; {model.shown} is a directory"
    return None


def python_of(entrant: Entrant, clip_retrieval_python: str | None) -> str:
    """The interpreter that a contestant runs in."""
    chosen = clip_retrieval_python if entrant.name == CLIP_RETRIEVAL else None
    return chosen or sys.executable
