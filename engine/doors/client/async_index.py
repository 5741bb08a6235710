"""One index of the mirrored client for `async` code. Knows threads and cancellation; not behaviour.

Its methods are made of the sync index's: a call is made in a thread of the loop's executor with the
caller's context variables.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import inspect
import threading
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from engine.doors.client.index import AISearchIndex
from engine.doors.client.mirrored import Mirrored
from engine.errors import InvalidInputException
from engine.service.cancellation import Cancelled, cancelled_by
from engine.workspace import Workspace

P = ParamSpec("P")
T = TypeVar("T")


def _awaited(
    method: Callable[Concatenate[AISearchIndex, P], T],
    at_call: Callable[[Any], Any] = lambda given: given,
) -> Callable[Concatenate[AsyncAISearchIndex, P], Coroutine[Any, Any, T]]:
    """A method of the sync index as one that is awaited, with the same arguments and documentation.

    Args:
        at_call: from an argument to what goes to the thread, while the caller can't change it.
    """

    @functools.wraps(method)
    async def awaited(self: AsyncAISearchIndex, /, *args: P.args, **kwargs: P.kwargs) -> T:
        given = [at_call(value) for value in args]
        named = {name: at_call(value) for name, value in kwargs.items()}
        call: Callable[..., T] = getattr(self._sync, method.__name__)
        return await self._run(functools.partial(call, *given, **named))

    awaited.__qualname__ = f"AsyncAISearchIndex.{method.__name__}"
    awaited.__doc__ = f"Awaited, as `AISearchIndex.{method.__name__}`.\n\n{inspect.getdoc(method)}"
    return awaited


def _copied(given: Any) -> Any:
    """Rows or keys as a list holds them now; what is no list is refused by the sync index."""
    if not isinstance(given, list):
        return given
    return [dict(row) if isinstance(row, dict) else row for row in given]


class AsyncAISearchIndex(Mirrored):
    """One index, awaited; `AISearchClient.get_async_index` makes it.

    A call that is cancelled, or whose time is over, ends when its thread has ended: nothing is left
    running and no lock is held. A write that had begun is then done completely or not at all. It writes
    the rows, and deletes the keys, that its list holds at the call. A sync goes on without its caller;
    where it is waited for (`waiting_syncs`), it is undone up to its last step, and leaves the version
    that was published before.
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

    describe = _awaited(AISearchIndex.describe)
    sync = _awaited(AISearchIndex.sync)
    scan = _awaited(AISearchIndex.scan)
    similarity_search = _awaited(AISearchIndex.similarity_search)
    upsert = _awaited(AISearchIndex.upsert, at_call=_copied)
    delete = _awaited(AISearchIndex.delete, at_call=_copied)

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
