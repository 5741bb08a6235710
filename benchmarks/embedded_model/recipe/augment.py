"""Batched photo augmentation on cached RGB + foreground masks (no hue changes: colours matter)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


def normalise(photos: torch.Tensor) -> torch.Tensor:
    """uint8 ``(n, s, s, 3)`` to normalised float ``(n, 3, s, s)``, channels last in memory."""
    x = photos.permute(0, 3, 1, 2).float().div_(255.0)
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return x.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)


def _uniform(n: int, low: float, high: float) -> torch.Tensor:
    return torch.empty(n).uniform_(low, high)


def _affine(n: int) -> torch.Tensor:
    """Random crops, zooms, stretches, flips, small turns and shears as ``(n, 2, 3)``."""
    zoom = torch.exp(_uniform(n, math.log(0.68), math.log(1.12)))  # below 1: a crop
    far = torch.rand(n) < 0.2
    zoom = torch.where(far, _uniform(n, 1.1, 1.9), zoom)  # a small object on a wide background
    stretch = torch.exp(_uniform(n, -0.14, 0.14))
    turn = _uniform(n, -1, 1) * torch.where(torch.rand(n) < 0.5, 0.21, 0.03)
    shear = _uniform(n, -0.12, 0.12)
    flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    sx, sy = zoom * stretch, zoom / stretch
    cos, sin = torch.cos(turn), torch.sin(turn)
    room = (1 - zoom).abs() + 0.06
    theta = torch.empty(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = sx * cos * flip, -sy * sin + shear
    theta[:, 1, 0], theta[:, 1, 1] = sx * sin * flip, sy * cos
    theta[:, 0, 2] = _uniform(n, -1, 1) * room
    theta[:, 1, 2] = _uniform(n, -1, 1) * room
    return theta


def _background(n: int, size: int) -> torch.Tensor:
    """Mostly white; sometimes greys, colours and gradients, as ``(n, 3, s, s)`` in 0..1."""
    kind = torch.rand(n)
    plain = torch.ones(n, 3)
    grey = _uniform(n, 0.82, 1.0)[:, None].expand(n, 3)
    colour = torch.rand(n, 3) ** 0.6
    base = torch.where((kind < 0.25)[:, None], grey, plain)
    base = torch.where((kind < 0.10)[:, None], colour, base)
    ground = base[:, :, None, None].expand(n, 3, size, size).clone()
    chosen = torch.nonzero(kind < 0.16)[:, 0]
    if len(chosen):
        angle = _uniform(len(chosen), 0, 2 * math.pi)[:, None, None]
        line = torch.linspace(-1, 1, size)
        ramp = torch.cos(angle) * line[None, None, :] + torch.sin(angle) * line[None, :, None]
        ground[chosen] += 0.12 * ramp[:, None]
    return ground.clamp_(0, 1)


def augment(photos: torch.Tensor, size: int) -> torch.Tensor:
    """``(n, s, s, 4)`` uint8 (RGB and mask) to augmented, normalised ``(n, 3, size, size)``."""
    n = len(photos)
    x = photos.permute(0, 3, 1, 2).float().div_(255.0)
    alpha = x[:, 3:]
    x = torch.cat([x[:, :3] * alpha, alpha], 1)  # premultiplied: outside is background
    grid = F.affine_grid(_affine(n), [n, 4, size, size], align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    rgb, alpha = x[:, :3], x[:, 3:]
    x = rgb + (1 - alpha) * _background(n, size)

    blurred = torch.nonzero(torch.rand(n) < 0.15)[:, 0]
    if len(blurred):
        low = int(size * float(torch.empty(1).uniform_(0.4, 0.8)))
        small = F.interpolate(x[blurred], size=(low, low), mode="area")
        x[blurred] = F.interpolate(small, size=(size, size), mode="bilinear", align_corners=False)

    gamma = torch.exp(_uniform(n, -0.12, 0.12))[:, None, None, None]
    bright = _uniform(n, 0.88, 1.08)[:, None, None, None]
    contrast = _uniform(n, 0.88, 1.12)[:, None, None, None]
    grey = x.mean(1, keepdim=True)
    x = torch.lerp(grey, x, _uniform(n, 0.85, 1.15)[:, None, None, None])
    x = ((x.clamp(1e-3, 1) ** gamma - 0.5) * contrast + 0.5) * bright
    if torch.rand(()) < 0.3:
        x = x + torch.randn_like(x) * 0.015
    x = x.clamp_(0, 1)
    _erase(x)
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return x.sub_(mean).div_(std).contiguous(memory_format=torch.channels_last)


def _erase(x: torch.Tensor, share: float = 0.2) -> None:
    """Hide a rectangle of some photos, in place."""
    size = x.shape[-1]
    for i in torch.nonzero(torch.rand(len(x)) < share)[:, 0].tolist():
        h, w = (int(v) for v in torch.randint(size // 8, size // 3, (2,)))
        top, left = int(torch.randint(0, size - h, ())), int(torch.randint(0, size - w, ()))
        x[i, :, top : top + h, left : left + w] = torch.rand(3, 1, 1)
