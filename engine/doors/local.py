"""The mirrored client, in-process: the classes of `databricks.ai_search`, without a network.

Translates calls and replies; the behaviour is the workspace's. Signatures, client-side checks and
their texts are those of databricks-ai-search 0.81. Credentials and URLs are accepted and not needed;
arguments of the transport (`total_retries`, `backoff_factor`, `backoff_jitter`, `disable_notice`)
have nothing to act on here.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.errors import BadRequest, InvalidInputException, InvalidParameterValue, NotFound
from engine.service.catalog import refuse_unsupported
from engine.service.workspace import Workspace

DEFAULT_RESULTS = 5  # what this client sends when num_results is not given
_NO_NAME = "Index name must be specified"


class AISearchClient:
    """Endpoints and indexes of a workspace, called as on the cloud."""

    def __init__(
        self,
        workspace_url: str | None = None,
        personal_access_token: str | None = None,
        service_principal_client_id: str | None = None,
        service_principal_client_secret: str | None = None,
        azure_tenant_id: str | None = None,
        azure_login_id: str = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
        disable_notice: bool = False,
        credential_strategy: object = None,
        _liteswap_traffic_id: str | None = None,
        oauth_scopes: list[str] | None = None,
        *,
        workspace: Workspace | str | Path | None = None,
    ) -> None:
        """Open a workspace; only `workspace` matters here.

        Args:
            workspace: a Workspace or its directory; None for the default workspace.
        """
        opened = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
        self.workspace: Workspace = opened
        self.workspace_url = workspace_url
        self.personal_access_token = personal_access_token

    def __getattr__(self, name: str) -> Any:
        offered = ", ".join(sorted(n for n in dir(type(self)) if not n.startswith("_")))
        raise AttributeError(f"{name!r} is not offered by this version. Offered: {offered}")

    def validate(self, disable_notice: bool = False) -> None:
        """Nothing to validate: no credentials are needed."""

    # ------------------------------------------------------------------ endpoints
    def create_endpoint(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
    ) -> dict[str, Any]:
        """Create an endpoint. Raises InvalidParameterValue, ResourceConflict."""
        _check_policies(budget_policy_id, usage_policy_id)
        if target_qps is not None:
            if isinstance(target_qps, bool) or not isinstance(target_qps, int):
                raise InvalidInputException("target_qps must be an integer.")
            if target_qps <= 0:
                raise InvalidInputException("target_qps must be a positive integer.")
        refuse_unsupported(
            "create_endpoint",
            budget_policy_id=budget_policy_id,
            usage_policy_id=usage_policy_id,
            target_qps=target_qps,
        )
        return self.workspace.create_endpoint(name, endpoint_type)

    def create_endpoint_and_wait(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
        verbose: bool = False,
        timeout: timedelta = timedelta(minutes=60),
    ) -> None:
        """Create an endpoint; it is online at once."""
        self.create_endpoint(name, endpoint_type, budget_policy_id, usage_policy_id, target_qps)
        self.wait_for_endpoint(name, verbose, timeout)

    def wait_for_endpoint(
        self, name: str, verbose: bool = False, timeout: timedelta = timedelta(minutes=60)
    ) -> None:
        """An endpoint that exists is online. Raises NotFound."""
        self.get_endpoint(name)

    def get_endpoint(self, name: str) -> dict[str, Any]:
        """An endpoint's description. Raises NotFound."""
        return self.workspace.get_endpoint(name)

    def endpoint_exists(self, name: str) -> bool:
        try:
            self.get_endpoint(name)
        except NotFound:
            return False
        return True

    def list_endpoints(self) -> dict[str, Any]:
        """`{"endpoints": [...]}`, by name."""
        return {"endpoints": self.workspace.list_endpoints()}

    def delete_endpoint(self, name: str) -> dict[str, Any]:
        """Delete an endpoint without indexes. Raises NotFound, InvalidState."""
        self.workspace.delete_endpoint(name)
        return {}

    # ------------------------------------------------------------------ indexes
    def create_delta_sync_index(
        self,
        endpoint_name: str,
        index_name: str,
        primary_key: str,
        source_table_name: str,
        pipeline_type: str,
        embedding_dimension: int | None = None,
        embedding_vector_column: str | None = None,
        embedding_source_column: str | None = None,
        embedding_model_endpoint_name: str | None = None,
        sync_computed_embeddings: bool = False,
        columns_to_sync: list[str] | None = None,
        model_endpoint_name_for_query: str | None = None,
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        index_subtype: str | None = None,
        payload_logging_enabled: bool | None = None,
    ) -> AISearchIndex:
        """Create an index over a table's vector column; its first sync is done on return.

        Raises:
            AssertionError, InvalidInputException: the client's own checks.
            NotFound, ResourceConflict, BadRequest, InvalidParameterValue: the service's.
            NotSupported: arguments that are not offered yet, by name.
        """
        _check_policies(budget_policy_id, usage_policy_id)
        if pipeline_type is None:
            raise AssertionError(
                "Pipeline type cannot be None. Please use CONTINUOUS/TRIGGERED as the pipeline type."
            )
        if embedding_vector_column:
            if not embedding_dimension:
                raise AssertionError(
                    "Embedding dimension must be specified if source column is used"
                )
            if sync_computed_embeddings:
                raise AssertionError(
                    "Sync computed embedding is not supported with embedding vector column"
                )
        elif embedding_source_column and not embedding_model_endpoint_name:
            raise AssertionError("You must specify Embedding Model Endpoint")
        refuse_unsupported(
            "create_delta_sync_index",
            embedding_source_column=None if embedding_vector_column else embedding_source_column,
            budget_policy_id=budget_policy_id,
            usage_policy_id=usage_policy_id,
            index_subtype=None if str(index_subtype).upper() == "HYBRID" else index_subtype,
            payload_logging_enabled=payload_logging_enabled,
            model_endpoint_name_for_query=model_endpoint_name_for_query,
        )
        if not embedding_vector_column or embedding_dimension is None:
            raise InvalidInputException(
                "At least one valid embedding_source_column or embedding_vector_column must be "
                "specified."
            )
        self.workspace.create_index(
            index_name,
            endpoint=endpoint_name,
            primary_key=primary_key,
            source_table=source_table_name,
            vector_column=embedding_vector_column,
            dimension=embedding_dimension,
            pipeline_type=pipeline_type,
            columns_to_sync=columns_to_sync,
        )
        return self.get_index(index_name=index_name)

    def create_delta_sync_index_and_wait(
        self,
        endpoint_name: str,
        index_name: str,
        primary_key: str,
        source_table_name: str,
        pipeline_type: str,
        embedding_dimension: int | None = None,
        embedding_vector_column: str | None = None,
        embedding_source_column: str | None = None,
        embedding_model_endpoint_name: str | None = None,
        sync_computed_embeddings: bool = False,
        columns_to_sync: list[str] | None = None,
        model_endpoint_name_for_query: str | None = None,
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        verbose: bool = False,
        timeout: timedelta = timedelta(hours=24),
        index_subtype: str | None = None,
        payload_logging_enabled: bool | None = None,
    ) -> AISearchIndex:
        """As `create_delta_sync_index`, which is done on return already."""
        return self.create_delta_sync_index(
            endpoint_name,
            index_name,
            primary_key,
            source_table_name,
            pipeline_type,
            embedding_dimension,
            embedding_vector_column,
            embedding_source_column,
            embedding_model_endpoint_name,
            sync_computed_embeddings,
            columns_to_sync,
            model_endpoint_name_for_query,
            budget_policy_id,
            usage_policy_id,
            index_subtype,
            payload_logging_enabled,
        )

    def get_index(
        self, endpoint_name: str | None = None, index_name: str | None = None
    ) -> AISearchIndex:
        """An index by name; mind that the first positional argument is the endpoint.

        Raises:
            AssertionError: no index name. NotFound: no such index.
        """
        name = _index_name(index_name)
        described = self.workspace.get_index(name, endpoint_name)
        return AISearchIndex(
            workspace_url=self.workspace_url,
            index_url=None,
            name=name,
            endpoint_name=described["endpoint_name"],
            personal_access_token=self.personal_access_token,
            workspace=self.workspace,
        )

    def index_exists(self, endpoint_name: str | None = None, index_name: str | None = None) -> bool:
        try:
            self.workspace.get_index(_index_name(index_name), endpoint_name)
        except NotFound:
            return False
        return True

    def list_indexes(self, name: str) -> dict[str, Any]:
        """`{"vector_indexes": [...]}` of an endpoint, by name. Raises NotFound."""
        return {"vector_indexes": self.workspace.list_indexes(name)}

    def delete_index(
        self, endpoint_name: str | None = None, index_name: str | None = None
    ) -> dict[str, Any]:
        """Delete an index. Raises AssertionError, NotFound."""
        self.workspace.delete_index(_index_name(index_name), endpoint_name)
        return {}


