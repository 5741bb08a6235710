"""Figures of photos that are held out, as `vitrine evaluate` has them, while the towers learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from tokenizers import Tokenizer
from torch.nn import functional

from engine.core.arrays import Matrix
from engine.shop.evaluation.figures.catalogue import evaluate_vectors
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.training.towers.image import ImageTower
from engine.shop.training.towers.text import Head, TextTrunk
from recipe.catalogue import Catalogue
from recipe.photos import Aside
from recipe.texts import word_pieces
from recipe.towers import sixteen_bits

Figures = dict[str, float]
_PHOTOS_AT_ONCE, _TEXTS_AT_ONCE = 512, 4096
_SHOWN = {
    "zero_shot_type": "type",
    "colour_type_precision_at_5": "colour type",
    "name_to_photo_recall_at_10": "name",
    "photo_to_photo_type_precision_at_5": "photo",
}
_QUERIES = "queries:"


class HeldOut:
    """Judges towers by the photos of each folder that are held out."""

    def __init__(
        self,
        catalogue: Catalogue,
        aside: Sequence[Aside],
        queries: Mapping[str, Sequence[Query]],
        tokenizer: Tokenizer,
        size: int,
        device: str,
    ) -> None:
        self._rows, self._aside, self._queries = catalogue.rows, aside, queries
        self._tokenizer, self._size, self._device = tokenizer, size, device

    def figures(self, image: ImageTower, trunk: TextTrunk, head: Head) -> Figures:
        """Values by folder and short name, such as "images type"; those without a query are left out."""

        def encode(texts: Sequence[str]) -> Matrix:
            return self._texts(texts, trunk, head)

        found: Figures = {}
        for folder in self._aside:
            rows = [self._rows[product] for product in folder.products]
            report = evaluate_vectors(self._photos(folder, image), rows, encode, self._queries)
            for key, figure in report.items():
                is_shown = key in _SHOWN or key.startswith(_QUERIES)
                if is_shown and figure["value"] is not None:
                    name = _SHOWN.get(key, key.removeprefix(_QUERIES))
                    found[f"{folder.name} {name}"] = figure["value"]
        return found

    @torch.inference_mode()
    def _photos(self, folder: Aside, image: ImageTower) -> Matrix:
        """(n, 512) unit vectors of photos as they are."""
        image.eval()
        parts = []
        for start in range(0, len(folder.places), _PHOTOS_AT_ONCE):
            some = folder.places[start : start + _PHOTOS_AT_ONCE]
            photos = folder.photos.normalised(some, self._size).to(self._device)
            with sixteen_bits(self._device):
                parts.append(image(photos)[0].float())
        return functional.normalize(torch.cat(parts), dim=-1).cpu().numpy()

    @torch.inference_mode()
    def _texts(self, texts: Sequence[str], trunk: TextTrunk, head: Head) -> Matrix:
        """(n, 512) unit vectors of texts."""
        trunk.eval()
        ids = torch.from_numpy(word_pieces(self._tokenizer, texts)).to(self._device)
        parts = []
        for some in ids.split(_TEXTS_AT_ONCE):
            with sixteen_bits(self._device):
                features = trunk(some.long())
            parts.append(head(features.float()))
        return torch.cat(parts).cpu().numpy()
