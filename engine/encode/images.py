"""Images: decoding, checking, preprocessing, thumbnails. The only file that imports Pillow.

One implementation for every encoder; equal, bit for bit, to open_clip's inference transform on the
same decoded image (Resize, CenterCrop, RGB, ToTensor, Normalize).
"""

from __future__ import annotations

import base64
import io
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Union

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from engine.errors import BadImage

ImageInput = Union[str, Path, bytes, Image.Image]
Pixels = npt.NDArray[np.float32]

MAX_PIXELS = 100_000_000  # 100 megapixels: 300 MB decoded; no product photo is larger
VERSION = "pixels-1"  # changes when the same image gives other numbers


def decode(image: ImageInput) -> Image.Image:
    """Open and fully decode an image, turned upright as its EXIF orientation says.

    Args:
        image: a file's path, the bytes of a JPEG, PNG, WebP, ..., or a PIL image.

    Raises:
        BadImage: missing, not an image, damaged or truncated, or more than 100 megapixels; says which.
    """
    if isinstance(image, Image.Image):
        return ImageOps.exif_transpose(image)
    source = io.BytesIO(image) if isinstance(image, bytes) else Path(image).expanduser()
    what = f"{len(image)} bytes" if isinstance(image, bytes) else f"the file {source}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own size check follows
            with Image.open(source) as opened:
                width, height = opened.size
                if width * height > MAX_PIXELS:
                    raise BadImage(
                        f"{what}: {width} x {height} pixels are too many; "
                        f"at most {MAX_PIXELS:,} are decoded"
                    )
                opened.load()
                return ImageOps.exif_transpose(opened)
    except FileNotFoundError:
        raise BadImage(f"no file at {source}") from None
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        reason = (
            "too many pixels" if isinstance(error, Image.DecompressionBombError) else "no image"
        )
        raise BadImage(f"{what}: {reason} in a format that can be read") from None
    except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
        raise BadImage(f"{what}: damaged image ({error})") from None


@dataclass(frozen=True)
class Preprocess:
    """The way from a decoded image to a model's input.

    Attributes:
        size: (height, width) of the input in pixels.
        mean, std: per channel (RGB), of values from 0 to 1.
        interpolation: "bicubic" or "bilinear", antialiased.
        resize_mode: "shortest" (fill, then crop the centre), "longest" (fit, then pad), "squash".
        fill_color: 0..255, for the padding of "longest".
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    fill_color: int = 0

    def __call__(self, image: Image.Image) -> Pixels:
        """(3, height, width) float32 of one image; the image itself is not changed."""
        fitted = _centre(self._resized(image), self.size, self.fill_color).convert("RGB")
        pixels = np.asarray(fitted)
        out = np.empty((3, *self.size), dtype=np.float32)
        for channel in range(3):
            np.take(self._table[channel], pixels[:, :, channel], out=out[channel], mode="clip")
        return out

    @cached_property
    def _table(self) -> Pixels:
        """(3, 256): the normalised value of each byte, by the same float32 steps as torch's."""
        bytes_as_unit = np.arange(256, dtype=np.float32) / np.float32(255)
        mean = np.asarray(self.mean, dtype=np.float32)[:, None]
        std = np.asarray(self.std, dtype=np.float32)[:, None]
        table: Pixels = (bytes_as_unit - mean) / std
        return table

    def _resized(self, image: Image.Image) -> Image.Image:
        filters = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
        resample = filters[self.interpolation]
        height, width = self.size
        if self.resize_mode == "squash":
            target = (width, height)
        elif self.resize_mode == "shortest" and height == width:
            target = _shortest_edge(image.size, height)
        else:
            longest = self.resize_mode == "longest"
            target = _keep_ratio(image.size, (width, height), longest)
            if not longest:  # open_clip gives no interpolation here, and its default is bicubic
                resample = Image.Resampling.BICUBIC
        return image if target == image.size else image.resize(target, resample)


def _shortest_edge(size: tuple[int, int], edge: int) -> tuple[int, int]:
    """(width, height) with the shorter side `edge`, the longer one rounded down."""
    width, height = size
    if width <= height:
        return edge, int(edge * height / width)
    return int(edge * width / height), edge


def _keep_ratio(size: tuple[int, int], target: tuple[int, int], fit: bool) -> tuple[int, int]:
    """(width, height) that fits into (or, if not `fit`, covers) the target."""
    ratios = [have / want for have, want in zip(size, target)]
    ratio = max(ratios) if fit else min(ratios)
    return round(size[0] / ratio), round(size[1] / ratio)


def _centre(image: Image.Image, size: tuple[int, int], fill: int) -> Image.Image:
    """Pad with `fill` where the image is smaller than (height, width), then crop the centre."""
    height, width = size
    missing_x, missing_y = max(0, width - image.width), max(0, height - image.height)
    if missing_x or missing_y:
        border = (missing_x // 2, missing_y // 2, (missing_x + 1) // 2, (missing_y + 1) // 2)
        color = fill if len(image.getbands()) == 1 else (fill,) * len(image.getbands())
        image = ImageOps.expand(image, border, color)
    top = round((image.height - height) / 2.0)
    left = round((image.width - width) / 2.0)
    if (top, left) == (0, 0) and image.size == (width, height):
        return image
    return image.crop((left, top, left + width, top + height))


def thumbnail_uri(image: ImageInput, edge: int = 224) -> str:
    """A small JPEG of the image as a `data:` URI, its longer side at most `edge` pixels."""
    small = decode(image).convert("RGB")
    small.thumbnail((edge, edge))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of (height, width, 3) bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
