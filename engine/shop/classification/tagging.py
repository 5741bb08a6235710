"""A whole catalogue to a table of tags, a block of products at a time. Knows Arrow; not models."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.names import ThreePartName, table_name
from engine.encode.encoder import Encoder
from engine.errors import ResourceConflict
from engine.progress import bar
from engine.shop.classification.classifier import Classifier
from engine.shop.classification.request import TagRequest
from engine.shop.classification.result import TagReport
from engine.shop.indexed.products import IndexedProducts
from engine.store.tables.table_store import TableStore
from engine.store.tables.views import ViewStore

_BLOCK = 8192  # products at a time
_NUMBERS = 4_000_000  # cosines at a time: 32 MB
_MADE_BY = "made_by"
_CLASSIFY = "classify"


def tag_table(
    tables: TableStore,
    views: ViewStore,
    products: IndexedProducts,
    judge: Classifier,
    request: TagRequest,
    encoder: Encoder,
    source: str,
) -> TagReport:
    """Write one new version of the table: a row for each product, in the order of the index.

    Raises:
        ResourceConflict: the table exists, and holds something else than tags.
    """
    name = table_name(request.to)
    _check_free(tables, views, name)
    properties = {
        _MADE_BY: _CLASSIFY,
        "index": products.spec.name,
        "encoder": encoder.name,
        "fingerprint": encoder.fingerprint,
        "multi_label": request.multi_label,
        "threshold": request.least,
    }
    schema = _schema(products)
    counts: Counter[int] = Counter()
    tagged = 0
    step = max(1, min(_BLOCK, _NUMBERS // len(judge.labels)))
    with (
        tables.writing(name, schema, properties) as writer,
        bar(total=products.count, unit="product", desc="classify") as shown,
    ):
        for keys, photos in products.blocks(step):
            batch, held = _tags(schema, keys, photos, judge, request.least, encoder.label)
            writer.write_batch(batch)
            counts.update(_counted(held))
            tagged += int(held.any(axis=1).sum())
            shown.update(len(keys))
    named = {judge.labels[i].name: n for i, n in counts.most_common()}
    return TagReport(str(name), products.count, tagged, named, encoder.name, source, encoder.note)


def _check_free(tables: TableStore, views: ViewStore, name: ThreePartName) -> None:
    others = tables.exists(name) and tables.get(name).properties.get(_MADE_BY) != _CLASSIFY
    if others or views.exists(name):
        raise ResourceConflict(
            f"Table {name} exists and was not made by a classification; it is left as it is. Name "
            "another table, or drop that one first."
        )


def _counted(held: Any) -> dict[int, int]:
    sums = held.sum(axis=0)
    return {int(i): int(sums[i]) for i in np.flatnonzero(sums)}


def _schema(products: IndexedProducts) -> pa.Schema:
    key = products.version.parts[0].segment.metadata.schema.field(products.spec.primary_key)
    return pa.schema(
        [
            key,
            ("label", pa.string()),
            ("probability", pa.float64()),
            ("cosine", pa.float64()),
            ("labels", pa.list_(pa.string())),
            ("probabilities", pa.list_(pa.float64())),
            ("embedding_model", pa.string()),
        ]
    )


def _tags(
    schema: pa.Schema,
    keys: list[Any],
    photos: Any,
    judge: Classifier,
    least: float,
    model: str,
) -> tuple[pa.RecordBatch, Any]:
    """Rows of the table, and (n, labels) which labels hold."""
    cosines = judge.cosines(photos)
    chances = judge.probabilities(photos, cosines)
    rows = np.arange(len(keys))
    best = chances.argmax(axis=1)
    held = chances >= least
    if not judge.multi_label:
        only = np.zeros_like(held)
        only[rows, best] = held[rows, best]
        held = only
    order = np.argsort(-np.where(held, chances, -1.0), axis=1, kind="stable")
    counts = held.sum(axis=1)
    first = np.arange(held.shape[1])[None, :] < counts[:, None]
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    names = pa.array([label.name for label in judge.labels], pa.string())
    label = names.take(pa.array(best, mask=counts == 0))
    columns = [
        pa.array(keys, schema.field(0).type),
        label,
        pa.array(chances[rows, best]),
        pa.array(cosines[rows, best]),
        pa.ListArray.from_arrays(offsets, names.take(pa.array(order[first]))),
        pa.ListArray.from_arrays(
            offsets, pa.array(np.take_along_axis(chances, order, axis=1)[first])
        ),
        pa.array([model] * len(keys), pa.string()),
    ]
    return pa.record_batch(
        [column.cast(kind) for column, kind in zip(columns, schema.types)], schema=schema
    ), held
