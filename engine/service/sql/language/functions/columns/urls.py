"""`parse_url`: the parts of addresses, as Java's URI has them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pyarrow as pa

from engine.errors import BadStatement

_URL = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<opaque>[^/?#][^#]*)?)?"
    r"(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<ref>.*))?",
    re.DOTALL,
)
_SERVER = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?)"
    r"(?::[0-9]*)?"
)
_REFUSED = re.compile(r"""[\x00-\x20\x7f"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})""")


def url_part(
    url: pa.ChunkedArray, part: pa.ChunkedArray, key: pa.ChunkedArray, lenient: pa.ChunkedArray
) -> pa.Array:
    """A part of addresses, null where it is missing; of a query the value of a key, where one is given.

    Raises:
        BadStatement: an address that is none, unless `lenient`, which gives null.
    """
    rows = zip(*(one.to_pylist() for one in (url, part, key, lenient)))
    return pa.array([_part(*row) for row in rows], pa.string())


def _part(url: str | None, part: str | None, key: str | None, lenient: bool) -> str | None:
    if url is None or part is None:
        return None
    found = _URL.fullmatch(url)
    if (
        found is None
        or _REFUSED.search(url)
        or (found["scheme"] and not url[found.end("scheme") + 1 :])
    ):
        if lenient:
            return None
        raise BadStatement(
            f"[INVALID_URL] The url is invalid: {url:.200}. Use try_parse_url to have null instead."
        )
    if key is not None:
        return _of_key(found["query"], key) if part == "QUERY" else None
    read = _PARTS.get(part)
    return None if read is None else read(found)


def _of_key(query: str | None, key: str) -> str | None:
    found = re.search(f"(?:&|^){re.escape(key)}=([^&]*)", query or "")
    return found[1] if found else None


def _path(found: re.Match[str]) -> str | None:
    return None if found["opaque"] else found["path"]


def _file(found: re.Match[str]) -> str | None:
    query = found["query"]
    return _path(found) if query is None else f"{_path(found)}?{query}"


def _of_server(name: str, found: re.Match[str]) -> str | None:
    server = _SERVER.fullmatch(found["authority"] or "")
    return server[name] if server else None


_PARTS: dict[str, Callable[[re.Match[str]], str | None]] = {
    "HOST": lambda found: _of_server("host", found),
    "PATH": _path,
    "QUERY": lambda found: found["query"],
    "REF": lambda found: found["ref"],
    "PROTOCOL": lambda found: found["scheme"],
    "FILE": _file,
    "AUTHORITY": lambda found: found["authority"] or None,
    "USERINFO": lambda found: _of_server("user", found),
}
