"""What is found in the place of photos, by its first bytes. Knows formats that are not read."""

from __future__ import annotations

import re

_LOOKED_AT = 1000  # bytes
_BASE64 = rb"\s*(/9j/|iVBORw0KGgo|R0lGOD|UklGR)[A-Za-z0-9+/_\s-]{20}"
_FOREIGN = (
    (rb"....ftyp(hei[cxms]|hevc|m(if|sf)1.{0,60}hei[cx])", "a HEIC photo"),
    (rb"....ftyp(isom|iso\d|avc1|mp4|M4V|qt|3g|dash|MSNV)|\x1aE\xdf\xa3|RIFF....AVI ", "a film"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL photo"),
    (rb"II\*\0....CR|FUJIFILMCCD-RAW|IIRO|IIU\0", "a camera's raw photo"),
    (rb"gimp xcf", "a drawing of GIMP"),
    (rb"\s*(<\?xml.*)?(<!--.*)?(<!DOCTYPE svg.*)?<svg", "an SVG drawing"),
    (rb"\s*<(!doctype|html|head|body|\?xml|!--)", "a web page"),
    (rb"HTTP/1|HTTP/2", "a server's whole answer"),
    (rb"%PDF", "a PDF document"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing"),
    (rb"\xd7\xcd\xc6\x9a|\x01\0\0\0.{36} EMF", "a metafile drawing"),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
    (rb"data:[^,]{0,200},", "a data: link as text, not the picture's bytes"),
    (_BASE64, "a picture's base64 as text, not its bytes"),
    (rb"\0\x05\x16\x07", "a companion file of macOS ('._' before its name), not the photo"),
    (rb"\x1f\x8b|BZh\d|\xfd7zXZ|\x28\xb5\x2f\xfd", "a compressed file; unpack it"),
    (rb"PK\x03\x04|Rar!|7z\xbc\xaf", "an archive; unpack it"),
    (rb"\0{%d}" % _LOOKED_AT, "nothing but zeros, as after a copy that broke off"),
)
# Said only where no opener knew the format.
_GUESSES = (
    (rb".{1,200}?\xff\xd8\xff[\xc0-\xfe]", "a JPEG behind other bytes"),
    (rb".{1,200}?\x89PNG\r\n", "a PNG behind other bytes"),
    (rb"\s*[{\[][\s\"{\[]", "JSON"),
)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def foreign_kind(data: bytes, is_known: bool) -> str | None:
    """What bytes that are no picture are, as part of a sentence; None where that is not known.

    Args:
        is_known: whether an opener took them for its own, and failed.
    """
    head = data[:_LOOKED_AT]
    for mark, encoding in _MARKS:  # before a text
        if head.startswith(mark):
            head = head.decode(encoding, errors="replace").encode(errors="replace")
    for pattern, kind in _FOREIGN if is_known else _FOREIGN + _GUESSES:
        if re.match(pattern, head, re.DOTALL | re.IGNORECASE):
            return kind
    return None
