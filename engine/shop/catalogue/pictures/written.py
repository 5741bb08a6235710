"""Pictures that are written as texts: base64, bare or in a `data:` link. Knows texts; not places."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

from engine.shop.catalogue.pictures.kept import UNKNOWN, ending_of

_LINK = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
_HEAD = 64  # characters that say which kind of picture it is; no file's name looks so
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{_HEAD}}}")
_OTHER_ALPHABET = str.maketrans("-_", "+/")  # of links


def is_written(text: str) -> bool:
    """Whether a text is a picture in base64."""
    if _LINK.match(text):
        return True
    head = "".join(text[: 2 * _HEAD].split())[:_HEAD]
    return bool(_BASE64.fullmatch(head)) and ending_of(_decoded(head)) != UNKNOWN


def read_written(text: str) -> bytes:
    """The bytes of a picture that is written so, also in lines, and without the signs at its end.

    Raises:
        ValueError: something in it is no base64.
    """
    link = _LINK.match(text)
    written = unquote(text[link.end() :]) if link else text
    return _decoded("".join(written.split()))


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=").translate(_OTHER_ALPHABET)
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
