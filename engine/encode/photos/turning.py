"""Which way up a photo is: its orientation, as EXIF or XMP say. Knows metadata; not pixels.

One entry of EXIF is read, and no other: Pillow reads them all, and an odd one makes it fail, or warn
whoever runs the program.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import Any

from PIL import Image

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112  # tag of EXIF
_ENTRY = 12  # bytes of an entry
_WHOLE = {3: "H", 4: "I", 8: "h", 9: "i"}  # types of an entry that is a whole number
_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)([0-9])")
_PROFILE = "Raw profile type exif"  # of PNGs: EXIF as hexadecimal text, after three lines


def turn_of(picture: Image.Image) -> Image.Transpose | None:
    """How to turn a decoded picture from a file; None where that is not known."""
    if picture.format == "TIFF":  # whose pixels are turned as they are read
        return None
    return _TURNS.get(written_orientation(picture.info) or 0)


def turn_of_given(picture: Image.Image) -> Image.Transpose | None:
    """The same of somebody's PIL image, whose EXIF may have been changed since."""
    try:
        number = picture.getexif().get(_ORIENTATION)
    except Exception:  # a tag of an unexpected type, or a user's filter of warnings
        number = None
    return turn_of(picture) if number is None else _TURNS.get(number)


def written_orientation(info: Mapping[Any, Any]) -> int | None:
    """The orientation in what Pillow found beside the pixels: in EXIF, or else in XMP."""
    number = _of_exif(_exif(info))
    if number is not None:
        return number
    xmp = info.get("XML:com.adobe.xmp") or info.get("xmp") or b""
    found = _XMP.search(xmp.encode(errors="replace") if isinstance(xmp, str) else xmp)
    return int(found[1]) if found else None


def _exif(info: Mapping[Any, Any]) -> bytes:
    exif = info.get("exif")
    if exif is None and isinstance(info.get(_PROFILE), str):
        try:
            exif = bytes.fromhex("".join(info[_PROFILE].split("\n")[3:]))
        except ValueError:  # not hexadecimal
            exif = None
    return exif if isinstance(exif, bytes) else b""


def _of_exif(exif: bytes) -> int | None:
    data = re.sub(rb"^(Exif\0\0){1,2}", b"", exif)
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    head = data[start : start + 2]
    count = struct.unpack(f"{order}H", head)[0] if len(head) == 2 else 0
    entries = data[start + 2 : start + 2 + count * _ENTRY]
    for at in range(0, len(entries) - _ENTRY + 1, _ENTRY):
        tag, kind = struct.unpack_from(f"{order}HH", entries, at)
        if tag == _ORIENTATION and kind in _WHOLE:
            return int(struct.unpack_from(f"{order}{_WHOLE[kind]}", entries, at + 8)[0])
    return None
