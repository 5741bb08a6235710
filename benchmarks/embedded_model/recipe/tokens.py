"""CLIP's byte-pair vocabulary for the ``tokenizers`` library, and the compact vocabulary.

Only tokens that training meets get a row of their own. The compact vocabulary orders the used
CLIP ids, then one shared row for every unknown token, then start and end of text, so that the
end of text still has the highest id (open_clip pools there).
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from open_clip.tokenizer import bytes_to_unicode, default_bpe
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE

START, END, VOCABULARY = 49406, 49407, 49408


def build_tokenizer(context: int = 77) -> Tokenizer:
    """A fast tokenizer with the ids of open_clip's ``SimpleTokenizer`` (no padding)."""
    lines = gzip.decompress(Path(default_bpe()).read_bytes()).decode("utf-8").split("\n")
    merges = [tuple(line.split()) for line in lines[1 : 49152 - 256 - 2 + 1]]
    symbols = list(bytes_to_unicode().values())
    symbols += [s + "</w>" for s in symbols] + ["".join(m) for m in merges]
    symbols += ["<start_of_text>", "<end_of_text>"]
    vocabulary = {s: i for i, s in enumerate(symbols)}
    bpe = BPE(
        vocabulary,
        merges,
        end_of_word_suffix="</w>",
        continuing_subword_prefix="",
        fuse_unk=False,
        unk_token=None,
    )
    tokenizer = Tokenizer(bpe)
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip(), normalizers.Lowercase()]
    )
    pattern = r"""'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<start_of_text> $A <end_of_text>",
        special_tokens=[("<start_of_text>", START), ("<end_of_text>", END)],
    )
    tokenizer.enable_truncation(context)
    return tokenizer


class Vocabulary:
    """Maps CLIP ids to compact rows; ``unknown`` is the shared row of unseen tokens."""

    def __init__(self, used: Sequence[int]) -> None:
        self.used = sorted(set(used) - {START, END})
        self.unknown = len(self.used)
        self.size = len(self.used) + 3
        table = np.full(VOCABULARY, self.unknown, dtype=np.int64)
        table[self.used] = np.arange(len(self.used))
        table[START], table[END] = self.unknown + 1, self.unknown + 2
        self.table = torch.from_numpy(table)

    @classmethod
    def fit(cls, tokenizer: Tokenizer, texts: Iterable[str]) -> Vocabulary:
        used: set[int] = set()
        for encoding in tokenizer.encode_batch(list(texts)):
            used.update(encoding.ids)
        return cls(sorted(used))

    def expand(self, rows: torch.Tensor) -> torch.Tensor:
        """The full ``(49408, width)`` table of open_clip's form."""
        return rows[self.table]


def encode_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> torch.Tensor:
    """CLIP ids of texts, padded with 0 to the longest one."""
    ids = [e.ids for e in tokenizer.encode_batch(list(texts))]
    out = torch.zeros(len(ids), max(map(len, ids)), dtype=torch.long)
    for row, values in zip(out, ids, strict=True):
        row[: len(values)] = torch.tensor(values)
    return out


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path), pretty=False)
