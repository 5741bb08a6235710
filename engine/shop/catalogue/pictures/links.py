"""One picture behind a link, fetched with care. Knows HTTP; not products.

Only http and https; no proxy, no cookie, no password is used. Every address that a host's name stands
for must be public unless private ones are allowed, the connection goes to the address that was checked,
and a redirect is checked like the first link.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from engine.errors import BadImage
from engine.shop.catalogue.pictures.limits import FetchLimits

_REDIRECTS = (301, 302, 303, 307, 308)
_BLOCK = 1 << 16
_KINDS = ("image/", "application/octet-stream", "binary/octet-stream")


class NotNow(BadImage):
    """The server is busy or broke off: another attempt may succeed."""


def is_link(text: str) -> bool:
    """Whether a text is a link that can be fetched."""
    return text[:8].casefold().startswith(("http://", "https://"))


def fetch_picture(link: str, limits: FetchLimits) -> bytes:
    """The bytes behind a link.

    Raises:
        BadImage: what is there is no picture, too large, too slow, or at an address that is not asked.
        NotNow: the same may go better in a moment.
    """
    deadline = time.monotonic() + limits.seconds
    for _ in range(limits.redirects + 1):
        found = _ask(link, limits, deadline)
        if isinstance(found, bytes):
            return found
        link = urljoin(link, found)
    raise BadImage(f"more than {limits.redirects} redirects")


def _ask(link: str, limits: FetchLimits, deadline: float) -> bytes | str:
    """The picture, or the link that the server sends to."""
    parts = _parts(link)
    try:
        connection = _connected(parts, limits, deadline)
        # A server that sends a byte now and then keeps every single wait short.
        watch = threading.Timer(_left(deadline), _shut, (connection.sock,))
        watch.daemon = True
        watch.start()
        try:
            path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
            query = f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
            connection.request("GET", path + query, headers=_HEADERS)
            return _answer(connection.getresponse(), limits, deadline, connection)
        finally:
            watch.cancel()
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise NotNow(f"{parts.hostname} did not answer ({reason[:200]})") from None


def _shut(stream: socket.socket) -> None:
    with contextlib.suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)


_QUERY = "/%:@!$&'()*+,;=~-._?"
_HEADERS = {"User-Agent": "vitrine", "Accept": "image/*", "Connection": "close"}


def _parts(link: str) -> SplitResult:
    try:
        parts = urlsplit(link.strip())
        port = parts.port
    except ValueError as error:
        raise BadImage(f"{link!r:.200} is no link ({error})") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise BadImage(f"{link!r:.200} is no link of http or https")
    if parts.username or parts.password:
        raise BadImage("the link holds a password, which is not sent")
    return parts


def _connected(
    parts: SplitResult, limits: FetchLimits, deadline: float
) -> http.client.HTTPConnection:
    """A connection to an address of the host that was checked."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(host, port, limits.allow_private)
    stream = socket.create_connection((address, port), timeout=_left(deadline))
    try:
        if parts.scheme == "https":
            stream = ssl.create_default_context().wrap_socket(stream, server_hostname=host)
        connection = http.client.HTTPConnection(host, port, timeout=_left(deadline))
        connection.sock = stream
    except BaseException:
        stream.close()
        raise
    return connection


def _address(host: str, port: int, allow_private: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotNow(f"no address is known for {host} ({error})") from None
    addresses = [str(entry[4][0]) for entry in found]
    if not allow_private:
        for address in addresses:
            if not _is_public(address):
                raise BadImage(
                    f"{host} is {address}, an address of this machine or its own network, which is not "
                    "asked. Where that is meant: --allow-private, or allow_private=True in Python"
                )
    return addresses[0]


def _is_public(address: str) -> bool:
    number = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(number, "ipv4_mapped", None) or getattr(number, "sixtofour", None)
    return (mapped or number).is_global and not (mapped or number).is_multicast


def _answer(
    response: http.client.HTTPResponse,
    limits: FetchLimits,
    deadline: float,
    connection: http.client.HTTPConnection,
) -> bytes | str:
    status = response.status
    target = response.getheader("Location")
    if status in _REDIRECTS and target:
        return target
    if status == 429 or status >= 500:
        raise NotNow(f"the server answers {status} {response.reason}")
    if status != 200:
        raise BadImage(f"the server answers {status} {response.reason}")
    kind = (response.getheader("Content-Type") or _KINDS[1]).casefold()
    if not kind.startswith(_KINDS):
        raise BadImage(f"what is there is {kind!r:.80}; expected a picture")
    return _body(response, limits, deadline, connection)


def _body(
    response: http.client.HTTPResponse,
    limits: FetchLimits,
    deadline: float,
    connection: http.client.HTTPConnection,
) -> bytes:
    most = int(limits.megabytes * 1e6)
    said = response.length or 0
    data = bytearray()
    while said <= most and len(data) <= most:
        if connection.sock is not None:
            connection.sock.settimeout(_left(deadline))
        block = response.read1(_BLOCK)
        _left(deadline)  # what ends at that moment was cut
        if not block:
            if response.length:
                raise NotNow("the server broke off before the end")
            if not data:
                raise BadImage("what is there is empty")
            return bytes(data)
        data += block
    raise BadImage(f"it has more than {limits.megabytes:g} MB, the most that is fetched")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("it took too long")
    return left
