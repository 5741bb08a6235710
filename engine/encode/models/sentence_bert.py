"""A text model of sentence-transformers as an encoder, run by onnxruntime. Knows vocabulary and graph.

all-MiniLM-L6-v2 and its kin, from their own files and without torch: the graph is made from
`model.safetensors` when the model is first used, and nothing is written. Truth: the library itself,
whose vectors the tests compare.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from engine.core.arrays import Matrix, unit_rows
from engine.encode.encoder import TextsOnly, Tokens
from engine.encode.models.onnx import provider_of, session_of
from engine.encode.models.sentence_form import AGAIN, TOKENIZER, WEIGHTS, SentenceForm
from engine.errors import CorruptFile
from engine.optional import check, require

if TYPE_CHECKING:
    from engine.encode.models.bert_graph import Tensors, Weights

_VERSION = "bert-1"  # changes when the same files give other numbers
_PREFIX = "bert."  # of the weights' names, where a BERT with a head was stored


class SentenceEncoder(TextsOnly):
    """Texts to vectors of length one, whether the model's own steps end with that or not; no photos."""

    def __init__(self, name: str, device: str | None, form: SentenceForm) -> None:
        """Nothing is loaded yet: its weights are when it is first used.

        Raises:
            ModelUnavailable: another device than this build of onnxruntime has.
            MissingExtra: a package of the extra is not installed.
        """
        self.name = self.label = name
        self.form = form
        for package in ("onnx", "safetensors.numpy"):
            check(package, f"encoder {name!r}")
        self._provider = provider_of(device)
        self._loading = threading.Lock()
        self._tensors: Tensors = {}

    @property
    def dimension(self) -> int:
        return self.form.dimension

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update(json.dumps([_VERSION, self.form.facts], sort_keys=True).encode())
        for file in (TOKENIZER, WEIGHTS):
            digest.update(hashlib.sha256((self.form.folder / file).read_bytes()).digest())
        return digest.hexdigest()

    # -------------------------------------------------------------- loading
    @cached_property
    def _tokenizer(self) -> Tokenizer:
        try:
            made = Tokenizer.from_buffer((self.form.folder / TOKENIZER).read_bytes())
        except Exception as error:  # the library raises `Exception` itself
            raise self._damaged(TOKENIZER, error) from None
        made.enable_truncation(self.form.tokens)
        made.no_padding()  # a batch is padded to its longest text, see `encode_tokens`
        return made

    @property
    def _session(self) -> Any:
        with self._loading:  # two threads would hold the weights twice
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:
        from engine.encode.models.bert_graph import text_model

        try:
            graph, tensors = text_model(self._weights(), self.form.bert, self.form.pooling)
            self._tensors = tensors  # the session reads them where they lie
            return session_of(graph, self._provider, tensors)
        except Exception as error:  # onnxruntime's failures and safetensors' have no common base
            raise self._damaged(WEIGHTS, error) from None

    def _weights(self) -> Weights:
        library: Any = require("safetensors.numpy", f"encoder {self.name!r}")
        weights: Weights = library.load((self.form.folder / WEIGHTS).read_bytes())
        return {name.removeprefix(_PREFIX): value for name, value in weights.items()}

    def _damaged(self, file: str, error: Exception) -> CorruptFile:
        return CorruptFile(f"{self.form.folder / file}: {error!s:.200}. {AGAIN}")

    # -------------------------------------------------------------- encoding
    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        given = [text.lower() for text in texts] if self.form.lower_case else list(texts)
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(given)]

    def encode_tokens(self, tokens: Sequence[Tokens]) -> Matrix:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = each
            mask[row, : len(each)] = 1
        return unit_rows(self._session.run(None, {"ids": ids, "mask": mask})[0])
