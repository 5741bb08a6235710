"""The query of the mirrored client: its arguments, and the request that they stand for.

Knows how the package's client sends what it is given; not how a query is answered.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from engine.core import query
from engine.core.query_request import QueryRequest
from engine.core.values import FarTime, any_time, listed, shown
from engine.errors import InvalidInputException

_LONG = 2**63  # Python writes no integer of thousands of digits
DEFAULT_RESULTS = 5  # what this client sends when num_results is not given


@dataclass(frozen=True)
class SimilaritySearch:
    """What `similarity_search` takes.

    Attributes:
        columns: to return, in order; the score, higher is better, follows them.
        query_text: words to look for, or to encode where the index has an embedding model.
        query_vector: as many numbers as the index's dimension.
        filters: `{"price <": 50}`, a list of such dicts, or text: `"price < 50"`.
        num_results: 1 to 10,000; 1 to 200 for HYBRID and FULL_TEXT; None for the service's own 10.
        score_threshold: leaves out rows with a lower score.
        debug_level: 1 adds `debug_info`: timings (ms) and the plan.
        query_type: ANN (default), HYBRID or FULL_TEXT, in any letter case.
        columns_to_rerank: the older form of `reranker`, which means the base model.
        reranker: a `DatabricksReranker`, or what names its columns in the same way.
        query_columns: text columns whose words count; None for all.
        sort_columns: `"price DESC"`, ...: the order of the rows that were found; of FULL_TEXT, of all
            that match.
        facets: `"col"`, `"col TOP n"` or `"col BUCKETS [[from,to],...]"`.
        disable_notice, _query_experiment_config, _query_source: taken and not needed.
        total_retries, backoff_factor, backoff_jitter: see `retries.with_retries`.
    """

    columns: list[str]
    query_text: str | None = None
    query_vector: list[float] | None = None
    filters: dict[str, Any] | list[dict[str, Any]] | str | None = None
    num_results: int | None = DEFAULT_RESULTS
    debug_level: int | None = 0
    score_threshold: float | None = None
    query_type: str | None = None
    columns_to_rerank: list[str] | None = None
    disable_notice: bool = False
    reranker: object = None
    total_retries: int = 3
    backoff_factor: float = 1
    backoff_jitter: float = 0.2
    _: KW_ONLY
    query_columns: list[str] | None = None
    sort_columns: list[str] | None = None
    facets: list[str] | None = None
    _query_experiment_config: object = None
    _query_source: object = None

    @property
    def retries(self) -> tuple[int, float, float]:
        """The last arguments of `retries.with_retries`."""
        return self.total_retries, self.backoff_factor, self.backoff_jitter

    def request(self, index_name: str, index_id: Callable[[], str]) -> QueryRequest:
        """The query of an index that is asked for.

        Args:
            index_id: asked only where the default name of a reranker's endpoint is needed.

        Raises:
            ValueError: both `columns_to_rerank` and `reranker`; the package's text.
            InvalidInputException: a vector, filters or a reranker that can't be sent.
        """
        columns_to_rerank = listed(self.columns_to_rerank)
        if columns_to_rerank and self.reranker:
            raise ValueError(
                "The arguments `columns_to_rerank` and `reranker` cannot both be provided."
            )
        _check_vector(self.query_vector)
        return QueryRequest(
            index_name,
            columns=self.columns,
            query_vector=self.query_vector or None,
            query_text=listed(self.query_text) or None,
            filters=_filters_as_sent(self.filters),
            num_results=_or(self.num_results, query.DEFAULT_RESULTS),
            score_threshold=listed(self.score_threshold) or None,
            query_type=listed(self.query_type) or None,
            debug_level=_or(self.debug_level, 0),
            query_columns=listed(self.query_columns) or None,
            sort_columns=listed(self.sort_columns) or None,
            facets=listed(self.facets) or None,
            reranker=_reranker_as_sent(self.reranker, columns_to_rerank, index_name, index_id),
        )


def _or(given: int | None, default: int) -> int:
    """What was given; what the service takes where the package sends null."""
    return default if given is None else given


def _check_vector(vector: object) -> None:
    if vector is not None and not isinstance(vector, (list, tuple)):
        raise InvalidInputException(
            f"query_vector is a {type(vector).__name__}; expected a list of numbers, for example "
            "vector.tolist()."
        )


def _reranker_as_sent(
    reranker: object, columns_to_rerank: object, index_name: str, index_id: Callable[[], str]
) -> dict[str, Any] | None:
    """A reranker in the form in which the package's client sends it."""
    if reranker is None and not columns_to_rerank:
        return None
    from engine.doors.client.reranker import as_sent

    return as_sent(reranker, columns_to_rerank, index_name, index_id)


def _filters_as_sent(filters: object) -> object:
    """Filters after the trip through JSON that they make to the cloud; empty ones are none."""
    filters = listed(filters)
    if not filters or isinstance(filters, str):
        return filters or None
    if type(filters) is dict and all(map(_is_plain, filters, filters.values())):
        return dict(filters)
    try:
        return json.loads(json.dumps(filters, default=_scalar_as_sent))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputException(f"filters can't be sent as JSON: {error}.") from None


def _is_plain(name: object, value: object) -> bool:
    """Whether both are sure to come back from that trip as they are."""
    if type(name) is not str or not name.isascii():
        return False
    if type(value) is str:
        return value.isascii()  # halves of a pair of surrogates would come back as one letter
    return type(value) in (float, bool) or (type(value) is int and -_LONG <= value <= _LONG)


def _time_as_sent(value: date | FarTime | np.datetime64) -> str:
    if not isinstance(value, np.datetime64):
        return value.isoformat()
    try:
        return any_time(value).isoformat()
    except (
        ValueError,
        OverflowError,
    ):  # finer than a microsecond, which is told of where it is read
        return str(value)


def _scalar_as_sent(value: object) -> object:
    """A value that JSON has no form for, in one that filters read: its exact digits, ISO 8601."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (date, FarTime, np.datetime64)) and value == value:  # datetimes are dates
        return _time_as_sent(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "M":
        return list(value)  # a time in nanoseconds would become their number
    if hasattr(value, "tolist") and not isinstance(value, np.datetime64):
        plain = value.tolist()  # numpy's numbers and arrays
        if type(plain) is not type(value):
            return plain
    raise InvalidInputException(
        f"filters hold {shown(value)} of type {type(value).__name__}; expected numbers, text, true, "
        "false, dates or times, or a list of these."
    )
