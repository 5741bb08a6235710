"""Pictures to RGB on white, upright: alpha, greys, CMYK, LAB. Knows Pillow; not files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from engine.encode.photos.bounds import WITH_ALPHA, check_size
from engine.encode.photos.mending import is_mended

_GREYS = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")  # of more than 8 bits
_WHITES = {"I": (255, 65535, 2**31 - 1, 2**32 - 1), "F": (1, 255, 65535, 2**32 - 1)}
_OF_RGB = ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA")
_UNUSED_ALPHA = ("BMP", "DIB", "TGA", "ICO", "CUR")  # writers fill it with 0 where all is opaque
_STRIP = 1_000_000  # pixels of a deep grey picture that are scaled at a time
_BITS, _PHOTOMETRIC, _SAMPLES = 258, 262, 339  # tags of a TIFF
_UNSIGNED, _SIGNED = (1,), (2,)


def is_plain(picture: Image.Image) -> bool:
    """Whether a picture is RGB or grey as it is."""
    is_plain_mode = picture.mode in ("RGB", "L") and not picture.has_transparency_data
    return is_plain_mode and _first_frame(picture) is None and not is_mended(picture)


def upright(
    picture: Image.Image, turn_of: Callable[[Image.Image], Image.Transpose | None]
) -> Image.Image:
    """The decoded picture as RGB on white, turned; of what stood beside it, RGB's colour profile.

    Args:
        turn_of: how a decoded picture is to be turned.
    """
    frame = _first_frame(picture)
    picture.load()
    check_size(picture)
    turn = turn_of(picture)
    rgb = _rgb(picture)
    if frame is not None:
        rgb = _alone(rgb.copy() if rgb is picture else rgb, frame)
    if turn is not None:
        rgb = rgb.transpose(turn)
    if rgb is not picture:
        # Nothing else, or it would be turned, or made transparent, once more.
        profile = picture.info.get("icc_profile")
        is_of_rgb = picture.mode in _OF_RGB and isinstance(profile, bytes)
        rgb.info = {"icc_profile": profile} if is_of_rgb else {}
    return rgb


def _alone(rgb: Image.Image, frame: tuple[int, int, int, int]) -> Image.Image:
    """The picture with white around a part of it: in place, as memory for it was counted once."""
    (left, top, right, bottom), (width, height) = frame, rgb.size
    above, below = (0, 0, width, top), (0, bottom, width, height)
    for box in (above, below, (0, top, left, bottom), (right, top, width, bottom)):
        if box[0] < box[2] and box[1] < box[3]:
            rgb.paste((255, 255, 255), box)
    return rgb


def _first_frame(picture: Image.Image) -> tuple[int, int, int, int] | None:
    """Where the first frame of a GIF that is not decoded yet lies; None where it is all of the picture.

    Around it there is nothing, which Pillow fills with the first colour of the palette.
    """
    tiles = getattr(picture, "tile", ())
    if picture.format != "GIF" or not tiles or "transparency" in picture.info:
        return None
    frame = tiles[0].extents
    return None if frame is None or frame == (0, 0, *picture.size) else frame


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
    cut_out = picture if picture.mode in WITH_ALPHA else picture.convert("RGBA")
    if picture.format in _UNUSED_ALPHA and cut_out.getextrema()[-1] == (0, 0):
        return cut_out.convert("RGB")
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
    elif tags.get(_BITS) == (16,) and tags.get(_SAMPLES) == _SIGNED:
        white = 32767
    else:
        brightest = _brightest(picture)
        white = next((w for w in _WHITES[picture.mode] if brightest <= w), brightest)
    out = np.empty((picture.height, picture.width), dtype=np.uint8)
    for top, part in _strips(picture):
        grey = np.nan_to_num(part.astype(np.float64), nan=0.0, posinf=white, neginf=0.0)
        if isinstance(clear, int):
            grey[part == clear] = white
        out[top : top + len(part)] = np.rint(np.clip(grey / white, 0, 1) * 255)
    if tags.get(_PHOTOMETRIC) == 0:
        np.subtract(255, out, out=out)  # 0 is white
    return Image.fromarray(out)


def _brightest(picture: Image.Image) -> float:
    finite = (part[np.isfinite(part)] for _, part in _strips(picture))
    return max((float(part.max()) for part in finite if part.size), default=0.0)


def _strips(picture: Image.Image) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """First row and pixels of some rows at a time: as floats they take eight times the memory."""
    rows = max(1, _STRIP // picture.width)
    tags = getattr(picture, "tag_v2", {})
    # Pillow reads a TIFF's 32 bits as signed: the upper half of them would be black.
    is_unsigned = picture.mode == "I" and tags.get(_SAMPLES, _UNSIGNED) == _UNSIGNED
    is_unsigned = is_unsigned and tags.get(_BITS) == (32,)
    for top in range(0, picture.height, rows):
        box = (0, top, picture.width, min(top + rows, picture.height))
        part = np.asarray(picture.crop(box))
        yield top, part.view(np.uint32) if is_unsigned else part
