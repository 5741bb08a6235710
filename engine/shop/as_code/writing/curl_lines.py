"""Calls by curl: addresses, headers, bodies. Knows the shell; not what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from engine.shop.as_code.photos import Photo
from engine.shop.as_code.writing.quoting import json_text, shell_word

_TOKEN = '-H "Authorization: Bearer $DATABRICKS_TOKEN"'
_JSON = "-H 'Content-Type: application/json'"
ALL_COLUMNS = "The reply has every column, and the score as similarity_score."


def address(path: str) -> str:
    """An address on the server, in double quotes; no part of a path has what a shell reads there."""
    return f'"$DATABRICKS_HOST{path}"'


def part(text: object) -> str:
    """One part of a path."""
    return quote(str(text), safe="")


def get(path: str, fields: Sequence[tuple[str, object]]) -> str:
    """A GET whose fields stand in the address."""
    lines = [f"curl -sS -G {address(path)}", _TOKEN]
    lines += [f"--data-urlencode {shell_word(f'{name}={value}')}" for name, value in fields]
    return " \\\n  ".join(lines) + "\n"


def post(path: str, body: object) -> str:
    """A POST of JSON."""
    lines = [
        f"curl -sS {address(path)}",
        _TOKEN,
        _JSON,
        f"--data-raw {shell_word(json_text(body))}",
    ]
    return " \\\n  ".join(lines) + "\n"


def post_pieces(path: str, pieces: Sequence[str]) -> str:
    """A POST of JSON that several commands print, one after the other."""
    printed = "; ".join(pieces)
    call = " \\\n    ".join([f"curl -sS {address(path)}", _TOKEN, _JSON, "--data-binary @-"])
    return f"{{ {printed}; }} |\n  {call}\n"


def printed(text: str) -> str:
    """A command that prints a text as it is."""
    return f"printf '%s' {shell_word(text)}"


def photo_bytes(photo: Photo) -> str:
    """A command that prints a photo's bytes."""
    if photo.in_volume:
        return f"curl -sS {address('/api/2.0/fs/files' + quote(photo.path))} {_TOKEN}"
    return f"cat -- {shell_word(photo.path)}"


def photo_base64(photo: Photo) -> str:
    """A command that prints a photo in base64, in one line."""
    return f"{photo_bytes(photo)} | base64 | tr -d '\\n'"


def upload(path: str, photo: Photo, fields: Sequence[tuple[str, object]]) -> str:
    """A POST of a form with a photo."""
    lines = [f"  curl -sS {address(path)}", _TOKEN, "-F 'image=@-;filename=photo'"]
    lines += [f"--form-string {shell_word(f'{name}={value}')}" for name, value in fields]
    call = " \\\n    ".join(lines)
    return f"{photo_bytes(photo)} |\n{call}\n"
