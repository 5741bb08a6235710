"""The doors of one workspace, each with the same small set of verbs, in the words of the API's client.

Knows the real packages' classes and how they spell each verb; not what is asked, and not what is
right. Replies are plain dicts and lists; what a package hides of a reply is hidden here too.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from support.needs import needs

needs("sdk", "clients")

from databricks.ai_search import utils as ai_search_utils
from databricks.ai_search.client import AISearchClient
from databricks.ai_search.reranker import DatabricksReranker
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import DatabricksError, platform
from databricks.sdk.service import aisearch as ai
from databricks.sdk.service import vectorsearch as vs

import engine
from engine.doors.http.credentials import Credentials
from engine.doors.sdk import WorkspaceClient as InProcessClient

Json = dict[str, Any]
VECTOR_SEARCH = "/api/2.0/vector-search"
PARENT = "workspaces/1234567890"


@dataclass(frozen=True)
class Error:
    """What a caller can tell a refusal by; `status` is None where no service was asked."""

    status: int | None
    code: str
    message: str


def index_body(index_name: str, primary_key: str, **given: Any) -> Json:
    """The REST body of a new index, from the words of the client's two methods."""
    body: Json = {"name": index_name, "primary_key": primary_key}
    vector, source = given.get("embedding_vector_column"), given.get("embedding_source_column")
    spec: Json = {}
    if vector:
        column = {"name": vector, "embedding_dimension": given["embedding_dimension"]}
        spec["embedding_vector_columns"] = [column]
    if source:
        named = {
            "name": source,
            "embedding_model_endpoint_name": given["embedding_model_endpoint_name"],
        }
        spec["embedding_source_columns"] = [named]
    if "schema" in given:
        spec["schema_json"] = json.dumps(given["schema"])
        return {**body, "index_type": "DIRECT_ACCESS", "direct_access_index_spec": spec}
    spec |= {"source_table": given["source_table_name"], "pipeline_type": given["pipeline_type"]}
    if "columns_to_sync" in given:
        spec["columns_to_sync"] = given["columns_to_sync"]
    if "index_subtype" in given:
        body["index_subtype"] = given["index_subtype"]
    return {**body, "index_type": "DELTA_SYNC", "delta_sync_index_spec": spec}


def query_body(given: Json) -> Json:
    """The fields of a query's body: filters as text, the reranker's columns in their object."""
    body = dict(given)
    filters = body.pop("filters", None)
    if isinstance(filters, str):
        body["filter_string"] = filters
    elif filters is not None:
        body["filters_json"] = json.dumps(filters)
    if columns := body.pop("rerank", None):
        parameters = {"columns_to_rerank": columns}
        body["reranker"] = {
            "model": "databricks_reranker",
            "model_type": "MODEL_TYPE_BASE",
            "parameters": parameters,
        }
    return body


class Door:
    """Verbs that every door has.

    Attributes:
        lacks: what a door's client can't express; tests that need it are not run there.
    """

    lacks: frozenset[str] = frozenset()

    def __init__(self, name: str) -> None:
        self.name = name

    def error_of(self, call: Callable[[], object]) -> Error:
        """The refusal that a call meets; fails where there is none."""
        try:
            found = call()
        except AssertionError as error:
            return Error(None, "AssertionError", str(error))
        except Exception as error:
            return self._told(error)
        raise AssertionError(f"{self.name}: nothing was refused, but answered {found!r:.300}")

    def _told(self, error: Exception) -> Error:
        raise error

    def close(self) -> None:
        """Leave no connection open."""


