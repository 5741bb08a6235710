"""How the two client packages take faults: what they try again, when, and what they raise.

Truth: `RequestUtils` of databricks-ai-search 0.81 (requests with urllib3's Retry: 429, 503 and 504 of
methods that may be repeated, and broken connections of these) and its `AsyncRequestUtils` (httpx: any
method). The random part of their waits is left out here. What they raise of requests and httpx is raised
of these, where they are installed.
"""

from __future__ import annotations

import importlib
from typing import Any

from engine import errors
from engine.doors.faults.kinds import BrokenConnection, Fault, Refusal
from engine.doors.faults.tries import Asked
from engine.errors import VitrineError
from engine.optional import is_installed

_REPEATABLE = ("GET", "HEAD", "PUT", "DELETE")
_AGAIN = (429, 503, 504)
_TOLD = (413, 429, 503)  # statuses of which urllib3 obeys a Retry-After, on the list or not
_MOST_SECONDS = 120.0  # of one wait of urllib3's
_CLASSES: dict[int, type[VitrineError]] = {
    400: errors.BadRequest,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.ResourceConflict,
    429: errors.TooManyRequests,
}


class SyncClient:
    """`databricks.ai_search` and `databricks.vector_search` over requests."""

    def wait_after(self, attempt: int, fault: Fault, asked: Asked) -> float | None:
        """See `tries.Client`. Nothing is tried again whose method may not be repeated: an upsert."""
        if not self._is_again(fault, asked) or attempt >= asked.total_retries:
            return None
        if isinstance(fault, Refusal) and fault.retry_after:
            return fault.retry_after
        # urllib3 tries again at once, then after twice the factor.
        seconds = asked.backoff_factor * 2.0**attempt if attempt else 0.0
        return min(max(seconds, 0.0), _MOST_SECONDS)

    def _is_again(self, fault: Fault, asked: Asked) -> bool:
        if asked.method not in _REPEATABLE:
            return False
        if isinstance(fault, Refusal):
            told = bool(fault.retry_after) and fault.status in _TOLD and asked.total_retries > 0
            return fault.status in _AGAIN or told
        # A body is read behind urllib3's back: its end is nobody's to repeat.
        return isinstance(fault, BrokenConnection) and not fault.mid_answer

    def error(self, fault: Fault, asked: Asked) -> Exception:
        """See `tries.Client`."""
        if isinstance(fault, Refusal):
            if not self._is_again(fault, asked):
                return typed_error(fault)
            text = (
                f"Max retries exceeded with url: {asked.path} (Caused by ResponseError('too many "
                f"{fault.status} error responses'))"
            )
            return _made("requests.exceptions", "RetryError", text) or typed_error(fault)
        return broken_for_requests(fault)


class AsyncClient:
    """The async index of both packages, over httpx."""

    def wait_after(self, attempt: int, fault: Fault, asked: Asked) -> float | None:
        """See `tries.Client`."""
        is_again = isinstance(fault, BrokenConnection) or (
            isinstance(fault, Refusal) and fault.status in _AGAIN
        )
        if not is_again or attempt >= asked.total_retries:
            return None
        if isinstance(fault, Refusal) and fault.retry_after is not None:
            return fault.retry_after
        return max(asked.backoff_factor * 2.0**attempt, 0.0)

    def error(self, fault: Fault, asked: Asked) -> Exception:
        """See `tries.Client`."""
        if isinstance(fault, Refusal):
            return typed_error(fault)
        is_cut = isinstance(fault, BrokenConnection) and fault.mid_answer
        name = "RemoteProtocolError" if is_cut else "ReadError"
        text = "peer closed connection without sending complete message body" if is_cut else ""
        return _made("httpx", name, text) or ConnectionResetError(text)


def typed_error(fault: Refusal) -> VitrineError:
    """The package's exception for an answer: the class of its status, with what its body says."""
    body = fault.body()
    error = _CLASSES.get(fault.status, VitrineError)(body["message"])
    error.status_code, error.error_code = fault.status, body["error_code"]
    error.details = body["details"]
    return error


def broken_for_requests(fault: Fault) -> Exception:
    """What requests raises where a connection was reset, or closed in the middle of an answer."""
    reset = ConnectionResetError(104, "Connection reset by peer")
    if isinstance(fault, BrokenConnection) and fault.mid_answer:
        text = "Connection broken: the connection was closed in the middle of the answer"
        return _made("requests.exceptions", "ChunkedEncodingError", text) or reset
    return _made("requests.exceptions", "ConnectionError", "Connection aborted.", reset) or reset


def _made(module: str, name: str, *args: Any) -> Exception | None:
    """An exception of a package; None where it is not installed, and nobody can expect it."""
    if not is_installed(module.partition(".")[0]):
        return None
    made: Exception = getattr(importlib.import_module(module), name)(*args)
    return made
