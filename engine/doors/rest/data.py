"""Routes of an index's rows: query, pages, scan, upsert, delete. Knows fields; not what they mean.

Truth: one client sends queries as GET with a body, the other as POST; keys to delete come in a body
or as repeated parameters.
"""

from __future__ import annotations

import contextlib
from typing import Any

from engine.core.arrays import doubles
from engine.core.query_request import QueryRequest
from engine.doors.rest.fields import Field, Values, ignored
from engine.doors.rest.indexes import both, index_of
from engine.doors.rest.json_text import parse_exactly, parse_rows
from engine.doors.rest.routing import Json, Request, Route
from engine.errors import InvalidParameterValue
from engine.workspace import Workspace

RERANKER = Field(
    "reranker",
    "object",
    fields=(
        Field("model", "string"),
        Field("model_type", "string"),
        Field("parameters", "object", fields=(Field("columns_to_rerank", "strings"),)),
    ),
)
QUERY = (
    Field("columns", "strings", required=True),
    Field("query_text", "string"),
    Field("query_vector", "numbers"),
    Field("query_type", "string"),
    Field("filters_json", "string"),
    Field("filter_string", "string"),
    Field("score_threshold", "number"),
    Field("debug_level", "integer"),
    Field("query_columns", "strings"),
    Field("sort_columns", "strings"),
    Field("facets", "strings"),
    RERANKER,
    Field("columns_to_rerank", "strings"),
)
INPUTS = Field("inputs_json", "string", required=True)
KEYS = Field("primary_keys", "scalars")
SCAN = (Field("num_results", "integer"), Field("last_primary_key", "scalar"))
ENDPOINT_NAME = Field("endpoint_name", "string")  # checked: the index must be on it


def query_request(name: str, body: Values) -> QueryRequest:
    """The query of an index that a body stands for.

    Args:
        body: the fields of `QUERY` that were given, and `num_results`.

    Raises:
        InvalidParameterValue: see `filters_of`.
    """
    given = dict(body)
    text = given.pop("filters_json", None)
    if given.get("query_vector"):
        with contextlib.suppress(OverflowError):  # it is refused where it is checked
            given["query_vector"] = doubles(given["query_vector"])
    return QueryRequest(name, filters=filters_of(text), **given)


def filters_of(text: str | None) -> object:
    """The filters that `filters_json` holds; None for none.

    Raises:
        InvalidParameterValue: not the JSON text of a dict or a list of dicts, or a name stands twice
            in one.
    """
    if not text:
        return None
    try:
        filters = parse_exactly(text)
    except ValueError:
        filters = text
    if filters is not None and not isinstance(filters, (dict, list)):
        raise InvalidParameterValue(
            f"filters_json is {text!r:.200}; expected the JSON text of an object such as "
            '{"price <": 50}, or of a list of such objects.'
        )
    return filters


def rows_of(text: str) -> list[dict[str, Any]]:
    """The rows that `inputs_json` holds. NaN and the like come through, for each row's own check.

    Raises:
        InvalidParameterValue: not the JSON text of a list of objects.
    """
    try:
        rows = parse_rows(text)
    except ValueError as error:
        raise InvalidParameterValue(f"inputs_json is not JSON: {error}.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidParameterValue(
            f"inputs_json is {text!r:.80}; expected the JSON text of a list of objects, one a row."
        )
    return rows


def _query(workspace: Workspace, request: Request) -> Json:
    name = index_of(workspace, request)
    return workspace.queries.query(query_request(name, request.body))


def _next_page(workspace: Workspace, request: Request) -> Json:
    return workspace.query_next_page(_named(workspace, request), request.body["page_token"])


def _scan(workspace: Workspace, request: Request) -> Json:
    name = _named(workspace, request)
    given = {**request.query, **request.body}
    given.pop(ENDPOINT_NAME.name, None)
    return workspace.scan_index(name, **given)


def _named(workspace: Workspace, request: Request) -> str:
    """The index of a request whose body may name the endpoint too.

    Raises:
        NotFound: such an index is not on the endpoint.
    """
    endpoint = request.body.get(ENDPOINT_NAME.name)
    if endpoint is not None:
        workspace.get_index(request.path["index"], endpoint)
    return index_of(workspace, request)


def _upsert(workspace: Workspace, request: Request) -> Json:
    rows = rows_of(request.body["inputs_json"])
    return workspace.upsert(index_of(workspace, request), rows)


def _delete(workspace: Workspace, request: Request) -> Json:
    name = index_of(workspace, request)
    keys = [request.body.get("primary_keys"), request.query.get("primary_keys")]
    given = [part for part in keys if part is not None]
    if not given:
        raise InvalidParameterValue("primary_keys is missing; it is required.")
    return workspace.delete_rows(name, [key for part in given for key in part])


def _reads() -> tuple[Route, ...]:
    """Queries, pages and scans, which are asked for by GET and by POST."""
    routes: list[Route] = []
    for method in ("POST", "GET"):
        routes += both(
            method,
            "/query",
            "query_index",
            "The best rows for a vector, a text or both.",
            _query,
            body=(
                *QUERY,
                Field("num_results", "integer"),
                *ignored("filters", "endpoint_name", "query_experiment_config", "query_source"),
                *ignored("query"),  # clients of 2023 send query_text twice, under this name too
            ),
        )
        routes += both(
            method,
            "/query-next-page",
            "query_next_page",
            "More rows of a query.",
            _next_page,
            body=(Field("page_token", "string", required=True), ENDPOINT_NAME),
        )
        routes += both(
            method,
            "/scan",
            "scan_index",
            "Rows in the order of their keys.",
            _scan,
            body=(*SCAN, ENDPOINT_NAME),
            query=SCAN,
        )
    return tuple(routes)


ROUTES: tuple[Route, ...] = (
    *_reads(),
    *both(
        "POST",
        "/upsert-data",
        "upsert_data_vector_index",
        "Write rows of a direct access index.",
        _upsert,
        body=(INPUTS,),
    ),
    *both(
        "DELETE",
        "/delete-data",
        "delete_data_vector_index",
        "Delete rows of a direct access index by key.",
        _delete,
        body=(KEYS,),
        query=(KEYS,),
    ),
)
