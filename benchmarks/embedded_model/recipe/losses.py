"""The losses of `vitrine train` in a form that never waits for a GPU: no question is asked of it.

Rows without an answer weigh nothing, where the engine's own functions leave them out. Equal values; the
tests compare them.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from engine.shop.training.products.labels import COLOUR, KIND

SMOOTHING = 0.05
_OF_HEAD, _OTHER_HEAD = {KIND: 1.0, COLOUR: 1.0, "gender": 0.5, "brand": 0.4}, 0.25


def soft_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy of (n, m) logits to target weights (n, m); rows without one do not count."""
    mass = targets.sum(1)
    known = (mass > 0).float()
    goal = targets / mass.clamp(min=1e-6)[:, None]
    each = -(goal * functional.log_softmax(logits, 1)).sum(1)
    return (each * known).sum() / known.sum().clamp(min=1)


def both_ways(logits: Tensor, right: Tensor, own: int) -> Tensor:
    """Texts to photos, and the first `own` photos to texts; (texts, photos)."""
    there = soft_cross_entropy(logits, right)
    return (there + soft_cross_entropy(logits[:, :own].T, right[:, :own].T)) / 2


def photo_loss(scale: Tensor, images: Tensor, gallery: Tensor, alike: Tensor) -> Tensor:
    """Photos of one kind attract each other; the (n, d) images come first in the (m, d) gallery.

    Args:
        alike: (n, m) how much each pair should; a photo is not its own pair.
    """
    place = torch.arange(len(images), device=images.device)
    logits, alike = (scale * images @ gallery.T).clone(), alike.clone()
    logits[place, place], alike[place, place] = -1e4, 0.0
    return soft_cross_entropy(logits, alike)


def class_loss(logits: Tensor, codes: Tensor) -> Tensor:
    """Smoothed cross-entropy of (n, classes) logits; codes of -1 do not count, nor where all are."""
    total = functional.cross_entropy(
        logits, codes, ignore_index=-1, label_smoothing=SMOOTHING, reduction="sum"
    )
    return total / (codes >= 0).sum().clamp(min=1)


def head_loss(heads: dict[str, Tensor], codes: dict[str, Tensor], own: Tensor) -> Tensor:
    """Of the attribute heads; type and colour weigh most. `own`: products of the photos."""
    losses = [
        _OF_HEAD.get(field, _OTHER_HEAD) * class_loss(logits, codes[field][own])
        for field, logits in heads.items()
    ]
    return torch.stack(losses).sum()


def colour_loss(logits: Tensor, kinds: Tensor, asked: Tensor, colours: Tensor) -> Tensor:
    """Which colour a photo has, given its kind, where that is one of the kinds asked.

    Args:
        logits: (n, k, colours). kinds, colours: (n,) of the photos. asked: (k,).
    """
    known = (kinds[:, None] == asked[None]) & (colours >= 0)[:, None]
    chance = functional.log_softmax(logits, -1)
    own = colours.clamp(min=0)[:, None, None].expand(-1, len(asked), 1)
    right = chance.gather(2, own)[..., 0]
    likely = right * (1 - SMOOTHING) + chance.mean(-1) * SMOOTHING
    return -(likely * known).sum() / known.sum().clamp(min=1)


def likeness_loss(found: Tensor, goal: Tensor) -> Tensor:
    """How far (n, d) unit features are from their teacher's, each and in pairs."""
    each = (1 - (found * goal).sum(1)).mean()
    return each + 5 * ((found @ found.T - goal @ goal.T) ** 2).mean()
