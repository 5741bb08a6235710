"""The names under which clients reach this machine's server. Knows hosts; not certificates."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable

from engine.doors.http.certificates.inspection import plain_name
from engine.errors import InvalidInputException

LOCAL = ("localhost", "127.0.0.1", "::1")
WILDCARDS = {
    "0.0.0.0": "127.0.0.1",
    "::": "::1",
}  # every address of a family, and one that reaches it
_LABEL = r"(?!(?!xn)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
# Addresses that no host has (RFC 5737 and 3849). To connect a datagram socket sends nothing: it only
# finds out which of this machine's addresses would be used.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def certified_name(name: str) -> str:
    """A name or an address as a certificate holds it: plain, and in letters of ASCII.

    Raises:
        InvalidInputException: no certificate can hold it.
    """
    plain = plain_name(name.strip())
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(plain))
    with contextlib.suppress(UnicodeError):
        plain = plain.encode("idna").decode("ascii")
    if len(plain) > 253 or not _HOST_NAME.fullmatch(plain):
        raise InvalidInputException(
            f"{name!r:.300} is no host name or address that a certificate can hold; expected letters, "
            "digits, hyphens and dots, as in shop.local, or an address as 192.168.1.5."
        )
    return plain


def names_of_server(host: str, further: Iterable[str] = ()) -> frozenset[str]:
    """All names for a certificate: this machine's own, the host that is served on, and further ones.

    Nobody is asked for a name, so that nothing leaves this machine.

    Raises:
        InvalidInputException: a further name, or the host, is none.
    """
    found = {*LOCAL, *map(certified_name, further)}
    with contextlib.suppress(
        InvalidInputException
    ):  # a machine's name may be what no name should be
        found.add(certified_name(socket.gethostname()))
    if host:
        found.add(certified_name(host))
    if not host or host in WILDCARDS:
        found |= set(_own_addresses())
    return frozenset(found)


def _own_addresses() -> Iterable[str]:
    for family, address in _ELSEWHERE:
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))
            yield plain_name(probe.getsockname()[0])
