"""A file's bytes as an answer: ranges, conditions, refusals. Knows HTTP; not which routes ask."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from email.utils import formatdate, parsedate_to_datetime
from typing import BinaryIO

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from engine.doors.http.guard import CLIENT_GONE, name_operation
from engine.doors.rest.routing import error_body
from engine.errors import InvalidParameterValue, VitrineError
from engine.service.volume_files import FileInfo

CHUNK = 1 << 18  # bytes of each caller at once
MEDIA_TYPE = "application/octet-stream"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class PreconditionFailed(VitrineError):
    """The file has changed since the time that the request names."""

    error_code = "FAILED_PRECONDITION"
    status_code = 412


class RangeNotSatisfiable(InvalidParameterValue):
    """The range begins behind the file's end."""

    status_code = 416

    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes, and the range begins behind them.")
        self.headers = {"Content-Range": f"bytes */{size}"}


class FileContents(StreamingResponse):
    """A part of an open file.

    Not starlette's FileResponse: that opens by path after the length was sent, so a file that is
    replaced in between would be sent with the length of the old one.
    """

    def __init__(
        self,
        file: BinaryIO,
        part: tuple[int, int],
        status: int,
        headers: dict[str, str],
        media_type: str = MEDIA_TYPE,
    ) -> None:
        """
        Args:
            part: the first byte and the one behind the last.
        """
        self._file = file
        super().__init__(_pieces(file, *part), status, headers, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close the file whatever happens."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _pieces(file: BinaryIO, first: int, end: int) -> Iterator[bytes]:
    file.seek(first)
    while first < end:
        piece = file.read(min(CHUNK, end - first))
        if not piece:
            return  # the file was cut meanwhile; the length in the headers shows it
        first += len(piece)
        yield piece


def headers_of(info: FileInfo, length: int) -> dict[str, str]:
    """What every answer about a file says."""
    return {
        "Content-Length": str(length),
        "Last-Modified": formatdate(info.modified_ms // 1000, usegmt=True),
        "Accept-Ranges": "bytes",
    }


def seconds_of(date: str | None) -> float | None:
    """Seconds since 1970 of a header's date; None where it is absent or no date, to be ignored."""
    try:
        return parsedate_to_datetime(date or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def check_unmodified(request: Request, info: FileInfo) -> None:
    """Clients that go on with a broken download name the time of the file that they began with."""
    since = seconds_of(request.headers.get("if-unmodified-since"))
    if since is not None and info.modified_ms // 1000 > since:
        raise PreconditionFailed(f"{info.path} was modified since; download it from its start.")


def chosen_range(
    request: Request, info: FileInfo, etag: str | None = None
) -> tuple[int, int] | None:
    """First byte and the one behind the last; None for the whole file.

    Several ranges, other units and nonsense get the whole file, as HTTP allows.
    """
    same = (None, headers_of(info, 0)["Last-Modified"], etag)
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or request.headers.get("if-range") not in same or match[0] == "bytes=-":
        return None
    if not match[1]:  # the last so many bytes
        first, end = max(info.size - int(match[2]), 0), info.size
    else:
        first = int(match[1])
        end = min(int(match[2]) + 1, info.size) if match[2] else info.size
        if match[2] and int(match[2]) < first:
            return None
    if first >= info.size:
        raise RangeNotSatisfiable(info.size)
    return first, end


async def answered(
    request: Request, operation: str, answer: Callable[[str], Awaitable[Response]]
) -> Response:
    """The answer for a route's path, or the refusal in the API's form."""
    if hasattr(request.state, "exchange"):
        name_operation(request, operation)
    path: str = request.path_params["path"]
    try:
        if "\ufffd" in path:  # what the server puts for bytes that it can't decode
            raise InvalidParameterValue("The path is not UTF-8; send it percent-encoded.")
        return await answer(path)
    except VitrineError as error:
        return refused(request, error)
    except ClientDisconnect:
        return Response(status_code=CLIENT_GONE)


def refused(request: Request, error: VitrineError) -> JSONResponse:
    """An error as an answer."""
    given = getattr(request.state, "request_id", None)
    body = error_body(error.error_code, error.message, error.details, given)
    headers = error.headers if isinstance(error, RangeNotSatisfiable) else None
    return JSONResponse(body, error.status_code, headers)
