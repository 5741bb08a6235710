"""The tantivy wall: the inverted index, from tokens to rows that hold them. The only file with tantivy.

An index of one segment's text columns, on disk or in memory. It lists rows by bounds of their scores,
because it keeps lengths of texts roughly, and counts deleted rows as well; `texts` re-scores them
exactly. Tokens are what lies between characters that are neither letters nor digits, in lower case.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.core.arrays import Rows
from engine.core.ranking.bm25 import MOST_GAIN, Scores, Term
from engine.errors import CorruptFile

if TYPE_CHECKING:
    import tantivy

_TOKENIZER = "words"
_ROW = "row"
_TOKEN_BYTES = 65_530  # tantivy drops longer ones; dropped before, so that no count knows them
_SHORT = 100  # characters of a text whose tokens are remembered
_REMEMBERED = 1 << 14
_HEAP = 1 << 29  # bytes while an index is made; beyond them it comes in several parts
_ROUNDING = 1e-4  # tantivy's scores are float32
_Texts = Sequence[Sequence[str | None]]


def tokens(text: str) -> Sequence[str]:
    """The tokens of a text in their order, repeated ones too."""
    return _short(text) if len(text) <= _SHORT else _analyzer().analyze(text)


@lru_cache(maxsize=_REMEMBERED)
def _short(text: str) -> tuple[str, ...]:
    return tuple(_analyzer().analyze(text))


@lru_cache(maxsize=1)
def _analyzer() -> tantivy.TextAnalyzer:
    from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.lowercase())
    return builder.filter(Filter.remove_long(_TOKEN_BYTES + 1)).build()


class InvertedIndex:
    """Rows of a segment by the tokens of its text columns; safe to use from many threads."""

    def __init__(
        self, index: tantivy.Index, columns: Sequence[str], sizes: Mapping[Path, int]
    ) -> None:
        """Use `make` or `open`."""
        self._schema, self._sizes = index.schema, sizes
        self._searcher = index.searcher()
        self._fields = {name: f"c{place}" for place, name in enumerate(columns)}
        self._is_one = self._searcher.num_segments == 1
        self.rows: int = self._searcher.num_docs

    @staticmethod
    def make(
        columns: Sequence[str], batches: Iterable[_Texts], folder: Path | None = None
    ) -> tuple[InvertedIndex, list[int]]:
        """Index texts, and count each column's tokens.

        Args:
            batches: some rows at a time, a list of texts for each column.
            folder: an existing one, to write to; None to make the index in memory.

        Raises:
            OSError: the system refused a write.
        """
        try:
            return InvertedIndex._make(columns, batches, folder)
        except ValueError as error:  # tantivy's only one
            code = errno.ENOSPC if f"os error {errno.ENOSPC}" in str(error) else errno.EIO
            raise OSError(code, f"a keyword index was not written ({error})", folder) from None

    @staticmethod
    def _make(
        columns: Sequence[str], batches: Iterable[_Texts], folder: Path | None
    ) -> tuple[InvertedIndex, list[int]]:
        import tantivy

        builder = tantivy.SchemaBuilder()
        fields = [f"c{place}" for place in range(len(columns))]
        for field in fields:
            builder.add_text_field(field, tokenizer_name=_TOKENIZER, index_option="freq")
        schema = builder.add_unsigned_field(_ROW, fast=True).build()
        index = tantivy.Index(schema, path=None if folder is None else str(folder))
        index.register_tokenizer(_TOKENIZER, _analyzer())
        counts = [0] * len(columns)
        writer = index.writer(_HEAP, num_threads=1)  # with one thread rows keep their order
        row = 0
        for batch in batches:
            for place, texts in enumerate(batch):
                counts[place] += sum(len(tokens(text)) for text in texts if text)
            for values in zip(*batch):
                document = tantivy.Document(**{f: v for f, v in zip(fields, values) if v})
                document.add_unsigned(_ROW, row)
                writer.add_document(document)
                row += 1
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        made = InvertedIndex(index, columns, {})
        _remove_locks(folder)
        return made, counts

    @staticmethod
    def open(
        folder: Path, columns: Sequence[str], rows: int, sizes: Mapping[Path, int]
    ) -> InvertedIndex | None:
        """Open what `make` wrote; None where it is gone, or of another release.

        Args:
            sizes: bytes of each of its files.

        Raises:
            CorruptFile: a file was cut short.
        """
        import tantivy

        _check_sizes(sizes)
        try:
            index = tantivy.Index.open(str(folder))
            index.register_tokenizer(_TOKENIZER, _analyzer())
            opened = InvertedIndex(index, columns, sizes)
        except (ValueError, OSError):
            return None
        except BaseException as error:
            if _is_panic(error):
                return None
            raise
        finally:
            _remove_locks(folder)
        return opened if opened.rows == rows else None

    def check_sizes(self) -> None:
        """Make sure that the mapped files are whole: reading beyond their end ends the process.

        Raises:
            CorruptFile: one was cut short.
        """
        _check_sizes(self._sizes)

    def holding(self, column: str, token: str) -> int:
        """How many rows hold a token in a column, deleted ones too."""
        with self._naming_damage():
            return self._searcher.doc_freq(self._fields[column], token)

    def best(self, terms: Sequence[Term], limit: int) -> tuple[Rows, Scores]:
        """Rows that hold at least one of some terms, by bounds of their scores, greatest first.

        Args:
            terms: with an `idf` that was raised where the index's own average length is less than
                `average`, because that makes tantivy's scores too small. Each is held by some row.
            limit: at least 1. No row that is left out has a greater bound than the last one listed.

        Returns:
            (n,) rows and (n,) float64 that their scores can't exceed; n < limit where there are no more.
        """
        query, factor, missing = self._query(terms)
        with self._naming_damage():
            # Counting is not wanted: it keeps tantivy from skipping rows that can't be listed. In
            # several parts it skips too many, because bounds were made for each part alone.
            found = self._searcher.search(query, limit, count=not self._is_one).hits
            places = [place for _, place in found]
            # Where the field is damaged it has rows that don't exist, and None.
            of_places = self._searcher.fast_field_values(_ROW, places) if places else []
            rows = np.array(of_places, dtype=np.int64)
            if rows.size and rows.max() >= self.rows:
                raise ValueError(f"it has a row {rows.max()} of {self.rows}")
        scores = np.array([score for score, _ in found], dtype=np.float64)
        return rows, scores * factor + missing

    def _query(self, terms: Sequence[Term]) -> tuple[tantivy.Query, float, float]:
        """A query, and by which factor and sum its scores become bounds."""
        from tantivy import Occur, Query

        parts, missing = [], 0.0
        for term in terms:
            field = self._fields[term.column]
            one = Query.term_query(self._schema, field, term.token, "freq")
            own = _own_idf(self.rows, self.holding(term.column, term.token))
            if own > 0:
                one = Query.boost_query(one, term.idf / own)
            else:
                missing += MOST_GAIN * term.idf
            parts.append((Occur.Should, one))
        return Query.boolean_query(parts), 1.0 + _ROUNDING + len(parts) * 2.0**-22, missing

    @contextlib.contextmanager
    def _naming_damage(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            if not isinstance(error, (ValueError, TypeError)) and not _is_panic(error):
                raise
            where = next(iter(self._sizes), Path("an index in memory")).parent
            raise CorruptFile(f"{where} is damaged ({error}). Sync the index again.") from None


def _own_idf(rows: int, holding: int) -> float:
    """A token's idf as tantivy computes it, in float32: 0 where nearly all of many rows hold it."""
    half = np.float32(0.5)
    ratio = (np.float32(rows - holding) + half) / (np.float32(holding) + half)
    return float(np.log(np.float32(1) + ratio))


def _is_panic(error: BaseException) -> bool:
    # What tantivy didn't expect of its files; the class can't be imported, and is no Exception.
    return type(error).__name__ == "PanicException"


def _remove_locks(folder: Path | None) -> None:
    """Nobody writes to a finished index, so that its lock files lock nothing."""
    for lock in folder.glob(".tantivy-*.lock") if folder is not None else ():
        with contextlib.suppress(OSError):
            lock.unlink()


def _check_sizes(sizes: Mapping[Path, int]) -> None:
    for file, expected in sizes.items():
        try:
            size = os.stat(file).st_size  # noqa: PTH116  (a third of what Path.stat takes)
        except FileNotFoundError:
            continue  # collected; what is open stays readable
        if size != expected:
            raise CorruptFile(
                f"{file} has {size} bytes, expected {expected}. Sync the index again."
            )
