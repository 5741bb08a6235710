"""Versions of an index with texts, made without a workspace; and BM25 in plain Python, the slow way."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from engine.core.filters.dict_form import parse_dict
from engine.core.query import Query
from engine.core.schema import Column, IndexSpec
from engine.service.search.hits import Timings
from engine.service.search.keyword import find_by_words, matching
from engine.store.indexes.changes import Change
from engine.store.indexes.specs import write_spec
from engine.store.indexes.versions import Version, VersionStore
from engine.store.layout import Layout

Row = Mapping[str, Any]
K1, B = 1.2, 0.75


class Texts:
    """An index of rows with an integer `id`, a number `n` and text columns; no vectors unless asked."""

    def __init__(self, folder: Path, columns: Sequence[str], dimension: int = 0) -> None:
        self.columns = tuple(columns)
        self.spec = IndexSpec(
            name="main.a.texts",
            id="1",
            endpoint_name="e",
            primary_key="id",
            source_table=None,
            vector_column="v" if dimension else "",
            dimension=dimension,
            pipeline_type=None,
            creator="",
            created_at=0,
            columns=("id", "n", *self.columns),
            index_subtype="HYBRID" if dimension else "FULL_TEXT",
        )
        self._known = {
            "id": Column("id", "int"),
            "n": Column("n", "int"),
            **{name: Column(name, "string") for name in self.columns},
        }
        layout = Layout(folder)
        write_spec(layout, self.spec)
        self.versions = VersionStore(layout, self.spec)
        self.held: dict[int, Row] = {}

    def write(self, upserts: Sequence[Row] = (), deletes: Sequence[int] = ()) -> Version:
        """A new version, with some rows written and others deleted."""
        change = Change(self.versions, self.versions.current())
        gone = [*deletes, *(row["id"] for row in upserts)]
        parts, rows = change.find(gone)
        for part, row in zip(parts.tolist(), rows.tolist()):
            if part >= 0:
                change.delete(part, np.array([row]))
        schema = pa.schema(
            [("id", pa.int64()), ("n", pa.int64()), *((name, pa.string()) for name in self.columns)]
        )
        table = pa.Table.from_pylist([dict(row) for row in upserts], schema)
        vectors = np.full((len(upserts), self.spec.dimension), 0.5, dtype=np.float32)
        change.append(table, vectors)
        for key in deletes:
            self.held.pop(key, None)
        self.held.update({row["id"]: row for row in upserts})
        change.publish({"columns": [asdict(column) for column in self._known.values()]})
        return self.current()

    def current(self) -> Version:
        """The published version."""
        version = self.versions.current()
        assert version is not None
        return version

    def query(
        self, text: str, k: int = 10, filters: Any = None, columns: Sequence[str] | None = None
    ) -> Query:
        """A FULL_TEXT query."""
        return Query(
            vector=np.empty(0, dtype=np.float32),
            columns=("id",),
            num_results=k,
            condition=parse_dict(filters, self._known) if filters else None,
            score_threshold=0.0,
            debug_level=0,
            query_type="FULL_TEXT",
            text=text,
            text_columns=self.columns if columns is None else tuple(columns),
        )

    def found(self, query: Query, version: Version | None = None) -> list[tuple[int, float]]:
        """Keys and scores, best first."""
        hits = find_by_words(version or self.current(), query, Timings())
        return [(hit.key, hit.score) for hit in hits]

    def matched(self, query: Query) -> set[int]:
        """Keys of all rows that match."""
        version = self.current()
        keys: list[int] = []
        for part, rows in zip(version.parts, matching(version, query, Timings())):
            assert rows.dtype == np.int64 and (np.diff(rows) > 0).all()
            keys += part.segment.keys_of(rows)
        assert len(keys) == len(set(keys))
        return set(keys)


def words_of(text: str | None) -> list[str]:
    """Runs of letters and digits, in lower case."""
    return re.findall(r"[^\W_]+", (text or "").lower())


def ranked(
    rows: Sequence[Row], text: str, columns: Sequence[str], wanted: Sequence[Row] | None = None
) -> list[tuple[int, float]]:
    """Every row that holds a word, best first: the oracle.

    Args:
        rows: all rows, which the statistics are of. wanted: those that match the filter; None for all.
    """
    split = {(row["id"], name): words_of(row[name]) for row in rows for name in columns}
    allowed = {row["id"] for row in (rows if wanted is None else wanted)}
    scores = {row["id"]: 0.0 for row in rows}
    for name in columns:
        of_column = dict.fromkeys(scores, 0.0)
        average = sum(len(split[row["id"], name]) for row in rows) / max(1, len(rows))
        for token in dict.fromkeys(words_of(text)):
            holding = sum(token in split[row["id"], name] for row in rows)
            weight = math.log1p((len(rows) - holding + 0.5) / (holding + 0.5))
            for row in rows:
                words = split[row["id"], name]
                tf = words.count(token)
                if tf:
                    norm = K1 * (1.0 - B + B * (len(words) / average))
                    of_column[row["id"]] += weight * (tf * (K1 + 1.0) / (tf + norm))
        for key, score in of_column.items():
            scores[key] += score
    found = [(key, score) for key, score in scores.items() if score > 0 and key in allowed]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def same(found: list[tuple[int, float]], expected: list[tuple[int, float]]) -> None:
    """The same keys in the same order, and scores alike."""
    assert [key for key, _ in found] == [key for key, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=0, atol=1e-9)
