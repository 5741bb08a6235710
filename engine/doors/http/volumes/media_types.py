"""What a file is, told by its first bytes, and what a page may do with it. Knows bytes; not files.

The bytes decide, as in the WHATWG's standard "MIME Sniffing" for images (with AVIF, HEIC, JPEG XL and
TIFF beside them): a name may say anything, and what a browser would run must never pass for a picture.
"""

from __future__ import annotations

import mimetypes
import re
from urllib.parse import quote

HEAD_BYTES = 1024  # of a file that are enough to tell
OTHER = "application/octet-stream"
_SIGNATURES = (
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF.{4}WEBPVP", "image/webp"),
    (rb".{4}ftyp(?:avif|avis)", "image/avif"),
    (rb".{4}ftyp(?:heic|heix|hevc|hevx|mif1|msf1)", "image/heic"),
    (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", "image/bmp"),  # a text may begin with BM
    (rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "image/tiff"),
    (rb"\0\0\x01\0", "image/x-icon"),
    (rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (
        # A comment ends at its first -->; were later ones tried too, many comments would take for ever.
        rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?"
        rb"(?:<!--(?:(?!-->).)*-->\s*|<!DOCTYPE\s+svg[^>\[]*>\s*)*<svg[\s/>]",
        "image/svg+xml",
    ),
)
_PATTERNS = [(re.compile(pattern, re.DOTALL), media_type) for pattern, media_type in _SIGNATURES]
_BY_NAME = mimetypes.MimeTypes()  # Python's own list; not the machine's, which may say anything
_HARMLESS = re.compile(
    r"(?:audio|video)/[\w.+-]+|text/(?:plain|csv)|application/(?:json|pdf|vnd\.apache\.parquet)"
)
# What is opened by its own address is shown, and nothing in it runs or loads: an SVG may hold scripts.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def media_type_of(head: bytes, name: str) -> str:
    """The media type of a file.

    Args:
        head: its first `HEAD_BYTES` bytes. name: of what is no picture; types that a browser would run
            become `application/octet-stream`.
    """
    for pattern, media_type in _PATTERNS:
        if pattern.match(head):
            return media_type
    guessed, packed = _BY_NAME.guess_type(name)
    return guessed if guessed and not packed and _HARMLESS.fullmatch(guessed) else OTHER


def safe_headers(media_type: str, name: str) -> dict[str, str]:
    """Headers by which a browser shows pictures, saves everything else, and runs nothing."""
    shown = "inline" if media_type.startswith("image/") else "attachment"
    return {
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
    }
