"""Augmentation of cached photos: crops, light, surroundings. No hue changes, since colours matter.

A photo is (s, s, 4) uint8: RGB, and 255 where it isn't its plain border (see `products/photos.py`).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from engine.shop.training.products.pixels import MEAN, STD


def augment(photos: torch.Tensor, size: int) -> torch.Tensor:
    """(n, s, s, 4) uint8 to augmented, normalised float (n, 3, size, size), channels last."""
    n = len(photos)
    x = photos.permute(0, 3, 1, 2).float().div_(255.0)
    alpha = x[:, 3:]
    x = torch.cat([x[:, :3] * alpha, alpha], 1)  # premultiplied: outside is background
    grid = F.affine_grid(_affine(n), [n, 4, size, size], align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    x = x[:, :3] + (1 - x[:, 3:]) * _background(n, size)
    _blur(x, size)
    x = _light(x)
    _erase(x)
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return x.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)


def _uniform(n: int, low: float, high: float) -> torch.Tensor:
    return torch.empty(n).uniform_(low, high)


def _affine(n: int) -> torch.Tensor:
    """Random crops, zooms, stretches, flips, small turns and shears as (n, 2, 3)."""
    zoom = torch.exp(_uniform(n, math.log(0.74), math.log(1.15)))  # below 1: a crop
    far = torch.rand(n) < 0.15
    zoom = torch.where(far, _uniform(n, 1.15, 2.1), zoom)  # a small object on a wide background
    stretch = torch.exp(_uniform(n, -0.12, 0.12))
    turn = _uniform(n, -1, 1) * torch.where(torch.rand(n) < 0.4, 0.21, 0.03)
    shear = _uniform(n, -0.1, 0.1)
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    sx, sy = zoom * stretch, zoom / stretch
    cos, sin = torch.cos(turn), torch.sin(turn)
    room = (1 - zoom).abs() + 0.04
    theta = torch.empty(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = sx * cos * flip, -sy * sin + shear
    theta[:, 1, 0], theta[:, 1, 1] = sx * sin * flip, sy * cos
    theta[:, 0, 2] = _uniform(n, -1, 1) * room
    theta[:, 1, 2] = _uniform(n, -1, 1) * room
    return theta


def _background(n: int, size: int) -> torch.Tensor:
    """Mostly white; greys, beiges, colours, gradients and rough cloth, as (n, 3, s, s) in 0..1."""
    kind = torch.rand(n)
    base = torch.ones(n, 3)
    grey = _uniform(n, 0.35, 1.0)[:, None].expand(n, 3)
    warm = _uniform(n, 0.6, 1.0)[:, None] * torch.tensor([1.0, 0.94, 0.84])
    colour = torch.rand(n, 3) ** 0.6
    for limit, choice in ((0.30, grey), (0.20, warm), (0.09, colour)):
        base = torch.where((kind < limit)[:, None], choice, base)
    ground = base[:, :, None, None].expand(n, 3, size, size).clone()
    chosen = torch.nonzero(kind < 0.22)[:, 0]
    if len(chosen):
        ground[chosen] += 0.12 * _ramp(len(chosen), size) + _cloth(len(chosen), size)
    return ground.clamp_(0, 1)


def _ramp(n: int, size: int) -> torch.Tensor:
    """Light that falls off in one direction, (n, 1, s, s) in about -1..1."""
    angle = _uniform(n, 0, 2 * math.pi)[:, None, None]
    line = torch.linspace(-1, 1, size)
    return (torch.cos(angle) * line[None, None, :] + torch.sin(angle) * line[None, :, None])[
        :, None
    ]


def _cloth(n: int, size: int) -> torch.Tensor:
    """Folds and grain of a bed sheet, a carpet or a table, (n, 1, s, s); none for half of them."""
    rough = F.interpolate(
        torch.randn(n, 1, 7, 7), (size, size), mode="bicubic", align_corners=False
    )
    fine = F.interpolate(torch.randn(n, 1, size // 3, size // 3), (size, size), mode="bilinear",
                         align_corners=False)  # fmt: skip
    strength = _uniform(n, 0, 0.09) * (torch.rand(n) < 0.5)
    return (rough + 0.5 * fine) * strength[:, None, None, None]


def _blur(x: torch.Tensor, size: int, share: float = 0.12) -> None:
    """Lower the resolution of some photos, in place."""
    chosen = torch.nonzero(torch.rand(len(x)) < share)[:, 0]
    if len(chosen):
        low = int(size * float(torch.empty(1).uniform_(0.45, 0.8)))
        small = F.interpolate(x[chosen], size=(low, low), mode="area")
        x[chosen] = F.interpolate(small, size=(size, size), mode="bilinear", align_corners=False)


def _light(x: torch.Tensor) -> torch.Tensor:
    """Gamma, contrast, brightness and saturation, each a little."""
    n = len(x)
    gamma = torch.exp(_uniform(n, -0.10, 0.10))[:, None, None, None]
    bright = _uniform(n, 0.88, 1.06)[:, None, None, None]
    contrast = _uniform(n, 0.90, 1.10)[:, None, None, None]
    grey = x.mean(1, keepdim=True)
    x = torch.lerp(grey, x, _uniform(n, 0.88, 1.12)[:, None, None, None])
    x = ((x.clamp(1e-3, 1) ** gamma - 0.5) * contrast + 0.5) * bright
    if torch.rand(()) < 0.3:
        x = x + torch.randn_like(x) * 0.012
    return x.clamp_(0, 1)


def _erase(x: torch.Tensor, share: float = 0.12) -> None:
    """Hide a rectangle of some photos, in place."""
    size = x.shape[-1]
    for i in torch.nonzero(torch.rand(len(x)) < share)[:, 0].tolist():
        h, w = (int(v) for v in torch.randint(size // 8, size // 3, (2,)))
        top, left = int(torch.randint(0, size - h, ())), int(torch.randint(0, size - w, ()))
        x[i, :, top : top + h, left : left + w] = torch.rand(3, 1, 1)
