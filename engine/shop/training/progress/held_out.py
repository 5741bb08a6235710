"""Figures of products that training never sees, from decoded photos: how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer

from engine.core.arrays import Matrix
from engine.shop.evaluation.figures.catalogue import drawn, evaluate_vectors
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.training.products.labels import Row
from engine.shop.training.products.photos import Photos
from engine.shop.training.towers.features import encode
from engine.shop.training.towers.image import ImageTower
from engine.shop.training.towers.pieces import Pieces
from engine.shop.training.towers.text import Head, TextTrunk

MOST = 1200  # products; more would take long
_BATCH = 128
_SHOWN = {
    "zero_shot_type": "type",
    "colour_type_precision_at_5": "colour type",
    "name_to_photo_recall_at_10": "name",
    "photo_to_photo_type_precision_at_5": "photo",
}
_QUERIES = "queries:"


@torch.inference_mode()
def photo_vectors(
    tower: ImageTower,
    photos: Photos,
    places: Sequence[int] | np.ndarray,
    size: int,
    progress: Callable[[int], object] = lambda done: None,
) -> torch.Tensor:
    """Unit vectors (n, 512) of decoded photos, as they are."""
    tower.eval()
    parts = []
    for start in range(0, len(places), _BATCH):
        some = places[start : start + _BATCH]
        parts.append(tower(photos.normalised(some, size))[0])
        progress(len(some))
    return torch.cat(parts)


@dataclass(frozen=True)
class HeldOut:
    """Products that training never sees, with the place of a photo of each."""

    rows: Sequence[Row]
    places: Sequence[int]
    photos: Photos
    size: int
    tokenizer: Tokenizer
    queries: Mapping[str, Sequence[Query]]

    @classmethod
    def of(cls, rows: Sequence[Row], places: Sequence[int], photos: Photos, size: int,
           tokenizer: Tokenizer, queries: Mapping[str, Sequence[Query]]) -> HeldOut:  # fmt: skip
        """The first photo of at most 1,200 products, chosen by a hash of the id.

        Args:
            rows, places: of every photo that was held out.
        """
        first = {str(row["id"]): i for i, row in reversed(list(enumerate(rows)))}
        chosen = [list(first.values())[i] for i in drawn(list(first), MOST)]
        return cls(
            [rows[i] for i in chosen], [places[i] for i in chosen], photos, size, tokenizer, queries
        )

    def vectors(self, tower: ImageTower) -> Matrix:
        """Of the photos."""
        found: Matrix = photo_vectors(tower, self.photos, self.places, self.size).numpy()
        return found

    def figures(self, images: Matrix, trunk: TextTrunk, head: Head) -> dict[str, float]:
        """Values by short names; those that this catalogue has no query for are left out."""
        trunk.eval()

        @torch.inference_mode()
        def vectors_of(texts: Sequence[str]) -> Matrix:
            pieces = Pieces(self.tokenizer, texts)
            found: Matrix = head(encode(trunk, pieces, np.arange(len(texts)))).numpy()
            return found

        if not self.rows:
            return {}
        report = evaluate_vectors(images, self.rows, vectors_of, self.queries)
        names = {key: _SHOWN.get(key, key.removeprefix(_QUERIES)) for key in report}
        return {
            names[key]: figure["value"]
            for key, figure in report.items()
            if (key in _SHOWN or key.startswith(_QUERIES)) and figure["value"] is not None
        }
