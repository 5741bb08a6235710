"""The texts of one segment: which rows hold a query's tokens, and their exact scores.

Knows one segment's rows and what of them is deleted; not versions, filters or ranking.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import Rows
from engine.core.ranking.bm25 import Counts, Scores, Term, gains
from engine.core.rows import RowSet
from engine.core.schema import IndexSpec
from engine.store.segments.columns import number_array, taker, valid_mask
from engine.store.segments.inverted_index import InvertedIndex, tokens
from engine.store.segments.metadata import RowTable
from engine.threads import ThreadLock

_BATCH = 16_384  # rows whose texts are held as Python objects at a time
_COUNTS = 1 << 20  # tokens x rows that are scored at a time
_FEW_VALUES = 4096  # different texts of a column that are tokenised once and kept
_ASKED_ROWS = 512  # rows from which the index is asked which of them hold a term at all
_ASKED_SHARE = 4  # and only where at most this part of them can


@dataclass(frozen=True)
class Held:
    """Texts of one column, counted.

    Attributes:
        length: tokens of all texts. holding: texts that hold a token, by token.
    """

    length: int
    holding: Counter[str]


_NOTHING = Held(0, Counter())


def text_columns(schema: pa.Schema, spec: IndexSpec) -> list[str]:
    """The columns of a segment whose words can be searched, in its order."""
    return [f.name for f in schema if pa.types.is_string(f.type) and f.name in spec.columns]


def write_keywords(rows_file: Path, columns: Sequence[str], folder: Path) -> list[int]:
    """Write a keyword index of some columns of a Parquet file to an existing folder.

    Returns:
        for each column how many tokens it has.
    """

    def batches() -> Iterator[list[list[str | None]]]:
        # As a stream, because a segment may have more texts than memory should hold.
        with pq.ParquetFile(rows_file) as parquet:
            for batch in parquet.iter_batches(_BATCH, columns=list(columns), use_threads=False):
                rows = np.arange(len(batch))
                yield [taker(batch.column(name))(rows) for name in columns]

    return InvertedIndex.make(columns, batches(), folder)[1]


def _batches(table: RowTable, columns: Sequence[str]) -> Iterator[list[list[str | None]]]:
    for start in range(0, table.rows, _BATCH):
        rows = np.arange(start, min(start + _BATCH, table.rows))
        yield [table.take(name, rows) for name in columns]


class SegmentTexts:
    """The text columns of a segment; safe to use from many threads."""

    def __init__(
        self,
        table: RowTable,
        columns: Sequence[str],
        lengths: Sequence[int],
        opened: Callable[[], InvertedIndex | None],
    ) -> None:
        """Nothing is read before it is needed.

        Args:
            columns: see `text_columns`.
            lengths: tokens of each column where the segment has an index on disk; else empty.
            opened: opens that index; None where it can't, and one must be made in memory.
        """
        self.columns = frozenset(columns)
        self._table, self._names, self._opened = table, list(columns), opened
        self._lengths = dict(zip(columns, lengths))
        self._index: InvertedIndex | None = None
        self._few: dict[str, _FewValues | None] = {}
        self._deleted: dict[str, tuple[RowSet | None, Held]] = {}
        self._lock = ThreadLock()

    @property
    def index(self) -> InvertedIndex:
        """The keyword index, opened or made at first use.

        Raises:
            CorruptFile: one of its files was cut short.
        """
        if self._index is not None:
            return self._index
        with self._lock:
            if self._index is None:
                index = self._opened() if self._lengths else None
                if index is None:
                    batches = _batches(self._table, self._names)
                    index, lengths = InvertedIndex.make(self._names, batches)
                    self._lengths = dict(zip(self._names, lengths))
                self._index = index
            return self._index

    def check_sizes(self) -> None:
        """See `InvertedIndex.check_sizes`; before each query."""
        self.index.check_sizes()

    # ------------------------------------------------------------------ statistics of live rows
    def length(self, column: str, deleted: RowSet | None) -> int:
        """Tokens of a column in all rows but deleted ones."""
        if column not in self._lengths:
            assert self.index
        return self._lengths[column] - self._of_deleted(column, deleted).length

    def holding(self, column: str, token: str, deleted: RowSet | None) -> int:
        """Rows that hold a token in a column, without deleted ones."""
        here = self.index.holding(column, token)
        return here - self._of_deleted(column, deleted).holding[token] if here else 0

    def _of_deleted(self, column: str, deleted: RowSet | None) -> Held:
        """Texts of deleted rows, counted from the last known set of them on."""
        if deleted is None:
            return _NOTHING
        known = self._deleted.get(column, (None, _NOTHING))
        if known[0] is not deleted:
            with self._lock:
                known = self._deleted.get(column, (None, _NOTHING))
                if known[0] is not deleted:
                    known = (deleted, self._counted(column, *known, deleted))
                    self._deleted[column] = known
        return known[1]

    def _counted(self, column: str, before: RowSet | None, held: Held, now: RowSet) -> Held:
        was = np.zeros(now.total, dtype=np.bool_) if before is None else before.mask()
        length, holding = held.length, Counter(held.holding)
        for rows, sign in ((now.mask() & ~was, 1), (was & ~now.mask(), -1)):
            texts = Counter(self._table.take(column, np.flatnonzero(rows)))
            for text, times in texts.items():
                found = tokens(text) if text else ()
                length += sign * times * len(found)
                for token in set(found):
                    holding[token] += sign * times
        return Held(length, holding)

    # ------------------------------------------------------------------ rows
    def terms_here(self, terms: Sequence[Term]) -> tuple[list[Term], int]:
        """The terms that some row here holds, deleted or not; and no fewer rows than hold one."""
        counts = [self.index.holding(term.column, term.token) for term in terms]
        here = [term for term, count in zip(terms, counts) if count]
        return here, min(sum(counts), self._table.rows)

    def best(self, terms: Sequence[Term], limit: int) -> tuple[Rows, Scores]:
        """Rows that hold a term by bounds of their scores, deleted rows too; see `InvertedIndex.best`.

        Args:
            terms: some row holds each.
        """
        index, raised = self.index, []
        for term in terms:
            own = self._lengths[term.column] / self._table.rows
            raised.append(replace(term, idf=term.idf * max(1.0, term.average / own)))
        return index.best(raised, limit)

    def scores(self, terms: Sequence[Term], rows: Rows) -> Scores:
        """Exact scores of rows: (n,) float64, 0 for a row that holds no term."""
        by_column: dict[str, list[Term]] = defaultdict(list)
        for term in terms:
            by_column[term.column].append(term)
        step = max(1, _COUNTS // max(1, len(terms)))
        out = np.zeros(len(rows), dtype=np.float64)
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            for of_column in by_column.values():
                out[part] += self._column_scores(of_column, rows[part])
        return out

    def _column_scores(self, terms: Sequence[Term], rows: Rows) -> Scores:
        """What the terms of one column add, summed in their order, so that equal rows score the same."""
        few = self._few_values(terms[0].column)
        if few is not None:
            return _sum(terms, *few.counts([term.token for term in terms], rows))
        out = np.zeros(len(rows), dtype=np.float64)
        places = self._holders(terms, rows)
        out[places] = _sum(terms, *self._counts(terms, rows[places]))
        return out

    def _holders(self, terms: Sequence[Term], rows: Rows) -> Rows | slice:
        """Places of rows that may hold a term: all, unless the index says cheaply that few do."""
        if len(rows) <= _ASKED_ROWS:
            return slice(None)
        holding = sum(self.index.holding(term.column, term.token) for term in terms)
        if holding * _ASKED_SHARE > len(rows):
            return slice(None)
        holders = np.zeros(self._table.rows, dtype=np.bool_)
        if holding:
            holders[self.index.best(terms, holding)[0]] = True
        return np.flatnonzero(holders[rows])

    def _counts(self, terms: Sequence[Term], rows: Rows) -> tuple[Counts, Counts]:
        """How often each row holds each term, (len(terms), n); and the rows' lengths, (n,)."""
        place_of = {term.token: place for place, term in enumerate(terms)}
        texts = self._table.take(terms[0].column, rows)
        counts = np.zeros((len(terms), len(rows)), dtype=np.int64)
        lengths = [0] * len(rows)
        for row, text in enumerate(texts):
            if text:
                found = tokens(text)
                lengths[row] = len(found)
                for token in found:
                    if token in place_of:
                        counts[place_of[token], row] += 1
        return counts, np.array(lengths, dtype=np.int64)

    def _few_values(self, column: str) -> _FewValues | None:
        """The texts of a column that has few different ones; None for others."""
        if column not in self._few:
            values = self._table.column(column)
            is_few = pa.types.is_dictionary(values.type) and len(values.dictionary) <= _FEW_VALUES
            self._few[column] = _FewValues(values) if is_few else None
        return self._few[column]


