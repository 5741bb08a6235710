"""Whether the caller of long work has gone. Knows a flag per call; not what the work is.

The flag is a context variable, so threads that carry their caller's context see it too.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextvars import ContextVar


class Cancelled(BaseException):
    """The caller has gone: undo and end.

    Not an Exception, like `asyncio.CancelledError`: `except Exception` must not turn it into a result.
    """


_token: ContextVar[threading.Event | None] = ContextVar("cancellation", default=None)


@contextlib.contextmanager
def cancelled_by(token: threading.Event) -> Iterator[None]:
    """Within the block, `check` raises once `token` is set, from whatever thread."""
    before = _token.set(token)
    try:
        yield
    finally:
        _token.reset(before)


def current_token() -> threading.Event | None:
    """What is set when this work's caller goes; None where nobody can go."""
    return _token.get()


def check() -> None:
    """To be called between pieces of work, where nothing is half done that is not undone.

    Raises:
        Cancelled: the caller has gone. Never where nobody can go: without a token.
    """
    token = _token.get()
    if token is not None and token.is_set():
        raise Cancelled
