"""One training step: which photos and texts are drawn, and the losses over them.

The photos of the last steps stay in a queue, so that a text is compared with thousands of them at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from engine.shop.training.products.labels import COLOUR, KIND, Labels, Row, brands
from engine.shop.training.stages.losses import (
    cross_entropy_to,
    head_loss,
    name_targets,
    photo_loss,
    same_kind,
)
from engine.shop.training.texts.corpus import Corpus, Numbers
from engine.shop.training.texts.phrases import Phrase
from engine.shop.training.texts.queries import Query, describes
from engine.shop.training.towers.text import EMBED_DIM

SCALES = ("names", "queries", "types", "colours")
WEIGHTS = {"names": 1.0, "queries": 1.2, "whole": 0.6, "types": 1.6, "colours": 0.6, "photos": 0.5,
           "heads": 0.5}  # fmt: skip

Encode = Callable[[Numbers], torch.Tensor]  # numbers of texts to unit vectors
Scale = Callable[[str], torch.Tensor]
Losses = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Material:
    """What training draws from.

    Attributes:
        rows: the products. photos: the product of every photo.
        weights: how often each photo is drawn in a pass (mean 1).
    """

    rows: Sequence[Row]
    labels: Labels
    phrases: Sequence[Phrase]
    corpus: Corpus
    photos: Numbers
    weights: npt.NDArray[np.float64]

    def codes(self) -> dict[str, torch.Tensor]:
        """Codes of the attributes, and of the brand."""
        codes = {field: torch.from_numpy(codes) for field, codes in self.labels.codes.items()}
        return {**codes, "brand": torch.from_numpy(brands(self.rows))}


@dataclass(frozen=True)
class Sizes:
    """How much a step draws: texts cost little while their trunk is frozen, and much when it learns."""

    batch: int = 128
    other_names: int = 512
    whole: int = 64
    colour_types: int = 40
    queue: int = 3072


@dataclass(frozen=True)
class Batch:
    """Photos of a step, beside those of the last steps.

    Attributes:
        own: products of the photos. everyone: those of the gallery, the photos themselves first.
    """

    own: torch.Tensor
    images: torch.Tensor
    everyone: torch.Tensor
    gallery: torch.Tensor


class Draw:
    """What a step draws: photos in shuffled passes, texts of products."""

    def __init__(self, material: Material, seed: int) -> None:
        self.material = material
        self.random = np.random.default_rng(seed)
        self.codes = material.codes()
        self.alike = material.labels.alike
        names = [(row.get("name") or row["id"] or "").lower() for row in material.rows]
        self.same_name = torch.tensor(_numbers(names))
        self.trained = np.unique(material.photos)
        self._order: Numbers = np.empty(0, dtype=np.int64)
        whole = np.array(material.corpus.whole, dtype=np.int64).reshape(-1, 2)
        self.whole, self._whole_phrase = whole[:, 0], whole[:, 1]

    def photos(self, count: int) -> Numbers:
        """The next photos of a shuffled pass (each about its weight times in a pass)."""
        weights = self.material.weights
        while len(self._order) < count:
            times = np.floor(weights + self.random.random(len(weights))).astype(int)
            order = np.repeat(np.arange(len(times)), times)
            self._order = np.concatenate([self._order, self.random.permutation(order)])
        chosen, self._order = self._order[:count], self._order[count:]
        return chosen

    def one_of(self, numbers: Sequence[Sequence[int]], products: Numbers) -> Numbers:
        """A text of each product, the first ones more often."""
        random = self.random.random(len(products)) ** 1.3
        return np.array([numbers[p][int(r * len(numbers[p]))] for p, r in zip(products, random)])

    def whole_texts(self, count: int) -> tuple[Numbers, Numbers]:
        """Numbers and phrases of texts that stand alone as queries."""
        drawn = self.random.integers(0, len(self.whole), count)
        return self.whole[drawn], self._whole_phrase[drawn]

    def described(self, phrases: Numbers, products: torch.Tensor) -> torch.Tensor:
        """(phrases, products): 1 where a phrase describes a product."""
        queries = [Query("", (int(phrase),)) for phrase in phrases]
        return torch.from_numpy(describes(queries, self.material.phrases, products.numpy()))

    def answers(self, numbers: Numbers, products: torch.Tensor) -> torch.Tensor:
        """(queries, products): 1 where a product is right for a query."""
        queries = [Query("", self.material.corpus.phrases_of[int(i)]) for i in numbers]
        return torch.from_numpy(describes(queries, self.material.phrases, products.numpy()))

    def state(self) -> dict[str, Any]:
        """What comes next, for a checkpoint."""
        random = json.dumps(self.random.bit_generator.state)
        return {"random": random, "order": torch.from_numpy(self._order)}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the draw of that state would have."""
        self.random.bit_generator.state = json.loads(state["random"])
        self._order = state["order"].numpy()