class _FewValues:
    """A column of few different texts, each tokenised once."""

    def __init__(self, column: pa.DictionaryArray) -> None:
        self._codes = number_array(column.indices).astype(np.int32)
        valid = valid_mask(column.indices)
        if valid is not None:
            self._codes[~valid] = len(column.dictionary)  # as a last value without tokens
        found = [tokens(text) if text else () for text in column.dictionary.to_pylist()]
        self._lengths = np.array([*map(len, found), 0], dtype=np.int64)
        self._holding: dict[str, list[int]] = defaultdict(list)  # values, repeated as the token is
        for value, of_value in enumerate(found):
            for token in of_value:
                self._holding[token].append(value)

    def counts(self, wanted: Sequence[str], rows: Rows) -> tuple[Counts, Counts]:
        """How often each row holds each token, (len(wanted), n); and the rows' lengths, (n,)."""
        codes = self._codes[rows]
        counts = np.zeros((len(wanted), len(rows)), dtype=np.int64)
        for place, token in enumerate(wanted):
            values = self._holding.get(token, [])
            counts[place] = np.bincount(values, minlength=len(self._lengths))[codes]
        return counts, self._lengths[codes]


def _sum(terms: Sequence[Term], counts: Counts, lengths: Counts) -> Scores:
    out = np.zeros(len(lengths), dtype=np.float64)
    for term, count in zip(terms, counts):
        out += gains(term, count, lengths)
    return out
