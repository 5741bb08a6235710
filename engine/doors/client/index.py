"""One index of the mirrored client, in-process; `client.AISearchClient` hands it out."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from engine.core.values import listed
from engine.doors.arguments import taking
from engine.doors.client.mirrored import Mirrored
from engine.doors.client.retries import with_retries
from engine.doors.client.similarity_search import SimilaritySearch
from engine.doors.client.waiting import wait_for_state
from engine.doors.pages import join_pages
from engine.workspace import Workspace

_SETTLED = ("ONLINE", "ONLINE_NO_PENDING_UPDATE", "ONLINE_DIRECT_ACCESS")  # no update runs


class AISearchIndex(Mirrored):
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

    def describe(self) -> dict[str, Any]:
        """The index with its status. Raises NotFound."""
        return self._workspace.get_index(self.name)

    def sync(self) -> dict[str, Any]:
        """Begin to bring the index to the state of its source table, and return at once.

        `describe` shows how far it is: first ONLINE_UPDATING_PIPELINE_RESOURCES and
        ONLINE_TRIGGERED_UPDATE, at the end ONLINE_NO_PENDING_UPDATE, or ONLINE_PIPELINE_FAILED with
        `failed_status`. In a workspace of which `waiting_syncs` is set, it is done on return, and
        raises where it failed.

        Raises:
            NotFound: no such index. BadRequest: a sync is running already. InvalidParameterValue.
        """
        self._workspace.start_sync(self.name)
        return {}

    def wait_until_ready(
        self,
        verbose: bool = False,
        timeout: timedelta = timedelta(hours=24),
        wait_for_updates: bool = False,
    ) -> None:
        """Return when the index is online, which one on a running endpoint always is, synced or not.

        Args:
            wait_for_updates: also until no update runs; a CONTINUOUS index never gets there, nor does
                one whose sync failed.

        Raises:
            NotFound: no such index. Exception: it is offline, or the time is over.
        """
        status: dict[str, Any] = {}

        def state() -> str:
            status.update(self.describe()["status"])
            return str(status["detailed_state"])

        def is_ready(state: str) -> bool:
            return "ONLINE" in state and (not wait_for_updates or state in _SETTLED)

        def refuse(state: str) -> None:
            if "OFFLINE" in state and not (state == "OFFLINE" and self._endpoint_starts()):
                why = f": {status['message']}" if state == "OFFLINE" else ""
                raise Exception(f"Index {self.name} is offline{why}")

        last = wait_for_state(f"Index {self.name}", state, is_ready, refuse, verbose, timeout)
        if verbose:
            print(f"Index {self.name} is in state {last}.")
        if not is_ready(last):
            seconds = timeout.total_seconds()
            raise Exception(
                f"Index {self.name} did not become online within timeout of {seconds}s."
            )

    def _endpoint_starts(self) -> bool:
        """Whether the index is offline for no longer than its endpoint is being started."""
        name = self.describe()["endpoint_name"]
        state: str = self._workspace.get_endpoint(name)["endpoint_status"]["state"]
        return state == "STARTING"

    def scan(self, num_results: int = 10, last_primary_key: object = None) -> dict[str, Any]:
        """Rows in the order of their keys, with every stored column, vectors among them.

        Args:
            last_primary_key: the reply's `last_primary_key` of the page before.

        Returns:
            `{"data": [...], "last_primary_key": text}`; `{}` behind the last row.

        Raises:
            NotFound, BadRequest, InvalidParameterValue: as the service refuses.
        """
        return self._workspace.scan_index(self.name, num_results, listed(last_primary_key) or None)

    def scan_index(self, num_results: int = 10, last_primary_key: object = None) -> dict[str, Any]:
        """The older name of `scan`."""
        return self.scan(num_results, last_primary_key)

    def upsert(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """Write rows of a direct access index; a row replaces the whole row of its key.

        Returns:
            `{"status": ..., "result": {"success_row_count": ...}}`, durable on return. Rows that can't
            be used stand in `result["failed_primary_keys"]`, and why in `failures`: a list of
            `{"primary_key", "reason"}`, left out where none failed.

        Raises:
            AssertionError: not a list of dicts. InvalidParameterValue: a delta sync index.
        """
        if not isinstance(inputs, list):
            raise AssertionError("inputs must be of type: List of dictionaries")
        if not all(isinstance(row, dict) for row in inputs):
            raise AssertionError("inputs must be of type: List of dicts")
        return self._workspace.upsert(self.name, inputs)

    def delete(self, primary_keys: list[Any]) -> dict[str, Any]:
        """Delete rows of a direct access index by key; a key that the index lacks counts as deleted.

        Raises:
            AssertionError: not a list. InvalidParameterValue: a delta sync index.
        """
        if not isinstance(primary_keys, list):
            raise AssertionError("inputs must be of type: List")
        return self._workspace.delete_rows(self.name, primary_keys)

    @taking(SimilaritySearch)
    def similarity_search(self, given: SimilaritySearch) -> dict[str, Any]:
        """The best rows for a vector, a text or both: `{"manifest": ..., "result": ...}`, pages joined.

        Raises:
            ValueError: both `columns_to_rerank` and `reranker`.
            BadRequest, InvalidParameterValue, NotFound: as the service refuses.
        """
        request = given.request(self.name, lambda: str(self.describe()["id"]))
        queries = self._workspace.queries

        def next_page(token: str) -> dict[str, Any]:
            return with_retries(partial(queries.next_page, self.name, token), *given.retries)

        first = with_retries(partial(queries.query, request), *given.retries)
        return join_pages(first, next_page)