class Step:
    """The losses of photos whose tower learns, beside texts of a frozen trunk."""

    def __init__(self, material: Material, sizes: Sizes, seed: int) -> None:
        self.draw = Draw(material, seed)
        self._material, self._corpus, self._sizes = material, material.corpus, sizes
        self._queue = torch.empty(0, EMBED_DIM)
        self._queued = torch.empty(0, dtype=torch.long)

    def losses(self, chosen: Numbers, images: torch.Tensor, heads: dict[str, torch.Tensor],
               encode: Encode, scale: Scale) -> Losses:  # fmt: skip
        """The losses of a batch of photos, by name.

        Args:
            chosen: numbers of the photos; `images` their unit vectors, `heads` their attribute logits.
        """
        own = torch.from_numpy(self._material.photos[chosen])
        batch = Batch(own, images, torch.cat([own, self._queued]), torch.cat([images, self._queue]))
        codes, alike = self.draw.codes, self.draw.alike
        kinds = same_kind(codes, alike, own, batch.everyone)
        losses = {
            "names": self._names(batch, encode, scale("names")),
            "queries": self._queries(batch, encode, scale("queries")),
            "photos": photo_loss(images, batch.gallery, kinds, scale("types").detach()),
            "heads": head_loss(heads, codes, own),
        }
        if len(self.draw.whole):
            losses["whole"] = self._whole(batch, encode, scale("queries"))
        if len(self._corpus.prompts):
            losses["types"] = self._types(batch, encode, scale("types"))
        if len(self._corpus.colour_prompts) and self._sizes.colour_types:
            losses["colours"] = self._colours(batch, encode, scale("colours"))
        size = self._sizes.queue
        self._queue = torch.cat([images.detach(), self._queue])[:size]
        self._queued = torch.cat([own, self._queued])[:size]
        return losses

    def _names(self, batch: Batch, encode: Encode, scale: torch.Tensor) -> torch.Tensor:
        draw, n = self.draw, len(batch.own)
        others = draw.random.choice(draw.trained, self._sizes.other_names)
        asked = np.concatenate([batch.own.numpy(), others])
        vectors = encode(draw.one_of(self._corpus.names, asked))

        def same(theirs: torch.Tensor) -> torch.Tensor:
            return name_targets(draw.codes, draw.alike, draw.same_name, batch.own, theirs)

        to_text = cross_entropy_to(scale * batch.images @ vectors.T, same(torch.from_numpy(asked)))
        to_photo = cross_entropy_to(scale * vectors[:n] @ batch.gallery.T, same(batch.everyone))
        return (to_text + to_photo) / 2

    def _queries(self, batch: Batch, encode: Encode, scale: torch.Tensor) -> torch.Tensor:
        numbers = self.draw.one_of(self._corpus.queries, batch.own.numpy())
        right = self.draw.answers(numbers, batch.everyone)
        return both_ways(scale * encode(numbers) @ batch.gallery.T, right, len(batch.own))

    def _whole(self, batch: Batch, encode: Encode, scale: torch.Tensor) -> torch.Tensor:
        numbers, phrases = self.draw.whole_texts(self._sizes.whole)
        right = self.draw.described(phrases, batch.everyone)
        return cross_entropy_to(scale * encode(numbers) @ batch.gallery.T, right)

    def _types(self, batch: Batch, encode: Encode, scale: torch.Tensor) -> torch.Tensor:
        prompts = self._corpus.prompts
        which = self.draw.random.integers(0, prompts.shape[1], len(prompts))
        texts = encode(prompts[np.arange(len(prompts)), which])
        codes = self.draw.codes[KIND][batch.own]
        if not bool((codes >= 0).any()):
            return batch.images.sum() * 0.0
        return F.cross_entropy(
            scale * batch.images @ texts.T, codes, ignore_index=-1, label_smoothing=0.05
        )

    def _colours(self, batch: Batch, encode: Encode, scale: torch.Tensor) -> torch.Tensor:
        """Which colour, given the kind: the texts of all colours of a photo's own kind."""
        kind, colour = self.draw.codes[KIND][batch.own], self.draw.codes[COLOUR][batch.own]
        rows = torch.nonzero((kind >= 0) & (colour >= 0))[: self._sizes.colour_types, 0]
        if not len(rows):
            return batch.images.sum() * 0.0
        kinds, place = kind[rows].unique(return_inverse=True)
        templates = self._corpus.colour_prompts.shape[2]
        prompts = self._corpus.colour_prompts[kinds.numpy()][
            ..., self.draw.random.integers(templates)
        ]
        texts = encode(prompts.reshape(-1)).view(*prompts.shape, -1)
        logits = scale * torch.einsum("nd,ncd->nc", batch.images[rows], texts[place])
        return F.cross_entropy(logits, colour[rows], label_smoothing=0.05)

    def state(self) -> dict[str, Any]:
        """What comes next, for a checkpoint."""
        return {"draw": self.draw.state(), "queue": self._queue, "queued": self._queued}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on as the step of that state would have."""
        self.draw.restore(state["draw"])
        self._queue, self._queued = state["queue"], state["queued"]


def both_ways(logits: torch.Tensor, right: torch.Tensor, own: int) -> torch.Tensor:
    """Texts to photos, and the first `own` photos to texts."""
    there, back = (
        cross_entropy_to(logits, right),
        cross_entropy_to(logits[:, :own].T, right[:, :own].T),
    )
    return (there + back) / 2


def total(losses: Losses, weights: dict[str, float]) -> torch.Tensor:
    """The sum that is made smaller."""
    return torch.stack([weights[name] * value for name, value in losses.items()]).sum()


def _numbers(values: Sequence[str]) -> list[int]:
    seen: dict[str, int] = {}
    return [seen.setdefault(v, len(seen)) for v in values]
