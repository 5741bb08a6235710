"""One validated query from loose arguments. Knows the API's rules and limits; not how it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.core import filters as filter_rules
from engine.core.arrays import Vector, query_vector
from engine.core.filters import Node
from engine.core.schema import Columns, missing_columns
from engine.errors import BadRequest, InvalidParameterValue, NotSupported

DEFAULT_RESULTS = 10  # the service's default; its Python client sends 5
MAX_RESULTS = 10_000  # ANN, documented limit of the service
PAGE_ROWS = 1000  # rows in one reply, documented limit of the service
QUERY_TYPES = ("ANN", "HYBRID", "FULL_TEXT")


@dataclass(frozen=True)
class Query:
    """A checked nearest-neighbour query against one index.

    Attributes:
        vector: (d,) float32.
        columns: what to return for each row, in order; the score follows them.
        num_results: rows wanted over all pages.
        condition: the filter, or None.
        score_threshold: rows whose API score is lower are left out.
        debug_level: 1 and more adds timings and the plan to the reply.
        exact: no approximate first pass.
    """

    vector: Vector
    columns: tuple[str, ...]
    num_results: int
    condition: Node | None
    score_threshold: float
    debug_level: int
    exact: bool = False


def check_columns(columns: object, known: Columns) -> tuple[str, ...]:
    """The requested columns, all of them present.

    Raises:
        InvalidParameterValue: none given, not text, or one twice.
        BadRequest: some are not in the index; the service's text. `score` is not a column.
    """
    if not isinstance(columns, (list, tuple)) or not columns:
        raise InvalidParameterValue(
            f"columns is {columns!r}; expected a list of at least one column to return."
        )
    if not all(isinstance(name, str) for name in columns):
        raise InvalidParameterValue(f"columns is {columns!r}; expected a list of column names.")
    missing = [name for name in columns if name not in known]
    if missing:
        raise missing_columns(missing)
    if len(set(columns)) < len(columns):
        raise InvalidParameterValue(f"columns names a column twice: {', '.join(columns)}.")
    return tuple(columns)


def check_num_results(value: object) -> int:
    """An integer from 1 to 10,000.

    Raises:
        InvalidParameterValue: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_RESULTS:
        raise InvalidParameterValue(
            f"num_results is {value!r}; expected an integer from 1 to {MAX_RESULTS}."
        )
    return value


def check_score_threshold(value: object) -> float:
    """A number; None stands for 0, which keeps every row.

    Raises:
        InvalidParameterValue: not a number.
    """
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise InvalidParameterValue(f"score_threshold is {value!r}; expected a number.")
    return float(value)


def check_query_type(value: object) -> None:
    """Only nearest-neighbour queries (`ANN`, any letter case, or None) are answered so far.

    Raises:
        InvalidParameterValue: not a query type of the API.
        NotSupported: HYBRID and FULL_TEXT.
    """
    if value is None:
        return
    if not isinstance(value, str) or value.upper() not in QUERY_TYPES:
        raise InvalidParameterValue(
            f"query_type is {value!r}; expected one of {', '.join(QUERY_TYPES)}."
        )
    if value.upper() != "ANN":
        raise NotSupported(
            f"query_type {value!r} is not supported yet; use 'ANN' with query_vector."
        )


def build_query(
    *,
    index: str,
    dimension: int,
    known: Columns,
    columns: object,
    vector: Sequence[Any] | None,
    text: object = None,
    query_type: object = None,
    filters: object = None,
    num_results: object = DEFAULT_RESULTS,
    score_threshold: object = None,
    debug_level: object = 0,
    exact: bool = False,
) -> Query:
    """Check all arguments of a query against an index that stores self-managed vectors.

    Raises:
        BadRequest, InvalidParameterValue, NotSupported: names the argument, what was given and what
            is expected.
    """
    check_query_type(query_type)
    if vector is None or len(vector) == 0:
        given = "query_text" if text else "neither query_vector nor query_text"
        raise InvalidParameterValue(
            f"Index {index} stores self-managed vectors and has no embedding model: a query needs "
            f"query_vector, but {given} was given."
        )
    if text:
        raise InvalidParameterValue(
            "Both query_text and query_vector were given; an ANN query takes one of them."
        )
    if isinstance(filters, str):
        if filters:
            raise NotSupported(
                "SQL-string filters are not supported yet; write the filter as a dict, "
                'for example {"price <": 50}.'
            )
        filters = None
    if filters is not None and not isinstance(filters, (dict, list, tuple)):
        raise BadRequest(f"filters is {filters!r}; expected a dict or a list of dicts.")
    if isinstance(debug_level, bool) or not isinstance(debug_level, int):
        raise InvalidParameterValue(f"debug_level is {debug_level!r}; expected an integer.")
    return Query(
        vector=query_vector(vector, dimension, index),
        columns=check_columns(columns, known),
        num_results=check_num_results(num_results),
        condition=filter_rules.parse_dict(filters, known),
        score_threshold=check_score_threshold(score_threshold),
        debug_level=debug_level,
        exact=exact,
    )
