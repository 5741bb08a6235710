"""Labels as vectors, and what they say of photos. Knows arrays and an encoder; not indexes or files."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Matrix, Vector, unit_rows
from engine.shop.classification.labels import Label
from engine.shop.classification.probabilities import Floats, Scales, sigmoid, softmax

Encode = Callable[[Sequence[str]], Matrix]  # texts to unit rows
NOTHING_SAID = "a product"
_KEPT, _MOST_KEPT = 32, 1000  # sets of labels whose vectors are kept, and labels of such a set
_kept: OrderedDict[tuple[object, ...], Matrix] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True)
class Classifier:
    """Labels in the space of photos.

    Attributes:
        vectors: (labels, d) unit rows. neutral: (d,) of a text that says nothing.
        scales: what makes probabilities. multi_label: each label for itself.
    """

    labels: tuple[Label, ...]
    vectors: Matrix
    neutral: Vector
    scales: Scales
    multi_label: bool = False

    @staticmethod
    def of(
        labels: Sequence[Label],
        templates: Sequence[str],
        encode: Encode,
        scales: Scales,
        multi_label: bool = False,
        model: str | None = None,
    ) -> Classifier:
        """Encode the labels: each is the mean of its descriptions in all templates, unit length.

        Args:
            model: the encoder's fingerprint, to keep the vectors for the next who asks; None for once.
        """
        vectors = _known_vectors(labels, templates, encode, model)
        neutral = _known_vectors([Label("", (NOTHING_SAID,))], templates, encode, model)[0]
        return Classifier(tuple(labels), vectors, neutral, scales, multi_label)

    def cosines(self, photos: Matrix) -> Floats:
        """(n, labels)."""
        out: Floats = photos.astype(np.float64) @ self.vectors.astype(np.float64).T
        return out

    def margins(self, photos: Matrix, cosines: Floats) -> Floats:
        """(n, labels): by how much each label is nearer than a text that says nothing."""
        out: Floats = (
            cosines - (photos.astype(np.float64) @ self.neutral.astype(np.float64))[:, None]
        )
        return out

    def probabilities(self, photos: Matrix, cosines: Floats) -> Floats:
        """(n, labels) from 0 to 1; of one label out of several they sum to 1."""
        known = self.scales
        if not self.multi_label:
            return softmax(cosines, known.scale)
        margins = self.margins(photos, cosines)
        return sigmoid(known.contrast_scale * (margins - known.contrast_offset))


def _known_vectors(
    labels: Sequence[Label], templates: Sequence[str], encode: Encode, model: str | None
) -> Matrix:
    """`label_vectors`, of those asked for last without encoding them again."""
    if model is None or len(labels) > _MOST_KEPT:
        return label_vectors(labels, templates, encode)
    key = (model, tuple(templates), tuple(labels))
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = label_vectors(labels, templates, encode)
    with _lock:
        _kept[key] = made
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return made


def label_vectors(labels: Sequence[Label], templates: Sequence[str], encode: Encode) -> Matrix:
    """(labels, d) unit rows: the mean over descriptions and templates."""
    texts = [
        template.replace("{}", said)
        for label in labels
        for said in label.descriptions
        for template in templates
    ]
    encoded = encode(texts).astype(np.float64)
    counts = [len(label.descriptions) * len(templates) for label in labels]
    starts = np.cumsum([0, *counts[:-1]])
    return unit_rows(np.add.reduceat(encoded, starts, axis=0))
