"""Any other model of sentence-transformers, run by that library and torch. The only file with it.

The library takes seconds and a gigabyte to load; what `sentence_bert` runs needs neither.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import TextsOnly, Tokens
from engine.encode.models.hub import offline
from engine.encode.models.sentence_form import Other
from engine.errors import ModelUnavailable
from engine.optional import check, require

_VERSION = "library-1"  # changes when the same files give other numbers
_FILES = (".json", ".txt", ".model", ".safetensors", ".bin")  # what numbers may depend on


class LibraryEncoder(TextsOnly):
    """Texts to vectors of length one; its tokens are characters, as the library has its own inside."""

    def __init__(self, name: str, device: str | None, other: Other) -> None:
        """Check that the library is there; nothing is loaded yet.

        Raises:
            MissingExtra: it is not installed.
        """
        self.name = self.label = name
        check("sentence_transformers", f"encoder {name!r}, with {other.why},")
        self._folder, self._device = other.folder, device
        self._loading = threading.Lock()

    @cached_property
    def dimension(self) -> int:
        (vector,) = self._model.encode(["how long"], show_progress_bar=False)
        return len(vector)

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(_VERSION.encode(), digest_size=16)
        for file in sorted(self._folder.rglob("*")):
            if file.is_file() and file.suffix in _FILES:
                place = str(file.relative_to(self._folder))
                digest.update(f"{place} {hashlib.sha256(file.read_bytes()).hexdigest()}".encode())
        return digest.hexdigest()

    @property
    def _model(self) -> Any:
        with self._loading:  # two threads would hold the weights twice
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:
        with warnings.catch_warnings():  # what it imports adds filters for good
            library: Any = require("sentence_transformers", f"encoder {self.name!r}")
            with offline(), _no_bars():  # it would ask the hub about what it loads
                return self._from(library)

    def _from(self, library: Any) -> Any:
        device = self._device or "cpu"
        try:
            return library.SentenceTransformer(
                str(self._folder), device=device, local_files_only=True
            )
        except Exception as error:  # the library's failures and torch's have no common base
            reason = " ".join(str(error).split())
            raise ModelUnavailable(
                f"encoder {self.name!r} can't be loaded: {reason:.300}"
            ) from error

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        return [[ord(character) for character in text] for text in texts]

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        texts = ["".join(map(chr, each)) for each in tokens]
        made = self._model.encode(texts, batch_size=len(texts), show_progress_bar=False)
        return unit_rows(np.asarray(made, dtype=np.float32))


@contextlib.contextmanager
def _no_bars() -> Iterator[None]:
    """Without transformers' progress bars, which it shows in logs too; afterwards as before."""
    bars: Any = sys.modules["transformers"].utils.logging
    if not bars.is_progress_bar_enabled():
        yield
        return
    bars.disable_progress_bar()
    try:
        yield
    finally:
        bars.enable_progress_bar()
