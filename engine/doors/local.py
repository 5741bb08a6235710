"""The mirrored client, in-process: the class of `databricks.ai_search`, without a network.

Translates calls and replies; the behaviour is the workspace's. Signatures, client-side checks and
their texts are those of databricks-ai-search 0.81. Credentials and URLs are accepted and not needed;
arguments of the transport (`total_retries`, `backoff_factor`, `backoff_jitter`, `disable_notice`)
have nothing to act on here.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.doors.local_index import AISearchIndex
from engine.errors import InvalidInputException, NotFound
from engine.service.catalog import refuse_unsupported
from engine.service.workspace import Workspace

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

    def create_direct_access_index(
        self,
        endpoint_name: str,
        index_name: str,
        primary_key: str,
        embedding_dimension: int,
        embedding_vector_column: str,
        schema: dict[str, str],
        embedding_model_endpoint_name: str | None = None,
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        payload_logging_enabled: bool | None = None,
    ) -> AISearchIndex:
        """Create an empty index whose rows come by `upsert`.

        Args:
            schema: types by column: integer, long, float, double, boolean, string, date, timestamp,
                array<float> and the like; the key and the vector among them.

        Raises:
            AssertionError, InvalidInputException: the client's own checks.
            NotFound, ResourceConflict, InvalidParameterValue: the service's.
            NotSupported: arguments that are not offered yet, by name.
        """
        _check_policies(budget_policy_id, usage_policy_id)
        if not schema:
            raise AssertionError("Schema must be present when creating a direct access index.")
        if budget_policy_id or usage_policy_id:
            raise Exception("Usage policy is not supported for direct access index")
        refuse_unsupported(
            "create_direct_access_index",
            embedding_model_endpoint_name=embedding_model_endpoint_name,
            payload_logging_enabled=payload_logging_enabled,
        )
        self.workspace.create_direct_access_index(
            index_name,
            endpoint=endpoint_name,
            primary_key=primary_key,
            dimension=embedding_dimension,
            vector_column=embedding_vector_column,
            schema=schema,
        )
        return self.get_index(index_name=index_name)

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

__all__ = ["AISearchClient", "AISearchIndex", "VectorSearchClient", "VectorSearchIndex"]
