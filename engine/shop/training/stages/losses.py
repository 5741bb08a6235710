"""Contrastive losses with several right answers. Scores are scaled cosines, higher is nearer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from engine.shop.training.products.labels import COLOUR, KIND

Codes = dict[str, torch.Tensor]


def cross_entropy_to(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of (n, m) logits to target weights (n, m); rows without one do not count."""
    mass = targets.sum(1)
    rows = mass > 0
    if not bool(rows.any()):
        return logits.sum() * 0.0
    goal = targets[rows] / mass[rows, None]
    return -(goal * F.log_softmax(logits[rows], 1)).sum(1).mean()


def name_targets(codes: Codes, alike: Sequence[str], names: torch.Tensor, own: torch.Tensor,
                 theirs: torch.Tensor, soft: float = 0.1) -> torch.Tensor:  # fmt: skip
    """(own, theirs): 1 for products of the same name, `soft` for those of one kind that look alike."""
    target = (same_kind(codes, alike, own, theirs) == 2).float() * soft
    target[names[own][:, None] == names[theirs][None, :]] = 1.0
    return target


def same_kind(
    codes: Codes, alike: Sequence[str], own: torch.Tensor, theirs: torch.Tensor
) -> torch.Tensor:
    """(own, theirs): 1 for the same kind, 2 where the fields of `alike` are the same too."""
    kind = codes[KIND]
    same = (kind[own][:, None] == kind[theirs][None, :]) & (kind[own] >= 0)[:, None]
    both = same.clone()
    for field in alike:
        both &= codes[field][own][:, None] == codes[field][theirs][None, :]
    return same.float() + both.float()


def photo_loss(
    images: torch.Tensor, others: torch.Tensor, alike: torch.Tensor, scale: torch.Tensor
) -> torch.Tensor:
    """Photos of one kind attract each other (supervised contrastive); they themselves come first."""
    n = len(images)
    hidden = torch.zeros_like(alike, dtype=torch.bool)
    hidden[:, :n] = torch.eye(n, dtype=torch.bool)
    logits = (scale * images @ others.T).masked_fill(hidden, -1e4)
    return cross_entropy_to(logits, alike.masked_fill(hidden, 0.0))


def head_loss(heads: dict[str, torch.Tensor], codes: Codes, rows: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of the attribute heads; type and colour weigh most."""
    weight = {KIND: 1.0, COLOUR: 1.0, "gender": 0.5, "brand": 0.4}
    losses = [torch.zeros(())]
    for field, logits in heads.items():
        known = codes[field][rows]
        if bool((known >= 0).any()):
            value = F.cross_entropy(logits, known, ignore_index=-1, label_smoothing=0.05)
            losses.append(weight.get(field, 0.25) * value)
    return torch.stack(losses).sum()
