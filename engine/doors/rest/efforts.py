"""How much a request asks for, told from its fields before it is answered. Knows fields; not costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from engine.core.query import DEFAULT_RESULTS, MAX_RESULTS, PAGE_ROWS
from engine.doors.rest.data import query_arguments
from engine.errors import VitrineError
from engine.service.search.cost import REFUSED, Cost, query_cost, reply_bytes
from engine.service.search.scan import DEFAULT_ROWS
from engine.workspace import Workspace

READS = ("query_index", "query_next_page", "scan_index")
# What makes a query more than a search by vector: encoding, words, a database, all rows' values.
_MORE = (
    "query_text", "filter_string", "sort_columns", "facets", "reranker", "columns_to_rerank",
)  # fmt: skip
_TYPED = 4  # a scan writes each value under the name of its type


def effort_of_read(
    workspace: Workspace, operation: str, path: Mapping[str, str], body: Mapping[str, Any]
) -> Cost:
    """What a query, a page or a scan takes; for a request that will be refused, nothing.

    Args:
        operation: one of `READS`. path: the parameters of its address.
        body: its fields as they came.
    """
    name = path.get("index", "")
    try:
        settled = workspace.registry.settled(name)
        version = settled[2] if settled is not None else None
        spec = settled[0] if settled is not None else workspace.registry.open(name)[0]
        if operation == "query_next_page":
            # Which columns the token asks for is not looked at: the usual case has no vectors.
            columns = [column for column in spec.columns if column != spec.vector_column]
            return Cost(math.inf, reply_bytes(spec, version, columns, PAGE_ROWS))
        if operation == "scan_index":
            rows = _count(body.get("num_results", body.get("page_size")), DEFAULT_ROWS)
            columns = list(spec.columns)
            if version is not None:
                columns, rows = list(version.columns), min(rows, version.rows)
            return Cost(math.inf, _TYPED * reply_bytes(spec, version, columns, rows))
        columns = body.get("columns") or []
        if not isinstance(columns, list) or not set(map(type, columns)) <= {str}:
            return REFUSED
        wanted, joined = body.get("num_results"), body.get("max_results", body.get("page_size"))
        filters = query_arguments({"filters_json": body.get("filters_json")}).get("filters")
        found = query_cost(
            spec,
            version,
            columns,
            _count(wanted if joined is None else joined, DEFAULT_RESULTS),
            PAGE_ROWS if joined is None else MAX_RESULTS,
            filters,
        )
    except (VitrineError, RecursionError):
        found = REFUSED
    is_plain = not any(body.get(field) for field in _MORE) and "endpoint" not in path
    is_nearest = str(body.get("query_type") or "ANN").upper() == "ANN"
    return found if is_plain and is_nearest else Cost(math.inf, found.reply_bytes)


def _count(given: object, default: int) -> int:
    """A number of rows; of one that will be refused, the default."""
    if isinstance(given, int) and 1 <= given <= MAX_RESULTS:
        return given
    return default
