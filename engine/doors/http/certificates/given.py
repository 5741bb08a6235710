"""A certificate and key of the user's own: what is wrong with them, before anything is served."""

from __future__ import annotations

import re
import ssl
import stat
from pathlib import Path

from engine.doors.http.certificates.authority import ServerCertificate
from engine.doors.http.certificates.inspection import (
    KeyIsEncrypted,
    Seen,
    seen_by_client,
    server_context,
)
from engine.errors import InvalidInputException

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")
# OpenSSL's names and numbers of what can be wrong (err.h, x509_vfy.h).
_OTHERS_KEY = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")
_NOT_YET, _EXPIRED, _OTHER_PURPOSE = 9, 10, 26


def given_certificate(certfile: Path, keyfile: Path | None) -> tuple[ServerCertificate, Seen]:
    """The user's own files, and what a client sees of them.

    Args:
        certfile: the server's certificate first, then those that lead to its authority, as PEM.
        keyfile: its private key as PEM, without a password; None where `certfile` holds it.

    Raises:
        InvalidInputException: missing, unreadable, encrypted, of two different pairs, expired, not
            valid yet, or not for servers; says which file, and what to do.
    """
    certificate = ServerCertificate(certfile.absolute(), keyfile and keyfile.absolute())
    chain = _chain(certfile)
    if keyfile is not None:
        _text("--keyfile", keyfile)
    context = _context(certificate, "--keyfile" if keyfile else "--certfile")
    try:
        # Whoever issued it is trusted: that is between the user and the clients.
        return certificate, seen_by_client(context, chain)
    except ssl.SSLCertVerificationError as error:
        raise InvalidInputException(_refusal(certfile, error)) from None
    except ssl.SSLError as error:
        raise InvalidInputException(
            f"--certfile {certfile} can't be served: OpenSSL says {error.reason or error}."
        ) from None


def _chain(certfile: Path) -> str:
    """The certificates of a file as PEM."""
    chain = "\n".join(_PEM.findall(_text("--certfile", certfile)))
    if not chain:
        raise InvalidInputException(
            f"--certfile {certfile} holds no certificate: expected PEM, with a line "
            f"-----BEGIN CERTIFICATE-----. Convert it: openssl x509 -in {certfile} -inform DER -out NEW"
        )
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=chain)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInputException(
            f"--certfile {certfile} is damaged: OpenSSL can't read a certificate in it ({error})."
        ) from None
    return chain


def _context(certificate: ServerCertificate, option: str) -> ssl.SSLContext:
    file = certificate.keyfile or certificate.certfile
    try:
        return server_context(certificate.certfile, certificate.keyfile)
    except KeyIsEncrypted:
        raise InvalidInputException(
            f"{option} {file} is encrypted, and nobody is there to type its password. "
            f"Decrypt it: openssl pkey -in {file} -out NEW"
        ) from None
    except ssl.SSLError as error:
        if error.reason in _OTHERS_KEY:
            text = (
                f"{option} {file} holds the key of another certificate than {certificate.certfile}. "
                "Name the two files that were made together; the server's own certificate comes first."
            )
        else:
            text = (
                f"{option} {file} holds no usable private key: expected PEM, with a line "
                f"-----BEGIN PRIVATE KEY----- (OpenSSL says {error.reason or error})."
            )
            if certificate.keyfile is None:
                text += " Name the file with the key by --keyfile."
        raise InvalidInputException(text) from None


def _refusal(certfile: Path, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in (_EXPIRED, _NOT_YET):
        what = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
        return (
            f"--certfile {certfile} {what}: every client would refuse it. Its dates: "
            f"openssl x509 -in {certfile} -noout -dates. Renew it, or use --https alone."
        )
    if error.verify_code == _OTHER_PURPOSE:
        return (
            f"--certfile {certfile} is not for servers (extended key usage); ask for one that is."
        )
    return f"--certfile {certfile} would be refused by clients: {error.verify_message}."


def _text(option: str, file: Path) -> str:
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe gives its bytes once, or makes us wait
            raise InvalidInputException(
                f"{option} {file} is no plain file, and it is read more than once. Name one that is."
            )
        return file.read_text("latin-1")
    except FileNotFoundError:
        raise InvalidInputException(f"{option} {file}: there is no such file.") from None
    except OSError as error:
        raise InvalidInputException(
            f"{option} {file} can't be read: {error.strerror or error}. Give this user access to it, or "
            "name another file."
        ) from None
