"""Losses against slow, obvious twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.needs import needs

needs("clip")
import torch

from engine.shop.training.stages.losses import (
    cross_entropy_to,
    head_loss,
    name_targets,
    photo_loss,
    same_kind,
)
from engine.shop.training.stages.schedule import Budget, rate_at
from engine.shop.training.stages.step import both_ways

ALIKE = ("baseColour", "gender")
CODES = {
    "articleType": torch.tensor([0, 0, 0, 1, 1, -1, -1]),
    "baseColour": torch.tensor([0, 0, 1, 0, 0, 0, 0]),
    "gender": torch.tensor([0, 0, 0, 1, -1, 0, 0]),
}


def random_matrix(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def slow_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    """Row by row, by the definition."""
    rows = []
    for row, target in zip(logits.tolist(), targets.tolist()):
        if sum(target) > 0:
            whole = math.log(sum(math.exp(x) for x in row))
            rows.append(-sum(t / sum(target) * (x - whole) for x, t in zip(row, target)))
    return sum(rows) / len(rows) if rows else 0.0


@pytest.mark.parametrize("seed", range(5))
def test_cross_entropy_to_several_right_answers(seed: int) -> None:
    logits = random_matrix(6, 9, seed=seed)
    targets = (random_matrix(6, 9, seed=seed + 50) > 1).float()
    targets[2] = 0
    value = float(cross_entropy_to(logits, targets))
    assert value == pytest.approx(slow_cross_entropy(logits.numpy(), targets.numpy()), rel=1e-5)
    assert float(cross_entropy_to(logits, torch.zeros(6, 9))) == 0


def slow_kind(i: int, j: int) -> int:
    kind = CODES["articleType"].tolist()
    if kind[i] != kind[j] or kind[i] < 0:
        return 0
    return 2 if all(CODES[f][i] == CODES[f][j] for f in ALIKE) else 1


def test_products_of_one_kind_that_look_alike() -> None:
    own, theirs = torch.tensor([0, 2, 3, 5]), torch.arange(7)
    found = same_kind(CODES, ALIKE, own, theirs)
    assert found.tolist() == [[slow_kind(i, j) for j in range(7)] for i in own.tolist()]
    names = torch.tensor([0, 1, 2, 3, 3, 4, 4])
    targets = name_targets(CODES, ALIKE, names, own, theirs, soft=0.25)
    twin = [
        [1.0 if names[i] == names[j] else 0.25 * (slow_kind(i, j) == 2) for j in range(7)]
        for i in own.tolist()
    ]
    assert targets.tolist() == twin


def test_a_photo_does_not_attract_itself() -> None:
    images = torch.nn.functional.normalize(random_matrix(4, 8), dim=-1)
    queue = torch.nn.functional.normalize(random_matrix(3, 8, seed=1), dim=-1)
    everyone = torch.cat([images, queue])
    alike = same_kind(CODES, ALIKE, torch.arange(4), torch.arange(7))
    value = float(photo_loss(images, everyone, alike, torch.tensor(7.0)))
    logits, targets = 7 * (images @ everyone.T).numpy(), alike.numpy()
    rows = []
    for i in range(4):
        others = [j for j in range(7) if j != i]
        if targets[i, others].sum():
            rows.append(slow_cross_entropy(logits[i : i + 1, others], targets[i : i + 1, others]))
    assert value == pytest.approx(sum(rows) / len(rows), rel=1e-5)


def test_heads_count_only_where_the_attribute_is_known() -> None:
    logits = random_matrix(3, 2)
    codes = {"articleType": torch.tensor([1, -1, 0, 1]), "usage": torch.tensor([-1, -1, -1, -1])}
    value = head_loss({"articleType": logits, "usage": logits}, codes, torch.tensor([0, 1, 2]))
    smooth = torch.tensor([[0.025, 0.975], [0, 0], [0.975, 0.025]])
    assert float(value) == pytest.approx(
        slow_cross_entropy(logits.numpy(), smooth.numpy()), rel=1e-5
    )


def test_texts_to_photos_and_back() -> None:
    logits, right = random_matrix(4, 6), (random_matrix(4, 6, seed=9) > 0).float()
    there = slow_cross_entropy(logits.numpy(), right.numpy())
    back = slow_cross_entropy(logits[:, :3].T.numpy(), right[:, :3].T.numpy())
    assert float(both_ways(logits, right, 3)) == pytest.approx((there + back) / 2, rel=1e-5)


def test_the_rate_rises_and_falls_to_nothing() -> None:
    rates = [rate_at(i / 200) for i in range(201)]
    top = rates.index(max(rates))
    assert rates[:top] == sorted(rates[:top]) and rates[top:] == sorted(rates[top:], reverse=True)
    assert 0 < rates[0] < 0.05 and max(rates) == pytest.approx(1, abs=0.01) and rates[-1] < 1e-9
    assert Budget(steps=4).progress(1, 99) == 0.25 and Budget(steps=4).progress(9, 0) == 1
    assert Budget(seconds=10).progress(99, 5) == 0.5
