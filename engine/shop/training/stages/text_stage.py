"""The second stage: the text tower learns from the teacher's features, and beside fixed photos.

Where the tower has fewer layers than the teacher, the first part of the stage is distillation alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from engine.shop.training.products.labels import COLOUR, KIND
from engine.shop.training.stages.losses import cross_entropy_to, name_targets
from engine.shop.training.stages.step import SCALES, Draw, Losses, Material, both_ways, total
from engine.shop.training.texts.corpus import Corpus, Numbers
from engine.shop.training.towers.average import Scales
from engine.shop.training.towers.features import Features
from engine.shop.training.towers.pieces import Pieces
from engine.shop.training.towers.text import Head, TextTrunk

_WEIGHTS_ALONE = {"distil": 1.0, "alike": 5.0, "space": 1.0}
_WEIGHTS = {"distil": 4.0, "names": 1.0, "queries": 1.2, "whole": 0.8, "types": 0.6, "colours": 0.3}
_GALLERY, _LOOSE, _WHOLE, _KINDS, _COLOURS = 3000, 48, 48, 24, 16  # drawn in a step
_ALONE = (128, 96, 64)  # any texts, loose ones, whole phrases: in a step of distillation alone
_SHARE_ALONE = 0.35
_CHUNKS = 3  # of like length, so that little is padded


class TextModel(nn.Module):
    """What learns in this stage; the table of word pieces stays."""

    def __init__(self, trunk: TextTrunk, head: Head) -> None:
        super().__init__()
        self.trunk, self.head, self.scales = trunk, head, Scales(SCALES)
        self.trunk.tokens.weight.requires_grad_(False)


class TextStage:
    """Texts to what the teacher makes of them, and to the photos that they describe; see `Loop`."""

    name = "texts"
    clip = 1.0

    def __init__(
        self,
        model: TextModel,
        material: Material,
        vectors: torch.Tensor,
        pieces: Pieces,
        features: Features,
        batch: int,
        seed: int,
        is_distilled: bool,
        bfloat16: bool = False,
    ) -> None:
        """
        Args:
            vectors: of the material's photos, (n, 512). features: of the corpus's texts.
            batch: products in a step.
        """
        self.model = model
        learned = [p for p in model.parameters() if p.requires_grad]
        self.groups = [{"params": learned, "weight_decay": 0.01, "k": 1.0}]
        self._draw = Draw(material, seed)
        self._material, self._corpus = material, material.corpus
        self._vectors, self._pieces, self._features = vectors, pieces, features
        self._batch, self._bfloat16 = batch, bfloat16
        self._alone = _SHARE_ALONE if is_distilled else 0.0

    def loss(self, progress: float) -> tuple[torch.Tensor, dict[str, float], int]:
        """See `Stage`."""
        self.model.train()
        is_alone = progress < self._alone
        losses, count = self._distilled() if is_alone else self._beside_photos()
        parts = {name: float(value.detach()) for name, value in losses.items()}
        return total(losses, _WEIGHTS_ALONE if is_alone else _WEIGHTS), parts, count

    def _distilled(self) -> tuple[Losses, int]:
        """What the teacher makes of texts: each one's features, how alike they are, where they lead."""
        draw, (some, loose, whole) = self._draw.random, _ALONE
        drawn = [draw.integers(0, len(self._corpus.texts), some)]
        drawn += [draw.choice(self._corpus.loose, loose)] if self._corpus.loose else []
        drawn += [draw.choice(self._draw.whole, whole)] if len(self._draw.whole) else []
        numbers = np.concatenate(drawn)
        found, goal = self._trunk(numbers), self._goal(numbers)
        unit = F.normalize(found, dim=-1)
        with torch.no_grad():
            there = self.model.head(goal)
        losses = {
            "distil": (1 - (unit * goal).sum(1)).mean(),
            "alike": ((unit @ unit.T - goal @ goal.T) ** 2).mean(),
            "space": (1 - (self.model.head(found) * there).sum(1)).mean(),
        }
        return losses, len(numbers)

    def _beside_photos(self) -> tuple[Losses, int]:
        """All texts of a step in one call of the trunk, and the losses over them."""
        chosen = self._draw.photos(self._batch)
        asked = _Asked(self._draw, self._corpus, self._material.photos[chosen])
        others = self._draw.random.integers(0, len(self._vectors), _GALLERY)
        places = np.concatenate([chosen, others])
        gallery = self._vectors[torch.from_numpy(places)]
        everyone = torch.from_numpy(self._material.photos[places])
        numbers = np.concatenate(list(asked.numbers.values()))
        found = self._trunk(numbers)
        unit = F.normalize(found, dim=-1)
        losses = {"distil": (1 - (unit * self._goal(numbers)).sum(1)).mean()}
        vectors = dict(zip(asked.numbers, self.model.head(found).split(asked.counts)))
        losses |= asked.losses(vectors, gallery, everyone, self.model.scales)
        return losses, len(numbers)

    def _goal(self, numbers: Numbers) -> torch.Tensor:
        return torch.from_numpy(np.asarray(self._features[numbers], dtype=np.float32))

    def _trunk(self, numbers: Numbers) -> torch.Tensor:
        order = np.argsort(self._pieces.lengths[numbers], kind="stable")
        out = []
        for part in np.array_split(order, min(_CHUNKS, len(order))):
            ids = torch.from_numpy(self._pieces.of(numbers[part]))
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
                out.append(self.model.trunk(ids).float())
        return torch.cat(out)[torch.from_numpy(np.argsort(order))]

    def state(self) -> dict[str, Any]:
        """See `Stage`."""
        return self._draw.state()

    def restore(self, state: dict[str, Any]) -> None:
        """See `Stage`."""
        self._draw.restore(state)


