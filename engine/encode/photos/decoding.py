"""Photos to RGB pictures: opening, bounding, decoding, colours. Knows Pillow; not models.

A photo is bounded by its header before memory or time is spent on it. Whatever a decoder raises is a
`BadImage` with the reason. Nothing of the process is changed: neither its filters of warnings nor
Pillow's own limit.
"""

from __future__ import annotations

import contextlib
import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, Union

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms, JpegImagePlugin

from engine.errors import BadImage
from engine.photo_files import read_photo

ImageInput = Union[str, Path, bytes, Image.Image]
_T = TypeVar("_T")

MAX_PIXELS = 100_000_000  # 100 megapixels: 400 MB decoded; no product photo is larger
MAX_MEMORY = 1_400_000_000  # bytes for the pixels of all photos in work
MAX_SIDE = 1_000_000  # pixels; resizing takes 32 bytes for each of the longer side
_MAX_SCANNED = 3_000_000_000  # pixels times scans of a progressive JPEG: some ten seconds of work
_MAX_BY_PYTHON = (
    25_000_000  # pixels, where Pillow's decoder is in Python: a second for each million
)
# Bytes that a decoder takes for a pixel beside the picture that it makes, as measured.
_BESIDE = {"WEBP": 12, "AVIF": 6, "JPEG2000": 16}

_TO_RGB = "white-1"  # part of digests: changes when pictures of other kinds give other numbers

_WITH_ALPHA = ("RGBA", "LA")  # can be pasted as they are
_GREYS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # of more than 8 bits
_WHITES = {"I": (255, 65535, 2**31 - 1), "F": (1, 255, 65535, 2**32 - 1)}
_STRIP = 1_000_000  # pixels of a deep grey picture that are scaled at a time

# No photos: formats whose decoding would start another program (EPS, WMF), unpack without a bound
# (FITS) or open a file in the file (IPTC).
_NOT_READ = {"EPS", "WMF", "FITS", "IPTC"}
# JPEG's own opener looks for more pictures behind the first, and warns of what it finds there.
_OPENERS: dict[str, Callable[..., Image.Image]] = {"JPEG": JpegImagePlugin.JpegImageFile}
_READABLE = "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"
# What is found in the place of photos: the first bytes, and its name.
_FOREIGN = (
    (rb"....ftyp(hei[cxms]|hevc|m(if|sf)1.{0,60}hei[cx])", "a HEIC photo"),
    (rb"\s*(<\?xml.*)?(<!--.*)?<svg", "an SVG drawing"),
    (rb"\s*<(!doctype|html|\?xml)", "a web page"),
    (rb"%PDF", "a PDF document"),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing"),
    (rb"\xd7\xcd\xc6\x9a", "a metafile drawing"),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
    (rb"....ftyp(isom|iso2|mp4|M4V|qt)", "a film"),
)
_PNG_SIZE = re.compile(rb"\x89PNG\r\n\x1a\n....IHDR(....)(....)", re.DOTALL)
_ICONS = {"ICO", "CUR", "ICNS"}  # hold pictures in pictures
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION, _BITS, _PHOTOMETRIC, _TILE_WIDTH, _TILE_HEIGHT = 0x0112, 258, 262, 322, 323


class _Room:
    """Memory that photos in work share: each waits until its part is free, in the order they come."""

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


_room = _Room(MAX_MEMORY)


def decode(image: ImageInput) -> Image.Image:
    """Open and fully decode an image: RGB, on white where it is transparent, turned upright.

    Of a picture with frames or pages it is the first. CMYK is converted by its colour profile, greys of
    more than 8 bits are scaled to 8.

    Args:
        image: a file's path, the bytes of a JPEG, PNG, WebP, ..., or a PIL image, which stays as it is.

    Raises:
        BadImage: missing, not an image, damaged or truncated, more than 100 megapixels or than memory
            holds; says which. Nothing else, whatever a decoder raises.
    """
    return with_decoded(image, lambda picture: picture)


