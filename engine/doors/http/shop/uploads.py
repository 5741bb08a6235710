"""Pictures in requests: files of a form, or base64 in JSON. Knows limits and formats; no searches."""

from __future__ import annotations

from fastapi import UploadFile

from engine.encode.photos.opening import NoPicture
from engine.encode.photos.thumbnails import format_of
from engine.errors import BadImage, VitrineError
from engine.photo_texts import read_written

MAX_BYTES = 20 << 20
TAKEN = ("JPEG", "MPO", "PNG", "WEBP", "AVIF")  # MPO: a JPEG with further pictures behind it
_BESIDE = 1 << 20  # characters: the start of a `data:` link, ends of lines
_NAMES = "JPEG, PNG, WebP or AVIF"


class RequestTooLarge(VitrineError):
    """A picture has too many bytes."""

    error_code = "REQUEST_TOO_LARGE"
    status_code = 413


class UnsupportedMediaType(VitrineError):
    """A file is no picture, or one in a format that isn't taken."""

    error_code = "UNSUPPORTED_MEDIA_TYPE"
    status_code = 415


def uploaded(file: UploadFile, field: str) -> bytes:
    """The bytes of an uploaded picture, whose header was checked.

    Raises:
        RequestTooLarge, UnsupportedMediaType: see there.
        BadImage: empty, damaged, or with too many pixels.
    """
    data = file.file.read(MAX_BYTES + 1)
    named = f" {file.filename!r:.80}" if file.filename else ""
    return _checked(data, f"{field}{named}")


def from_base64(text: str, field: str) -> bytes:
    """The bytes of a picture that JSON holds in base64, also as a `data:` address.

    Raises:
        RequestTooLarge, UnsupportedMediaType, BadImage: as `uploaded`; also where it isn't base64.
    """
    if len(text) > MAX_BYTES * 4 // 3 + _BESIDE:
        raise _too_large(field)
    try:
        data = read_written(text)
    except ValueError:
        raise BadImage(f"{field} is not base64; expected the bytes of a {_NAMES} file.") from None
    return _checked(data, field)


def _checked(data: bytes, what: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise _too_large(what)
    if not data:
        raise BadImage(f"{what} is empty (0 bytes); expected the bytes of a {_NAMES} file.")
    try:
        kind = format_of(data)
    except NoPicture as error:
        found = error.kind or f"{len(data):,} bytes that begin {data[:16]!r}"
        raise UnsupportedMediaType(f"{what} is {found}; expected {_NAMES}.") from None
    except BadImage as error:
        raise BadImage(f"{what}: {error.message.rstrip('.')}.") from None
    if kind not in TAKEN:
        raise UnsupportedMediaType(f"{what} is a {kind} picture; expected {_NAMES}.")
    return data


def _too_large(what: str) -> RequestTooLarge:
    return RequestTooLarge(f"{what} has more than {MAX_BYTES:,} bytes; send a smaller picture.")
