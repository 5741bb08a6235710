"""Who may use the server: a token, and a client id with its secret. Knows files and checks; not HTTP.

Access tokens for the client id are signed, not stored, so that every worker process knows them and a
restart forgets none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import CorruptFile, InvalidInputException, VitrineError
from engine.store.layout import Layout, read_json, storage_failed
from engine.store.secret import write_private

TOKEN_SECONDS = 3600  # how long an access token is good for, as in the cloud
SESSION_SECONDS = 12 * 3600  # how long a browser stays signed in
FILE = "credentials.json"
_PREFIX, _SESSION = "vitrine-oauth", "vitrine-session"
VARIABLES = {
    "token": "VITRINE_TOKEN",
    "client_id": "VITRINE_CLIENT_ID",
    "client_secret": "VITRINE_CLIENT_SECRET",
}


class Unauthenticated(VitrineError):
    """No credentials, or wrong ones."""

    error_code = "UNAUTHENTICATED"
    status_code = 401


@dataclass(frozen=True)
class Credentials:
    """What callers prove themselves with.

    Attributes:
        token: a personal access token. client_id, client_secret: of the one service principal.
    """

    token: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Credentials(client_id={self.client_id!r})"  # secrets stay out of logs

    def is_client(self, client_id: str, client_secret: str) -> bool:
        """Whether these are the service principal's, in constant time."""
        same_id = _same(client_id, self.client_id)
        same_secret = _same(client_secret, self.client_secret)
        return same_id and same_secret

    def new_access_token(self) -> str:
        """An access token that is good for `TOKEN_SECONDS`."""
        until = str(int(time.time()) + TOKEN_SECONDS)
        return f"{_PREFIX}.{until}.{self._signature(until)}"

    def new_session(self) -> str:
        """What a browser that signed in proves it with, for `SESSION_SECONDS`; no access token."""
        until = str(int(time.time()) + SESSION_SECONDS)
        return f"{until}.{self._signature(f'{_SESSION}.{until}')}"

    def is_session(self, given: str) -> bool:
        """Whether this is a session of `new_session` that has not ended."""
        until, _, signature = given.partition(".")
        signed = self._signature(f"{_SESSION}.{until}")
        return _same(signature, signed) and int(until) > time.time()

    def check_bearer(self, header: str | None) -> None:
        """Let an `Authorization` header pass, or not.

        Raises:
            Unauthenticated: absent, of another form, wrong or too old; never repeats the token.
        """
        scheme, _, given = (header or "").partition(" ")
        given = given.strip()
        if not given or scheme.lower() != "bearer":
            raise Unauthenticated(
                "Credential was not sent: expected the header Authorization: Bearer <token>."
            )
        if _same(given, self.token):
            return
        prefix, _, rest = given.partition(".")
        until, _, signature = rest.partition(".")
        signed = _same(signature, self._signature(until))
        if prefix != _PREFIX or not signed:
            raise Unauthenticated(
                "Invalid access token. Use the token that `vitrine serve` printed at its first "
                "start, or VITRINE_TOKEN."
            )
        if int(until) < time.time():
            raise Unauthenticated("The access token has expired; ask for a new one.")

    def _signature(self, until: str) -> str:
        key = hashlib.sha256(self.client_secret.encode()).digest()
        return hmac.new(key, _bytes(until), hashlib.sha256).hexdigest()


def _same(given: str, own: str) -> bool:
    """Whether two texts are the same, in constant time."""
    return hmac.compare_digest(_bytes(given), _bytes(own))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # JSON holds halves of characters too


def given_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """Those that the environment names, by their attribute; empty variables count as absent.

    Raises:
        InvalidInputException: no client could send one of them.
    """
    found = {name: environ.get(variable, "").strip() for name, variable in VARIABLES.items()}
    for name, value in found.items():
        _check_sendable(name, value)
    return {name: value for name, value in found.items() if value}


def _check_sendable(name: str, value: str) -> None:
    """Refuse what no client could send, so that nobody could ever sign in; never repeats it."""
    allowed = "letters and digits of ASCII, and its other signs"
    if not value.isascii() or not value.isprintable() or " " in value:
        raise InvalidInputException(
            f"{VARIABLES[name]} holds a character that a header can't carry; expected {allowed}, "
            "without spaces and line breaks."
        )
    if name == "client_id" and ":" in value:  # what divides it from the secret
        raise InvalidInputException(
            f"{VARIABLES[name]} holds a colon; expected {allowed} but that."
        )


def open_credentials(root: Path, environ: Mapping[str, str]) -> tuple[Credentials, bool]:
    """The credentials of a workspace, made at first use; and whether they were made just now.

    Kept in the workspace, readable by its owner only. VITRINE_TOKEN, VITRINE_CLIENT_ID and
    VITRINE_CLIENT_SECRET replace them, each for itself.

    Raises:
        InvalidInputException: a variable holds what no client can send.
        CorruptFile: the file holds something else. StorageFailed: it can't be written.
    """
    given = given_credentials(environ)
    if len(given) == len(VARIABLES):
        return Credentials(**given), False
    kept, made = _kept(Layout(root))
    return Credentials(**{**kept, **given}), made


def _kept(layout: Layout) -> tuple[dict[str, str], bool]:
    file = layout.root / FILE
    try:
        return _read(file), False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise storage_failed("The credentials can't be read", error) from error
    with layout.writing("credentials"):
        if file.exists():  # another process made them meanwhile
            return _read(file), False
        fresh = {
            "token": f"dapi{secrets.token_hex(16)}",
            "client_id": f"vitrine-{secrets.token_hex(8)}",
            "client_secret": f"dose{secrets.token_hex(16)}",
        }
        write_private(file, json.dumps(fresh))
        return fresh, True


def _read(file: Path) -> dict[str, str]:
    values = read_json(file)
    if not all(isinstance(values.get(name), str) and values[name] for name in VARIABLES):
        raise CorruptFile(
            f"{file} does not hold a token, a client id and a client secret. Delete it: new ones "
            "are made at the next start."
        )
    return {name: values[name] for name in VARIABLES}
