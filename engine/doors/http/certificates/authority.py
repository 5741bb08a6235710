"""A local authority and its certificate, kept in a workspace. Knows files and dates; not servers.

trustme makes both: a kept library for just this, whose certificates the strict checks of newer clients
take. Its authority is good for as long as its files; the certificate for a year, as browsers want it.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.doors.http.certificates.bundle import bundle_text
from engine.doors.http.certificates.inspection import (
    KeyIsEncrypted,
    Seen,
    seen_by_client,
    server_context,
)
from engine.errors import StorageFailed
from engine.optional import check, require
from engine.store.layout import Layout, make_folder, remove, storage_failed, write_atomically
from engine.store.secret import write_private

DAYS, RENEW_DAYS = (
    397,
    30,
)  # that a certificate is good for, and how long before its end it is renewed
_DAY = 86_400
_PURPOSE = "vitrine serve --https"
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True)
class ServerCertificate:
    """The files that a server answers with.

    Attributes:
        certfile: the certificate and its chain. keyfile: None where `certfile` holds the key too.
        bundle: for clients, all authorities that they should trust; None where that is not ours to say.
        authority: for clients, the local authority alone.
    """

    certfile: Path
    keyfile: Path | None = None
    bundle: Path | None = None
    authority: Path | None = None


def kept_certificate(layout: Layout, names: Iterable[str]) -> ServerCertificate:
    """The certificate of a workspace, made at first use, and renewed when its end is near, when it lacks
    one of the names, and when a file is damaged or gone.

    The authority stays, unless its own files are damaged: clients go on to trust what they have. Names
    of earlier starts stay too. Keys are their owner's alone.

    Raises:
        MissingExtra: trustme or certifi is not installed. StorageFailed: the files can't be written.
    """
    for package in ("trustme", "certifi"):
        check(package, _PURPOSE)
    kept = _Kept(layout, frozenset(names))
    if not kept.is_good():
        with layout.writing("https"):
            if not kept.is_good():  # another process may have been faster
                kept.renew()
    kept.tighten()
    kept.refresh_bundle()
    return ServerCertificate(kept.server, None, kept.bundle, kept.authority)


class _Kept:
    """The files below a workspace's folder `https`."""

    def __init__(self, layout: Layout, names: frozenset[str]) -> None:
        self._layout, self._names = layout, names
        folder = layout.https_dir.absolute()  # clients are started elsewhere
        self.authority, self.bundle = folder / "authority.pem", folder / "bundle.pem"
        self._private = folder / "private"
        # Key and certificate in one file, so that no crash leaves one without the other.
        self.server, self._signing = self._private / "server.pem", self._private / "authority.pem"

    def seen(self) -> Seen | None:
        """What a client of the authority sees; None where it would refuse."""
        with contextlib.suppress(OSError, ValueError, KeyIsEncrypted):
            context = server_context(self.server, None)
            return seen_by_client(context, self.authority.read_text("ascii"), strictly=True)
        return None

    def is_good(self) -> bool:
        """Whether the files can be served for some time to come."""
        seen = self.seen()
        soon = time.time() + RENEW_DAYS * _DAY
        return seen is not None and seen.until > soon and self._names <= seen.names

    def renew(self) -> None:
        """Make a certificate, and an authority where the kept one is of no use."""
        before = self.seen()
        self._names |= before.names if before else frozenset()
        self._make_folders()
        if not self._issued(self._known()) and not self._issued(require("trustme", _PURPOSE).CA()):
            raise StorageFailed(
                f"{self.server} was written, and can't be read as it was. See to the disk that holds "
                "the workspace, and try again."
            )

    def _known(self) -> Any:
        """The authority that signed before; None where its files are damaged or gone."""
        trustme = require("trustme", _PURPOSE)
        with contextlib.suppress(OSError, ValueError):
            key, mark, certificate = self._signing.read_text("ascii").partition(_CERTIFICATE)
            return trustme.CA.from_pem(f"{mark}{certificate}".encode(), key.encode())
        return None

    def _issued(self, authority: Any) -> bool:
        """Write a certificate and who signed it; whether clients take it."""
        if authority is None:
            return False
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        day = datetime.timedelta(days=1)
        leaf = authority.issue_cert(
            *sorted(self._names),
            organization_name="vitrine",
            not_before=now - day,  # clocks differ
            not_after=now + (DAYS - 1) * day,
        )
        certificate = authority.cert_pem.bytes()
        for file in (self._signing, self.server, self.authority):
            if file.is_dir():
                remove(file)
        write_private(self._signing, (authority.private_key_pem.bytes() + certificate).decode())
        write_private(self.server, leaf.private_key_and_cert_chain_pem.bytes().decode())
        write_atomically(self.authority, certificate)
        return self.is_good()

    def _make_folders(self) -> None:
        for folder in (self._private.parent, self._private):
            if folder.exists() and not folder.is_dir():
                remove(folder)
        make_folder(self._private.parent)
        self._private.mkdir(mode=0o700, exist_ok=True)

    def tighten(self) -> None:
        """Take from others what a copy or somebody's chmod gave them, where the disk knows of it."""
        for path, mode in ((self._private, 0o700), (self.server, 0o600), (self._signing, 0o600)):
            with contextlib.suppress(OSError):
                if path.stat().st_mode & 0o077:
                    path.chmod(mode)

    def refresh_bundle(self) -> None:
        """Write the bundle, where the authority or this machine's authorities have changed."""
        try:
            authority = self.authority.read_text("ascii")
        except (OSError, ValueError) as error:
            raise StorageFailed(f"{self.authority} was not read: {error}") from error
        text = bundle_text(authority, self.bundle, os.environ).encode("ascii")
        found = b""
        with contextlib.suppress(OSError):
            found = self.bundle.read_bytes()
        if found == text:
            return
        try:
            if self.bundle.is_dir():
                remove(self.bundle)
            write_atomically(self.bundle, text)
        except OSError as error:
            # In a folder that may only be read, the one of an earlier start does as well.
            if ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(authority)).encode() not in found:
                raise storage_failed(f"{self.bundle} was not written", error) from error
