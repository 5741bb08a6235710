"""The endpoint calls of the mirrored client, in-process. `client.AISearchClient` has them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from engine.doors.client.checks import check_policies, check_qps
from engine.doors.client.waiting import wait_for_state
from engine.errors import InvalidInputException, NotFound
from engine.workspace import Workspace

_HOUR = timedelta(minutes=60)


class EndpointCalls:
    """What a client does with endpoints; signatures and texts are the package's."""

    workspace: Workspace

    def create_endpoint(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
    ) -> dict[str, Any]:
        """Create an endpoint. Raises InvalidParameterValue, ResourceConflict.

        Args:
            budget_policy_id, usage_policy_id: at most one; both are sent as the budget policy.
            target_qps: queries a second that are wanted; STANDARD endpoints only.
        """
        check_policies(budget_policy_id, usage_policy_id)
        if target_qps is not None:
            check_qps(target_qps, least=1)
        policy = usage_policy_id or budget_policy_id
        return self.workspace.create_endpoint(name, endpoint_type, policy, target_qps=target_qps)

    def create_endpoint_and_wait(
        self,
        name: str,
        endpoint_type: str = "STANDARD",
        budget_policy_id: str | None = None,
        usage_policy_id: str | None = None,
        target_qps: int | None = None,
        verbose: bool = False,
        timeout: timedelta = _HOUR,
    ) -> None:
        """Create an endpoint; it is online at once."""
        self.create_endpoint(name, endpoint_type, budget_policy_id, usage_policy_id, target_qps)
        self.wait_for_endpoint(name, verbose, timeout)

    def wait_for_endpoint(
        self, name: str, verbose: bool = False, timeout: timedelta = _HOUR
    ) -> None:
        """Return when an endpoint is online, which an endpoint that is not stopped always is.

        Raises:
            NotFound: no such endpoint. Exception: it is stopped, or the time is over.
        """

        def refuse(state: str) -> None:
            if state in ("STOPPING", "STOPPED"):
                raise Exception(
                    f"Endpoint {name} is {state} and will not become ONLINE until it is started "
                    "with start_endpoint."
                )

        self._wait(name, "ONLINE", refuse, verbose, timeout)

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
        """Delete an endpoint; its indexes stay behind, and are not found any more.

        Raises:
            NotFound: no such endpoint. InvalidState: it has indexes, and the workspace is strict.
        """
        self.workspace.delete_endpoint(name)
        return {}

    # ------------------------------------------------------------------ stop and start
    def stop_endpoint(self, name: str) -> dict[str, Any]:
        """Stop an endpoint: its indexes stay, queries and writes are refused. Raises NotFound."""
        return self.workspace.stop_endpoint(name)

    def stop_endpoint_and_wait(
        self, name: str, verbose: bool = False, timeout: timedelta = _HOUR
    ) -> None:
        """Stop an endpoint and return when it is stopped, which is at once."""
        self.stop_endpoint(name)
        self._wait(name, "STOPPED", lambda state: None, verbose, timeout)

    def start_endpoint(self, name: str) -> dict[str, Any]:
        """Start a stopped endpoint. Raises NotFound."""
        return self.workspace.start_endpoint(name)

    def start_endpoint_and_wait(
        self, name: str, verbose: bool = False, timeout: timedelta = _HOUR
    ) -> None:
        """Start an endpoint and return when it is online, which is at once."""
        self.start_endpoint(name)
        self.wait_for_endpoint(name, verbose, timeout)

    def _wait(
        self,
        name: str,
        wanted: str,
        refuse: Callable[[str], None],
        verbose: bool,
        timeout: timedelta,
    ) -> None:
        state = wait_for_state(
            f"Endpoint {name}",
            lambda: str(self.get_endpoint(name)["endpoint_status"]["state"]),
            lambda state: state == wanted,
            refuse,
            verbose,
            timeout,
        )
        if state != wanted:
            seconds = timeout.total_seconds()
            raise Exception(
                f"Endpoint {name} did not become {wanted} within timeout of {seconds}s."
            )
        if verbose:
            print(f"Endpoint {name} is {wanted}.")

    # ------------------------------------------------------------------ changes
    def update_endpoint(self, name: str, target_qps: int | None = None) -> dict[str, Any]:
        """Change how many queries a second are wanted; -1 takes it back, None changes nothing.

        Raises:
            InvalidInputException: the client's own checks. NotFound, InvalidParameterValue.
        """
        if not name:
            raise InvalidInputException("Endpoint name must be specified.")
        if target_qps is not None:
            check_qps(target_qps, least=-1)
        return self.workspace.update_endpoint(name, target_qps)

    def update_endpoint_budget_policy(
        self, name: str, budget_policy_id: str | None = None, usage_policy_id: str | None = None
    ) -> dict[str, Any]:
        """Give an endpoint another policy; exactly one is given. Raises NotFound."""
        check_policies(budget_policy_id, usage_policy_id)
        policy = usage_policy_id or budget_policy_id
        if not policy:
            raise InvalidInputException(
                "Either budget_policy_id or usage_policy_id must be specified."
            )
        return self.workspace.update_endpoint_budget_policy(name, policy)

    def update_endpoint_usage_policy(self, name: str, usage_policy_id: str) -> dict[str, Any]:
        """The same as `update_endpoint_budget_policy`, for a usage policy."""
        return self.update_endpoint_budget_policy(name, usage_policy_id=usage_policy_id)
