"""Names of torch models, and where their weights are. Knows files, hub caches and open_clip's registry.

    ARCHITECTURE/TAG        open_clip's pretrained weights, from the hub's cache or the hub
    ARCHITECTURE/FILE       a checkpoint on this machine
    ARCHITECTURE/untrained  seeded random weights
    local-dir:DIRECTORY     a directory in open_clip's or in transformers' form; also as a bare path
                            that begins with /, ./, ../ or ~
    hf-hub:ORG/NAME         such a directory in the hub's cache, or from the hub

Weights are read from safetensors or with torch's `weights_only`; nothing is unpickled.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from engine.digests import sha256
from engine.encode.model_folders import editions, local_folder
from engine.encode.models.hashed import HASHED
from engine.encode.models.hub import cached_or_fetched, from_hub
from engine.encode.models.muted_logging import MutedLogging
from engine.encode.models.transformers_form import is_clip
from engine.encode.photos.preprocessing import VERSION
from engine.encode.text_models import TEXT_MODEL
from engine.errors import ModelUnavailable
from engine.optional import check, is_installed, require
from engine.settings import DEFAULT_ENCODER

UNTRAINED = "untrained"
SEED = 0  # of untrained weights
HUB = "hf-hub:"
CLOUD_LABEL = "clip-vit-b-32"  # what the cloud's tables call these weights
_CLOUD_MODELS = (
    "ViT-B-32-quickgelu/openai",
    "ViT-B-32/openai",
    "hf-hub:openai/clip-vit-base-patch32",
)
_WEIGHTS = ("open_clip_model.safetensors", "model.safetensors", "*.safetensors", "*.bin", "*.pt")
Form = Literal["open_clip", "transformers"]


@dataclass(frozen=True)
class Source:
    """A checked name: an architecture with weights, or a directory that holds both."""

    name: str
    architecture: str = ""
    weights: str = ""
    place: str = ""

    @staticmethod
    def parse(name: str) -> Source:
        """Read a name. Only a local directory is read, and the registry for why a name can't be used.

        Raises:
            ModelUnavailable: no weights named, or no model in the directory.
        """
        local = local_folder(name)
        if local is not None:
            source = Source(name, place=str(local))
            _ = source.form
            return source
        if name.startswith(HUB):
            return Source(name, place=name)
        architecture, _, weights = name.partition("/")
        if not weights:
            raise _no_weights(name)
        return Source(name, architecture, weights)

    @property
    def label(self) -> str:
        """What tables store as `embedding_model`."""
        return CLOUD_LABEL if self.name in _CLOUD_MODELS else self.name

    @property
    def is_trained(self) -> bool:
        return self.weights != UNTRAINED

    @cached_property
    def folder(self) -> Path | None:
        """The directory that holds the model; None for an architecture with weights."""
        if not self.place:
            return None
        if self.place.startswith(HUB):
            return from_hub(self.name, self.place.removeprefix(HUB))
        return Path(self.place)

    @cached_property
    def form(self) -> Form:
        """How the directory's files are to be read.

        Raises:
            ModelUnavailable: there is no model of a known form.
        """
        if self.folder is None:
            return "open_clip"
        if (self.folder / "open_clip_config.json").is_file():
            return "open_clip"
        config = self.folder / "config.json"
        if config.is_file() and is_clip(json.loads(config.read_bytes())):
            return "transformers"
        raise ModelUnavailable(
            f"encoder {self.name!r}: {self.folder} holds no model. Expected model.json (the embedded "
            "model's form), open_clip_config.json (open_clip's), a config.json of a CLIP "
            "(transformers') or modules.json (sentence-transformers'), and the weights."
        )

    @property
    def config_file(self) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / (
            "config.json" if self.form == "transformers" else "open_clip_config.json"
        )

    @cached_property
    def checkpoint(self) -> Path | None:
        """The file with the weights; None for random ones.

        Raises:
            ModelUnavailable: not on this machine, and not to be had; says what to do.
        """
        if self.weights == UNTRAINED:
            return None
        if self.folder is not None:
            for pattern in _WEIGHTS:
                found = sorted(self.folder.glob(pattern))
                if found and (self.form == "open_clip" or found[0].suffix == ".safetensors"):
                    return found[0]
            raise ModelUnavailable(f"encoder {self.name!r}: no usable weights in {self.folder}.")
        file = Path(self.weights).expanduser()
        return file if file.is_file() else self._pretrained()

    @property
    def tag(self) -> str | None:
        """What open_clip is asked for: a tag brings its own preprocessing, a file does not."""
        if self.folder is not None or self.checkpoint is None:
            return None
        open_clip = require("open_clip", f"encoder {self.name!r}")
        tags = open_clip.list_pretrained_tags_by_model(self.architecture)
        return self.weights if self.weights in tags else str(self.checkpoint)

    def _pretrained(self) -> Path:
        open_clip = require("open_clip", f"encoder {self.name!r}")
        tags = open_clip.list_pretrained_tags_by_model(self.architecture)
        check_architecture(self.name, self.architecture)
        if self.weights not in tags:
            raise ModelUnavailable(
                f"encoder {self.name!r}: {self.weights!r} is neither a file nor a tag of "
                f"{self.architecture}; its tags are: {', '.join(tags) or 'none'}."
            )
        config = open_clip.get_pretrained_cfg(self.architecture, self.weights)
        with MutedLogging():
            return Path(cached_or_fetched(self.name, lambda: open_clip.download_pretrained(config)))

    @cached_property
    def fingerprint(self) -> str:
        """Identity of the model's numbers, found without loading them."""
        facts = {"architecture": self.architecture, "preprocessing": VERSION}
        if self.checkpoint is not None:
            facts["weights"] = sha256(self.checkpoint)
        else:  # random numbers depend on who draws them, in which order
            facts["weights"] = f"seed {SEED}"
            for package, distribution in (("torch", "torch"), ("open_clip", "open_clip_torch")):
                check(package, f"encoder {self.name!r}")
                facts[package] = importlib.metadata.version(distribution)
        if self.config_file is not None:
            facts["architecture"] = sha256(self.config_file)
        text = json.dumps(facts, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def check_architecture(name: str, architecture: str) -> None:
    """Refuse an encoder of an architecture that open_clip does not know.

    Raises:
        ModelUnavailable: says which names are near. MissingExtra: open_clip is not installed.
    """
    known: list[str] = require("open_clip", f"encoder {name!r}").list_models()
    if architecture in known:
        return
    own = (DEFAULT_ENCODER, *editions(), HASHED, TEXT_MODEL)
    as_typed = {model.lower(): model for model in (*known, *own)}
    near = difflib.get_close_matches(architecture.lower(), as_typed, n=3)
    meant = f"Did you mean {' or '.join(as_typed[each] for each in near)}? " if near else ""
    raise ModelUnavailable(
        f"encoder {name!r}: open_clip knows no architecture {architecture!r}. {meant}"
        "`vitrine models` lists what there is."
    )


def _no_weights(architecture: str) -> ModelUnavailable:
    """Why an architecture alone is no encoder; with its tags, or the architectures of near names."""
    tags = ""
    if is_installed("open_clip"):
        try:
            check_architecture(architecture, architecture)
        except ModelUnavailable as unknown:
            return unknown
        open_clip: Any = require("open_clip", f"encoder {architecture!r}")
        known = open_clip.list_pretrained_tags_by_model(architecture)
        tags = f" Its tags: {', '.join(known) or 'none'}."
    return ModelUnavailable(
        f"encoder {architecture!r} names no weights. Write {architecture}/TAG for pretrained ones, "
        f"{architecture}/FILE for a checkpoint, or {architecture}/{UNTRAINED} for random ones.{tags}"
    )
