"""The embedded model: a small CLIP run by onnxruntime, with no torch. The only file with onnxruntime.

    embedded/model.json       name, dimension, preprocessing, digests of the other files
    embedded/image.onnx       prepared photos (n, 3, s, s) float32 -> unit vectors (n, dimension)
    embedded/text.onnx        token ids (n, length) int64, padded with 0 -> unit vectors
    embedded/tokenizer.json   CLIP's byte-pair vocabulary for the `tokenizers` library

Words that training never saw share one neutral row of the vocabulary, so they don't throw a query off.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import Encoder, Tokens
from engine.errors import CorruptFile, ModelUnavailable
from engine.optional import restore_line

# Pillow is imported with the first photo: a query in words is ready 50 ms earlier without it.
if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput, Pixels, Preprocess

EMBEDDED = Path(__file__).parents[1] / "embedded"
_IN_CHECKOUT = "engine/encode/embedded"
_NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"
_NO_TENSORS: Mapping[str, Any] = {}


@contextlib.contextmanager
def _telemetry_off() -> Iterator[None]:
    """What onnxruntime reads once, as it is loaded; the environment is given back as it was.

    Without it, 1.32 keeps an id and a database in the user's cache folder, and resolves the name of
    its maker's host.
    """
    before = os.environ.get(_NO_TELEMETRY)
    os.environ[_NO_TELEMETRY] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NO_TELEMETRY]
        else:
            os.environ[_NO_TELEMETRY] = before


with _telemetry_off():
    import onnxruntime
onnxruntime.disable_telemetry_events()  # for builds that don't read it, or were loaded before


class OnnxEncoder(Encoder):
    """A dual encoder in the form that `EMBEDDED` holds."""

    def __init__(self, name: str, device: str | None = None, folder: Path = EMBEDDED) -> None:
        """Read the model's facts; its weights are loaded when it is first used.

        Raises:
            ModelUnavailable: another device than this build of onnxruntime has.
            CorruptFile: a file is missing, or model.json is damaged.
        """
        self.name = name
        self._folder = folder
        try:
            self.facts: dict[str, Any] = json.loads((folder / "model.json").read_bytes())
            self.label = str(self.facts["name"])
        except (OSError, ValueError, KeyError) as error:
            raise CorruptFile(
                f"{folder / 'model.json'}: {error}. {restore_line(_IN_CHECKOUT)}"
            ) from None
        self._provider = provider_of(device)

    @property
    def dimension(self) -> int:
        return int(self.facts["dimension"])

    @cached_property
    def fingerprint(self) -> str:
        from engine.encode.photos.preprocessing import VERSION

        facts = {"files": self.facts["files"], "preprocess": self.facts["preprocess"]}
        text = json.dumps({**facts, "preprocessing": VERSION}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @cached_property
    def preprocess(self) -> Preprocess:
        """The model's own preprocessing."""
        from engine.encode.photos.preprocessing import Preprocess

        config = self.facts["preprocess"]
        return Preprocess(
            size=(config["size"], config["size"]),
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            interpolation=config["interpolation"],
            resize_mode=config["resize_mode"],
            fill_color=config["fill_color"],
        )

    def _session(self, file: str) -> Any:
        path = self._folder / file
        try:
            return session_of(str(path), self._provider)
        except Exception as error:  # onnxruntime's failures have no common base
            raise CorruptFile(f"{path}: {error!s:.200}. {restore_line(_IN_CHECKOUT)}") from None

    @cached_property
    def _image_tower(self) -> Any:
        return self._session("image.onnx")

    @cached_property
    def _text_tower(self) -> Any:
        return self._session("text.onnx")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return Tokenizer.from_file(str(self._folder / "tokenizer.json"))

    def prepare_image(self, image: ImageInput) -> Pixels:
        return self.preprocess(image)

    def encode_pixels(self, pixels: Pixels) -> Matrix:
        return unit_rows(self._image_tower.run(None, {"photos": pixels})[0])

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        plain = [html.unescape(html.unescape(text)) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(plain)]

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        padded = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        for row, ids in zip(padded, tokens):
            row[: len(ids)] = ids
        return unit_rows(self._text_tower.run(None, {"ids": padded})[0])


def session_of(model: str | bytes, provider: str, tensors: Mapping[str, Any] = _NO_TENSORS) -> Any:
    """What runs a graph: a file's, or one that was made here, with the tensors that lie outside it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count() or 1
    options.inter_op_num_threads = 1
    # Spinning threads would take the cores from the decoding of the next photos.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if tensors:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
        options.add_external_initializers(list(tensors), values)
    return onnxruntime.InferenceSession(model, options, [provider])


def provider_of(device: str | None) -> str:
    """onnxruntime's word for a device. Raises ModelUnavailable: this build has no such one."""
    wanted = (
        "CUDAExecutionProvider" if (device or "").startswith("cuda") else "CPUExecutionProvider"
    )
    if device not in (None, "cpu") and not str(device).startswith("cuda"):
        raise ModelUnavailable(f"device {device!r} is unknown; expected cpu or cuda.")
    if wanted not in onnxruntime.get_available_providers():
        raise ModelUnavailable(
            f"device {device!r} was asked for, but this onnxruntime runs on the CPU only. Leave the "
            "device out, or install onnxruntime-gpu."
        )
    return wanted
