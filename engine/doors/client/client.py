"""The mirrored client, in-process: the class of `databricks.ai_search`, without a network.

Translates calls and replies; the behaviour is the workspace's. Signatures, client-side checks and
their texts are those of databricks-ai-search 0.81. Credentials and URLs are accepted and not needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.core.index_request import DirectAccessRequest
from engine.doors.arguments import taking
from engine.doors.client.checks import check_index_name, check_payload_logging, check_policies
from engine.doors.client.delta_sync import DeltaSyncIndex, DeltaSyncIndexAndWait
from engine.doors.client.endpoints import EndpointCalls
from engine.doors.client.index import AISearchIndex
from engine.doors.client.mirrored import Mirrored
from engine.errors import InvalidInputException, NotFound
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.doors.client.async_index import AsyncAISearchIndex

_NOTICE = (
    "[NOTICE] Using a Personal Authentication Token (PAT). Recommended for development only. For "
    "improved performance, please use Service Principal based authentication. To disable this message, "
    "pass disable_notice=True."
)


class AISearchClient(EndpointCalls, Mirrored):
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
            disable_notice: do not print the package's notice about access tokens.
            workspace: a Workspace or its directory; None for the default workspace.

        Raises:
            InvalidInputException: half of a service principal; see `validate`.
        """
        opened = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
        self.workspace: Workspace = opened
        self.workspace_url = workspace_url
        self.personal_access_token = personal_access_token
        self.service_principal_client_id = service_principal_client_id
        self.service_principal_client_secret = service_principal_client_secret
        self.validate(disable_notice=disable_notice)

    def validate(self, disable_notice: bool = False) -> None:
        """Check what can be checked without a service: credentials are not needed, nor a URL.

        Args:
            disable_notice: do not print the package's notice about access tokens.

        Raises:
            InvalidInputException: a service principal's id without its secret or the other way
                round, and no access token.
        """
        pair = (self.service_principal_client_id, self.service_principal_client_secret)
        if any(pair) and not all(pair) and not self.personal_access_token:
            raise InvalidInputException(
                "Please specify either personal access token or service principal client ID and "
                "secret."
            )
        if self.personal_access_token and not disable_notice:
            print(_NOTICE)

    # ------------------------------------------------------------------ indexes
    @taking(DeltaSyncIndex)
    def create_delta_sync_index(self, given: DeltaSyncIndex) -> AISearchIndex:
        """Create an index over a table; its first sync is done on return.

        Raises:
            AssertionError, InvalidInputException: the client's own checks.
            NotFound, ResourceConflict, BadRequest, InvalidParameterValue: the service's.
        """
        self.workspace.indexes.create(given.request())
        return self.get_index(index_name=given.index_name)

    @taking(DeltaSyncIndexAndWait)
    def create_delta_sync_index_and_wait(self, given: DeltaSyncIndexAndWait) -> AISearchIndex:
        """As `create_delta_sync_index`, which is done on return: its state is read once or more.

        Raises:
            Exception: the index is offline, or the time is over. Else as `create_delta_sync_index`.
        """
        self.workspace.indexes.create(given.request())
        made = self.get_index(index_name=given.index_name)
        made.wait_until_ready(given.verbose, given.timeout)
        return made

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
            AssertionError, InvalidInputException: the client's own checks; VitrineError: the service's.
        """
        check_policies(budget_policy_id, usage_policy_id)
        if not schema:
            raise AssertionError("Schema must be present when creating a direct access index.")
        if budget_policy_id or usage_policy_id:
            raise Exception("Usage policy is not supported for direct access index")
        check_payload_logging(payload_logging_enabled)
        request = DirectAccessRequest(
            index_name,
            endpoint=endpoint_name,
            primary_key=primary_key,
            dimension=embedding_dimension,
            vector_column=embedding_vector_column,
            schema=schema,
            model_endpoint=embedding_model_endpoint_name or None,
            payload_logging_enabled=payload_logging_enabled,
        )
        self.workspace.indexes.create_direct_access(request)
        return self.get_index(index_name=index_name)

    def get_index(
        self, endpoint_name: str | None = None, index_name: str | None = None
    ) -> AISearchIndex:
        """An index by name; mind that the first positional argument is the endpoint.

        Raises:
            AssertionError: no index name. NotFound: no such index.
        """
        name = check_index_name(index_name)
        described = self.workspace.get_index(name, endpoint_name)
        return AISearchIndex(
            workspace_url=self.workspace_url,
            index_url=None,
            name=name,
            endpoint_name=described["endpoint_name"],
            personal_access_token=self.personal_access_token,
            workspace=self.workspace,
        )

    def get_async_index(
        self, endpoint_name: str | None = None, index_name: str | None = None
    ) -> AsyncAISearchIndex:
        """An index for `async` code, by name; this call itself is not awaited.

        Raises:
            AssertionError: no index name. NotFound: no such index.
        """
        from engine.doors.client.async_index import AsyncAISearchIndex  # loads asyncio

        found = self.get_index(endpoint_name, index_name)
        return AsyncAISearchIndex(
            workspace_url=found.workspace_url,
            index_url=found.index_url,
            name=found.name,
            endpoint_name=found.endpoint_name,
            personal_access_token=found.personal_access_token,
            workspace=self.workspace,
        )

    def index_exists(self, endpoint_name: str | None = None, index_name: str | None = None) -> bool:
        try:
            self.workspace.get_index(check_index_name(index_name), endpoint_name)
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
        self.workspace.delete_index(check_index_name(index_name), endpoint_name)
        return {}

    def update_index_budget_policy(
        self,
        index_name: str,
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
    ) -> dict[str, Any]:
        """Give an index another policy; both arguments mean the same.

        Raises:
            AssertionError, InvalidInputException: the client's own checks.
            NotFound: no such index. InvalidParameterValue: a direct access index.
        """
        name = check_index_name(index_name)
        check_policies(budget_policy_id, usage_policy_id)
        policy = usage_policy_id or budget_policy_id
        if not policy:
            raise AssertionError("Either budget_policy_id or usage_policy_id must be specified")
        self.workspace.update_index(name, usage_policy_id=policy)
        return {}

    def update_index_usage_policy(self, index_name: str, usage_policy_id: str) -> dict[str, Any]:
        """As `update_index_budget_policy`."""
        return self.update_index_budget_policy(index_name, usage_policy_id=usage_policy_id)

    def update_index_payload_logging(
        self, index_name: str, payload_logging_enabled: bool
    ) -> dict[str, Any]:
        """Note whether requests to an index are logged; nothing is logged here. The index, as described.

        Raises:
            AssertionError, InvalidInputException: the client's own checks. NotFound: no such index.
        """
        name = check_index_name(index_name)
        if payload_logging_enabled is None:
            raise InvalidInputException("payload_logging_enabled must be a boolean.")
        check_payload_logging(payload_logging_enabled)
        self.workspace.update_index(name, payload_logging_enabled=payload_logging_enabled)
        return self.workspace.get_index(name)


# The names that most code still uses.
VectorSearchClient = AISearchClient
VectorSearchIndex = AISearchIndex
TARGET_QPS_RESET_TO_DEFAULT = -1  # the old package's word, for `update_endpoint(target_qps=...)`

__all__ = ["AISearchClient", "AISearchIndex", "VectorSearchClient", "VectorSearchIndex"]
