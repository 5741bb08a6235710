"""One index of the mirrored client, in-process. See `local`, whose client hands it out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from engine.errors import BadRequest, InvalidInputException
from engine.service.catalog import refuse_unsupported
from engine.service.workspace import Workspace

DEFAULT_RESULTS = 5  # what this client sends when num_results is not given


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
        """Write rows of a direct access index; a row replaces the whole row of its key.

        Returns:
            `{"status": ..., "result": {"success_row_count": ...}}`, durable on return.

        Raises:
            AssertionError: not a list of dicts. InvalidParameterValue: a delta sync index.
        """
        if not isinstance(inputs, list):
            raise AssertionError("inputs must be of type: List of dictionaries")
        if not all(isinstance(row, dict) for row in inputs):
            raise AssertionError("inputs must be of type: List of dicts")
        return self._workspace.upsert(self.name, inputs)

    def delete(self, primary_keys: list[Any]) -> dict[str, Any]:
        """Delete rows of a direct access index by key; a key that is not there counts as deleted.

        Raises:
            AssertionError: not a list. InvalidParameterValue: a delta sync index.
        """
        if not isinstance(primary_keys, list):
            raise AssertionError("inputs must be of type: List")
        return self._workspace.delete_rows(self.name, primary_keys)

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
