"""One step: the texts that are drawn beside a batch of photos, and the losses over both towers.

The photos of the last eight steps stay in a queue, so that a text is compared with thousands at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from engine.shop.training.products.labels import COLOUR, KIND
from engine.shop.training.stages.losses import name_targets, same_kind
from engine.shop.training.towers.text import EMBED_DIM
from recipe.losses import (
    both_ways,
    class_loss,
    colour_loss,
    head_loss,
    likeness_loss,
    photo_loss,
    soft_cross_entropy,
)
from recipe.texts import LONG, SHORT, Texts
from recipe.towers import Towers, sixteen_bits

Losses = dict[str, Tensor]
WEIGHTS = {"names": 1.0, "queries": 1.2, "whole": 1.0, "types": 1.4, "colour_types": 0.8, "colours": 0.8,
           "photos": 0.6, "heads": 0.5, "distil": 4.0, "loose": 2.0}  # fmt: skip
QUEUE = 8  # batches
_ALIKE = (COLOUR, "gender")
_KINDS = 24  # whose colours are asked for in a step
_FIRST = 1.3  # above 1: the first names and queries of a product are drawn more often
_SPECIAL = 102  # ids up to here are no pieces of words
_DROPPED, _DROPPED_IN = 0.12, 0.25  # pieces, and the share of texts that lose some
_TAUGHT, _TAUGHT_UNTIL = 0.25, 0.06  # share of texts that are the teacher's; all, for so long


@dataclass(frozen=True)
class Asked:
    """The texts of a step by number, for n photos.

    Attributes:
        names: (2n,) of the photos' products, then of others. whose: (2n,) these products.
        queries: (n,) of the photos' products.
        whole: (n / 2,) texts that stand alone. phrases: (n / 2,) what they mean.
        types: (types,) a prompt of each. colour_types: (n / 2,) of the first photos' own.
        colours: (k, colours) prompts of the kinds, (k,).
        loose: (n / 2,) of no photo.
    """

    names: Tensor
    whose: Tensor
    queries: Tensor
    whole: Tensor
    phrases: Tensor
    types: Tensor
    colour_types: Tensor
    kinds: Tensor
    colours: Tensor
    loose: Tensor

    @property
    def short(self) -> list[Tensor]:
        """All texts but the names."""
        return [self.queries, self.whole, self.types, self.colour_types, self.colours.reshape(-1),
                self.loose]  # fmt: skip


def draw_texts(texts: Texts, own: Tensor, trained: Tensor) -> Asked:
    """The texts of a step.

    Args:
        own: (n,) products of the photos. trained: products that have a photo in training.
    """
    n, half = len(own), len(own) // 2

    def some(count: int, among: Tensor) -> Tensor:
        return among[torch.randint(len(among), (count,), device=own.device)]

    whose = torch.cat([own, some(n, trained)])
    whole = some(half, texts.whole)
    types, templates = texts.prompts.shape
    template = torch.randint(templates, (types,), device=own.device)
    kind, colour = (texts.codes[field][own].clamp(min=0) for field in (KIND, COLOUR))
    prompts = texts.colour_prompts
    wording = torch.randint(prompts.shape[2], (half,), device=own.device)
    kinds = kind[torch.randperm(n, device=own.device)[:_KINDS]]
    return Asked(
        names=_one_of(texts.names, whose),
        whose=whose,
        queries=_one_of(texts.queries, own),
        whole=whole[:, 0],
        phrases=whole[:, 1],
        types=texts.prompts[torch.arange(types, device=own.device), template],
        colour_types=prompts[kind[:half], colour[:half], wording],
        kinds=kinds,
        colours=prompts[kinds][:, :, int(torch.randint(prompts.shape[2], ()))],
        loose=torch.cat([some(n // 4, texts.loose), some(n // 4, texts.kept)]),
    )


def _one_of(table: Tensor, products: Tensor) -> Tensor:
    """A text of each product; the first ones a little more often. `table`: -1 where there are fewer."""
    count = (table >= 0).sum(1)[products]
    place = torch.rand(len(products), device=table.device) ** _FIRST * count
    return table[products, place.long().clamp(max=table.shape[1] - 1)]


class Encoder:
    """Texts to features by the text tower, some of them the teacher's own; how far apart they are."""

    def __init__(self, towers: Towers, texts: Texts, device: str) -> None:
        self._towers, self._texts, self._device = towers, texts, device

    def features(
        self, numbers: Tensor, pieces: int, taught: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features (n, width) for the head; those of the tower alone; the sum of their distances.

        Args:
            pieces: where a text is cut. taught: share of texts whose features are the teacher's.
        """
        ids = self._texts.ids[numbers, :pieces].long()
        lossy = torch.rand(len(ids), 1, device=ids.device) < _DROPPED_IN
        gone = (torch.rand(ids.shape, device=ids.device) < _DROPPED) & lossy & (ids > _SPECIAL)
        with sixteen_bits(self._device):
            found = self._towers.trunk(ids.masked_fill(gone, 0))
        found = functional.normalize(found.float(), dim=-1)
        if self._texts.features is None:
            return found, found, found.new_zeros(())
        goal = self._texts.features[numbers].float()
        chosen = torch.rand(len(numbers), 1, device=ids.device) < taught
        return torch.where(chosen, goal, found), found, (1 - (found * goal).sum(1)).sum()


class Step:
    """The losses of photos beside texts, while both towers learn."""

    def __init__(
        self, towers: Towers, texts: Texts, trained: Tensor, batch: int, device: str
    ) -> None:
        self._towers, self._texts, self._trained = towers, texts, trained
        self._encoder = Encoder(towers, texts, device)
        self._most = QUEUE * batch
        self._queue = torch.empty(0, EMBED_DIM, device=device)
        self._queued = torch.empty(0, dtype=torch.long, device=device)

    def losses(
        self, own: Tensor, images: Tensor, heads: dict[str, Tensor], progress: float
    ) -> Losses:
        """By name.

        Args:
            own: (n,) products of the photos. images: (n, 512) their unit vectors.
            heads: (n, classes) by field. progress: of the run, from 0 to 1.
        """
        texts, scale = self._texts, self._towers.scales
        asked = draw_texts(texts, own, self._trained)
        gallery = torch.cat([images, self._queue])
        everyone = torch.cat([own, self._queued])
        vectors, losses = self._encoded(asked, progress)
        losses["names"] = self._names(asked, own, images, gallery, everyone, vectors["names"])
        losses |= self._described(asked, own, gallery, everyone, vectors)
        kind, colour = texts.codes[KIND][own], texts.codes[COLOUR][own]
        losses["types"] = class_loss(scale("types") * images @ vectors["types"].T, kind)
        by_kind = vectors["colours"].view(*asked.colours.shape, -1)
        logits = scale("colours") * torch.einsum("nd,kcd->nkc", images, by_kind)
        losses["colours"] = colour_loss(logits, kind, asked.kinds, colour)
        alike = same_kind(texts.codes, _ALIKE, own, everyone)
        losses["photos"] = photo_loss(scale("types").detach(), images, gallery, alike)
        losses["heads"] = head_loss(heads, texts.codes, own)
        self._queue = torch.cat([images.detach(), self._queue])[: self._most]
        self._queued = torch.cat([own, self._queued])[: self._most]
        return losses

    def _encoded(self, asked: Asked, progress: float) -> tuple[dict[str, Tensor], Losses]:
        """Unit vectors of the texts by what they are; how far the tower is from its teacher."""
        taught = 1.0 if progress < _TAUGHT_UNTIL else _TAUGHT
        long, _, apart = self._encoder.features(asked.names, LONG, taught)
        numbers = torch.cat(asked.short)
        short, own, more = self._encoder.features(numbers, SHORT, taught)
        kinds = ("queries", "whole", "types", "colour_types", "colours", "loose")
        split = self._towers.head(short).split([len(part) for part in asked.short])
        vectors = {"names": self._towers.head(long), **dict(zip(kinds, split))}
        if self._texts.features is None:
            return vectors, {}
        goal = self._texts.features[asked.loose].float()
        count = len(asked.names) + len(numbers)
        loose = likeness_loss(own[-len(asked.loose) :], goal)
        return vectors, {"distil": (apart + more) / count, "loose": loose}

    def _names(
        self, asked: Asked, own: Tensor, images: Tensor, gallery: Tensor, everyone: Tensor,
        vectors: Tensor,
    ) -> Tensor:  # fmt: skip
        texts, scale = self._texts, self._towers.scales("names")

        def same(theirs: Tensor) -> Tensor:
            return name_targets(texts.codes, _ALIKE, texts.same_name, own, theirs)

        to_text = soft_cross_entropy(scale * images @ vectors.T, same(asked.whose))
        to_photo = soft_cross_entropy(scale * vectors[: len(own)] @ gallery.T, same(everyone))
        return (to_text + to_photo) / 2

    def _described(
        self,
        asked: Asked,
        own: Tensor,
        gallery: Tensor,
        everyone: Tensor,
        vectors: dict[str, Tensor],
    ) -> Losses:
        """Queries, texts that stand alone, and colours with types: which photos they describe."""
        texts, scale, n = self._texts, self._towers.scales, len(own)
        right = torch.ones(n, len(everyone), dtype=torch.bool, device=own.device)
        for phrases in texts.phrases_of[asked.queries].T:
            right &= texts.describes[phrases][:, everyone]
        whole = texts.describes[asked.phrases][:, everyone]
        first = own[: len(asked.colour_types)]
        pairs = torch.ones(len(first), len(everyone), dtype=torch.bool, device=own.device)
        for field in (KIND, COLOUR):
            codes = texts.codes[field]
            known = (codes[first] >= 0)[:, None]
            pairs &= (codes[first][:, None] == codes[everyone][None]) & known
        by_query = scale("queries") * vectors["queries"] @ gallery.T
        by_whole = scale("queries") * vectors["whole"] @ gallery.T
        by_pair = scale("colours") * vectors["colour_types"] @ gallery.T
        return {
            "queries": both_ways(by_query, right.float(), n),
            "whole": soft_cross_entropy(by_whole, whole.float()),
            "colour_types": both_ways(by_pair, pairs.float(), n),
        }


def total(losses: Losses) -> Tensor:
    """The sum that is made smaller."""
    return torch.stack([WEIGHTS[name] * value for name, value in losses.items()]).sum()
