"""What clients trust: the local authority beside all that this machine trusts. Knows stores of others.

`SSL_CERT_FILE` and `REQUESTS_CA_BUNDLE` take the place of a program's authorities. One that also calls
other hosts would refuse those, were the local authority alone in the file.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.optional import require

VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")  # of requests; of OpenSSL, httpx, aiohttp, curl
_MOST = 2000  # files of a folder of authorities


def bundle_text(authority: str, own: Path, environ: Mapping[str, str]) -> str:
    """Authorities as PEM: the local one first, then certifi's, which requests trusts, then those of this
    machine, which may be a company's.

    Args:
        own: the bundle's own file, which the environment may name since the last start; left out.
        environ: where somebody's own bundle is named.
    """
    store = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file in _files(environ):
        with contextlib.suppress(OSError):  # gone, unreadable, or no certificates
            if not (own.exists() and own.samefile(file)):
                store.load_verify_locations(cafile=file)
    mine = ssl.PEM_cert_to_DER_cert(authority)
    others = sorted({*store.get_ca_certs(binary_form=True)} - {mine})
    return "".join(ssl.DER_cert_to_PEM_cert(each) for each in (mine, *others))


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    yield Path(require("certifi", "vitrine serve --https").where())
    for name in VARIABLES:
        if environ.get(name):
            yield Path(environ[name])
    places = ssl.get_default_verify_paths()
    if places.cafile:
        yield Path(places.cafile)
    if places.capath:
        with contextlib.suppress(OSError), os.scandir(places.capath) as entries:
            yield from [Path(entry.path) for entry in entries if entry.is_file()][:_MOST]
