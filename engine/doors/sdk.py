"""The real databricks-sdk over a workspace, in-process: its own service classes, no network.

Knows the two things that a service asks of its client, `do` and the configuration; not routes, and
not what the services do. Truth: `ApiClient.do` and the error parser of databricks-sdk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from engine.doors.faults.faults import Faults
from engine.doors.faults.kinds import Fault, PartialUpsert, Refusal
from engine.doors.faults.operations import operation_of
from engine.doors.faults.packages import broken_for_requests
from engine.doors.faults.partial import primary_key_of, split_body
from engine.doors.faults.tries import Answer, Asked, carried_out, steps
from engine.doors.rest import handle
from engine.doors.rest.routing import Json
from engine.errors import InvalidInputException
from engine.optional import is_installed, require
from engine.workspace import Workspace

_PURPOSE = "The databricks-sdk door"
_PATIENCE = timedelta(minutes=5)  # of the SDK, for all tries of a call
_LATER = (429, 503)  # after one second, where no header says more


class ApiClient:
    """What the SDK's services call: `do` answers from a workspace, with the SDK's own errors."""

    def __init__(self, workspace: Workspace, faults: Faults | None = None) -> None:
        require("databricks.sdk", _PURPOSE)
        self._workspace, self._faults = workspace, faults
        # Services read the number of the workspace, and send a header where it is known.
        self._cfg = SimpleNamespace(workspace_id=None, host="", auth_type="in-process")

    def do(
        self,
        method: str,
        path: str,
        url: str | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        raw: bool = False,
        response_headers: Sequence[str] | None = None,
        **transport: object,
    ) -> Json:
        """The reply to a request.

        Args:
            query, body: as the SDK would put them into the address and into JSON. headers: not read.
            raw: the reply's bytes, as `contents`. response_headers: each is None, for there are none.
            transport: files, streams and the like, which no route here has.

        Raises:
            databricks.sdk.errors.DatabricksError: the class that the SDK has for the error.
            InvalidInputException: an argument of `transport`, or a full `url`.
        """
        given = sorted(name for name, value in {"url": url, **transport}.items() if value)
        if given:
            raise InvalidInputException(f"do: {', '.join(given)} can't be used without a network.")
        # Through JSON and back, as on the way to a server: nothing is shared, and NaN is refused.
        sent = None if body is None else json.dumps(body, allow_nan=False)
        asked = _Request(method, path, _texts(query or {}), sent)
        if self._faults is None:
            status, reply = asked.handled(self._workspace)
        else:
            status, reply = self._tried(asked, self._faults)
        if status >= 400:
            raise _error(status, reply)
        text = json.dumps(reply)
        received: Json = {"contents": BytesIO(text.encode())} if raw else json.loads(text)
        return {**dict.fromkeys(response_headers or ()), **received}

    def _tried(self, request: _Request, faults: Faults) -> Answer:
        """The answer to a request that meets faults, tried again as the SDK does: by its own loop."""
        from databricks.sdk.retries import retried

        clock = _Clock(faults)

        def once() -> Answer:
            taken = steps(faults, request.asked(clock.slept), _Once())
            return carried_out(faults, taken, lambda fault: request.partly(self._workspace, fault))

        answer: Answer = retried(is_retryable=_reason, timeout=_PATIENCE, clock=clock)(once)()
        return answer


@dataclass(frozen=True)
class _Request:
    """One request; `body` is its JSON."""

    method: str
    path: str
    query: Mapping[str, object]
    body: str | None

    def handled(self, workspace: Workspace) -> Answer:
        return Answer(*handle(workspace, self.method, self.path, self.query, self.body))

    def partly(self, workspace: Workspace, fault: PartialUpsert | None) -> Answer:
        """The same, of an upsert without the rows that a fault names."""
        key = primary_key_of(workspace, self.path) if fault is not None else None
        if fault is None or key is None:
            return self.handled(workspace)
        values, split = split_body(self.body, key, fault)
        if not split.failed:
            return self.handled(workspace)
        answer = replace(self, body=json.dumps(values)).handled(workspace)
        return Answer(answer.status, split.answer(answer.reply)) if answer.status < 400 else answer

    def asked(self, waited: float) -> Asked:
        query = {n: v if isinstance(v, list) else [str(v)] for n, v in self.query.items()}
        operation = operation_of(self.method, self.path)
        content = (self.body or "").encode()
        return Asked(operation, self.method, self.path, query, content, waited=waited)


class _Once:
    """How one try of the SDK takes faults; its own loop decides about the next."""

    def wait_after(self, attempt: int, fault: Fault, asked: Asked) -> float | None:
        return None

    def error(self, fault: Fault, asked: Asked) -> Exception:
        if isinstance(fault, Refusal):
            return _error(fault.status, fault.body(), fault.retry_after)
        return broken_for_requests(fault)


class _Clock:
    """The SDK's clock, which knows how long it slept last, and really sleeps a share of that."""

    def __init__(self, faults: Faults) -> None:
        self._faults, self._ahead, self.slept = faults, 0.0, 0.0

    def time(self) -> float:
        return time.time() + self._ahead

    def sleep(self, seconds: float) -> None:
        began = time.time()
        self._faults.wait(seconds)
        self._ahead += seconds - (time.time() - began)
        self.slept = seconds