# ------------------------------------------------------------------ databricks.ai_search
class ClientDoor(Door):
    """The client of `databricks.ai_search`, or the in-process one of the same form."""

    lacks = frozenset({"next_page"})

    def __init__(self, name: str, client: Any) -> None:
        super().__init__(name)
        self.client = client

    def index(self, name: str) -> Any:
        return self.client.get_index(index_name=name)

    def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> Json:
        return self.client.create_endpoint(name, endpoint_type)

    def get_endpoint(self, name: str) -> Json:
        return self.client.get_endpoint(name)

    def list_endpoints(self) -> list[Json]:
        return self.client.list_endpoints()["endpoints"]

    def stop_endpoint(self, name: str) -> Json:
        return self.client.stop_endpoint(name)

    def start_endpoint(self, name: str) -> Json:
        return self.client.start_endpoint(name)

    def update_endpoint(self, name: str, target_qps: int) -> Json:
        return self.client.update_endpoint(name, target_qps=target_qps)

    def delete_endpoint(self, name: str) -> None:
        self.client.delete_endpoint(name)

    def create_index(self, endpoint_name: str, index_name: str, **given: Any) -> Json:
        """Create an index of the kind that its arguments are those of; its description."""
        kind = "direct_access" if "schema" in given else "delta_sync"
        create = getattr(self.client, f"create_{kind}_index")
        create(endpoint_name=endpoint_name, index_name=index_name, **given)
        return self.describe(index_name)

    def list_indexes(self, endpoint_name: str) -> list[Json]:
        return self.client.list_indexes(endpoint_name)["vector_indexes"]

    def delete_index(self, name: str) -> None:
        self.client.delete_index(index_name=name)

    def describe(self, name: str) -> Json:
        return self.index(name).describe()

    def sync(self, name: str) -> Json:
        return self.index(name).sync()

    def upsert(self, name: str, rows: list[Json]) -> Json:
        return self.index(name).upsert(rows)

    def delete_rows(self, name: str, keys: list[Any]) -> Json:
        return self.index(name).delete(keys)

    def scan(self, name: str, **given: Any) -> Json:
        return self.index(name).scan(**given)

    def search(self, name: str, **given: Any) -> Json:
        return self.index(name).similarity_search(**_with_reranker(given))

    def _told(self, error: Exception) -> Error:
        if isinstance(error, engine.VitrineError):
            return Error(error.status_code, error.error_code, error.message)
        content = getattr(error, "response_content", None)
        if content is None:
            return Error(None, type(error).__name__, str(error))
        body = json.loads(content)
        assert str(error).startswith(f"[{body['error_code']}] {body['message']}")
        return Error(error.status_code, error.error_code, body["message"])


def _with_reranker(given: Json) -> Json:
    columns = given.pop("rerank", None)
    return given if columns is None else {**given, "reranker": DatabricksReranker(columns)}


class LocalDoor(ClientDoor):
    """The in-process client, which all others are compared with."""

    lacks = frozenset()

    def next_page(self, name: str, page_token: str) -> Json:
        return self.client.workspace.query_next_page(name, page_token)


class AsyncDoor(ClientDoor):
    """Calls of an index awaited, on one event loop of its own."""

    def __init__(self, name: str, client: Any) -> None:
        super().__init__(name, client)
        self._loop = asyncio.new_event_loop()

    def _run(self, name: str, verb: str, *given: Any, **by_name: Any) -> Json:
        index = self.client.get_async_index(index_name=name)
        return self._loop.run_until_complete(getattr(index, verb)(*given, **by_name))

    def describe(self, name: str) -> Json:
        return self._run(name, "describe")

    def sync(self, name: str) -> Json:
        return self._run(name, "sync")

    def upsert(self, name: str, rows: list[Json]) -> Json:
        return self._run(name, "upsert", rows)

    def delete_rows(self, name: str, keys: list[Any]) -> Json:
        return self._run(name, "delete", keys)

    def scan(self, name: str, **given: Any) -> Json:
        return self._run(name, "scan", **given)

    def search(self, name: str, **given: Any) -> Json:
        return self._run(name, "similarity_search", **_with_reranker(given))

    def close(self) -> None:
        from databricks.ai_search import async_utils

        self._loop.run_until_complete(async_utils.aclose_all_clients())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


