"""The mirrored clients of a mock, whose calls are recorded and meet faults. Knows names of methods.

Methods are put on the objects that a mock hands out, so that clients elsewhere cost nothing more.
"""

from __future__ import annotations

import functools
import inspect
import json
import threading
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any

import orjson

from engine.core.arrays import types_of
from engine.doors.client.async_index import AsyncAISearchIndex
from engine.doors.client.client import AISearchClient, AISearchIndex
from engine.doors.faults.faults import Faults
from engine.doors.faults.kinds import PartialUpsert
from engine.doors.faults.packages import AsyncClient, SyncClient
from engine.doors.faults.partial import SplitRows
from engine.doors.faults.tries import Answer, Asked, carried_out, carried_out_async, steps
from engine.doors.rest import ROUTES
from engine.workspace import Workspace

# The client's methods that are one request each, and that request.
CLIENT: Mapping[str, tuple[str, str]] = {
    "create_endpoint": ("create_endpoint", "POST"),
    "get_endpoint": ("get_endpoint", "GET"),
    "list_endpoints": ("list_endpoints", "GET"),
    "delete_endpoint": ("delete_endpoint", "DELETE"),
    "update_endpoint": ("patch_endpoint", "PATCH"),
    "update_endpoint_budget_policy": ("update_endpoint_budget_policy", "PATCH"),
    "create_delta_sync_index": ("create_index", "POST"),
    "create_delta_sync_index_and_wait": ("create_index", "POST"),
    "create_direct_access_index": ("create_index", "POST"),
    "get_index": ("get_index", "GET"),
    "get_async_index": ("get_index", "GET"),
    "index_exists": ("get_index", "GET"),
    "list_indexes": ("list_indexes", "GET"),
    "delete_index": ("delete_index", "DELETE"),
    "update_index_budget_policy": ("update_index_usage_policy", "PATCH"),
    "update_index_payload_logging": ("update_index", "PATCH"),
}
INDEX: Mapping[str, tuple[str, str]] = {
    "describe": ("get_index", "GET"),
    "sync": ("sync_index", "POST"),
    "scan": ("scan_index", "GET"),
    "similarity_search": ("query_index", "GET"),
    "upsert": ("upsert_data_vector_index", "POST"),
    "delete": ("delete_data_vector_index", "DELETE"),
}
# Arguments that are no part of a body.
_BESIDE = (
    "index_name", "endpoint_name", "name", "total_retries", "backoff_factor", "backoff_jitter",
    "disable_notice", "verbose", "timeout",
)  # fmt: skip


class FaultyCalls:
    """Puts faults in front of clients over a workspace."""

    def __init__(self, workspace: Workspace, faults: Faults) -> None:
        self._workspace, self._faults = workspace, faults
        self._inside = (
            threading.local()
        )  # of a call that is one request, though it makes others here

    def on_client(self, client: AISearchClient) -> None:
        """Let a client's calls meet faults, and those of the indexes that it hands out."""
        for name, request in CLIENT.items():
            setattr(client, name, self._blocking(getattr(client, name), request, "", True))

    def on_index(self, index: AISearchIndex | AsyncAISearchIndex) -> None:
        """The same of an index."""
        is_async = isinstance(index, AsyncAISearchIndex)
        for name, request in INDEX.items():
            put = self._awaited if is_async else self._blocking
            setattr(index, name, put(getattr(index, name), request, index.name))

    def _blocking(
        self,
        method: MethodType,
        request: tuple[str, str],
        index: str,
        is_outer: bool = False,
    ) -> Callable[..., Any]:
        @functools.wraps(method)
        def called(*args: Any, **kwargs: Any) -> Any:
            if is_outer and getattr(self._inside, "call", False):
                return method(*args, **kwargs)
            arguments = _signature(method.__func__).bind(*args, **kwargs)
            taken = steps(self._faults, _asked(request, arguments, index), SyncClient())

            def carry_out(fault: PartialUpsert | None) -> Answer:
                self._inside.call = is_outer
                try:
                    return self._upserted(fault, index, arguments, method)
                finally:
                    self._inside.call = False

            found = carried_out(self._faults, taken, carry_out).reply
            if isinstance(found, (AISearchIndex, AsyncAISearchIndex)):
                self.on_index(found)
            return found

        return called

    def _awaited(
        self, method: MethodType, request: tuple[str, str], index: str
    ) -> Callable[..., Any]:
        @functools.wraps(method)
        async def called(*args: Any, **kwargs: Any) -> Any:
            arguments = _signature(method.__func__).bind(*args, **kwargs)
            taken = steps(self._faults, _asked(request, arguments, index), AsyncClient())

            async def carry_out(fault: PartialUpsert | None) -> Answer:
                split = self._split(fault, index, arguments)
                reply = await method(*arguments.args, **arguments.kwargs)
                return Answer(200, split.answer(reply) if split else reply)

            return (await carried_out_async(self._faults, taken, carry_out)).reply

        return called

    def _upserted(
        self,
        fault: PartialUpsert | None,
        index: str,
        arguments: inspect.BoundArguments,
        method: MethodType,
    ) -> Answer:
        split = self._split(fault, index, arguments)
        reply = method(*arguments.args, **arguments.kwargs)
        status = 404 if reply is False else 200  # of `index_exists` alone
        return Answer(status, split.answer(reply) if split else reply)

    def _split(
        self, fault: PartialUpsert | None, index: str, arguments: inspect.BoundArguments
    ) -> SplitRows | None:
        """The rows of an upsert divided, those that fail taken from its arguments; None for no fault."""
        rows = arguments.arguments.get("inputs")
        if (
            fault is None
            or not isinstance(rows, list)
            or not all(isinstance(r, dict) for r in rows)
        ):
            return None
        split = SplitRows.of(rows, self._workspace.get_index(index)["primary_key"], fault)
        arguments.arguments["inputs"] = split.kept
        return split


