"""Augmentation on the device, each photo differently: crops, surroundings, light. No hue changes.

Of the same kind as `vitrine train`'s, with other numbers: nothing here waits for the device, the noise
is each photo's own, and more photos are low in resolution or partly hidden.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from engine.shop.training.products.pixels import MEAN, STD

_CROP, _ZOOM = (0.72, 1.15), (1.15, 2.1)
_FAR, _TURNED, _LOW, _NOISY, _HIDDEN = 0.15, 0.4, 0.12, 0.3, 0.2  # shares of the photos
_COARSE = 0.35, 0.8  # of the size


@torch.no_grad()
def augment(photos: Tensor, size: int) -> Tensor:
    """(n, s, s, 4) bytes to augmented, normalised floats (n, 3, size, size), channels last."""
    n = len(photos)
    x = photos.permute(0, 3, 1, 2).float() / 255
    alpha = x[:, 3:]
    x = torch.cat([x[:, :3] * alpha, alpha], 1)  # premultiplied: outside is background
    grid = functional.affine_grid(_affine(n, x.device), [n, 4, size, size], align_corners=False)
    x = functional.grid_sample(x, grid, "bilinear", "zeros", align_corners=False)
    x = x[:, :3] + (1 - x[:, 3:]) * _background(n, size, x.device)
    x = _hidden(_light(_low(x)))
    mean, std = (torch.tensor(v, device=x.device)[:, None, None] for v in (MEAN, STD))
    return ((x - mean) / std).contiguous(memory_format=torch.channels_last)


def _uniform(n: int, low: float, high: float, device: torch.device) -> Tensor:
    return torch.empty(n, device=device).uniform_(low, high)


def _share(n: int, share: float, device: torch.device) -> Tensor:
    """(n,) true for about so many."""
    return torch.rand(n, device=device) < share


def _affine(n: int, device: torch.device) -> Tensor:
    """Crops, zooms, stretches, flips, turns and shears, (n, 2, 3)."""
    low, high = (math.log(bound) for bound in _CROP)
    zoom = torch.exp(_uniform(n, low, high, device))  # below 1: a crop
    zoom = torch.where(_share(n, _FAR, device), _uniform(n, *_ZOOM, device), zoom)
    stretch = torch.exp(_uniform(n, -0.12, 0.12, device))
    most = torch.where(_share(n, _TURNED, device), 0.21, 0.03)
    turn, shear = _uniform(n, -1, 1, device) * most, _uniform(n, -0.1, 0.1, device)
    flip = torch.where(_share(n, 0.5, device), -1.0, 1.0)
    sx, sy = zoom * stretch, zoom / stretch
    cos, sin = torch.cos(turn), torch.sin(turn)
    room = (1 - zoom).abs() + 0.04
    theta = torch.empty(n, 2, 3, device=device)
    theta[:, 0, 0], theta[:, 0, 1] = sx * cos * flip, -sy * sin + shear
    theta[:, 1, 0], theta[:, 1, 1] = sx * sin * flip, sy * cos
    theta[:, 0, 2] = _uniform(n, -1, 1, device) * room
    theta[:, 1, 2] = _uniform(n, -1, 1, device) * room
    return theta


def _background(n: int, size: int, device: torch.device) -> Tensor:
    """Mostly white; greys, beiges, colours, slopes of light and rough cloth, (n, 3, s, s) in 0..1."""
    kind, base = torch.rand(n, device=device), torch.ones(n, 3, device=device)
    grey = _uniform(n, 0.35, 1.0, device)[:, None].expand(n, 3)
    beige = torch.tensor([1.0, 0.94, 0.84], device=device)
    warm = _uniform(n, 0.6, 1.0, device)[:, None] * beige
    colour = torch.rand(n, 3, device=device) ** 0.6
    for limit, choice in ((0.30, grey), (0.20, warm), (0.09, colour)):
        base = torch.where((kind < limit)[:, None], choice, base)
    uneven = (kind < 0.22).float()[:, None, None, None]
    light = 0.12 * _slope(n, size, device) + _cloth(n, size, device)
    return (base[:, :, None, None] + uneven * light).clamp(0, 1)


def _slope(n: int, size: int, device: torch.device) -> Tensor:
    """Light that falls off in one direction, (n, 1, s, s)."""
    angle = _uniform(n, 0, 2 * math.pi, device)[:, None, None]
    line = torch.linspace(-1, 1, size, device=device)
    across, down = line[None, None, :], line[None, :, None]
    return (torch.cos(angle) * across + torch.sin(angle) * down)[:, None]


def _cloth(n: int, size: int, device: torch.device) -> Tensor:
    """Folds and grain, (n, 1, s, s); none for half of them."""
    full = (size, size)
    rough = torch.randn(n, 1, 7, 7, device=device)
    fine = torch.randn(n, 1, size // 3, size // 3, device=device)
    rough = functional.interpolate(rough, full, mode="bicubic", align_corners=False)
    fine = functional.interpolate(fine, full, mode="bilinear", align_corners=False)
    strength = _uniform(n, 0, 0.09, device) * _share(n, 0.5, device)
    return (rough + 0.5 * fine) * strength[:, None, None, None]


def _low(x: Tensor) -> Tensor:
    """The first of the photos, which come in any order, at a lower resolution."""
    count, size = int(len(x) * _LOW), x.shape[-1]
    if count:
        low = int(size * float(torch.empty(1).uniform_(*_COARSE)))
        small = functional.interpolate(x[:count], size=(low, low), mode="area")
        x[:count] = functional.interpolate(
            small, size=(size, size), mode="bilinear", align_corners=False
        )
    return x


def _light(x: Tensor) -> Tensor:
    """Saturation, gamma, contrast and brightness, each a little; noise for some."""
    n, device = len(x), x.device

    def each(low: float, high: float) -> Tensor:
        return _uniform(n, low, high, device)[:, None, None, None]

    gamma, bright, contrast = torch.exp(each(-0.1, 0.1)), each(0.88, 1.06), each(0.9, 1.1)
    x = torch.lerp(x.mean(1, keepdim=True), x, each(0.88, 1.12))
    x = ((x.clamp(1e-3, 1) ** gamma - 0.5) * contrast + 0.5) * bright
    noise = 0.012 * _share(n, _NOISY, device).float()[:, None, None, None]
    return (x + torch.randn_like(x) * noise).clamp(0, 1)


def _hidden(x: Tensor) -> Tensor:
    """A rectangle of one colour over some photos."""
    n, size, device = len(x), x.shape[-1], x.device
    down = torch.arange(size, device=device)[None, :, None]
    across = torch.arange(size, device=device)[None, None, :]
    height, width = (_uniform(n, size / 8, size / 2.6, device)[:, None, None] for _ in range(2))
    top, left = (_uniform(n, 0, size * 0.7, device)[:, None, None] for _ in range(2))
    inside = (down >= top) & (down < top + height) & (across >= left) & (across < left + width)
    inside &= _share(n, _HIDDEN, device)[:, None, None]
    return torch.where(inside[:, None], torch.rand(n, 3, 1, 1, device=device), x)
