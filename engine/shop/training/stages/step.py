"""One training step: which products and texts are drawn, and the losses over them.

The photos of the last steps stay in a queue, so that a text is compared with thousands of photos at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from engine.shop.training.corpus import Corpus
from engine.shop.training.losses import cross_entropy_to, head_loss, name_targets, photo_loss, same_kind
from engine.shop.training.phrases import Phrase
from engine.shop.training.products import Labels, Row, brands
from engine.shop.training.queries import Query, describes

SCALES = ("names", "queries", "types", "colours")
WEIGHTS = {"names": 1.0, "queries": 1.2, "whole": 0.6, "types": 1.6, "colours": 0.6, "photos": 0.5, "heads": 0.5}

Encode = Callable[[np.ndarray], torch.Tensor]


@dataclass(frozen=True)
class Sizes:
    """How much a step draws: texts cost little while the text trunk is frozen, and much when it learns."""

    batch: int = 128
    other_names: int = 1024
    whole: int = 96
    colour_types: int = 128
    queue: int = 3072


class Step:
    """Draws and compares.

    Args:
        photos: product position of every photo; `weights` how often each is drawn in a pass (mean 1).
    """

    def __init__(self, rows: Sequence[Row], labels: Labels, phrases: Sequence[Phrase], corpus: Corpus,
                 photos: np.ndarray, weights: np.ndarray, seed: int) -> None:  # fmt: skip
        self.phrases, self.corpus = phrases, corpus
        self.photos, self.weights = photos, weights
        self.random = np.random.default_rng(seed)
        self.codes = {f: torch.from_numpy(c) for f, c in labels.codes.items()}
        self.codes["brand"] = torch.from_numpy(brands(rows))
        self.same_name = torch.tensor(_numbers([(r.get("name") or r["id"] or "").lower() for r in rows]))
        self.trained = np.unique(photos)
        self.order = np.empty(0, dtype=np.int64)
        self.queue = torch.empty(0, 512)
        self.queued = torch.empty(0, dtype=torch.long)
        whole = np.array(corpus.whole or [(0, 0)])
        self.whole, self.whole_phrase = whole[:, 0], whole[:, 1]

    def draw(self, n: int) -> np.ndarray:
        """The next photos of a shuffled pass (each about `weights` times in a pass)."""
        while len(self.order) < n:
            times = np.floor(self.weights + self.random.random(len(self.weights))).astype(int)
            order = np.repeat(np.arange(len(times)), times)
            self.order = np.concatenate([self.order, self.random.permutation(order)])
        chosen, self.order = self.order[:n], self.order[n:]
        return chosen

    def loss(self, chosen: np.ndarray, images: torch.Tensor, heads: dict[str, torch.Tensor], encode: Encode,
             scale: Callable[[str], torch.Tensor], sizes: Sizes) -> tuple[torch.Tensor, dict[str, float]]:  # fmt: skip
        """Total loss of a batch of photos, and its parts.

        Args:
            chosen: numbers of the photos; `images` their unit vectors, `heads` their attribute logits.
            encode: numbers of texts to unit vectors.
        """
        products = self.photos[chosen]
        own = torch.from_numpy(products)
        everyone = torch.cat([own, self.queued])
        gallery = torch.cat([images, self.queue])
        parts = {
            "names": self._names(products, images, gallery, everyone, encode, scale("names"), sizes),
            "queries": self._queries(products, images, gallery, everyone, encode, scale("queries")),
            "photos": photo_loss(images, gallery, same_kind(self.codes, own, everyone), scale("types").detach()),
            "heads": head_loss(heads, self.codes, own),
        }
        parts["whole"] = self._whole(gallery, everyone, encode, scale("queries"), sizes.whole)
        parts["types"] = self._types(own, images, encode, scale("types"))
        if sizes.colour_types:
            parts["colours"] = self._colours(own, images, encode, scale("colours"), sizes.colour_types)
        self._enqueue(images.detach(), own, sizes.queue)
        total = torch.stack([WEIGHTS[k] * v for k, v in parts.items()]).sum()
        return total, {k: float(v.detach()) for k, v in parts.items()}

    def _one_of(self, numbers: Sequence[Sequence[int]], products: np.ndarray) -> np.ndarray:
        return np.array([numbers[p][int(self.random.random() ** 1.3 * len(numbers[p]))] for p in products])

    def _names(self, products: np.ndarray, images: torch.Tensor, gallery: torch.Tensor, everyone: torch.Tensor,
               encode: Encode, scale: torch.Tensor, sizes: Sizes) -> torch.Tensor:  # fmt: skip
        others = self.random.choice(self.trained, sizes.other_names)
        asked = np.concatenate([products, others])
        vectors = encode(self._one_of(self.corpus.names, asked))
        own, theirs = torch.from_numpy(products), torch.from_numpy(asked)
        to_text = cross_entropy_to(scale * images @ vectors.T, name_targets(self.codes, self.same_name, own, theirs))
        n = len(products)
        to_photo = cross_entropy_to(
            scale * vectors[:n] @ gallery.T, name_targets(self.codes, self.same_name, own, everyone)
        )
        return (to_text + to_photo) / 2

    def _queries(self, products: np.ndarray, images: torch.Tensor, gallery: torch.Tensor, everyone: torch.Tensor,
                 encode: Encode, scale: torch.Tensor) -> torch.Tensor:  # fmt: skip
        numbers = self._one_of(self.corpus.queries, products)
        right = self._describes(numbers, everyone)
        logits = scale * encode(numbers) @ gallery.T
        n = len(images)
        return (cross_entropy_to(logits, right) + cross_entropy_to(logits[:, :n].T, right[:, :n].T)) / 2

    def _whole(self, gallery: torch.Tensor, everyone: torch.Tensor, encode: Encode, scale: torch.Tensor,
               n: int) -> torch.Tensor:  # fmt: skip
        drawn = self.random.integers(0, len(self.whole), n)
        right = np.stack([self.phrases[p].describes[everyone.numpy()] for p in self.whole_phrase[drawn]])  # type: ignore[index]
        return cross_entropy_to(scale * encode(self.whole[drawn]) @ gallery.T, torch.from_numpy(right).float())

    def _describes(self, numbers: np.ndarray, products: torch.Tensor) -> torch.Tensor:
        queries = [Query("", self.corpus.phrases_of[int(i)]) for i in numbers]
        return torch.from_numpy(describes(queries, self.phrases, products.numpy()))

    def _types(self, own: torch.Tensor, images: torch.Tensor, encode: Encode, scale: torch.Tensor) -> torch.Tensor:
        prompts = self.corpus.prompts
        texts = encode(prompts[np.arange(len(prompts)), self.random.integers(0, prompts.shape[1], len(prompts))])
        return F.cross_entropy(scale * images @ texts.T, self.codes["articleType"][own], ignore_index=-1,
                               label_smoothing=0.05)  # fmt: skip

    def _colours(self, own: torch.Tensor, images: torch.Tensor, encode: Encode, scale: torch.Tensor,
                 n: int) -> torch.Tensor:  # fmt: skip
        """Which colour, given the type: the texts of all colours of a photo's own type."""
        rows = torch.nonzero((self.codes["articleType"][own] >= 0) & (self.codes["baseColour"][own] >= 0))[:n, 0]
        kinds, place = self.codes["articleType"][own][rows].unique(return_inverse=True)
        prompts = self.corpus.colour_prompts[kinds.numpy()][..., self.random.integers(self.corpus.colour_prompts.shape[2])]
        texts = encode(prompts.reshape(-1)).view(*prompts.shape, -1)
        logits = scale * torch.einsum("nd,ncd->nc", images[rows], texts[place])
        return F.cross_entropy(logits, self.codes["baseColour"][own][rows], label_smoothing=0.05)

    def _enqueue(self, images: torch.Tensor, own: torch.Tensor, size: int) -> None:
        self.queue = torch.cat([images, self.queue])[:size]
        self.queued = torch.cat([own, self.queued])[:size]


def _numbers(values: Sequence[str]) -> list[int]:
    seen: dict[str, int] = {}
    return [seen.setdefault(v, len(seen)) for v in values]