class AISearchIndex:
    """One index, called as on the cloud."""

    def __init__(
        self,
        workspace_url: str | None,
        index_url: str | None,
        name: str,
        endpoint_name: str,
        personal_access_token: str | None = None,
        *,
        workspace: Workspace,
    ) -> None:
        self.workspace_url = workspace_url
        self.index_url = index_url
        self.name = name
        self.endpoint_name = endpoint_name
        self.personal_access_token = personal_access_token
        self._workspace = workspace

    def __getattr__(self, name: str) -> Any:
        offered = ", ".join(sorted(n for n in dir(type(self)) if not n.startswith("_")))
        raise AttributeError(f"{name!r} is not offered by this version. Offered: {offered}")

    def describe(self) -> dict[str, Any]:
        """The index with its status. Raises NotFound."""
        return self._workspace.get_index(self.name)

    def sync(self) -> dict[str, Any]:
        """Bring the index to the state of its source table; done on return. Raises BadRequest."""
        self._workspace.sync(self.name)
        return {}

    def wait_until_ready(
        self,
        verbose: bool = False,
        timeout: timedelta = timedelta(hours=24),
        wait_for_updates: bool = False,
    ) -> None:
        """Returns at once: an index is ready when the call that made it returns. Raises NotFound."""
        if not self.describe()["status"]["ready"]:
            seconds = timeout.total_seconds()
            raise BadRequest(
                f"Index {self.name} did not become online within timeout of {seconds}s."
            )

    def upsert(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Refused, as on the cloud: a delta sync index takes its rows from its source table."""
        if not isinstance(inputs, list):
            raise AssertionError("inputs must be of type: List of dictionaries")
        if not all(isinstance(row, dict) for row in inputs):
            raise AssertionError("inputs must be of type: List of dicts")
        raise self._not_direct_access("Upsert")

    def delete(self, primary_keys: list[Any]) -> dict[str, Any]:
        """Refused, as on the cloud: a delta sync index takes its rows from its source table."""
        if not isinstance(primary_keys, list):
            raise AssertionError("inputs must be of type: List")
        raise self._not_direct_access("Delete")

    def _not_direct_access(self, verb: str) -> InvalidParameterValue:
        return InvalidParameterValue(
            f"{verb} needs a Direct Vector Access Index; {self.name} is a Delta Sync Index. Change "
            "its source table and sync."
        )

    def similarity_search(
        self,
        columns: list[str],
        query_text: str | None = None,
        query_vector: list[float] | None = None,
        filters: dict[str, Any] | list[dict[str, Any]] | str | None = None,
        num_results: int = DEFAULT_RESULTS,
        debug_level: int = 0,
        score_threshold: float | None = None,
        query_type: str | None = None,
        columns_to_rerank: list[str] | None = None,
        disable_notice: bool = False,
        reranker: object = None,
        total_retries: int = 3,
        backoff_factor: float = 1,
        backoff_jitter: float = 0.2,
        *,
        query_columns: list[str] | None = None,
        sort_columns: list[str] | None = None,
        facets: list[str] | None = None,
    ) -> dict[str, Any]:
        """The nearest rows to a vector: `{"manifest": ..., "result": ...}`, all pages joined.

        Args:
            columns: to return, in order; the score follows them, higher is closer.
            query_vector: as many numbers as the index's dimension.
            filters: `{"price <": 50}`, several conditions joined by AND.
            num_results: 1 to 10,000.
            score_threshold: leaves out rows with a lower score.
            debug_level: 1 adds `debug_info` with timings (ms) and the plan.

        Raises:
            ValueError: both `columns_to_rerank` and `reranker`.
            BadRequest, InvalidParameterValue, NotFound: as the service refuses.
            NotSupported: arguments that are not offered yet, by name.
        """
        if columns_to_rerank and reranker:
            raise ValueError(
                "The arguments `columns_to_rerank` and `reranker` cannot both be provided."
            )
        refuse_unsupported(
            "similarity_search",
            columns_to_rerank=columns_to_rerank,
            reranker=reranker,
            query_columns=query_columns,
            sort_columns=sort_columns,
            facets=facets,
        )
        if query_vector is not None and not isinstance(query_vector, (list, tuple)):
            raise InvalidInputException(
                f"query_vector is a {type(query_vector).__name__}; expected a list of numbers, for "
                "example vector.tolist()."
            )
        reply = self._workspace.query_index(
            self.name,
            columns=columns,
            query_vector=query_vector or None,
            query_text=query_text or None,
            filters=_as_sent(filters),
            num_results=num_results,
            score_threshold=score_threshold or None,
            query_type=query_type,
            debug_level=debug_level,
        )
        while token := reply.pop("next_page_token"):
            page = self._workspace.query_next_page(self.name, token)
            reply["result"]["row_count"] += page["result"]["row_count"]
            reply["result"]["data_array"] += page["result"]["data_array"]
            reply["next_page_token"] = page["next_page_token"]
        return reply


def _as_sent(filters: object) -> object:
    """Filters after the trip through JSON that they make to the cloud; empty ones are none."""
    if not filters or isinstance(filters, str):
        return filters or None
    return json.loads(json.dumps(filters))


def _index_name(name: str | None) -> str:
    if not name:
        raise AssertionError(_NO_NAME)
    return name


def _check_policies(budget_policy_id: str | None, usage_policy_id: str | None) -> None:
    if budget_policy_id and usage_policy_id:
        raise InvalidInputException(
            "Cannot specify both budget_policy_id and usage_policy_id. Please use only one."
        )


# The names that most code still uses.
VectorSearchClient = AISearchClient
VectorSearchIndex = AISearchIndex
