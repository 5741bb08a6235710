"""How much a read asks for, by its fields, before it is answered. Knows fields; not what rows cost."""

from __future__ import annotations

import math
import weakref
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.filters.dict_form import parse_dict
from engine.core.query import DEFAULT_RESULTS, MAX_RESULTS, PAGE_ROWS
from engine.core.schema import IndexSpec
from engine.doors.rest.data import filters_of
from engine.errors import VitrineError
from engine.service.search.cost import REFUSED, Cost, query_cost, reply_bytes
from engine.service.search.scan import DEFAULT_ROWS
from engine.store.indexes.versions import Version
from engine.workspace import Workspace

READS = ("query_index", "query_next_page", "scan_index")
# What makes a query more than a search by vector: encoding, words, a database, all rows' values.
_MORE = (
    "query_text", "filter_string", "sort_columns", "facets", "reranker", "columns_to_rerank",
)  # fmt: skip
_TYPED = 4  # a scan writes each value under the name of its type
_MOST_KEPT = 1000  # costs of queries
_Opened = tuple[IndexSpec, Version | None]


class ReadCosts:
    """Costs of reads, kept by what is asked beside the vector or text; used in one thread only.

    What is kept holds for one version of an index, while the masks that it counts on are there.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: dict[Hashable, _Kept] = {}

    def of(self, operation: str, path: Mapping[str, str], body: Mapping[str, Any]) -> Cost:
        """As `cost_of_read`, which says what the arguments are."""
        shape = _shape(path, body) if operation == "query_index" else None
        kept = None if shape is None else self._kept.get(shape)
        if kept is not None:
            settled = self._workspace.registry.settled(path["index"])
            if settled is not None and kept.holds_for(settled[2]):
                return kept.cost
        cost = cost_of_read(self._workspace, operation, path, body)
        if shape is not None and cost.ms < math.inf:
            self._keep(shape, cost, path["index"], body)
        return cost

    def _keep(self, shape: Hashable, cost: Cost, name: str, body: Mapping[str, Any]) -> None:
        settled = self._workspace.registry.settled(name)
        if settled is None or cost is REFUSED:
            return
        version = settled[2]
        condition = parse_dict(filters_of(body.get("filters_json")), version.columns)
        parts = () if condition is None else version.parts
        masks = tuple([(part.segment.id, "", condition) for part in parts])
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[shape] = _Kept(cost, weakref.ref(version), masks)


@dataclass(frozen=True)
class _Kept:
    """A cost, and what it holds for."""

    cost: Cost
    version: weakref.ref[Version]
    masks: tuple[Hashable, ...]

    def holds_for(self, version: Version) -> bool:
        return self.version() is version and all(map(version.masks.holds, self.masks))


def _shape(path: Mapping[str, str], body: Mapping[str, Any]) -> Hashable:
    """All that a query's cost hangs on; None where it can't be a key."""
    given: list[Hashable] = [path.get("index"), "endpoint" in path]
    for name, value in body.items():
        if name in ("query_vector", "query_text"):
            given.append((name, bool(value)))
        else:
            given.append((name, tuple(value) if type(value) is list else value))
    shape = tuple(given)
    try:
        hash(shape)
    except TypeError:  # it holds lists of lists, or objects
        return None
    return shape


def cost_of_read(
    workspace: Workspace, operation: str, path: Mapping[str, str], body: Mapping[str, Any]
) -> Cost:
    """What a query, a page or a scan takes; for a request that will be refused, nothing.

    Args:
        operation: one of `READS`. path: the parameters of its address.
        body: its fields as they came.
    """
    try:
        opened = _opened(workspace, path.get("index", ""))
        if operation == "query_next_page":
            return _page_cost(opened)
        if operation == "scan_index":
            return _scan_cost(opened, body)
        found = _query_cost(opened, body)
    except (VitrineError, RecursionError):
        found = REFUSED
    is_plain = not any(body.get(field) for field in _MORE) and "endpoint" not in path
    is_nearest = str(body.get("query_type") or "ANN").upper() == "ANN"
    return found if is_plain and is_nearest else Cost(math.inf, found.reply_bytes)


def _opened(workspace: Workspace, name: str) -> _Opened:
    """An index, and its version where it is known to be open. Raises NotFound and the like."""
    settled = workspace.registry.settled(name)
    if settled is not None:
        return settled[0], settled[2]
    return workspace.registry.open(name)[0], None


def _page_cost(opened: _Opened) -> Cost:
    """Of a later page. Which columns its token asks for is not read: usually no vectors."""
    spec, version = opened
    columns = [column for column in spec.columns if column != spec.vector_column]
    return Cost(math.inf, reply_bytes(spec, version, columns, PAGE_ROWS))


def _scan_cost(opened: _Opened, body: Mapping[str, Any]) -> Cost:
    spec, version = opened
    rows = _count(body.get("num_results", body.get("page_size")), DEFAULT_ROWS)
    columns = list(spec.columns)
    if version is not None:
        columns, rows = list(version.columns), min(rows, version.rows)
    return Cost(math.inf, _TYPED * reply_bytes(spec, version, columns, rows))


def _query_cost(opened: _Opened, body: Mapping[str, Any]) -> Cost:
    """As if it were a query by vector. Raises VitrineError where its filters will be refused."""
    spec, version = opened
    columns, filters = body.get("columns") or [], body.get("filters_json") or ""
    if not isinstance(columns, list) or not set(map(type, columns)) <= {str}:
        return REFUSED
    if not isinstance(filters, str):
        return REFUSED
    wanted, joined = body.get("num_results"), body.get("max_results", body.get("page_size"))
    return query_cost(
        spec,
        version,
        columns,
        _count(wanted if joined is None else joined, DEFAULT_RESULTS),
        PAGE_ROWS if joined is None else MAX_RESULTS,
        filters_of(filters),
    )


def _count(given: object, default: int) -> int:
    """A number of rows; of one that will be refused, the default."""
    if isinstance(given, int) and 1 <= given <= MAX_RESULTS:
        return given
    return default
