"""A WordPiece tokenizer as training and serving use it: no padding, texts cut, marks are words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from engine.errors import CorruptFile

Ids = npt.NDArray[np.int64]


def read_tokenizer(file: Path, context: int) -> Tokenizer:
    """The tokenizer of a file, set as `OnnxEncoder` sets it.

    Raises:
        CorruptFile: missing or damaged, or its padding is not the id 0, which the towers mask.
    """
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library raises `Exception` itself
        raise CorruptFile(f"{file}: {error!s:.200}") from None
    if tokenizer.id_to_token(0) != "[PAD]":
        raise CorruptFile(f"{file}: its piece 0 is {tokenizer.id_to_token(0)!r}; expected [PAD].")
    tokenizer.enable_truncation(context)
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


class Pieces:
    """The ids of many texts, in little memory."""

    def __init__(self, tokenizer: Tokenizer, texts: Sequence[str]) -> None:
        ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
        self.lengths: Ids = np.array([len(one) for one in ids], dtype=np.int64)
        self._ends = np.concatenate([[0], np.cumsum(self.lengths)])
        self._all = np.fromiter((i for one in ids for i in one), np.int32, self._ends[-1])

    def of(self, numbers: Ids) -> Ids:
        """(n, length of the longest) ids of texts, padded with 0."""
        padded = np.zeros((len(numbers), int(self.lengths[numbers].max())), dtype=np.int64)
        for row, number in zip(padded, numbers):
            row[: self.lengths[number]] = self._all[self._ends[number] : self._ends[number + 1]]
        return padded


def vocabulary_words(pieces: Iterable[str]) -> list[str]:
    """The whole words of a vocabulary, of at least three Latin letters, in order."""
    return sorted({w for w in pieces if len(w) > 2 and w.isascii() and w.isalpha()})
