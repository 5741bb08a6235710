"""Routes of the files API. Knows transport: ranges, bodies in pieces; not paths or disks.

Truth: what `databricks-sdk` sends for `w.files`, large files included. Addresses for direct transfers
with cloud storage are refused with 404, upon which it takes the plain routes.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from engine.doors.http.guard import name_operation
from engine.doors.rest.routing import EndpointNotFound, error_body
from engine.errors import InvalidParameterValue, VitrineError
from engine.service.volume_errors import PathNotFound
from engine.service.volume_files import FileInfo, Files
from engine.workspace import Workspace

LARGEST_UPLOAD = 5 << 30  # bytes; the API's own limit for one request
_CHUNK = 1 << 18  # of each caller at once
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_MEDIA_TYPE = "application/octet-stream"
_DIRECT = (
    "create-download-url",
    "create-upload-part-urls",
    "create-resumable-upload-url",
    "create-abort-upload-url",
)

Answer = Callable[[Files, Request, str], Awaitable[Response]]


class FileTooLarge(InvalidParameterValue):
    """An upload is longer than the limit. The code is one that no client tries again."""

    status_code = 413


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


def routes(workspace: Workspace, largest_upload: int = LARGEST_UPLOAD) -> list[Route]:
    """The routes over a workspace's volumes.

    Args:
        largest_upload: bytes of one file; a longer one is answered with 413.
    """
    files = Files(workspace.volumes)

    async def upload(files: Files, request: Request, path: str) -> Response:
        return await _upload(files, request, path, largest_upload)

    of_files: dict[str, Answer] = {
        "GET": _download,
        "HEAD": _metadata,
        "PUT": upload,
        "DELETE": _delete,
        "POST": _initiate,
    }
    of_directories: dict[str, Answer] = {
        "GET": _list,
        "HEAD": _directory_metadata,
        "PUT": _create_directory,
        "DELETE": _delete_directory,
    }
    start = "/api/2.0/fs"
    return [
        Route(f"{start}/files{{path:path}}", _by_method(files, of_files), methods=[*of_files]),
        Route(
            f"{start}/directories{{path:path}}",
            _by_method(files, of_directories),
            methods=[*of_directories],
        ),
        *(Route(f"{start}/{name}", _no_direct_transfer, methods=["POST"]) for name in _DIRECT),
    ]


def _by_method(files: Files, answers: dict[str, Answer]) -> Any:
    async def endpoint(request: Request) -> Response:
        answer = answers[request.method]
        _name(request, answer.__name__.strip("_"))
        path: str = request.path_params["path"]
        try:
            if "\ufffd" in path:  # what the server puts for bytes that it can't decode
                raise InvalidParameterValue("The path is not UTF-8; send it percent-encoded.")
            return await answer(files, request, path)
        except VitrineError as error:
            return _refused(request, error)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody is there to read it

    return endpoint


# ---------------------------------------------------------------------- reading
async def _download(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    file, info = await run_in_threadpool(files.open_file, path)
    try:
        _check_unmodified(request, info)
        chosen = _range(request, info)
    except BaseException:
        file.close()
        raise
    first, end = chosen or (0, info.size)
    headers = _headers(info, end - first)
    if chosen:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{info.size}"
    return _FileContents(file, first, end, 206 if chosen else 200, headers)


class _FileContents(StreamingResponse):
    """A part of an open file.

    Not starlette's FileResponse: that opens by path after the length was told, so a file that is
    replaced in between would be sent with the length of the old one.
    """

    def __init__(
        self, file: BinaryIO, first: int, end: int, status: int, headers: dict[str, str]
    ) -> None:
        self._file = file
        super().__init__(_pieces(file, first, end), status, headers, media_type=_MEDIA_TYPE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close the file whatever happens."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _pieces(file: BinaryIO, first: int, end: int) -> Iterator[bytes]:
    file.seek(first)
    while first < end:
        piece = file.read(min(_CHUNK, end - first))
        if not piece:
            return  # the file was cut meanwhile; the length that was told shows it
        first += len(piece)
        yield piece


async def _metadata(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    info = await run_in_threadpool(files.stat, path)
    if info.is_directory:
        raise PathNotFound(f"{info.path} is a directory, not a file.")
    _check_unmodified(request, info)
    return Response(headers=_headers(info, info.size), media_type=_MEDIA_TYPE)


async def _list(files: Files, request: Request, path: str) -> Response:
    query = _check_query(request, "page_size", "page_token")
    size = query.get("page_size")
    if size is not None and not re.fullmatch(r"-?[0-9]{1,9}", size):
        raise InvalidParameterValue(f"page_size is {size!r}; expected a whole number.")
    entries, token = await run_in_threadpool(
        files.list_directory, path, None if size is None else int(size), query.get("page_token")
    )
    reply: dict[str, Any] = {"contents": [_entry(info) for info in entries]}
    if token is not None:
        reply["next_page_token"] = token
    return JSONResponse(reply)


def _entry(info: FileInfo) -> dict[str, Any]:
    return {
        "path": info.path,
        "name": info.name,
        "is_directory": info.is_directory,
        "file_size": info.size,
        "last_modified": info.modified_ms,
    }


async def _directory_metadata(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    info = await run_in_threadpool(files.stat, path)
    if not info.is_directory:
        raise PathNotFound(f"{info.path} is a file, not a directory.")
    return Response()


def _headers(info: FileInfo, length: int) -> dict[str, str]:
    return {
        "Content-Length": str(length),
        "Last-Modified": formatdate(info.modified_ms // 1000, usegmt=True),
        "Accept-Ranges": "bytes",
    }


def _check_unmodified(request: Request, info: FileInfo) -> None:
    """Clients that go on with a broken download name the time of the file that they began with."""
    try:
        since = parsedate_to_datetime(request.headers.get("if-unmodified-since", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return  # absent, or no date: to be ignored
    if info.modified_ms // 1000 > since:
        raise PreconditionFailed(f"{info.path} was modified since; download it from its start.")


def _range(request: Request, info: FileInfo) -> tuple[int, int] | None:
    """First byte and the one behind the last; None for the whole file.

    Several ranges, other units and nonsense get the whole file, as HTTP allows.
    """
    unchanged = request.headers.get("if-range") in (None, _headers(info, 0)["Last-Modified"])
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or not unchanged or match[0] == "bytes=-":
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


# ---------------------------------------------------------------------- writing
async def _upload(files: Files, request: Request, path: str, largest: int) -> Response:
    overwrite = _overwrite(_check_query(request, "overwrite"))
    length = request.headers.get("content-length", "")
    if length.isdecimal():
        _check_size(int(length), largest)
    await _write(files, path, overwrite, request.stream(), largest)
    return Response(status_code=204)


async def _write(
    files: Files, path: str, overwrite: bool, stream: AsyncIterator[bytes], largest: int
) -> None:
    upload = await run_in_threadpool(files.begin_upload, path, overwrite)
    try:
        waiting, size = bytearray(), 0
        async for piece in stream:
            size += len(piece)
            _check_size(size, largest)
            waiting += piece
            if len(waiting) >= _CHUNK:
                await run_in_threadpool(upload.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(upload.write, bytes(waiting))
        await run_in_threadpool(upload.finish)
    finally:
        upload.discard()  # brief; awaiting would not work where the request was given up


def _check_size(size: int, largest: int) -> None:
    if size > largest:
        raise FileTooLarge(f"The file has more than {largest:,} bytes, the limit of one upload.")


async def _initiate(files: Files, request: Request, path: str) -> Response:
    """The first step of a large upload. Its later steps are refused, and then a plain PUT follows."""
    query = _check_query(request, "action", "overwrite")
    if query.get("action") != "initiate-upload":
        raise InvalidParameterValue(
            f"action is {query.get('action')!r}; expected 'initiate-upload'."
        )
    await run_in_threadpool(files.check_upload, path, _overwrite(query))
    return JSONResponse({"multipart_upload": {"session_token": "one-request"}})


async def _delete(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    await run_in_threadpool(files.delete, path)
    return Response(status_code=204)


async def _create_directory(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    await run_in_threadpool(files.create_directory, path)
    return Response(status_code=204)


async def _delete_directory(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    await run_in_threadpool(files.delete_directory, path)
    return Response(status_code=204)


async def _no_direct_transfer(request: Request) -> Response:
    _name(request, "direct_transfer")
    text = "Files are not transferred by their own addresses here; use /api/2.0/fs/files."
    return _refused(request, EndpointNotFound(text))


def _check_query(request: Request, *taken: str) -> dict[str, str]:
    """The query's parameters; one that is not taken could mean another operation."""
    query = dict(request.query_params)
    unknown = sorted(set(query) - set(taken))
    if unknown:
        known = ", ".join(taken) or "none"
        raise InvalidParameterValue(
            f"{request.method} of this path takes no parameter {unknown[0]!r:.80}; it takes: {known}."
        )
    return query


def _overwrite(query: dict[str, str]) -> bool:
    given = query.get("overwrite", "true").lower()
    if given not in ("true", "false"):
        raise InvalidParameterValue(f"overwrite is {given!r:.80}; expected true or false.")
    return given == "true"


def _name(request: Request, operation: str) -> None:
    if hasattr(request.state, "passing"):
        name_operation(request, f"files_{operation}")


def _refused(request: Request, error: VitrineError) -> JSONResponse:
    given = getattr(request.state, "request_id", None)
    body = error_body(error.error_code, error.message, error.details, given)
    headers = error.headers if isinstance(error, RangeNotSatisfiable) else None
    return JSONResponse(body, error.status_code, headers)
