"""One index of the mirrored client for `async` code. Knows threads and cancellation; not behaviour.

Each call is the sync index's, made in a thread of the loop's executor with the caller's context
variables. Signatures are those of databricks-ai-search 0.81.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from engine.doors.client.index import DEFAULT_RESULTS, AISearchIndex
from engine.errors import InvalidInputException
from engine.service.cancellation import Cancelled, cancelled_by
from engine.workspace import Workspace

T = TypeVar("T")


class AsyncAISearchIndex:
    """One index, awaited; `AISearchClient.get_async_index` makes it.

    A call that is cancelled, or whose time is over, ends when its thread has ended: nothing is left
    running and no lock is held. A sync is undone up to its last step; a write that had begun is then
    done completely or not at all.
    """

    def __init__(
        self,
        workspace_url: str | None,
        index_url: str | None,
        name: str,
        endpoint_name: str,
        personal_access_token: str | None = None,
        total_retries: int = 3,
        backoff_factor: float = 1,
        backoff_jitter: float = 0.2,
        *,
        workspace: Workspace,
    ) -> None:
        self._sync = AISearchIndex(
            workspace_url,
            index_url,
            name,
            endpoint_name,
            personal_access_token,
            workspace=workspace,
        )
        self.workspace_url = workspace_url
        self.index_url = index_url
        self.name = name
        self.endpoint_name = endpoint_name
        self.personal_access_token = personal_access_token
        self.total_retries = total_retries
        self.backoff_factor = backoff_factor
        self.backoff_jitter = backoff_jitter
        self._closed = False

    def __getattr__(self, name: str) -> Any:
        offered = ", ".join(sorted(n for n in dir(type(self)) if not n.startswith("_")))
        raise AttributeError(f"{name!r} is not offered by this version. Offered: {offered}")

    async def upsert(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """As `AISearchIndex.upsert`; the rows are those that `inputs` holds at the call."""
        rows = inputs
        if isinstance(inputs, list):  # what is no list is refused by the sync index
            rows = [dict(row) if isinstance(row, dict) else row for row in inputs]
        return await self._run(lambda: self._sync.upsert(rows))

    async def delete(self, primary_keys: list[Any]) -> dict[str, Any]:
        """As `AISearchIndex.delete`; the keys are those that `primary_keys` holds at the call."""
        keys = list(primary_keys) if isinstance(primary_keys, list) else primary_keys
        return await self._run(lambda: self._sync.delete(keys))

    async def describe(self) -> dict[str, Any]:
        """As `AISearchIndex.describe`."""
        return await self._run(self._sync.describe)

    async def sync(self) -> dict[str, Any]:
        """As `AISearchIndex.sync`. Cancelled, it leaves the version that was published before."""
        return await self._run(self._sync.sync)

    async def scan(self, num_results: int = 10, last_primary_key: object = None) -> dict[str, Any]:
        """As `AISearchIndex.scan`."""
        return await self._run(lambda: self._sync.scan(num_results, last_primary_key))

    async def similarity_search(
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
        """As `AISearchIndex.similarity_search`."""
        return await self._run(
            lambda: self._sync.similarity_search(
                columns,
                query_text,
                query_vector,
                filters,
                num_results,
                debug_level,
                score_threshold,
                query_type,
                columns_to_rerank,
                disable_notice,
                reranker,
                total_retries,
                backoff_factor,
                backoff_jitter,
                query_columns=query_columns,
                sort_columns=sort_columns,
                facets=facets,
            )
        )

    async def aclose(self) -> None:
        """Take no more calls; those under way go on."""
        self._closed = True

    async def __aenter__(self) -> AsyncAISearchIndex:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _run(self, call: Callable[[], T]) -> T:
        """The call's result, from a thread; cancelled, only after that thread is done with it.

        Raises:
            InvalidInputException: the index was closed. Otherwise what the call raises.
        """
        if self._closed:
            raise InvalidInputException(
                f"This async index of {self.name} is closed; get another one with "
                "client.get_async_index(index_name=...)."
            )
        token, begun = threading.Event(), threading.Lock()

        def work() -> T | None:
            if not begun.acquire(blocking=False):
                return None  # cancelled while it waited for a thread
            with cancelled_by(token), contextlib.suppress(Cancelled):
                return call()
            return None  # nobody waits for it; kept, the error would hold what the call had open

        context = contextvars.copy_context()
        future = asyncio.get_running_loop().run_in_executor(None, context.run, work)
        try:
            await asyncio.wait([future])  # which leaves the future alone when it is cancelled
        except asyncio.CancelledError:
            token.set()
            if begun.acquire(blocking=False):
                future.cancel()  # it never begins
            else:
                await _ended(future)
            raise
        return future.result()  # type: ignore[return-value] # nobody cancelled it


async def _ended(future: asyncio.Future[Any]) -> None:
    """Wait until a thread's work has ended, however often that is cancelled; its outcome is dropped."""
    while not future.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([future])
    if not future.cancelled():
        future.exception()


# The name that most code still uses.
AsyncVectorSearchIndex = AsyncAISearchIndex
