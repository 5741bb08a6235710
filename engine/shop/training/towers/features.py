"""Features of many texts by a frozen trunk, kept in a file. Goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from engine.shop.training.stored import stored_array
from engine.shop.training.towers.pieces import Ids, Pieces
from engine.shop.training.towers.text import TextTrunk

_TOKENS = 4096  # in one call of the trunk
_BLOCK = 8192  # texts after which the file is up to date
Features = npt.NDArray[np.float16]


@torch.inference_mode()
def encode(trunk: TextTrunk, pieces: Pieces, numbers: Ids) -> torch.Tensor:
    """Unit features (n, width) of texts, in batches of like length."""
    out = torch.empty(len(numbers), trunk.shape.width)
    order = np.argsort(pieces.lengths[numbers], kind="stable")
    start = 0
    while start < len(order):
        longest = int(pieces.lengths[numbers[order[start]]])
        some = order[start : start + max(1, _TOKENS // longest)]
        some = some[pieces.lengths[numbers[some]] == longest]
        ids = torch.from_numpy(pieces.of(numbers[some]))
        out[torch.from_numpy(some)] = F.normalize(trunk(ids).float(), dim=-1)
        start += len(some)
    return out


def kept_features(
    trunk: TextTrunk,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    file: Path,
    progress: Callable[[int], object],
) -> Features:
    """Unit features of texts, (n, width); from the file where they were made before.

    Args:
        file: `.npy`; a `.json` beside it says of which texts and trunk it is, and how far.
    """
    digest = _digest(trunk, texts)
    said = _said(file.with_suffix(".json"))
    done = int(said["done"]) if said.get("digest") == digest and file.is_file() else 0
    shape = (len(texts), trunk.shape.width)
    features = stored_array(file, shape, np.float16, is_new=not done)
    progress(done)
    if done < len(texts):
        pieces = Pieces(tokenizer, texts[done:])
        for start in range(done, len(texts), _BLOCK):
            stop = min(start + _BLOCK, len(texts))
            features[start:stop] = encode(
                trunk, pieces, np.arange(start - done, stop - done)
            ).numpy()
            features.flush()
            file.with_suffix(".json").write_text(json.dumps({"digest": digest, "done": stop}))
            progress(stop - start)
    return features


def _said(file: Path) -> dict[str, int | str]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):  # none, or cut off: made anew
        return {}
    return found if isinstance(found, dict) else {}


def _digest(trunk: TextTrunk, texts: Sequence[str]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for value in trunk.state_dict().values():
        found.update(value.contiguous().numpy().tobytes())
    for text in texts:
        found.update(text.encode() + b"\0")
    return found.hexdigest()
