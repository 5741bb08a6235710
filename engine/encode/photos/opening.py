"""Photos opened: which format the bytes are in, and the picture with its header read.

Knows formats and what is found in their place; not pixels.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Union

from PIL import Image, JpegImagePlugin

from engine.encode.photos.bounds import MAX_PIXELS, check_icon, check_size
from engine.encode.photos.foreign import foreign_kind
from engine.encode.photos.mending import is_animated_png, mend, without_notes
from engine.errors import BadImage
from engine.photo_files import read_photo

ImageInput = Union[str, Path, bytes, Image.Image]

# No photos: formats whose decoding would start another program (EPS, WMF), unpack without a bound
# (FITS) or open a file in the file (IPTC).
_NOT_READ = {"EPS", "WMF", "FITS", "IPTC"}


class _Jpeg(JpegImagePlugin.JpegImageFile):
    """A JPEG without what Pillow's opener of them does beside: it looks for more pictures behind the
    first, and for a resolution in EXIF, and warns of what it finds."""

    def getexif(self) -> Image.Exif:
        return Image.Exif()


_OPENERS: dict[str, Callable[..., Image.Image]] = {"JPEG": _Jpeg}
_READABLE = "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"
_UNREAD = re.compile(r"unknown pixel mode|\(\d+, \d+\)|Unsupported (BMP|DDS) (pixel|bit)")
_NO_HEADER = "not identified by this driver"
_ICONS = {"ICO", "CUR", "ICNS"}  # hold pictures in pictures


class NoPicture(BadImage):
    """Bytes that are no picture in a format that is read; `kind` says what they are, where known."""

    def __init__(self, message: str, kind: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind


def bytes_of(image: object) -> tuple[bytes, str]:
    """The bytes of an image's file, and what to call it."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        if not len(image):
            raise BadImage("the image is empty (0 bytes); expected the bytes of an image file")
        return bytes(image), f"{len(image)} bytes"
    if not isinstance(image, (str, Path)):
        raise BadImage(
            f"the image is a {type(image).__module__}.{type(image).__name__}; expected a file's path, "
            "the bytes of an image file, or a PIL image (PIL.Image.fromarray makes one of an array)"
        )
    try:
        file = Path(image).expanduser()
    except RuntimeError as error:  # the home folder of nobody
        raise BadImage(f"no file at {image} ({error})") from None
    return read_photo(file), f"the file {file}"


def opened(data: bytes) -> Image.Image:
    """The picture with its header read and no pixel decoded.

    `Image.open` would warn of large pictures, as the process's filters say, and those are the user's.
    """
    if is_animated_png(data):  # of which one frame is wanted, and Pillow warns of odd ones
        data = without_notes(data) or data
    failures: list[str] = []
    tried: set[str] = set()
    for load in (Image.preinit, Image.init):  # the common formats first: the others load slowly
        load()
        for name in list(Image.ID):
            if name in tried or name in _NOT_READ:
                continue
            tried.add(name)
            verdict = _accepts(name, data)
            if isinstance(verdict, str):  # this Pillow was built without the format's library
                failures.append(verdict)
            if verdict is not True:
                continue
            try:
                if name in _ICONS:
                    check_icon(data)
                picture = _OPENERS.get(name, Image.OPEN[name][0])(io.BytesIO(data), "")
                mend(picture, data)
            except BadImage:
                raise
            except Image.DecompressionBombError:
                raise BadImage(f"too many pixels; at most {MAX_PIXELS:,} are decoded") from None
            except Exception as error:
                if Image.OPEN[name][1]:  # formats without a mark of their own fail on everything
                    failures.append(reason(error))
                continue
            check_size(picture)
            return picture
    bare = without_notes(data) if failures else None
    if bare is not None:
        return opened(bare)
    raise _no_picture(data, failures)


def _no_picture(data: bytes, failures: list[str]) -> BadImage:
    """What to say of bytes that no opener took.

    Args:
        failures: what openers said that knew the format.
    """
    kind = foreign_kind(data, is_known=bool(failures))
    if kind is not None:
        return NoPicture(
            f"{kind}: no image in a format that can be read; save it as {_READABLE}", kind
        )
    if failures:
        return BadImage(damaged("; ".join(failures)))
    return NoPicture(
        f"no image in a format that can be read (it begins {data[:16]!r}); expected {_READABLE}"
    )


def _accepts(name: str, data: bytes) -> bool | str:
    """Whether the first bytes are those of a format; a sentence where it can't be read here."""
    accept = Image.OPEN[name][1]
    try:
        return (accept(data[:16]) or False) if accept else True
    except Exception:  # fewer bytes than it reads
        return False


def damaged(text: str) -> str:
    """What to say of a picture of which a decoder says this."""
    if _UNREAD.search(text):
        return f"pixels of a kind that is not read ({text:.100}); save it with 8 bits a channel"
    if _NO_HEADER in text:
        text = text.replace(_NO_HEADER, "a header that is cut, or says that it has no pixels")
    return f"damaged image ({text:.300})"


def reason(error: Exception) -> str:
    """What a decoder says of a picture, in one line; with the kind of error where it says little."""
    text = " ".join(str(error).split())
    known = isinstance(error, (OSError, ValueError, SyntaxError)) and text
    return f"{text:.200}" if known else f"{type(error).__name__} {text:.200}".strip()
