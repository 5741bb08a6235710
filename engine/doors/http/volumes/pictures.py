"""Pictures for pages: files of volumes by the address that the cloud's own pages use. Knows transport.

`GET` and `HEAD /ajax-api/2.0/fs/files/Volumes/...`. An `<img>` can send no header with a token: who asks
is known by a cookie (see `sessions`), or by the header all the same, or the volume is public. The cookie
is good for these two methods on this path only, so no page of another site can change anything by it.
"""

from __future__ import annotations

import functools
import os
import re
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engine.doors.http.credentials import Credentials, Unauthenticated
from engine.doors.http.guard import PICTURES
from engine.doors.http.sessions import is_signed_in
from engine.doors.http.volumes.contents import (
    FileContents,
    answered,
    check_unmodified,
    chosen_range,
    headers_of,
    seconds_of,
)
from engine.doors.http.volumes.media_types import HEAD_BYTES, media_type_of, safe_headers
from engine.doors.http.volumes.paths import PathRoute
from engine.doors.http.volumes.public import PublicVolumes
from engine.service.volume_files import FileInfo, Files
from engine.workspace import Workspace

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def routes(
    workspace: Workspace, credentials: Credentials | None, public: tuple[str, ...] = ()
) -> list[Route]:
    """The route over a workspace's volumes.

    Args:
        credentials: None lets everybody in. public: volume paths that need none.
    """
    pictures = _Pictures(workspace, credentials, public)

    async def picture(request: Request) -> Response:
        return await answered(request, "picture", functools.partial(pictures.answer, request))

    return [PathRoute(f"{PICTURES}{{path:path}}", picture, methods=["GET", "HEAD"])]


class _Pictures:
    def __init__(
        self, workspace: Workspace, credentials: Credentials | None, public: tuple[str, ...]
    ) -> None:
        self._files, self._credentials = Files(workspace.volumes), credentials
        self._public = PublicVolumes(workspace.volumes, public)

    async def answer(self, request: Request, path: str) -> Response:
        """A file, a part of it, or that it has not changed."""
        file, info, is_public = await run_in_threadpool(self._opened, request, f"/{path}")
        try:
            check_unmodified(request, info)
            etag = _etag(file)
            media_type = media_type_of(await run_in_threadpool(file.read, HEAD_BYTES), info.name)
            headers = {
                "ETag": etag,
                "Cache-Control": "private, no-cache",  # to be asked for each time: a 304 is small
                "Cross-Origin-Resource-Policy": "cross-origin" if is_public else "same-site",
                **safe_headers(media_type, info.name),
            }
            if _is_known(request, info, etag):
                file.close()
                return Response(None, 304, headers)
            part = chosen_range(request, info, etag) if request.method == "GET" else None
        except BaseException:
            file.close()
            raise
        first, end = part or (0, info.size)
        headers |= headers_of(info, end - first)
        if request.method == "HEAD":
            file.close()
            return Response(None, 200, headers, media_type)
        if part:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{info.size}"
        return FileContents(file, (first, end), 206 if part else 200, headers, media_type)

    def _opened(self, request: Request, path: str) -> tuple[BinaryIO, FileInfo, bool]:
        """A file that the caller may read, and whether everybody may.

        Raises:
            Unauthenticated: also for what is not there: who may not read a volume learns no names.
        """
        is_public = self._public.covers(path)
        if self._credentials is not None and not is_public:
            self._check(request, self._credentials)
        return (*self._files.open_file(path), is_public)

    def _check(self, request: Request, credentials: Credentials) -> None:
        header = request.headers.get("authorization")
        if header is not None:
            credentials.check_bearer(header)
        elif not is_signed_in(request, credentials):
            raise Unauthenticated(
                "Not signed in: open /login in this browser, or send the header Authorization: Bearer "
                "<token>; or let everybody read the volume: vitrine serve --public-volumes NAME."
            )


def _etag(file: BinaryIO) -> str:
    """A tag that changes with the bytes, found out without reading them.

    An upload is another inode; a change in place moves the time of change, which no program can set.
    """
    found = os.fstat(file.fileno())
    return f'"{found.st_ino:x}-{found.st_ctime_ns:x}-{found.st_size:x}"'


def _is_known(request: Request, info: FileInfo, etag: str) -> bool:
    """Whether the caller has these bytes already."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*" or etag in _TAG.findall(tags)
    since = seconds_of(request.headers.get("if-modified-since"))
    return since is not None and info.modified_ms // 1000 <= since