def _reason(error: BaseException) -> str | None:
    """Why the SDK tries again after an error that says no time; it does after broken connections."""
    from requests import ConnectionError as Broken

    return "cannot connect" if isinstance(error, Broken) else None


def _unity_catalog() -> dict[str, Any]:
    """The SDK's classes of Unity Catalog, by the names that `WorkspaceClient` has for them."""
    from databricks.sdk.service import catalog

    return {
        "catalogs": catalog.CatalogsAPI,
        "schemas": catalog.SchemasAPI,
        "tables": catalog.TablesAPI,
        "table_constraints": catalog.TableConstraintsAPI,
        "volumes": catalog.VolumesAPI,
        "functions": catalog.FunctionsAPI,
        "grants": catalog.GrantsAPI,
        "registered_models": catalog.RegisteredModelsAPI,
    }


def _sql() -> dict[str, Any]:
    """The SDK's classes of SQL, likewise."""
    from databricks.sdk.service import sql

    return {"statement_execution": sql.StatementExecutionAPI, "warehouses": sql.WarehousesAPI}


def _error(status: int, reply: Json, retry_after: int | None = None) -> Exception:
    """The SDK's exception for an error body: by its code, else by the status."""
    from databricks.sdk.errors import DatabricksError, platform

    of_status = platform.STATUS_CODE_MAPPING.get(status, DatabricksError)
    kind = platform.ERROR_CODE_MAPPING.get(reply["error_code"], of_status)
    later = 1 if retry_after is None else retry_after
    error: Exception = kind(**reply, retry_after_secs=later if status in _LATER else None)
    return error


def _texts(query: Mapping[str, object]) -> dict[str, object]:
    """Parameters as an address would carry them: text, or a list of texts."""
    out: dict[str, object] = {}
    for name, value in query.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            out[name] = [_text(item) for item in value]
        else:
            out[name] = _text(value)
    return out


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class WorkspaceClient:
    """The services of `databricks.sdk.WorkspaceClient` that a workspace can answer.

    Attributes:
        vector_search_endpoints, vector_search_indexes, serving_endpoints: the SDK's own classes.
        ai_search: likewise, where the installed SDK has it.
        catalogs, schemas, tables, table_constraints, volumes, functions, grants, registered_models:
            likewise.
        statement_execution, warehouses: of SQL; results come INLINE.
        workspace: the workspace that answers.
    """

    def __init__(
        self, *, workspace: Workspace | str | Path | None = None, faults: Faults | None = None
    ) -> None:
        """Open a workspace.

        Args:
            workspace: a Workspace or its directory; None for the default workspace.
            faults: what calls meet, and the record of them; None for none.

        Raises:
            MissingExtra: databricks-sdk is not installed.
        """
        opened = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
        self.workspace: Workspace = opened
        self.api_client = ApiClient(opened, faults)
        from databricks.sdk.service.serving import ServingEndpointsAPI
        from databricks.sdk.service.vectorsearch import (
            VectorSearchEndpointsAPI,
            VectorSearchIndexesAPI,
        )

        self.vector_search_endpoints = VectorSearchEndpointsAPI(self.api_client)
        self.vector_search_indexes = VectorSearchIndexesAPI(self.api_client)
        self.serving_endpoints = ServingEndpointsAPI(self.api_client)
        for name, kind in {**_unity_catalog(), **_sql()}.items():
            setattr(self, name, kind(self.api_client))
        if is_installed("databricks.sdk.service.aisearch"):
            from databricks.sdk.service.aisearch import AiSearchAPI

            self.ai_search = AiSearchAPI(self.api_client)

    def __getattr__(self, name: str) -> Any:
        offered = ", ".join(sorted(n for n in vars(self) if not n.startswith("_")))
        raise AttributeError(f"{name!r} is not offered here. Offered: {offered}")
