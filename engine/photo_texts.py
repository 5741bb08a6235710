"""Photos as values of tables: bytes, base64, `data:` links. Below all layers; knows no pictures."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, unquote_to_bytes

from engine.errors import BadImage

_LINK = re.compile(r"\s*data:([^,]{0,200}),", re.IGNORECASE)
_HEAD = 64  # characters that say which kind of picture it is; no file's name looks so
_BASE64 = re.compile(rf"[A-Za-z0-9+/_-]{{{_HEAD}}}")
_OTHER_ALPHABET = str.maketrans("-_", "+/")  # of links
UNKNOWN = "img"  # the ending of what starts as no picture known
# The ending that a picture's name gets, by its first bytes; the name alone decides nothing.
_ENDINGS = (
    (b"\xff\xd8", "jpg"),
    (b"\x89PNG", "png"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
)


def is_written(text: str) -> bool:
    """Whether a text is a picture, in base64 or a `data:` link."""
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
    if link is None:
        bare = "".join(text.split())
        if len(bare) % 4 and not is_written(text):  # a path, say
            raise ValueError("its length is no multiple of 4")
        return _decoded(bare)
    written = text[link.end() :]
    if not link[1].casefold().rstrip().endswith(";base64"):
        return unquote_to_bytes(written)
    return _decoded("".join(unquote(written).split()))


def _decoded(text: str) -> bytes:
    bare = text.rstrip("=").translate(_OTHER_ALPHABET)
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def photo_bytes(value: object, read: Callable[[str], bytes]) -> bytes:
    """The bytes of the photo that a value of a table is, or says where it lies.

    Args:
        value: a path, base64, a `data:` link, the bytes of a file, or a structure that holds such:
            Hugging Face's `{bytes, path}`, `{path, content, ...}` of Spark's `binaryFile`.
        read: the bytes by a path, or a BadImage.

    Raises:
        BadImage: something else, or text that is no base64; or what `read` raises.
    """
    if isinstance(value, Mapping):
        held = (value.get(name) for name in ("bytes", "content", "path"))
        value = next((each for each in held if each is not None), None)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if value is None or value == "":
        raise BadImage("the image is empty")
    if not isinstance(value, str):
        raise BadImage(f"a photo is {value!r:.80}; expected a path, base64, or the bytes of a file")
    if not is_written(value):
        return read(value)
    try:
        return read_written(value)
    except ValueError as error:
        raise BadImage(f"the photo is written in no base64 ({error})") from None


def photo_name(value: object) -> str:
    """What to call the photo that a value of a table is, in a message."""
    if isinstance(value, Mapping):
        value = value.get("path") or "the structure"
    if isinstance(value, str):
        return f"{value[:40]}..." if is_written(value) else value
    return "the bytes"


def ending_of(data: bytes) -> str:
    """The ending of a picture's name by its first bytes; `img` for one that isn't known."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    return next((ending for magic, ending in _ENDINGS if data.startswith(magic)), UNKNOWN)