# ------------------------------------------------------------------ databricks.sdk
class SdkDoor(Door):
    """`w.vector_search_endpoints` and `w.vector_search_indexes`."""

    lacks = frozenset({"filter_string", "debug_level"})

    def __init__(self, name: str, w: Any) -> None:
        super().__init__(name)
        self.w = w
        self._endpoints, self._indexes = w.vector_search_endpoints, w.vector_search_indexes

    def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> Json:
        kind = vs.EndpointType(endpoint_type)
        return self._endpoints.create_endpoint(name, kind).response.as_dict()

    def get_endpoint(self, name: str) -> Json:
        return self._endpoints.get_endpoint(name).as_dict()

    def list_endpoints(self) -> list[Json]:
        return [endpoint.as_dict() for endpoint in self._endpoints.list_endpoints()]

    def stop_endpoint(self, name: str) -> Json:
        return self._endpoints.stop_endpoint(name).as_dict()

    def start_endpoint(self, name: str) -> Json:
        return self._endpoints.start_endpoint(name).as_dict()

    def update_endpoint(self, name: str, target_qps: int) -> Json:
        return self._endpoints.patch_endpoint(name, target_qps=target_qps).as_dict()

    def delete_endpoint(self, name: str) -> None:
        self._endpoints.delete_endpoint(name)

    def create_index(self, endpoint_name: str, index_name: str, **given: Any) -> Json:
        body = index_body(index_name, **given)
        specs: Json = {}
        for name, kind in (
            ("delta_sync_index_spec", vs.DeltaSyncVectorIndexSpecRequest),
            ("direct_access_index_spec", vs.DirectAccessVectorIndexSpec),
        ):
            if name in body:
                specs[name] = kind.from_dict(body[name])
        if "index_subtype" in body:
            specs["index_subtype"] = vs.IndexSubtype(body["index_subtype"])
        return self._indexes.create_index(
            name=index_name,
            endpoint_name=endpoint_name,
            primary_key=body["primary_key"],
            index_type=vs.VectorIndexType(body["index_type"]),
            **specs,
        ).as_dict()

    def list_indexes(self, endpoint_name: str) -> list[Json]:
        return [index.as_dict() for index in self._indexes.list_indexes(endpoint_name)]

    def delete_index(self, name: str) -> None:
        self._indexes.delete_index(name)

    def describe(self, name: str) -> Json:
        return self._indexes.get_index(name).as_dict()

    def sync(self, name: str) -> Json:
        self._indexes.sync_index(name)
        return {}

    def upsert(self, name: str, rows: list[Json]) -> Json:
        return self._indexes.upsert_data_vector_index(name, json.dumps(rows)).as_dict()

    def delete_rows(self, name: str, keys: list[Any]) -> Json:
        return self._indexes.delete_data_vector_index(name, [str(key) for key in keys]).as_dict()

    def scan(self, name: str, **given: Any) -> Json:
        return self._indexes.scan_index(name, **given).as_dict()

    def search(self, name: str, **given: Any) -> Json:
        body = query_body(given)
        if "reranker" in body:
            body["reranker"] = vs.RerankerConfig.from_dict(body["reranker"])
        reply = self._indexes.query_index(name, **body).as_dict()
        while token := reply.pop("next_page_token", ""):
            page = self.next_page(name, token)
            reply["result"]["row_count"] += page["result"]["row_count"]
            reply["result"]["data_array"] += page["result"]["data_array"]
            reply["next_page_token"] = page.get("next_page_token", "")
        return reply

    def next_page(self, name: str, page_token: str) -> Json:
        return self._indexes.query_next_page(name, page_token=page_token).as_dict()

    def _told(self, error: Exception) -> Error:
        if not isinstance(error, DatabricksError):
            raise error
        known = {kind: status for status, kind in platform.STATUS_CODE_MAPPING.items()}
        status = next(known[kind] for kind in type(error).__mro__ if kind in known)
        return Error(status, error.error_code, str(error))


