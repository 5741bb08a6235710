"""The embedded model: a small CLIP run by onnxruntime, with no torch. The only file with onnxruntime.

Each edition is a folder of four files, and so is any model in this form:

    model.json       name, dimension, context length in tokens, the id of padding (0 if unsaid),
                     preprocessing, digests of the other files; what makes probabilities of cosines
                     (calibration), if it was fitted
    image.onnx       prepared photos (n, 3, s, s) float32 -> unit vectors (n, dimension)
    text.onnx        token ids (n, length) int64, padded -> unit vectors; padding changes nothing
    tokenizer.json   the vocabulary, for the `tokenizers` library

The rest is the model's own: the first edition has CLIP's byte pairs, the second BERT's word pieces.
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
from engine.core.values import is_text, shown
from engine.encode.encoder import Encoder, Tokens
from engine.encode.model_folders import FACTS, IN_CHECKOUT, is_edition
from engine.errors import CorruptFile, InvalidInputException, ModelUnavailable
from engine.optional import restore_line

# Pillow is imported with the first photo: a query in words is ready 50 ms earlier without it.
if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import Bytes, ImageInput, Pixels, Preprocess

_FACTS = ("name", "dimension", "context_length", "preprocess", "files")
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
    """A dual encoder in the form that this file's head describes."""

    def __init__(self, name: str, device: str | None, folder: Path) -> None:
        """Read the model's facts; its weights are loaded when it is first used.

        Raises:
            ModelUnavailable: another device than this build of onnxruntime has.
            CorruptFile: a file is missing, or model.json is damaged.
        """
        self.name = name
        self._folder = folder
        try:
            self.facts: dict[str, Any] = json.loads((folder / FACTS).read_bytes())
            missing = [fact for fact in _FACTS if fact not in self.facts]
        except (OSError, ValueError, TypeError) as error:
            raise self._damaged(FACTS, error) from None
        if missing:
            raise self._damaged(FACTS, f"it lacks {', '.join(missing)}")
        self.label = str(self.facts["name"])
        self._provider = provider_of(device)

    def _damaged(self, file: str, error: object) -> CorruptFile:
        """What is wrong with a file of the model, and how to have it back."""
        again = "Copy the model's directory here again, whole."
        if is_edition(self._folder):
            again = restore_line(f"{IN_CHECKOUT}/{self._folder.name}")
        return CorruptFile(f"{self._folder / file}: {error!s:.200}. {again}")

    @property
    def dimension(self) -> int:
        return int(self.facts["dimension"])

    @cached_property
    def fingerprint(self) -> str:
        from engine.encode.photos.preprocessing import VERSION

        facts = {"files": self.facts["files"], "preprocess": self.facts["preprocess"]}
        text = json.dumps({**facts, "preprocessing": VERSION}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def calibration(self) -> Mapping[str, Mapping[str, float]]:
        known = self.facts.get("calibration", {})
        if not isinstance(known, dict):
            raise self._damaged(FACTS, "calibration is not an object")
        return known

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
        data = self._read(file)
        try:
            return session_of(data, self._provider)
        except Exception as error:  # onnxruntime's failures have no common base
            raise self._damaged(file, error) from None

    def _read(self, file: str) -> bytes:
        """A file, if it is the one that model.json describes: the fingerprint is made of its digests.

        Raises:
            CorruptFile: says which file.
        """
        try:
            data = (self._folder / file).read_bytes()
        except OSError as error:
            raise self._damaged(file, error) from None
        described = self.facts["files"].get(file, {}).get("blake2b")
        if hashlib.blake2b(data, digest_size=16).hexdigest() != described:
            raise self._damaged(file, f"damaged: {FACTS} describes another content")
        return data

    @cached_property
    def _image_tower(self) -> Any:
        return self._session("image.onnx")

    @cached_property
    def _text_tower(self) -> Any:
        return self._session("text.onnx")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        data = self._read("tokenizer.json")
        try:
            tokenizer = Tokenizer.from_buffer(data)
        except Exception as error:  # the library raises `Exception` itself
            raise self._damaged("tokenizer.json", error) from None
        tokenizer.enable_truncation(self.facts["context_length"])
        tokenizer.no_padding()  # a batch is padded to its longest text, see `encode_tokens`
        tokenizer.encode_special_tokens = True  # "[PAD]" in a text is that word, not padding
        return tokenizer

    def prepare_image(self, image: ImageInput) -> Pixels:
        return self.preprocess(image)

    def encode_pixels(self, pixels: Pixels | Bytes) -> Matrix:
        return _run(self._image_tower, pixels)

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        plain = [html.unescape(html.unescape(text)) for text in texts]
        try:
            return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(plain)]
        except TypeError:  # what the library says of text that is no UTF-8
            halved = [text for text in texts if not is_text(text)]
            if not halved:
                raise
            raise InvalidInputException(
                f"text {shown(halved[0])} holds a lone surrogate, half of a character; cut texts "
                "between characters."
            ) from None

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        shape = len(tokens), max(map(len, tokens))
        padded = np.full(shape, self.facts.get("pad_id", 0), dtype=np.int64)
        for row, ids in zip(padded, tokens):
            row[: len(ids)] = ids
        return _run(self._text_tower, padded)


def _run(tower: Any, inputs: Any) -> Matrix:
    """What a tower, which has one input and one output, makes of n inputs: unit rows."""
    return unit_rows(tower.run(None, {tower.get_inputs()[0].name: inputs})[0])


def session_of(model: bytes, provider: str, tensors: Mapping[str, Any] = _NO_TENSORS) -> Any:
    """What runs a graph, with the tensors that lie outside it."""
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
            "device out (to search vectors there all the same: VITRINE_SEARCH_DEVICE), or install "
            "onnxruntime-gpu."
        )
    return wanted
