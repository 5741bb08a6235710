"""What a client sees of a certificate, by a handshake in memory. Knows TLS; not whose files they are."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

_ROUNDS = 10  # of a handshake; it takes two


class KeyIsEncrypted(Exception):
    """A private key is kept behind a password."""


@dataclass(frozen=True)
class Seen:
    """A certificate as a client sees it.

    Attributes:
        names: host names and addresses that it is good for, in their plain form.
        until: seconds since 1970.
    """

    names: frozenset[str]
    until: float


def plain_name(name: str) -> str:
    """A host name or address in the one form in which it is compared."""
    try:
        return str(ipaddress.ip_address(name.partition("%")[0]))
    except ValueError:
        return name.rstrip(".").lower()


def server_context(certfile: Path, keyfile: Path | None) -> ssl.SSLContext:
    """What a server with these files speaks TLS with.

    Raises:
        KeyIsEncrypted: it asks for a password. ssl.SSLError: OpenSSL refuses the files.
        OSError: they can't be read.
    """

    def password() -> str:
        raise KeyIsEncrypted

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certfile, keyfile, password)
    return context


def seen_by_client(server: ssl.SSLContext, trusted: str, strictly: bool = False) -> Seen:
    """Shake hands with a server as a client that trusts some certificates.

    Args:
        trusted: certificates as PEM; each is trusted by itself, an authority or not.
        strictly: check what RFC 5280 asks for too, as Python does since 3.13.

    Raises:
        ssl.SSLCertVerificationError: the client refuses the certificate, by its `verify_code`.
        ssl.SSLError: another refusal.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False  # the caller compares all names
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if strictly:
        client.verify_flags |= ssl.VERIFY_X509_STRICT
    client.load_verify_locations(cadata=trusted)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    waiting = True
    for _ in range(_ROUNDS):
        waiting = False
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                waiting = True
    found = sides[0].getpeercert()
    if waiting or not found:
        raise ssl.SSLError("the handshake came to no end")
    named: tuple[tuple[str, str], ...] = found.get("subjectAltName", ())  # type: ignore[assignment]
    names = frozenset(plain_name(name) for _, name in named)
    return Seen(names, ssl.cert_time_to_seconds(str(found["notAfter"])))
