"""Probabilities fitted on products whose attribute is known. Knows products' vectors; not files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import Mask, Matrix
from engine.encode.encoder import Encoder
from engine.errors import InvalidState
from engine.shop.classification.classifier import Classifier
from engine.shop.classification.labels import Label
from engine.shop.classification.probabilities import (
    Floats,
    Places,
    Scales,
    calibration_error,
    fit_contrast,
    fit_scale,
    sigmoid,
    softmax,
)
from engine.shop.classification.request import CalibrationRequest
from engine.shop.classification.result import CalibrationReport
from engine.shop.evaluation.figures.figure import Figure
from engine.shop.evaluation.products import is_held_out
from engine.shop.indexed.products import Groups, IndexedProducts

LEAST_PHOTOS = 5  # of a value that is a label
LEAST_PRODUCTS = 50  # that a fit needs


@dataclass(frozen=True)
class Known:
    """Photos whose right label is known.

    Attributes:
        cosines, margins: (n, labels). right: (n,) places of labels.
    """

    cosines: Floats
    margins: Floats
    right: Places

    def of(self, rows: Mask) -> Known:
        return Known(self.cosines[rows], self.margins[rows], self.right[rows])

    def fitted(self) -> Scales:
        scale = fit_scale(self.cosines, self.right)
        return Scales(scale, *fit_contrast(self.margins.ravel(), self._holds().ravel()))

    def errors(self, scales: Scales) -> tuple[float, float]:
        """Expected calibration errors: of the likeliest label, and of each label for itself."""
        chances = softmax(self.cosines, scales.scale)
        alone = sigmoid(scales.contrast_scale * (self.margins - scales.contrast_offset))
        return (
            calibration_error(chances.max(axis=1), chances.argmax(axis=1) == self.right),
            calibration_error(alone.ravel(), self._holds().ravel()),
        )

    def hits(self) -> Floats:
        """(n,) 1 where the nearest label is the right one."""
        hits: Floats = (self.cosines.argmax(axis=1) == self.right).astype(np.float64)
        return hits

    def _holds(self) -> Mask:
        holds = np.zeros(self.cosines.shape, dtype=np.bool_)
        holds[np.arange(len(self.right)), self.right] = True
        return holds


def calibrated(
    products: IndexedProducts,
    encoder: Encoder,
    request: CalibrationRequest,
    before: Scales,
    source: str,
) -> CalibrationReport:
    """Fit, and judge the fit by products that it did not see.

    Raises:
        NotFound: no such attribute. InvalidState: too few products to fit on.
    """
    column = products.attribute(request.attribute)
    known, keys = _known(products, column, encoder, request)
    half = np.array([is_held_out(f"half {key}", 2) for key in keys], dtype=np.bool_)
    after = np.zeros(2)
    for judged in (half, ~half):
        if judged.any() and not judged.all():
            fit = known.of(~judged).fitted()
            after += judged.mean() * np.array(known.of(judged).errors(fit))
    accuracy = Figure("accuracy", "accuracy", tuple(map(str, keys)), known.hits())
    error, contrast_error = known.errors(before)
    return CalibrationReport(
        attribute=column,
        products=len(keys),
        labels=known.cosines.shape[1],
        accuracy=float(accuracy.values.mean()),
        interval=accuracy.interval() or (0.0, 1.0),
        scales=known.fitted(),
        before=error,
        after=float(after[0]),
        contrast_before=contrast_error,
        contrast_after=float(after[1]),
        source=source,
        model=encoder.name,
        kept=request.keep,
    )


def _known(
    products: IndexedProducts, column: str, encoder: Encoder, request: CalibrationRequest
) -> tuple[Known, list[object]]:
    keys, groups = products.product_keys(), products.groups(column)
    held = np.array([is_held_out(key, request.hold_out) for key in keys], dtype=np.bool_)
    labels, right = often(groups, held)
    rows = np.flatnonzero(right >= 0)
    if len(rows) < LEAST_PRODUCTS or len(labels) < 2:
        raise InvalidState(
            f"{len(rows):,} held-out products have one of {len(labels):,} values of {column} with at "
            f"least {LEAST_PHOTOS} photos; a calibration needs {LEAST_PRODUCTS} products and 2 values. "
            "Take more of them: --hold-out 1 for all, or name another attribute."
        )
    photos: Matrix = products.vectors()[rows]
    judge = Classifier.of(labels, request.templates, encoder.encode_texts, Scales())
    cosines = judge.cosines(photos)
    known = Known(cosines, judge.margins(photos, cosines), right[rows])
    return known, [keys[row] for row in rows]


def often(groups: Groups, chosen: Mask) -> tuple[tuple[Label, ...], Places]:
    """The values that enough of the chosen products have, as labels; and each product's, -1 for none."""
    codes = np.where(chosen, groups.codes, -1)
    counts = np.bincount(codes[codes >= 0], minlength=len(groups.names))
    kept = np.flatnonzero(counts >= LEAST_PHOTOS)
    place = np.full(len(groups.names) + 1, -1, dtype=np.int64)  # the last for -1
    place[kept] = np.arange(len(kept))
    return attribute_labels([groups.names[i] for i in kept]), place[codes]


def attribute_labels(names: Sequence[str]) -> tuple[Label, ...]:
    """Values of an attribute as labels, each described by itself."""
    return tuple(Label(name, (name.lower(),)) for name in names)