class _Asked:
    """The texts of a step: their numbers by what they are, and the losses over them."""

    def __init__(self, draw: Draw, corpus: Corpus, products: Numbers) -> None:
        self._draw, self._own = draw, torch.from_numpy(products)
        random = draw.random
        self.numbers = {
            "names": draw.one_of(corpus.names, products),
            "queries": draw.one_of(corpus.queries, products),
        }
        if len(draw.whole):
            self.numbers["whole"], self._phrases = draw.whole_texts(_WHOLE)
        if len(corpus.prompts):
            count = min(_KINDS, len(corpus.prompts))
            self._kinds = random.choice(len(corpus.prompts), count, replace=False)
            templates = random.integers(0, corpus.prompts.shape[1], count)
            self.numbers["types"] = corpus.prompts[self._kinds, templates]
        if len(corpus.colour_prompts):
            self._kind = max(int(draw.codes[KIND][self._own[0]]), 0)
            prompts = corpus.colour_prompts[self._kind]
            count = min(_COLOURS, len(prompts))
            self._some_colours = random.choice(len(prompts), count, replace=False)
            template = random.integers(prompts.shape[1])
            self.numbers["colours"] = prompts[self._some_colours, template]
        if corpus.loose:
            self.numbers["loose"] = random.choice(corpus.loose, _LOOSE)
        self.counts = [len(numbers) for numbers in self.numbers.values()]

    def losses(
        self,
        vectors: dict[str, torch.Tensor],
        gallery: torch.Tensor,
        everyone: torch.Tensor,
        scale: Scales,
    ) -> Losses:
        """Of each kind of texts beside the gallery; `everyone`: products of the gallery."""
        draw, own, n = self._draw, self._own, len(self._own)
        kind, colour = draw.codes[KIND][everyone][None], draw.codes[COLOUR][everyone][None]
        losses: Losses = {}
        for name in self.numbers:
            if name == "loose":
                continue
            logits = scale("queries" if name == "whole" else name) * vectors[name] @ gallery.T
            if name == "names":
                same = name_targets(draw.codes, draw.alike, draw.same_name, own, everyone)
                losses[name] = both_ways(logits, same, n)
            elif name == "queries":
                losses[name] = both_ways(logits, draw.answers(self.numbers[name], everyone), n)
            elif name == "whole":
                losses[name] = cross_entropy_to(logits, draw.described(self._phrases, everyone))
            elif name == "types":
                right = kind == torch.from_numpy(self._kinds)[:, None]
                losses[name] = cross_entropy_to(logits, right.float())
            else:
                right = (kind == self._kind) & (
                    colour == torch.from_numpy(self._some_colours)[:, None]
                )
                losses[name] = cross_entropy_to(logits, right.float())
        return losses