class NewerSdkDoor(SdkDoor):
    """`w.ai_search`, for the rows of indexes; its descriptions have another form altogether."""

    lacks = frozenset(
        {"filter_string", "debug_level", "next_page", "descriptions", "pages_of_scan"}
    )

    def _path(self, name: str) -> str:
        found = self._indexes.get_index(name)  # its own paths name the endpoint too
        return f"{PARENT}/endpoints/{found.endpoint_name}/indexes/{name}"

    def create_index(self, endpoint_name: str, index_name: str, **given: Any) -> Json:
        body = index_body(index_name, **given)
        spec = body.get("delta_sync_index_spec", {})
        for column in spec.get("embedding_source_columns", []):
            column["embedding_model_endpoint"] = column.pop("embedding_model_endpoint_name")
        parent = f"{PARENT}/endpoints/{endpoint_name}"
        self.w.ai_search.create_index(parent, ai.Index.from_dict(body), index_id=index_name)
        return self.describe(index_name)

    def delete_index(self, name: str) -> None:
        self.w.ai_search.delete_index(self._path(name))

    def sync(self, name: str) -> Json:
        return self.w.ai_search.sync_index(self._path(name)).as_dict()

    def upsert(self, name: str, rows: list[Json]) -> Json:
        return self.w.ai_search.upsert_data(self._path(name), json.dumps(rows)).as_dict()

    def delete_rows(self, name: str, keys: list[Any]) -> Json:
        return self.w.ai_search.remove_data(self._path(name), [str(key) for key in keys]).as_dict()

    def search(self, name: str, **given: Any) -> Json:
        body = query_body(given)
        if "num_results" in body:
            body["max_results"] = body.pop("num_results")
        if "reranker" in body:
            body["reranker"] = ai.RerankerConfig.from_dict(body["reranker"])
        return self.w.ai_search.query_index(self._path(name), **body).as_dict()


# ------------------------------------------------------------------ no package at all
class PlainDoor(Door):
    """HTTP as anybody can speak it; REST users send their queries as POST."""

    def __init__(self, name: str, url: str, token: str) -> None:
        super().__init__(name)
        self._http = httpx.Client(
            timeout=60, base_url=url, headers={"Authorization": f"Bearer {token}"}
        )

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Json:
        """The reply of a route below `/api/2.0/vector-search`."""
        answered = self._http.request(method, VECTOR_SEARCH + path, json=body, params=query)
        answered.raise_for_status()
        return answered.json()

    def create_endpoint(self, name: str, endpoint_type: str = "STANDARD") -> Json:
        return self.ask("POST", "/endpoints", {"name": name, "endpoint_type": endpoint_type})

    def get_endpoint(self, name: str) -> Json:
        return self.ask("GET", f"/endpoints/{name}")

    def list_endpoints(self) -> list[Json]:
        return self.ask("GET", "/endpoints")["endpoints"]

    def stop_endpoint(self, name: str) -> Json:
        return self.ask("POST", f"/endpoints/{name}/stop")

    def start_endpoint(self, name: str) -> Json:
        return self.ask("POST", f"/endpoints/{name}/start")

    def update_endpoint(self, name: str, target_qps: int) -> Json:
        return self.ask("PATCH", f"/endpoints/{name}", {"target_qps": target_qps})

    def delete_endpoint(self, name: str) -> None:
        self.ask("DELETE", f"/endpoints/{name}")

    def create_index(self, endpoint_name: str, index_name: str, **given: Any) -> Json:
        return self.ask(
            "POST", "/indexes", {**index_body(index_name, **given), "endpoint_name": endpoint_name}
        )

    def list_indexes(self, endpoint_name: str) -> list[Json]:
        return self.ask("GET", "/indexes", endpoint_name=endpoint_name)["vector_indexes"]

    def delete_index(self, name: str) -> None:
        self.ask("DELETE", f"/indexes/{name}")

    def describe(self, name: str) -> Json:
        return self.ask("GET", f"/indexes/{name}")

    def sync(self, name: str) -> Json:
        return self.ask("POST", f"/indexes/{name}/sync")

    def upsert(self, name: str, rows: list[Json]) -> Json:
        return self.ask("POST", f"/indexes/{name}/upsert-data", {"inputs_json": json.dumps(rows)})

    def delete_rows(self, name: str, keys: list[Any]) -> Json:
        return self.ask("DELETE", f"/indexes/{name}/delete-data", {"primary_keys": keys})

    def scan(self, name: str, **given: Any) -> Json:
        return self.ask("POST", f"/indexes/{name}/scan", given)

    def search(self, name: str, **given: Any) -> Json:
        reply = self.ask("POST", f"/indexes/{name}/query", query_body(given))
        while token := reply.pop("next_page_token", ""):
            page = self.next_page(name, token)
            reply["result"]["row_count"] += page["result"]["row_count"]
            reply["result"]["data_array"] += page["result"]["data_array"]
            reply["next_page_token"] = page.get("next_page_token", "")
        return reply

    def next_page(self, name: str, page_token: str) -> Json:
        return self.ask("POST", f"/indexes/{name}/query-next-page", {"page_token": page_token})

    def _told(self, error: Exception) -> Error:
        if not isinstance(error, httpx.HTTPStatusError):
            raise error
        body = error.response.json()
        assert set(body) == {"error_code", "message", "details"}
        return Error(error.response.status_code, body["error_code"], body["message"])

    def close(self) -> None:
        self._http.close()


