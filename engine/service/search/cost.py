"""What a query will cost: how long it takes and how large its reply gets, estimated before it is run.

Knows sizes and measured times; not replies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.filters.dict_form import parse_dict
from engine.core.schema import IndexSpec
from engine.service.search.planner import CODES_NS, SCAN_NS
from engine.store.indexes.versions import Part, Version

# Measured on two cores, as the planner's costs are.
_FIXED_MS = 0.4  # arguments, vector, token
_PART_MS = 0.1  # each segment
_RESULT_MS = 0.005  # each row that is ranked, and for each of its numbers:
_RESULT_NUMBER_MS = 12e-6
_VALUE_MS = 0.4e-3  # each value of the reply
_VECTOR_NUMBER_MS = 150e-6  # each number of a vector column, as JSON
_TEXT_BYTE_MS = 10e-6
# A first pass may be given up for an exact scan; a query whose scan takes longer is no quick one.
_GIVEN_UP_MS = 30.0
_NUMBER_BYTES, _VALUE_BYTES = 13, 40  # as JSON
_UNPACKED = 4  # rows are stored compressed


@dataclass(frozen=True)
class Cost:
    """What one request costs.

    Attributes:
        ms: of one thread; infinite where it can't be estimated.
        reply_bytes: of its reply as JSON, roughly.
    """

    ms: float
    reply_bytes: int


REFUSED = Cost(0.0, 0)  # of a request that will be refused


def reply_bytes(spec: IndexSpec, version: Version | None, columns: Sequence[str], rows: int) -> int:
    """Roughly the size of so many rows with these columns."""
    row = _VALUE_BYTES * (len(columns) + 1)
    if spec.vector_column in columns:
        row += _NUMBER_BYTES * spec.dimension
    return int(rows * (row + _stored_bytes(version)))


def _stored_bytes(version: Version | None) -> float:
    """Bytes of one row without its vector, on average; of the segment whose rows are the longest."""
    parts = version.parts if version is not None else ()
    return max((_UNPACKED * part.segment.row_bytes for part in parts), default=0.0)


def query_cost(
    spec: IndexSpec,
    version: Version | None,
    columns: Sequence[str],
    num_results: int,
    page_rows: int,
    filters: object,
) -> Cost:
    """The cost of a query by vector that asks for nothing beside rows.

    Args:
        version: the published one; None where it may not be open yet.
        page_rows: the most rows of the reply.

    Raises:
        BadRequest: `filters` is no filter of this index.
    """
    rows = min(num_results, page_rows, version.rows if version is not None else num_results)
    size = reply_bytes(spec, version, columns, rows)
    if version is None or not all(_is_ready(part, spec, columns) for part in version.parts):
        return Cost(math.inf, size)
    condition = parse_dict(filters, version.columns)
    if condition is not None:
        cached = [version.masks.holds((part.segment.id, "", condition)) for part in version.parts]
        if not all(cached):  # a database reads every row
            return Cost(math.inf, size)
    ms = _FIXED_MS + sum(_search_ms(part, spec.dimension) for part in version.parts)
    ms += num_results * (_RESULT_MS + _RESULT_NUMBER_MS * spec.dimension)
    ms += rows * len(columns) * _VALUE_MS + rows * _stored_bytes(version) * _TEXT_BYTE_MS
    if spec.vector_column in columns:
        ms += rows * spec.dimension * _VECTOR_NUMBER_MS
    return Cost(ms, size)


def _is_ready(part: Part, spec: IndexSpec, columns: Sequence[str]) -> bool:
    """Whether these columns were asked for before, so that files and indexes are open."""
    return part.segment.has_fetched(columns)


def _search_ms(part: Part, dimension: int) -> float:
    numbers = part.segment.rows * dimension
    scan = numbers * SCAN_NS / 1e6
    if scan > _GIVEN_UP_MS:
        return math.inf
    if part.segment.ann is None:
        return _PART_MS + scan
    return _PART_MS + numbers * CODES_NS / 1e6
