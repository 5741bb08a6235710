"""One index of the mirrored client, in-process. See `local`, whose client hands it out."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from engine.core.values import listed, shown
from engine.doors.client.retries import with_retries
from engine.doors.client.waiting import wait_for_state
from engine.errors import InvalidInputException
from engine.workspace import Workspace

_SETTLED = ("ONLINE", "ONLINE_NO_PENDING_UPDATE", "ONLINE_DIRECT_ACCESS")  # no update runs
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
        """Return when the index is online, which one on a running endpoint always is.

        Args:
            wait_for_updates: also until no update runs; a CONTINUOUS index never gets there.

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
            if "OFFLINE" in state:
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

    def scan(self, num_results: int = 10, last_primary_key: object = None) -> dict[str, Any]:
        """Rows in the order of their keys, with every stored column, vectors among them.

        Args:
            last_primary_key: the reply's `last_primary_key` of the page before.

        Returns:
            `{"data": [...], "last_primary_key": text}`; `{"data": []}` behind the last row.

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
            `{"primary_key", "reason"}`, there only where some failed.

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
        """The best rows for a vector, a text or both: `{"manifest": ..., "result": ...}`, pages joined.

        Args:
            columns: to return, in order; the score, higher is better, follows them.
            query_text: words to look for, or to encode where the index has an embedding model.
            query_vector: as many numbers as the index's dimension.
            filters: `{"price <": 50}`, a list of such dicts, or text: `"price < 50"`.
            num_results: 1 to 10,000; 1 to 200 for HYBRID and FULL_TEXT.
            score_threshold: leaves out rows with a lower score.
            debug_level: 1 adds `debug_info`: timings (ms) and the plan.
            query_type: ANN (default), HYBRID or FULL_TEXT, in any letter case.
            reranker: a `DatabricksReranker`, or what names its columns in the same way.
            query_columns: text columns whose words count; None for all.
            sort_columns: `"price DESC"`, ...: the order of the rows that were found.
            facets: `"col"`, `"col TOP n"` or `"col BUCKETS [[from,to],...]"`.
            total_retries, backoff_factor, backoff_jitter: see `retries.with_retries`.

        Raises:
            ValueError: both `columns_to_rerank` and `reranker`.
            BadRequest, InvalidParameterValue, NotFound: as the service refuses.
        """
        columns_to_rerank = listed(columns_to_rerank)
        if columns_to_rerank and reranker:
            raise ValueError(
                "The arguments `columns_to_rerank` and `reranker` cannot both be provided."
            )
        _check_vector(query_vector)
        query = partial(
            self._workspace.query_index,
            self.name,
            columns=columns,
            query_vector=query_vector or None,
            query_text=listed(query_text) or None,
            filters=_as_sent(filters),
            num_results=num_results,
            score_threshold=listed(score_threshold) or None,
            query_type=query_type,
            debug_level=debug_level,
            query_columns=query_columns,
            sort_columns=sort_columns,
            facets=facets,
            reranker=_reranker_as_sent(self, reranker, columns_to_rerank),
        )
        waiting = (total_retries, backoff_factor, backoff_jitter)
        reply = with_retries(query, *waiting)
        while token := reply.pop("next_page_token"):
            next_page = partial(self._workspace.query_next_page, self.name, token)
            page = with_retries(next_page, *waiting)
            reply["result"]["row_count"] += page["result"]["row_count"]
            reply["result"]["data_array"] += page["result"]["data_array"]
            reply["next_page_token"] = page["next_page_token"]
        return reply


def _check_vector(vector: object) -> None:
    if vector is not None and not isinstance(vector, (list, tuple)):
        raise InvalidInputException(
            f"query_vector is a {type(vector).__name__}; expected a list of numbers, for example "
            "vector.tolist()."
        )


def _reranker_as_sent(
    index: AISearchIndex, reranker: object, columns_to_rerank: object
) -> dict[str, Any] | None:
    """A reranker in the form in which the package's client sends it."""
    if reranker is None and not columns_to_rerank:
        return None
    from engine.doors.client.reranker import as_sent

    return as_sent(reranker, columns_to_rerank, index.name, lambda: index.describe()["id"])


def _as_sent(filters: object) -> object:
    """Filters after the trip through JSON that they make to the cloud; empty ones are none."""
    filters = listed(filters)
    if not filters or isinstance(filters, str):
        return filters or None
    try:
        return json.loads(json.dumps(filters, default=_scalar_as_sent))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputException(f"filters can't be sent as JSON: {error}.") from None


def _scalar_as_sent(value: object) -> object:
    """A value that JSON has no form for, in one that filters read: its exact digits, ISO 8601."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):  # datetimes are dates
        return value.isoformat()
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return value.tolist()
    raise InvalidInputException(
        f"filters hold {shown(value)} of type {type(value).__name__}; expected numbers, text, true, "
        "false, dates or times."
    )