def conversion(data: bytes) -> str:
    """How a photo becomes RGB, from its header: empty for one that is RGB or grey as it is.

    Goes into the digest that stands for the photo's vector, so that a better conversion makes new
    vectors of the pictures that it changes, and of no others.
    """
    try:
        return "" if _is_plain(_opened(data)) else _TO_RGB
    except Exception:  # decoding it will give the reason
        return ""


def with_decoded(image: ImageInput, use: Callable[[Image.Image], _T]) -> _T:
    """What `use` makes of the decoded image. Waits where others in work leave it too little memory."""
    what = ""
    try:
        if isinstance(image, Image.Image):
            picture, what = image, f"the {image.mode} image"
            _check_size(picture)
        else:
            data, what = _bytes(image)
            picture = _opened(data)
            _check_work(picture, data)
        with _room.of(_memory(picture)):
            return use(_upright(picture))
    except BadImage as error:
        raise BadImage(f"{what}: {error.message}" if what else error.message) from None
    except MemoryError:
        raise BadImage(f"{what}: too large for the memory that is left; save it smaller") from None
    except Exception as error:  # decoders raise whatever they like
        raise BadImage(f"{what}: damaged image ({_reason(error)})") from None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    known = isinstance(error, (OSError, ValueError, SyntaxError)) and text
    return f"{text:.200}" if known else f"{type(error).__name__} {text:.200}".strip()


def _bytes(image: object) -> tuple[bytes, str]:
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


# ---------------------------------------------------------------------- before anything is spent
def _opened(data: bytes) -> Image.Image:
    """The picture with its header read and no pixel decoded.

    `Image.open` would warn of large pictures, as the process's filters say, and those are the user's.
    """
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
                    _check_icon(data)
                picture = _OPENERS.get(name, Image.OPEN[name][0])(io.BytesIO(data), "")
            except BadImage:
                raise
            except Image.DecompressionBombError:
                raise BadImage(f"too many pixels; at most {MAX_PIXELS:,} are decoded") from None
            except Exception as error:
                if Image.OPEN[name][1]:  # formats without a mark of their own fail on everything
                    failures.append(_reason(error))
                continue
            _check_size(picture)
            return picture
    for pattern, kind in _FOREIGN:
        if re.match(pattern, data[:1000], re.DOTALL | re.IGNORECASE):
            raise BadImage(f"{kind}: no image in a format that can be read; save it as {_READABLE}")
    if failures:
        raise BadImage(f"damaged image ({'; '.join(failures):.300})")
    raise BadImage(f"no image in a format that can be read; expected {_READABLE}")


def _accepts(name: str, data: bytes) -> bool | str:
    """Whether the first bytes are those of a format; a sentence where it can't be read here."""
    accept = Image.OPEN[name][1]
    try:
        return (accept(data[:16]) or False) if accept else True
    except Exception:  # fewer bytes than it looks at
        return False


def _check_size(picture: Image.Image) -> None:
    """Raises BadImage where decoding or resizing would take too much memory."""
    width, height = picture.size
    tags = getattr(picture, "tag_v2", {})  # a TIFF's tiles may be larger than its picture
    tile = (tags.get(_TILE_WIDTH) or 0) * (tags.get(_TILE_HEIGHT) or 0)
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


def _memory(picture: Image.Image) -> int:
    """Bytes that decoding a picture and turning it to RGB takes at most.

    Raises:
        BadImage: more than there are for all.
    """
    each = 8 + _BESIDE.get(picture.format or "", 0)  # the picture, and what is made of it
    if "progression" in picture.info:  # all of a progressive JPEG's numbers are held
        each += 2 * len(picture.getbands())
    if picture.has_transparency_data and picture.mode not in _WITH_ALPHA:
        each += 4
    needed = each * picture.width * picture.height
    if needed > MAX_MEMORY:
        raise BadImage(
            f"{picture.width} x {picture.height} pixels of {picture.format} would take "
            f"{needed:,} bytes of memory; at most {MAX_MEMORY:,} are spent. Save it smaller, or as JPEG."
        )
    return needed


def _check_icon(data: bytes) -> None:
    """Raises BadImage where a picture in an icon, which is decoded on opening, is too large."""
    for sides in _PNG_SIZE.findall(data):
        width, height = (int.from_bytes(side, "big") for side in sides)
        if width * height > MAX_PIXELS:
            raise BadImage(f"{width} x {height} pixels in an icon are too many")


