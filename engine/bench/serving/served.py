"""What is served and what is asked: an index's rows, and queries drawn from them by a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.core.arrays import Matrix
from engine.core.schema import IndexSpec
from engine.errors import InvalidParameterValue
from engine.shop.names import IMAGE_INDEX
from engine.store.indexes.versions import Version
from engine.workspace import Workspace

TextRoute = Literal["index", "shop"]
Kind = Literal["health", "vector", "filtered", "text", "keyword"]
KINDS: tuple[Kind, ...] = get_args(Kind)
JUDGED: tuple[Kind, ...] = ("vector", "filtered", "text")  # whose answers exact numpy can tell
QUERIES, JUDGED_QUERIES = 500, 64
NOISE = 0.3  # length of what is added to a row's vector of length 1 to make a query of it
FILTER_SHARE = 0.1  # of the rows, which a filter of one value comes nearest to


@dataclass(frozen=True)
class Asked:
    """What is asked.

    Attributes:
        vectors: (q, d) float32. filters: a column and its value.
        texts: to be encoded; text_vectors: those of the first of them, (at most 64, d), or None where
            they aren't known here.
        words: to be found as they stand.
    """

    vectors: Matrix
    filters: Mapping[str, object]
    texts: Sequence[str] = ()
    text_vectors: Matrix | None = None
    words: Sequence[str] = ()


@dataclass(frozen=True)
class Rows:
    """Rows that are served, the same to all: columns without the vector, and (n, d) float32 vectors."""

    table: pa.Table
    vectors: Matrix


@dataclass(frozen=True)
class Served:
    """An index and what it is asked.

    Attributes:
        index: full name. key: its primary key. columns: what is returned of each row.
        text_route: how texts are asked for: `index`, which encodes them itself; `shop`, whose search
            does; None where no way is known.
        workspace: where it lies; None for an index that is only known by its address. encoder: its name
            for the workspace's model.
        rows: None likewise.
    """

    index: str
    key: str
    columns: tuple[str, ...]
    asked: Asked
    k: int = 10
    text_route: TextRoute | None = None
    workspace: Path | None = None
    encoder: str | None = None
    rows: Rows | None = None

    @property
    def size(self) -> int | None:
        return None if self.rows is None else len(self.rows.table)


def served_index(
    workspace: Workspace,
    index: str,
    *,
    k: int = 10,
    filters: Mapping[str, object] | None = None,
    seed: int = 0,
    queries: int = QUERIES,
) -> Served:
    """An index of a workspace as it stands, with queries.

    Vectors are those of rows with noise beside them; texts are values of the column of texts with the
    most different ones, words are two of such a value; the filter is one value that comes nearest to a
    tenth of the rows, where none is given.

    Raises InvalidParameterValue: it has no vectors, or no rows.
    """
    spec, _, version = workspace.version_of(index)
    if not spec.has_vectors:
        raise InvalidParameterValue(f"index {spec.name} has no vectors; this asks for nearest ones")
    rows = _rows(version)
    if rows is None:
        raise InvalidParameterValue(f"index {spec.name} has no rows")
    route: TextRoute | None = None
    if spec.text_endpoint:
        route = "index"
    elif spec.name == IMAGE_INDEX:
        route = "shop"
    return Served(
        spec.name,
        spec.primary_key,
        tuple(rows.table.column_names),
        _asked(workspace, spec, rows, filters, seed, queries),
        k,
        route,
        workspace.path,
        workspace.settings.encoder,
        rows,
    )


def _rows(version: Version) -> Rows | None:
    """All live rows, in the order of the segments; None for none."""
    parts = [
        (table, np.asarray(vectors))
        for part in version.parts
        for table, vectors in part.segment.batches(part.live_row_numbers())
    ]
    if not parts:
        return None
    columns = [name for name in version.columns if name in parts[0][0].column_names]
    return Rows(
        pa.concat_tables([table.select(columns) for table, _ in parts]),
        np.concatenate([vectors for _, vectors in parts]),
    )


def _asked(
    workspace: Workspace,
    spec: IndexSpec,
    rows: Rows,
    filters: Mapping[str, object] | None,
    seed: int,
    queries: int,
) -> Asked:
    rng = np.random.default_rng(seed)
    vectors = rows.vectors[rng.integers(len(rows.vectors), size=queries)]
    noise = rng.standard_normal(vectors.shape)
    noise *= NOISE * np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors = (vectors + noise / vectors.shape[1] ** 0.5).round(6).astype(np.float32)
    texts, words = _texts(rows.table, spec.primary_key, rng, queries)
    known: Matrix | None = None
    if texts and spec.text_endpoint:
        some = [
            workspace.serving.encode_text(spec.text_endpoint, t) for t in texts[:JUDGED_QUERIES]
        ]
        known = np.stack(some)
    elif texts and spec.name == IMAGE_INDEX:
        known = workspace.encoder().encode_texts(texts[:JUDGED_QUERIES])
    chosen = filters or usual_filter(rows.table, spec.primary_key)
    return Asked(vectors, chosen, texts, known, words)


def usual_filter(table: pa.Table, key: str) -> dict[str, object]:
    """The text column and the value that come nearest to a tenth of all rows; {} without such."""
    best: dict[str, object] = {}
    nearest = np.inf
    for name in _text_columns(table, key):
        for count in pc.value_counts(table[name].combine_chunks()):
            value = count["values"].as_py()
            distance = abs(np.log(count["counts"].as_py() / len(table) / FILTER_SHARE))
            if value is not None and distance < nearest:
                best, nearest = {name: value}, distance
    return best


def matching(table: pa.Table, filters: Mapping[str, object]) -> np.ndarray:
    """(n,) bool: the rows that have the filter's values."""
    mask = np.ones(len(table), dtype=bool)
    for name, value in filters.items():
        if name not in table.column_names:
            raise InvalidParameterValue(
                f"filter names column {name!r}; expected one of {table.column_names}, with its value"
            )
        equal = pc.equal(table[name], pa.scalar(value, table.schema.field(name).type))
        mask &= np.asarray(pc.fill_null(equal, False))
    return mask


def _text_columns(table: pa.Table, key: str) -> list[str]:
    return [f.name for f in table.schema if pa.types.is_string(f.type) and f.name != key]


def _texts(
    table: pa.Table, key: str, rng: np.random.Generator, queries: int
) -> tuple[list[str], list[str]]:
    columns = [name for name in _text_columns(table, key) if " " in _longest(table, name)]
    if not columns:
        return [], []
    name = max(columns, key=lambda one: (pc.count_distinct(table[one]).as_py(), one))
    values = [v for v in table[name].unique().to_pylist() if v and v.strip()]
    drawn = [values[place] for place in rng.permutation(len(values))[: 2 * queries]]
    half = (len(drawn) + 1) // 2
    return drawn[:half], [" ".join(text.split()[-2:]) for text in drawn[half:] or drawn]


def _longest(table: pa.Table, name: str) -> str:
    values = [value for value in table[name].slice(0, 1000).to_pylist() if value]
    return max(values, key=len, default="")
