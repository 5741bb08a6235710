"""What Pillow misses in headers, put right before pixels are decoded. Knows formats; not pixels."""

from __future__ import annotations

import re
from typing import Any

from PIL import Image, TiffImagePlugin

_PNG = b"\x89PNG\r\n\x1a\n"
_DEPTH, _COLOURS = 24, 25  # where a PNG says how many bits a channel has, and which channels
_GREY, _RGB = 0, 2
_LOOKED_AT = 4096  # bytes; that it is animated is said before its pixels
_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND")
_KIND, _BITS, _PLANES = 254, 258, 284  # tags of a TIFF
_IS_SMALLER = 1  # bit of its kind: a smaller version of another page
_AVIF = (b"ftypavif", b"ftypavis")
_EXIF = re.compile(rb"II\*\0\x08\0\0\0|MM\0\*\0\0\0\x08")  # its start, up to the number of entries
_MOST_PAGES = 16  # that are looked at


def mend(picture: Image.Image, data: bytes) -> None:
    """Put right what Pillow made of a header."""
    if picture.format == "PNG":
        _mend_key(picture, data)
    elif isinstance(picture, TiffImagePlugin.TiffImageFile):
        _pass_thumbnails(picture)
        _mend_planes(picture)


def is_mended(picture: Image.Image) -> bool:
    """Whether other pixels than Pillow's are made of a picture of RGB or grey."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    return picture.tell() > 0 or picture.tag_v2.get(_PLANES) == 2


def _mend_key(picture: Image.Image, data: bytes) -> None:
    """A PNG's transparent colour, in the eight bits that its pixels will have."""
    key: Any = picture.info.get("transparency")
    depth, colours = data[_DEPTH], data[_COLOURS]
    if colours == _GREY and isinstance(key, int) and depth < 8:
        most = (1 << depth) - 1
        picture.info["transparency"] = (key & most) * (255 // most)
    elif colours == _RGB and isinstance(key, tuple) and depth == 16:
        picture.info["transparency"] = tuple(value >> 8 for value in key)


def _pass_thumbnails(picture: TiffImagePlugin.TiffImageFile) -> None:
    """Go to a TIFF's first page that is no smaller version of another, where it has one."""
    for page in range(1, _MOST_PAGES):
        kind = picture.tag_v2.get(_KIND)
        if not isinstance(kind, int) or not kind & _IS_SMALLER:
            return
        try:
            picture.seek(page)
        except Exception:  # there is none, or none that can be read
            break
    picture.seek(0)


def _mend_planes(picture: TiffImagePlugin.TiffImageFile) -> None:
    """16 bits in planes of their own, which Pillow would read as 8."""
    bits = picture.tag_v2.get(_BITS)
    if picture.tag_v2.get(_PLANES) != 2 or not bits or set(bits) != {16}:
        return
    order = "L" if picture.tag_v2.prefix == b"II" else "B"
    tiles: list[Any] = list(picture.tile)
    for place, tile in enumerate(tiles):
        if tile.codec_name == "raw" and len(tile.args[0]) == 1:
            args = (f"{tile.args[0]};16{order}", *tile.args[1:])
            tiles[place] = tile._replace(args=args)
    picture.tile = tiles


def is_animated_png(data: bytes) -> bool:
    """Whether a file is a PNG that says that it has frames."""
    return data.startswith(_PNG) and b"acTL" in data[:_LOOKED_AT]


def without_notes(data: bytes) -> bytes | None:
    """A picture with its pixels and nothing that a reader can do without; None where that is no less.

    A PNG's texts, profiles and animations may be damaged, or larger than Pillow takes, where no pixel
    is; an AVIF's EXIF may be odd.
    """
    if data[4:12] in _AVIF:
        return _without_exif(data)
    if not data.startswith(_PNG):
        return None
    kept, at = [_PNG], len(_PNG)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if name in _NEEDED:
            kept.append(data[at:end])
        at = end
        if name == b"IEND":
            break
    bare = b"".join(kept)
    return bare if len(bare) < len(data) else None


def _without_exif(data: bytes) -> bytes | None:
    """An AVIF whose EXIF says nothing: how it is turned is written elsewhere, too."""
    start = _EXIF.search(data)
    if start is None or data[start.end() : start.end() + 2] == b"\0\0":
        return None
    return data[: start.end()] + b"\0\0" + data[start.end() + 2 :]
