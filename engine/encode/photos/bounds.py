"""What a photo may cost: pixels, memory, work, known from its header. Knows Pillow; not formats.

Photos in work share one bound of memory: each waits until its part is free.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator

from PIL import Image

from engine.errors import BadImage

MAX_PIXELS = 100_000_000  # 100 megapixels: 400 MB decoded; no product photo is larger
MAX_MEMORY = 1_400_000_000  # bytes for the pixels of all photos in work
MAX_SIDE = 1_000_000  # pixels; resizing takes 32 bytes for each of the longer side
_MAX_SCANNED = 3_000_000_000  # pixels times scans of a progressive JPEG: some ten seconds of work
_MAX_BY_PYTHON = (
    25_000_000  # pixels, where Pillow's decoder is in Python: a second for each million
)
# Bytes that a decoder takes for a pixel beside the picture that it makes, as measured.
_BESIDE = {"WEBP": 12, "AVIF": 6, "JPEG2000": 16}
WITH_ALPHA = ("RGBA", "LA")  # can be pasted as they are
_PNG_SIZE = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR(....)(....)", re.DOTALL)
_TILE_WIDTH, _TILE_HEIGHT = 322, 323  # tags of a TIFF


class MemoryBudget:
    """Memory that photos in work share: each waits until its part is free, in order of arrival."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def of(self, size: int) -> Iterator[None]:
        with self._turn, self._changed:
            self._changed.wait_for(lambda: size <= self._left)
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify()


memory = MemoryBudget(MAX_MEMORY)


def check_size(picture: Image.Image) -> None:
    """Raises BadImage where decoding or resizing would take too much memory, or there is nothing."""
    width, height = picture.size
    tags = getattr(picture, "tag_v2", {})  # a TIFF's tiles may be larger than its picture
    tile = (tags.get(_TILE_WIDTH) or 0) * (tags.get(_TILE_HEIGHT) or 0)
    if not width * height:
        raise BadImage(f"it has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise BadImage(
            f"{width} x {height} pixels are too many; at most {MAX_PIXELS:,} are decoded. "
            "Save it smaller."
        )
    if tile > MAX_PIXELS:
        raise BadImage(
            f"tiles of {tile:,} pixels are too large; at most {MAX_PIXELS:,} are decoded"
        )
    if max(width, height) > MAX_SIDE:
        raise BadImage(
            f"{width} x {height} pixels: a side is too long; at most {MAX_SIDE:,} are taken. "
            "Cut it to its content."
        )


def memory_of(picture: Image.Image) -> int:
    """Bytes that decoding a picture and turning it to RGB takes at most.

    Raises:
        BadImage: more than all photos in work may take.
    """
    each = 8 + _BESIDE.get(picture.format or "", 0)  # the picture, and what is made of it
    if "progression" in picture.info:  # all of a progressive JPEG's numbers are held
        each += 2 * len(picture.getbands())
    if picture.has_transparency_data and picture.mode not in WITH_ALPHA:
        each += 4
    needed = each * picture.width * picture.height
    if needed > MAX_MEMORY:
        raise BadImage(
            f"{picture.width} x {picture.height} pixels of {picture.format} would take "
            f"{needed:,} bytes of memory; at most {MAX_MEMORY:,} are spent. Save it smaller, or as JPEG."
        )
    return needed


def check_icon(data: bytes) -> None:
    """Raises BadImage where a picture in an icon, which is decoded on opening, is too large."""
    for sides in _PNG_SIZE.findall(data):
        width, height = (int.from_bytes(side, "big") for side in sides)
        if width * height > MAX_PIXELS:
            raise BadImage(f"{width} x {height} pixels in an icon are too many")


def check_work(picture: Image.Image, data: bytes) -> None:
    """Raises BadImage for what would take minutes: many scans, or a decoder in Python."""
    pixels = picture.width * picture.height
    by_python = any(tile[0] in Image.DECODERS for tile in getattr(picture, "tile", ()))
    if by_python and pixels > _MAX_BY_PYTHON:
        raise BadImage(
            f"{picture.width} x {picture.height} pixels are too many for this kind of "
            f"{picture.format}; at most {_MAX_BY_PYTHON:,} are decoded. Save it as PNG or JPEG."
        )
    if picture.format == "JPEG" and "progression" in picture.info:
        scans = data.count(b"\xff\xda")
        if scans * pixels > _MAX_SCANNED:
            raise BadImage(
                f"{scans:,} scans of {picture.width} x {picture.height} pixels are too much work; "
                "save it as a plain JPEG"
            )
