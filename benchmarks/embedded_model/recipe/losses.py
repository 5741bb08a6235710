"""Contrastive losses with several right answers."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .data import Labels
from .texts import Query


def cross_entropy_to(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy of rows to target distributions; rows without a target do not count."""
    mass = targets.sum(1)
    rows = mass > 0
    if not rows.any():
        return logits.sum() * 0.0
    goal = targets[rows] / mass[rows, None]
    return -(goal * F.log_softmax(logits[rows], 1)).sum(1).mean()


def both_ways(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Photos to texts and texts to photos, with the same table of right pairs."""
    return (cross_entropy_to(logits, targets) + cross_entropy_to(logits.T, targets.T)) / 2


def name_targets(codes: dict[str, torch.Tensor], names: torch.Tensor,
                 soft: float = 0.12) -> torch.Tensor:  # fmt: skip
    """1 for the product itself and products of the same name, ``soft`` for equal attributes."""
    same = torch.ones(len(names), len(names), dtype=torch.bool)
    for f in ("articleType", "baseColour", "gender"):
        same &= codes[f][:, None] == codes[f][None, :]
    target = same.float() * soft
    target[names[:, None] == names[None, :]] = 1.0
    return target


def photo_loss(images: torch.Tensor, kinds: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    """Photos of one article type attract each other (supervised contrastive)."""
    own = torch.eye(len(images), dtype=torch.bool)
    same = (kinds[:, None] == kinds[None, :]) & (kinds >= 0)[:, None] & ~own
    logits = (scale * images @ images.T).masked_fill(own, -1e4)
    return cross_entropy_to(logits, same.float())


def query_matches(queries: list[Query], codes: dict[str, torch.Tensor],
                  labels: Labels) -> torch.Tensor:  # fmt: skip
    """``(photos, queries)``: 1 where the photo carries everything that the query asks for."""
    count = len(codes["articleType"])
    wanted = torch.zeros(len(queries), len(labels.classes["articleType"]) + 1, dtype=torch.bool)
    match = torch.ones(count, len(queries), dtype=torch.bool)
    attributes = {f: torch.full((len(queries),), -2) for f in ("baseColour", "gender", "usage")}
    for i, query in enumerate(queries):
        if query.types:
            known = [labels.code["articleType"].get(t, -1) for t in query.types]
            wanted[i, [k for k in known if k >= 0]] = True
        else:
            wanted[i] = True
        for f, value in query.wanted.items():
            attributes[f][i] = labels.code[f].get(value, -3)
    match &= wanted[:, codes["articleType"]].T
    for f, values in attributes.items():
        match &= (values[None, :] == -2) | (codes[f][:, None] == values[None, :])
    return match.float()
