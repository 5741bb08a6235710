"""Any open_clip model as an encoder. The only file that imports torch and open_clip, both on demand.

Texts are cut to the longest of their batch where that changes nothing: attention is causal and the
feature is read at the end token. Whether it does is checked on the loaded model, not assumed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import logging
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import Encoder, Tokens
from engine.encode.images import VERSION, ImageInput, Pixels, Preprocess, decode
from engine.errors import ModelUnavailable
from engine.optional import require

UNTRAINED = "untrained"
SEED = 0  # of untrained weights
LOCAL = "local-dir:"
CLOUD_LABEL = "clip-vit-b-32"  # what the cloud's tables call these two
_CLOUD_MODELS = ("ViT-B-32-quickgelu/openai", "ViT-B-32/openai")
_PROBES = ("red dress", "a pair of navy blue jeans for men")
_SAME = 1e-5  # cosine distance that counts as rounding


class OpenClipEncoder(Encoder):
    """`ARCHITECTURE/TAG`, `ARCHITECTURE/FILE`, `ARCHITECTURE/untrained` or `local-dir:DIRECTORY`."""

    def __init__(self, name: str, device: str | None = None) -> None:
        """Check the name; nothing is loaded yet.

        Raises:
            ModelUnavailable: the name has no tag, or a local directory or file does not exist.
        """
        self.name = name
        self.label = CLOUD_LABEL if name in _CLOUD_MODELS else name
        self._wanted_device = device
        self._lock = threading.RLock()
        if name.startswith(LOCAL):
            self._architecture, self._weights = name, ""
            self._folder: Path | None = Path(name.removeprefix(LOCAL)).expanduser()
            if not (self._folder / "open_clip_config.json").is_file():
                raise ModelUnavailable(
                    f"encoder {name!r}: {self._folder} has no open_clip_config.json. Expected a "
                    "directory in open_clip's form, with that file and the weights."
                )
        else:
            self._folder = None
            self._architecture, _, self._weights = name.partition("/")
            if not self._weights:
                raise ModelUnavailable(
                    f"encoder {name!r} names no weights. Write {name}/TAG for pretrained ones, "
                    f"{name}/FILE for a checkpoint, or {name}/{UNTRAINED} for random ones."
                )
        self.is_trained = self._weights != UNTRAINED

    # -------------------------------------------------------------- identity, without loading
    @cached_property
    def _checkpoint(self) -> Path | None:
        """The file with the weights; None for random ones."""
        if self._weights == UNTRAINED:
            return None
        if self._folder is not None:
            for pattern in ("*.safetensors", "*.bin", "*.pt", "*.pth"):
                found = sorted(self._folder.glob(pattern))
                if found:
                    return found[0]
            raise ModelUnavailable(f"encoder {self.name!r}: no weights in {self._folder}.")
        if Path(self._weights).expanduser().is_file():
            return Path(self._weights).expanduser()
        return self._pretrained_file()

    def _pretrained_file(self) -> Path:
        open_clip = self._open_clip
        tags = open_clip.list_pretrained_tags_by_model(self._architecture)
        if self._weights not in tags:
            raise ModelUnavailable(
                f"encoder {self.name!r}: {self._weights!r} is neither a file nor a tag of "
                f"{self._architecture}; its tags are: {', '.join(tags) or 'none'}."
            )
        config = open_clip.get_pretrained_cfg(self._architecture, self._weights)
        try:
            return Path(open_clip.download_pretrained(config))
        except Exception as error:  # the hub's client has no common base for its errors
            raise ModelUnavailable(
                f"encoder {self.name!r}: its weights are not on this machine and could not be "
                f"fetched ({error!s:.200}). Copy a checkpoint here and name it: "
                f"{self._architecture}/FILE, or put the hub's cache in place."
            ) from error

    @cached_property
    def fingerprint(self) -> str:
        facts: dict[str, str] = {"architecture": self._architecture, "preprocessing": VERSION}
        if self._checkpoint is not None:
            facts["weights"] = _sha256(self._checkpoint)
        else:  # random numbers depend on who draws them, in which order
            require("torch", f"encoder {self.name!r}")
            facts["weights"] = f"seed {SEED}"
            for package in ("torch", "open_clip_torch"):
                facts[package] = importlib.metadata.version(package)
        if self._folder is not None:
            facts["architecture"] = _sha256(self._folder / "open_clip_config.json")
        return hashlib.blake2b(
            json.dumps(facts, sort_keys=True).encode(), digest_size=16
        ).hexdigest()

    @cached_property
    def dimension(self) -> int:
        if self._folder is not None:
            config = json.loads((self._folder / "open_clip_config.json").read_text())
            return int(config["model_cfg"]["embed_dim"])
        config = self._open_clip.get_model_config(self._architecture)
        if config is None:
            raise ModelUnavailable(
                f"encoder {self.name!r}: open_clip knows no architecture {self._architecture!r}; "
                "open_clip.list_models() lists them."
            )
        return int(config["embed_dim"])

    # -------------------------------------------------------------- loading
    @property
    def _torch(self) -> Any:
        return require("torch", f"encoder {self.name!r}")

    @property
    def _open_clip(self) -> Any:
        return require("open_clip", f"encoder {self.name!r}")

    @cached_property
    def device(self) -> str:
        """Where it runs: as asked for, else CUDA where there is one, else the CPU."""
        has_cuda = self._torch.cuda.is_available()
        if self._wanted_device is None:
            return "cuda" if has_cuda else "cpu"
        if self._wanted_device.startswith("cuda") and not has_cuda:
            raise ModelUnavailable(
                f"device {self._wanted_device!r} was asked for, but torch finds no CUDA device "
                "here. Leave the device out, or say cpu."
            )
        try:
            return str(self._torch.device(self._wanted_device))
        except RuntimeError:
            raise ModelUnavailable(
                f"device {self._wanted_device!r} is unknown; expected cpu, cuda or cuda:N."
            ) from None

    @property
    def precision(self) -> str:
        on_cuda = self._wanted_device != "cpu" and self.device.startswith("cuda")
        return "bfloat16" if on_cuda else "float32"

    @cached_property
    def _model(self) -> Any:
        with self._lock, _quiet(), self._torch.random.fork_rng(devices=[]):
            _ = self.dimension  # an unknown architecture is named before anything is built
            self._torch.manual_seed(SEED)
            try:
                model = self._open_clip.create_model(
                    self._architecture, pretrained=self._open_clip_tag(), device=self.device
                )
            except Exception as error:  # open_clip's failures have no common base
                raise ModelUnavailable(
                    f"encoder {self.name!r} can't be loaded: {error!s:.300}"
                ) from error
            if self.device.startswith("cuda"):
                self.image_batch, self.text_batch = 256, 512
            return model.eval()

    def _open_clip_tag(self) -> str | None:
        """What open_clip is asked for: a tag brings its own preprocessing, a file does not."""
        if self._folder is not None or self._checkpoint is None:
            return None
        tags = self._open_clip.list_pretrained_tags_by_model(self._architecture)
        return self._weights if self._weights in tags else str(self._checkpoint)

    @cached_property
    def preprocess(self) -> Preprocess:
        """The model's own preprocessing."""
        config = self._open_clip.get_model_preprocess_cfg(self._model)
        size = config["size"]
        return Preprocess(
            size=(size, size) if isinstance(size, int) else tuple(size),
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            interpolation=config["interpolation"],
            resize_mode=config["resize_mode"],
            fill_color=config.get("fill_color", 0),
        )

    @cached_property
    def _tokenizer(self) -> Any:
        with self._lock:
            return self._open_clip.get_tokenizer(self._architecture)

    @contextlib.contextmanager
    def _inference(self) -> Iterator[None]:
        torch = self._torch
        with torch.inference_mode(), contextlib.ExitStack() as stack:
            if self.device.startswith("cuda"):
                stack.enter_context(torch.autocast("cuda", dtype=torch.bfloat16))
            yield

    # -------------------------------------------------------------- images
    def prepare_image(self, image: ImageInput) -> Pixels:
        return self.preprocess(decode(image))

    def encode_pixels(self, pixels: Pixels) -> Matrix:
        with self._inference():
            features = self._model.encode_image(self._torch.from_numpy(pixels).to(self.device))
        return unit_rows(features.float().cpu().numpy())

    # -------------------------------------------------------------- texts
    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        if not texts:
            return []
        padded = self._tokenizer(list(texts)).numpy()
        if not self._cut_is_exact:
            return list(padded)
        # The end token has the highest id; 0 is both padding and the token "!", so it can't be counted.
        ends = padded.argmax(axis=1)
        return [row[: end + 1] for row, end in zip(padded, ends)]

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        longest = max(map(len, tokens))
        padded = np.zeros((len(tokens), longest), dtype=np.int64)
        for row, ids in enumerate(tokens):
            padded[row, : len(ids)] = ids
        return self._encode_padded(padded)

    def _encode_padded(self, padded: Any) -> Matrix:
        ids = self._torch.from_numpy(padded).to(self.device)
        with self._inference():
            if hasattr(self._model, "token_embedding"):
                features = _cut_forward(self._model, ids)
            else:
                features = self._model.encode_text(ids)
        return unit_rows(features.float().cpu().numpy())

    @cached_property
    def _cut_is_exact(self) -> bool:
        """Whether texts without padding give the same vectors as padded ones in this model."""
        padded = self._tokenizer(list(_PROBES)).numpy()
        length = int(padded.argmax(axis=1).max()) + 1
        try:
            cut = self._encode_padded(padded[:, :length])
        except (RuntimeError, ValueError, IndexError):
            return False
        full_ids = self._torch.from_numpy(padded).to(self.device)
        with self._inference():
            full = unit_rows(self._model.encode_text(full_ids).float().cpu().numpy())
        return bool(((cut * full).sum(axis=1) > 1 - _SAME).all())


def _cut_forward(model: Any, ids: Any) -> Any:
    """`open_clip.CLIP.encode_text` for fewer tokens than the context: positions and mask are cut."""
    from open_clip.transformer import text_global_pool

    length = ids.shape[1]
    kind = model.transformer.get_cast_dtype()
    x = model.token_embedding(ids).to(kind) + model.positional_embedding[:length].to(kind)
    mask = None if model.attn_mask is None else model.attn_mask[:length, :length]
    x = model.ln_final(model.transformer(x, attn_mask=mask))
    eos = getattr(model, "text_eos_id", None)
    x = text_global_pool(x, ids, model.text_pool_type, eos_token_id=eos)
    projection = model.text_projection
    if projection is None:
        return x
    return projection(x) if callable(projection) else x @ projection


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep open_clip's remarks on random weights off the screen; the engine says it in one line."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
