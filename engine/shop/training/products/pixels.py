"""Pixels of photos as a model in training takes them. Knows a model's geometry; not files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from engine.encode.photos.preprocessing import Preprocess

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
Bytes = npt.NDArray[np.uint8]


def fitted(size: int) -> Preprocess:
    """The way from a photo to bytes as floats: decoded and fitted just as for serving, on white."""
    return Preprocess((size, size), (0.0,) * 3, (1 / 255,) * 3, "bicubic", "longest", 255)


def normalise(photos: torch.Tensor) -> torch.Tensor:
    """uint8 (n, s, s, 3) to normalised float (n, 3, s, s), channels last in memory."""
    x = photos.permute(0, 3, 1, 2).float().div_(255.0)
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return x.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)


def resized(photos: torch.Tensor, size: int) -> torch.Tensor:
    """Normalised photos at another size."""
    if photos.shape[-1] == size:
        return photos
    x = F.interpolate(photos, size=(size, size), mode="bicubic", antialias=True)
    return x.contiguous(memory_format=torch.channels_last)


def background_mask(photos: torch.Tensor, threshold: int = 236, rounds: int = 96) -> torch.Tensor:
    """Near-white pixels connected to the border of (n, s, s, 3) uint8 photos, (n, s, s) bool.

    Found at half the size: s is even.
    """
    size = photos.shape[1]
    dark = F.max_pool2d(255.0 - photos.amin(-1)[:, None].float(), 2)
    near_white = (dark <= 255 - threshold).float()
    reached = torch.zeros_like(near_white)
    for edge in (np.s_[..., 0, :], np.s_[..., -1, :], np.s_[..., :, 0], np.s_[..., :, -1]):
        reached[edge] = near_white[edge]
    for _ in range(rounds):
        grown = F.max_pool2d(reached, 3, 1, 1) * near_white
        if torch.equal(grown, reached):
            break
        reached = grown
    return F.interpolate(reached, size=(size, size), mode="nearest")[:, 0] > 0.5
