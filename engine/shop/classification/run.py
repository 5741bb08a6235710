"""Classifications over an index, step by step. Knows the order of the steps; not the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.core.arrays import Matrix
from engine.encode.encoder import Encoder, TextsOnly
from engine.errors import InvalidInputException, InvalidState
from engine.service.indexes.operations import Indexes
from engine.shop.classification.calibrating import attribute_labels, calibrated
from engine.shop.classification.classifier import Classifier
from engine.shop.classification.label_files import read_labels
from engine.shop.classification.labels import (
    MOST_LABELS,
    STYLES,
    Label,
    check_texts,
    labels_of,
)
from engine.shop.classification.request import (
    CalibrationRequest,
    ClassifyRequest,
    LabelChoice,
    TagRequest,
)
from engine.shop.classification.result import (
    CalibrationReport,
    Classification,
    Scored,
    TagReport,
)
from engine.shop.classification.scales import ScaleStore
from engine.shop.classification.tagging import tag_table
from engine.shop.indexed.products import IndexedProducts
from engine.shop.search.encoders import IndexEncoders
from engine.shop.search.photos import SearchPhotos
from engine.shop.search.query_vector import stored_vector
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput


@dataclass(frozen=True)
class Classifying:
    """What classifies the products of one workspace."""

    indexes: Indexes
    tables: TableStore
    views: ViewStore
    encoders: IndexEncoders
    photos: SearchPhotos
    scales: ScaleStore

    def classify(self, request: ClassifyRequest) -> Classification:
        """See `Understanding.classify`."""
        request.check()
        products, encoder = self._opened(request)
        judge, source = self._classifier(request, products, encoder)
        if request.image is not None:
            photo = self._photo(encoder, request.image)
        else:
            _, stored = stored_vector(products.spec, products.version, request.product)
            photo = stored[None, :]
        cosines = judge.cosines(photo)
        chances = judge.probabilities(photo, cosines)[0]
        order = np.argsort(-chances, kind="stable")[: request.k]
        scored = tuple(
            Scored(
                judge.labels[i].name,
                float(chances[i]),
                float(cosines[0, i]),
                bool(chances[i] >= request.least and (request.multi_label or i == order[0])),
            )
            for i in order
        )
        return Classification(
            scored, encoder.name, request.multi_label, judge.scales, source, encoder.note
        )

    def tag(self, request: TagRequest) -> TagReport:
        """See `Understanding.tag_products`."""
        request.check()
        products, encoder = self._opened(request)
        judge, source = self._classifier(request, products, encoder)
        return tag_table(self.tables, self.views, products, judge, request, encoder, source)

    def calibrate(self, request: CalibrationRequest) -> CalibrationReport:
        """See `Understanding.calibrate`."""
        request.check()
        products = IndexedProducts.open(self.indexes, self.tables, request.index)
        encoder = self.encoders.of(products.spec, products.version, request.encoder)
        column = products.attribute(request.attribute)
        before, source = self.scales.of(encoder, column, products.role_of(column))
        report = calibrated(products, encoder, request, before, source)
        if request.keep:
            self.scales.keep(encoder, column, report.scales)
        return report

    def _opened(self, request: LabelChoice) -> tuple[IndexedProducts, Encoder]:
        products = IndexedProducts.open(self.indexes, self.tables, request.index)
        return products, self.encoders.of(products.spec, products.version, request.encoder)

    def _classifier(
        self, request: LabelChoice, products: IndexedProducts, encoder: Encoder
    ) -> tuple[Classifier, str]:
        """The classifier of a request, and where its probabilities' scale is from."""
        column = None if request.attribute is None else products.attribute(request.attribute)
        labels = _labels(request, products, column)
        check_texts(labels, request.templates)
        role = None if column is None else products.role_of(column)
        scales, source = self.scales.of(encoder, column, role)
        encode, model = encoder.encode_texts, encoder.fingerprint
        judge = Classifier.of(labels, request.templates, encode, scales, request.multi_label, model)
        return judge, source

    def _photo(self, encoder: Encoder, image: ImageInput) -> Matrix:
        if isinstance(encoder, TextsOnly):
            raise encoder.no_photos()
        given = self.photos.given(image)
        assert given is not None
        return encoder.encode_images([given])


def _labels(
    request: LabelChoice, products: IndexedProducts, column: str | None
) -> tuple[Label, ...]:
    if column is None:
        given = request.labels
        if isinstance(given, Path):
            return read_labels(given)
        return labels_of(STYLES if given is None else given)
    names = products.groups(column).names
    if not names:
        raise InvalidState(
            f"No product of index {products.spec.name} has a value in {column}; name another attribute."
        )
    if len(names) > MOST_LABELS:
        raise InvalidInputException(
            f"{column} has {len(names):,} values; expected one of at most {MOST_LABELS:,}, such as a "
            "category or a colour."
        )
    return attribute_labels(names)