def _check_work(picture: Image.Image, data: bytes) -> None:
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


# ---------------------------------------------------------------------- to RGB
def _is_plain(picture: Image.Image) -> bool:
    return picture.mode in ("RGB", "L") and not picture.has_transparency_data


def _upright(picture: Image.Image) -> Image.Image:
    """The decoded picture as RGB on white, turned as its EXIF orientation says; no facts beside it."""
    picture.load()
    _check_size(picture)
    turn = _turn(picture)
    rgb = _rgb(picture)
    if turn is not None:
        rgb = rgb.transpose(turn)
    if rgb is not picture:
        rgb.info = {}  # or it would be turned, or made transparent, once more
    return rgb


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """How to turn it; None also where its EXIF is beyond reading: the pixels are fine."""
    try:
        return _TURNS.get(picture.getexif().get(_ORIENTATION))  # type: ignore[arg-type]
    except (
        Exception
    ):  # whatever a tag of an unexpected type, or a user's filter of warnings, raises
        return None


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in _GREYS:
        return _scaled(picture).convert("RGB")
    if picture.mode == "CMYK":
        return _by_profile(picture) or picture.convert("RGB")
    if picture.mode == "LAB":
        return _converted(picture, ImageCms.createProfile("LAB"))
    if picture.has_transparency_data:
        return _on_white(picture)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode == "La":  # grey times its alpha, which Pillow converts to nothing else
        picture = picture.convert("LA")
    cut_out = picture if picture.mode in _WITH_ALPHA else picture.convert("RGBA")
    white = Image.new("RGB", cut_out.size, "white")
    white.paste(cut_out, None, cut_out)
    return white


def _by_profile(picture: Image.Image) -> Image.Image | None:
    """CMYK as its own colour profile shows it; None without one that can be used."""
    profile = picture.info.get("icc_profile")
    if not profile:
        return None
    try:
        return _converted(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except Exception:  # a damaged profile, or one of other colours: the plain formula will do
        return None


def _converted(picture: Image.Image, profile: Any) -> Image.Image:
    converted = ImageCms.profileToProfile(
        picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert converted is not None  # None is for conversions in place
    return converted


def _scaled(picture: Image.Image) -> Image.Image:
    """A grey picture of more than 8 bits as one of 8; Pillow's own conversion clips it to white.

    16 bits, and the integers of a PNG or PPM, go from 0 to 65535. For others no white is written
    down: it is the least of the usual ones that holds the brightest pixel.
    """
    tags = getattr(picture, "tag_v2", {})
    clear = picture.info.get("transparency")
    white: float
    if picture.mode.startswith("I;16"):
        white = 4095 if tags.get(_BITS) == (12,) else 65535
    elif picture.mode == "I" and picture.format in ("PNG", "PPM"):
        white = 65535
    else:
        brightest = _brightest(picture)
        white = next((w for w in _WHITES[picture.mode] if brightest <= w), brightest)
    out = np.empty((picture.height, picture.width), dtype=np.uint8)
    for top, part in _strips(picture):
        grey = np.nan_to_num(part.astype(np.float64), nan=0.0, posinf=white, neginf=0.0)
        if isinstance(clear, int):
            grey[part == clear] = white
        out[top : top + len(part)] = np.rint(np.clip(grey / white, 0, 1) * 255)
    if tags.get(_PHOTOMETRIC) == 0 and picture.mode.startswith("I;16"):
        np.subtract(255, out, out=out)  # 0 is white
    return Image.fromarray(out)


def _brightest(picture: Image.Image) -> float:
    finite = (part[np.isfinite(part)] for _, part in _strips(picture))
    return max((float(part.max()) for part in finite if part.size), default=0.0)


def _strips(picture: Image.Image) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """First row and pixels of some rows at a time: as floats they take eight times the memory."""
    rows = max(1, _STRIP // picture.width)
    for top in range(0, picture.height, rows):
        box = (0, top, picture.width, min(top + rows, picture.height))
        yield top, np.asarray(picture.crop(box))
