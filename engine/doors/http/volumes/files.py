"""Routes of the files API. Knows operations and bodies in pieces; not paths or disks.

Truth: what `databricks-sdk` sends for `w.files`, large files included. Addresses for direct transfers
with cloud storage are refused with 404, upon which it takes the plain routes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine.doors.http.guard import name_operation
from engine.doors.http.volumes.contents import (
    CHUNK,
    MEDIA_TYPE,
    FileContents,
    answered,
    check_unmodified,
    chosen_range,
    headers_of,
    refused,
)
from engine.doors.http.volumes.paths import PathRoute
from engine.doors.rest.routing import EndpointNotFound
from engine.errors import InvalidParameterValue
from engine.service.volume_errors import PathNotFound
from engine.service.volume_files import FileInfo, Files
from engine.workspace import Workspace

LARGEST_UPLOAD = 5 << 30  # bytes; the API's own limit for one request
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
        PathRoute(f"{start}/files{{path:path}}", _by_method(files, of_files), methods=[*of_files]),
        PathRoute(
            f"{start}/directories{{path:path}}",
            _by_method(files, of_directories),
            methods=[*of_directories],
        ),
        *(Route(f"{start}/{name}", _no_direct_transfer, methods=["POST"]) for name in _DIRECT),
    ]


def _by_method(files: Files, answers: dict[str, Answer]) -> Any:
    async def endpoint(request: Request) -> Response:
        answer = answers[request.method]
        operation = f"files_{answer.__name__.strip('_')}"
        return await answered(request, operation, functools.partial(answer, files, request))

    return endpoint


# ---------------------------------------------------------------------- reading
async def _download(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    file, info = await run_in_threadpool(files.open_file, path)
    try:
        check_unmodified(request, info)
        chosen = chosen_range(request, info)
    except BaseException:
        file.close()
        raise
    first, end = chosen or (0, info.size)
    headers = headers_of(info, end - first)
    if chosen:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{info.size}"
    return FileContents(file, (first, end), 206 if chosen else 200, headers)


async def _metadata(files: Files, request: Request, path: str) -> Response:
    _check_query(request)
    info = await run_in_threadpool(files.stat, path)
    if info.is_directory:
        raise PathNotFound(f"{info.path} is a directory, not a file.")
    check_unmodified(request, info)
    return Response(headers=headers_of(info, info.size), media_type=MEDIA_TYPE)


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
            if len(waiting) >= CHUNK:
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
    name_operation(request, "files_direct_transfer")
    text = "Files are not transferred by their own addresses here; use /api/2.0/fs/files."
    return refused(request, EndpointNotFound(text))


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