# ------------------------------------------------------------------ all of them
def legacy_client() -> type:
    """The client under its older name, whose package warns when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from databricks.vector_search.client import VectorSearchClient
    return VectorSearchClient


Make = Callable[[str, engine.Workspace, str, Credentials], Door]


def _pat(url: str, who: Credentials) -> Json:
    return {"workspace_url": url, "personal_access_token": who.token, "disable_notice": True}


def _pair(url: str, who: Credentials) -> Json:
    return {
        "workspace_url": url,
        "service_principal_client_id": who.client_id,
        "service_principal_client_secret": who.client_secret,
    }


def _sdk_m2m(url: str, who: Credentials) -> WorkspaceClient:
    return WorkspaceClient(host=url, client_id=who.client_id, client_secret=who.client_secret)


MAKERS: dict[str, Make] = {
    "local": lambda n, ws, url, who: LocalDoor(n, engine.VectorSearchClient(workspace=ws)),
    "ai_search": lambda n, ws, url, who: ClientDoor(n, AISearchClient(**_pat(url, who))),
    "ai_search-m2m": lambda n, ws, url, who: ClientDoor(n, AISearchClient(**_pair(url, who))),
    "vector_search": lambda n, ws, url, who: ClientDoor(n, legacy_client()(**_pat(url, who))),
    "ai_search-async": lambda n, ws, url, who: AsyncDoor(n, AISearchClient(**_pat(url, who))),
    "sdk": lambda n, ws, url, who: SdkDoor(n, WorkspaceClient(host=url, token=who.token)),
    "sdk-m2m": lambda n, ws, url, who: SdkDoor(n, _sdk_m2m(url, who)),
    "sdk-in-process": lambda n, ws, url, who: SdkDoor(n, InProcessClient(workspace=ws)),
    "sdk-ai_search": lambda n, ws, url, who: NewerSdkDoor(
        n, WorkspaceClient(host=url, token=who.token)
    ),
    "http": lambda n, ws, url, who: PlainDoor(n, url, who.token),
}
LACKS: dict[str, frozenset[str]] = {
    "local": LocalDoor.lacks,
    "ai_search": ClientDoor.lacks,
    "ai_search-m2m": ClientDoor.lacks,
    "vector_search": ClientDoor.lacks,
    "ai_search-async": ClientDoor.lacks,
    "sdk": SdkDoor.lacks,
    "sdk-m2m": SdkDoor.lacks,
    "sdk-in-process": SdkDoor.lacks,
    "sdk-ai_search": NewerSdkDoor.lacks,
    "http": PlainDoor.lacks,
}


def close_sessions() -> None:
    """Close the connections that `databricks.ai_search` keeps for the life of the process."""
    ai_search_utils.RequestUtils.session.close()