def _asked(request: tuple[str, str], given: inspect.BoundArguments, index: str) -> Asked:
    """The request that a method's arguments stand for."""
    operation, method = request
    values = {name: value for name, value in given.arguments.items() if value is not None}
    names = {
        "index": index or values.get("index_name"),
        "endpoint": values.get("endpoint_name") or (None if index else values.get("name")),
    }
    body = {name: value for name, value in values.items() if name not in _BESIDE}
    _check_json(body)
    if "inputs" in body:
        body = {"inputs_json": _rows_as_json(body["inputs"])}
    if isinstance(body.get("filters"), (dict, list)):
        body["filters_json"] = json.dumps(body.pop("filters"), default=str)
    elif "filters" in body:
        body["filter_string"] = body.pop("filters")
    return Asked(
        operation,
        method,
        _path(operation, method, names),
        content=_sent(body) if body else b"",
        total_retries=values.get("total_retries", 3),
        backoff_factor=values.get("backoff_factor", 1.0),
    )


def _check_json(body: Mapping[str, object]) -> None:
    """Raise what the package does where keys, filters or a vector can't be written as JSON.

    Values of numpy, dates and decimals are taken elsewhere in-process; in a mock stands code for the
    cloud, which would fail there.

    Raises:
        TypeError: json's own.
    """
    for name in ("primary_keys", "query_vector"):
        values = body.get(name)
        if isinstance(values, (list, tuple)) and not types_of(values) <= {float, int, str}:
            json.dumps(values)
    if isinstance(body.get("filters"), (dict, list, tuple)):
        json.dumps(body["filters"])


def _rows_as_json(rows: object) -> str:
    """Rows as the package sends them; what it refuses before that is left to the method.

    Raises:
        TypeError: as `_check_json`.
    """
    are_rows = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return json.dumps(rows, default=None if are_rows else str)


def _sent(body: Mapping[str, object]) -> bytes:
    """A body as JSON; a vector takes an eighth of the time that `json` would."""
    try:
        return orjson.dumps(body, default=str)
    except TypeError:  # an integer beyond 64 bits, a key that is no text
        return json.dumps(body, default=str).encode()


@functools.lru_cache(maxsize=256)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """A method's signature as its caller sees it."""
    signature = inspect.signature(function)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


@functools.lru_cache(maxsize=256)
def _templates(operation: str, method: str) -> tuple[str, ...]:
    return tuple(r.template for r in ROUTES if (r.name, r.method) == (operation, method))


def _path(operation: str, method: str, names: Mapping[str, object]) -> str:
    """The first address of an operation of which all parts are known."""
    known = {name: str(value) for name, value in names.items() if value}
    for template in _templates(operation, method):
        try:
            return template.format_map(known)
        except KeyError:
            continue
    return ""
