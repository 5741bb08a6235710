"""DESCRIBE DETAIL: one row of facts of a table, or of a Delta table by its folder."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa

from engine.service.catalogs.columns import checks_of

_TIME = pa.timestamp("us", tz="UTC")
_TEXTS = pa.list_(pa.string())
_DETAIL = pa.schema(
    [
        ("format", pa.string()), ("id", pa.string()), ("name", pa.string()),
        ("description", pa.string()), ("location", pa.string()), ("createdAt", _TIME),
        ("lastModified", _TIME), ("partitionColumns", _TEXTS), ("clusteringColumns", _TEXTS),
        ("numFiles", pa.int64()), ("sizeInBytes", pa.int64()),
        ("properties", pa.map_(pa.string(), pa.string())), ("minReaderVersion", pa.int32()),
        ("minWriterVersion", pa.int32()), ("tableFeatures", _TEXTS),
        ("statistics", pa.map_(pa.string(), pa.int64())), ("clusterByAuto", pa.bool_()),
    ]
)  # fmt: skip
# Properties that ask more of readers and writers: the feature, the reader's and the writer's version.
_NEEDS = {
    "delta.enableChangeDataFeed": ("changeDataFeed", 1, 4),
    "delta.columnMapping.mode": ("columnMapping", 2, 5),
    "delta.enableTypeWidening": ("typeWidening", 3, 7),
}


_FEATURE = "delta.feature."  # of properties that say a feature by its name, of writers alone


def detail(**facts: Any) -> pa.Table:
    """The row of DESCRIBE DETAIL; what isn't given is null. Times are in milliseconds."""
    times = {key: _time(facts[key]) for key in ("createdAt", "lastModified")}
    row = {"clusterByAuto": False, "statistics": {}, **facts, **times}
    return pa.Table.from_pylist([row], schema=_DETAIL)


def protocol(properties: Mapping[str, str]) -> dict[str, Any]:
    """What a Delta table of these properties asks of its readers and writers."""
    needs = [_NEEDS[key] for key, value in properties.items() if key in _NEEDS and _is_on(value)]
    if checks_of(properties):
        needs.append(("checkConstraints", 1, 3))
    said = [key.removeprefix(_FEATURE) for key in properties if key.startswith(_FEATURE)]
    needs += [(name, 1, 7) for name in said if name not in {one for one, _, _ in needs}]
    return {
        "minReaderVersion": max([1, *(reader for _, reader, _ in needs)]),
        "minWriterVersion": max([2, *(writer for _, _, writer in needs)]),
        "tableFeatures": ["appendOnly", *sorted(name for name, _, _ in needs), "invariants"],
    }


def _is_on(value: str) -> bool:
    return value.lower() not in ("false", "none", "")


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, tz=timezone.utc)
