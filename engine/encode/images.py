"""Photos to RGB pictures: opened, bounded, decoded. Knows the order of the steps; not models.

A photo is bounded by its header before memory or time is spent on it. Whatever a decoder raises is a
`BadImage` with the reason. Nothing of the process is changed: neither its filters of warnings nor
Pillow's own limit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PIL import Image, ImageFile

from engine.encode.photos import bounds
from engine.encode.photos.mending import without_notes
from engine.encode.photos.opening import ImageInput, bytes_of, damaged, opened, reason
from engine.encode.photos.rgb import is_plain, upright
from engine.encode.photos.turning import turn_of, turn_of_given
from engine.errors import BadImage

_T = TypeVar("_T")
_TO_RGB = "white-3"  # part of digests: changes when pictures of other kinds give other numbers


def decode(image: ImageInput) -> Image.Image:
    """Open and fully decode an image: RGB, on white where it is transparent, turned upright.

    Of a picture with frames or pages it is the first, of a TIFF the first page that is no thumbnail of
    another. CMYK is converted by its colour profile, greys of more than 8 bits are scaled to 8.

    Args:
        image: a file's path, the bytes of a JPEG, PNG, WebP, ..., or a PIL image, which stays as it is.

    Raises:
        BadImage: missing, not an image, damaged or truncated, more than 100 megapixels or than memory
            holds; says which. Nothing else, whatever a decoder raises.
    """
    return with_decoded(image, lambda picture: picture)


def _read_at_once(picture: Image.Image, data: bytes) -> None:
    """Give a JPEG to its decoder in one piece: between pieces it waits for the interpreter's lock."""
    if isinstance(picture, ImageFile.ImageFile) and picture.format == "JPEG":
        picture.decodermaxblock = max(picture.decodermaxblock, len(data))


def conversion(data: bytes) -> str:
    """How a photo becomes RGB, from its header: empty for one that is RGB or grey as it is.

    Goes into the digest that stands for the photo's vector, so that a better conversion makes new
    vectors of the pictures that it changes, and of no others.
    """
    try:
        return "" if is_plain(opened(data)) else _TO_RGB
    except Exception:  # decoding it will give the reason
        return ""


def with_decoded(image: ImageInput, use: Callable[[Image.Image], _T]) -> _T:
    """What `use` makes of the decoded image. Waits where others in work leave it too little memory."""
    what = ""
    try:
        if not isinstance(image, Image.Image):
            data, what = bytes_of(image)
            return _with_read(data, use)
        what = f"the {image.mode} image"
        bounds.check_size(image)
        with bounds.memory.of(bounds.memory_of(image)):
            return use(upright(image, turn_of_given))
    except BadImage as error:
        raise BadImage(f"{what}: {error.message}" if what else error.message) from None
    except MemoryError:
        raise BadImage(f"{what}: too large for the memory that is left; save it smaller") from None
    except Exception as error:  # decoders raise whatever they like
        raise BadImage(f"{what}: {damaged(reason(error))}") from None


def _with_read(data: bytes, use: Callable[[Image.Image], _T]) -> _T:
    try:
        picture = opened(data)
        bounds.check_work(picture, data)
        _read_at_once(picture, data)
        with bounds.memory.of(bounds.memory_of(picture)):
            return use(upright(picture, turn_of))
    except (BadImage, MemoryError):
        raise
    except Exception:
        bare = without_notes(data)  # what follows the pixels may be all that is damaged
        if bare is None:
            raise
    return _with_read(bare, use)
