"""The rows of the products table, in memory: by key, by filter, in an order, counted.

Knows one state of the table; not when it changes. The same filters, facets and orders as an index's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import Rows
from engine.core.filters.tree import Node
from engine.core.query_request import parse_filters
from engine.core.ranking.facets import Facet, count_facet, parse_facets
from engine.core.ranking.sorting import SortColumn
from engine.core.rows import RowSet
from engine.core.schema import Column
from engine.core.types import column_of, stored_field
from engine.core.values import integer_of
from engine.errors import InvalidState, NotFound
from engine.service.sync.stored_columns import stored
from engine.shop.browsing.near_keys import near_keys
from engine.shop.browsing.row_texts import RowTexts
from engine.shop.catalogue.catalogue import Catalogue
from engine.store.indexes.mask_cache import MaskCache
from engine.store.segments.keys import KeyIndex
from engine.store.segments.metadata import RowTable

Facets = dict[str, list[tuple[Any, int]]]  # column -> (value or range, products), most first


class ProductRows:
    """The products, one row each, in the table's order. Safe to use from many threads.

    Attributes:
        name: of the table. catalogue: what its columns mean.
        columns: by name, as filters, facets and orders know them.
    """

    def __init__(self, name: str, table: pa.Table, catalogue: Catalogue) -> None:
        """
        Raises:
            InvalidState: the table has no column of keys, or a value that can't be kept.
        """
        self.name, self.catalogue = name, catalogue
        if catalogue.key not in table.column_names:
            raise InvalidState(
                f"Table {name} has no column {catalogue.key!r}, which tells its products apart. "
                f"Columns: {', '.join(table.column_names)}."
            )
        table = _kept(table, catalogue.key)
        self.columns: Mapping[str, Column] = {f.name: column_of(f) for f in table.schema}
        keys = table.column(catalogue.key).combine_chunks()
        self._keys = KeyIndex(keys)
        self._has_text_keys = self.columns[catalogue.key].kind == "string"
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="none", write_page_checksum=True)
        self._table = RowTable(sink.getvalue())
        self._masks = MaskCache()
        self._places: dict[str, tuple[list[Any], Rows]] = {}

    def __len__(self) -> int:
        return self._table.rows

    def row_of(self, key: object) -> int:
        """The row of a product.

        An integer key may come as text, as numpy's integer, or as the float that the API's replies hold.

        Raises:
            NotFound: no such product.
        """
        row = self.rows_of([key])[0]
        if row < 0:
            raise NotFound(f"Product {key!r:.80} is not in table {self.name}.")
        return int(row)

    def product(self, key: object) -> dict[str, Any]:
        """A product, with all columns. Raises NotFound: no such product."""
        return self.take(np.array([self.row_of(key)]))[0]

    def rows_of(self, keys: Sequence[object]) -> Rows:
        """The row of each key, -1 where there is none: (len(keys),) int64."""
        return self._keys.find([self._stored_key(key) for key in keys])

    def near_keys(self, key: object, count: int) -> list[Any]:
        """Keys that may have been meant; see `near_keys`."""
        return near_keys(str(key), self._distinct(self.catalogue.key)[0], count)

    def take(self, rows: Rows) -> list[dict[str, Any]]:
        """Some rows, each as a dict of all columns."""
        names = list(self.columns)
        values = self._table.take_all(names, rows)
        return [dict(zip(names, row)) for row in zip(*values)]

    def values(self, column: str, rows: Rows) -> list[Any]:
        """One column's values of some rows."""
        return self._table.take(column, rows)

    def matching(self, filters: object) -> Rows:
        """The rows that match a filter, ascending; all of them for none.

        Raises:
            BadRequest, InvalidParameterValue: no filter of these columns; says where.
        """
        condition = parse_filters(filters, None, self.columns)
        if condition is None:
            return np.arange(len(self), dtype=np.int64)
        return self._matching(condition).rows()

    def _matching(self, condition: Node) -> RowSet:
        def evaluated() -> RowSet:
            return RowSet.of_mask(self._table.mask(condition))

        return self._masks.get(condition, evaluated)[0]

    def ordered(self, rows: Rows, clauses: Sequence[SortColumn]) -> Rows:
        """Rows in the order of the clauses, nulls last; equal ones, and all without a clause, by key."""
        keys = [self._distinct(self.catalogue.key)[1][rows]]
        for clause in reversed(clauses):
            ranks = self._distinct(clause.column)[1][rows]
            known = ranks >= 0
            ranks = np.where(known, -ranks if clause.descending else ranks, np.iinfo(np.int64).max)
            keys.append(ranks)
        return rows[np.lexsort(keys)]

    def facets(self, facets: object, rows: Rows) -> Facets:
        """Counts of some rows by column; see `QueryRequest` for the form of `facets`.

        Raises:
            BadRequest, InvalidParameterValue: as `parse_facets`.
        """
        out: Facets = {}
        for facet in parse_facets(facets, self.columns):
            out[facet.column] = self._counted(facet, rows)
        return out

    def _counted(self, facet: Facet, rows: Rows) -> list[tuple[Any, int]]:
        """`count_facet` of some rows; of single values by the place of each among the distinct ones."""
        if self.columns[facet.column].is_array or facet.buckets:
            counted = count_facet(facet, self.values(facet.column, rows))
            return [(value, count) for _, value, count in counted]
        values, places = self._distinct(facet.column)
        own = places[rows]
        counts = np.bincount(own[own >= 0], minlength=len(values))
        order = np.argsort(-counts, kind="stable")[: facet.top].tolist()
        return [(values[place], int(counts[place])) for place in order if counts[place]]

    def numbers(self, column: str) -> npt.NDArray[np.float64]:
        """A column of numbers, one for each row: (n,), NaN for none."""
        values, places = self._distinct(column)
        known = np.array([*map(float, values), np.nan])  # place -1 is the last
        return known[places]

    @cached_property
    def words(self) -> RowTexts:
        """What a search by keywords looks in, a line for each column."""
        every = np.arange(len(self), dtype=np.int64)
        known = [name for name in self.catalogue.words if name in self.columns]
        columns = [self.values(name, every) for name in known]
        joined = ["\n".join([str(v) for v in row if v is not None]) for row in zip(*columns)]
        return RowTexts(joined or [""] * len(self))

    def _distinct(self, column: str) -> tuple[list[Any], Rows]:
        """A column's distinct values, ascending, and the place of each row's among them, -1 for null."""
        found = self._places.get(column)
        if found is None:
            values = self.values(column, np.arange(len(self), dtype=np.int64))
            known = sorted({value for value in values if value is not None and value == value})
            place_of = {value: place for place, value in enumerate(known)}
            places = np.array([place_of.get(value, -1) for value in values], dtype=np.int64)
            found = self._places.setdefault(column, (known, places))
        return found

    def _stored_key(self, key: object) -> object:
        if isinstance(key, np.generic):
            key = key.item()
        if self._has_text_keys:
            return key
        if isinstance(key, float) and key.is_integer():
            return int(key)
        if isinstance(key, str):
            with contextlib.suppress(ValueError):
                return integer_of(key)
        return key


def _kept(table: pa.Table, key: str) -> pa.Table:
    """The rows that have a key, the first of each, in the types of an index; no column of vectors."""
    fields = [stored_field(field) for field in table.schema]
    fields = [field for field in fields if not _is_vectors(field.type)]
    columns = [stored(table.column(f.name).combine_chunks(), f.type, f.name) for f in fields]
    whole = pa.table(columns, schema=pa.schema(fields))
    seen: set[object] = {None}
    first = []
    for value in whole.column(key).to_pylist():
        first.append(value not in seen)
        seen.add(value)
    return whole if all(first) else whole.filter(pa.array(first))


def _is_vectors(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_floating(kind.value_type))
