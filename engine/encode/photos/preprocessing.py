"""Photos to a model's input, thumbnails. Knows a model's preprocessing; not how a photo is decoded.

One implementation for every encoder. A photo is turned to RGB on white first, whatever the model, then
fitted by the model's own rule: the embedded model's pads with white, a pretrained open_clip model's is
open_clip's. For photos that are RGB or grey as they are, equal, bit for bit, to open_clip's inference
transform on the same decoded image (Resize, CenterCrop, RGB, ToTensor, Normalize); of others open_clip
itself would take what lies under their transparency, mostly black, and cut 16 bits to white.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from engine.encode.images import conversion, decode, with_decoded
from engine.encode.photos.bounds import MAX_PIXELS
from engine.encode.photos.opening import ImageInput
from engine.encode.photos.pixels import pixels_in_place
from engine.encode.photos.thumbnails import thumbnail
from engine.encode.photos.workers.blocks import Place

__all__ = [
    "MAX_PIXELS",
    "VERSION",
    "Decoded",
    "ImageInput",
    "Pixels",
    "Preprocess",
    "conversion",
    "decode",
    "png_bytes",
    "thumbnail_uri",
]

Pixels = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

VERSION = "pixels-1"  # part of fingerprints: changes when an RGB or grey photo gives other numbers
_MAX_FITTED = 32_000_000  # pixels of a resized picture; of a longer one only the centre is made


_MAX_HELD = 1 << 20  # pixels of a picture that waits as it is: batches of them are in memory


@dataclass(frozen=True)
class Decoded:
    """A photo that is decoded and not yet fitted: (height, width, 4) bytes, RGB and one unused.

    Attributes:
        place: where in shared memory they begin; None where they are not there.
    """

    pixels: Bytes
    place: Place | None = None


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

    def __call__(self, image: ImageInput) -> Pixels:
        """(3, height, width) float32 of one image; the image itself is not changed.

        Raises:
            BadImage: as `decode`.
        """
        return with_decoded(image, self._prepared)

    def as_bytes(self, image: ImageInput) -> Bytes:
        """(3, height, width) uint8 of one image, before it is normalised: a quarter of the memory.

        Raises:
            BadImage: as `decode`.
        """
        return with_decoded(image, self._fitted_bytes)

    def decoded(self, image: ImageInput, takes: Callable[[int, int], bool]) -> Decoded | Bytes:
        """One image with its pixels as they are, for `DeviceFitting`; what that doesn't do, fitted.

        Args:
            takes: whether photos of this height and width are wanted so.

        Raises:
            BadImage: as `decode`.
        """

        def use(picture: Image.Image) -> Decoded | Bytes:
            if self._can_wait(picture.size) and takes(picture.height, picture.width):
                pixels = pixels_in_place(picture)
                if pixels is not None:
                    return Decoded(pixels)
            return self._fitted_bytes(picture)

        return with_decoded(image, use)

    def _can_wait(self, size: tuple[int, int]) -> bool:
        """Whether a picture of this (width, height) is small, and resized to the input or more."""
        if size[0] * size[1] > _MAX_HELD:
            return False
        width, height = self.target(size)[0]
        is_all_made = width * height <= _MAX_FITTED
        return is_all_made and width >= self.size[1] and height >= self.size[0]

    def _fitted_bytes(self, picture: Image.Image) -> Bytes:
        return np.ascontiguousarray(self._fitted(picture).transpose(2, 0, 1))

    def _fitted(self, picture: Image.Image) -> Bytes:
        """(height, width, 3)."""
        return np.asarray(_centre(self._resized(picture), self.size, self.fill_color))

    def _prepared(self, picture: Image.Image) -> Pixels:
        pixels = self._fitted(picture)
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

    def target(self, size: tuple[int, int]) -> tuple[tuple[int, int], Image.Resampling]:
        """(width, height) that a picture of this (width, height) is resized to, and how."""
        filters = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
        resample = filters[self.interpolation]
        height, width = self.size
        if self.resize_mode == "squash":
            return (width, height), resample
        if self.resize_mode == "shortest" and height == width:
            return _shortest_edge(size, height), resample
        if self.resize_mode == "longest":
            return _keep_ratio(size, (width, height), fit=True), resample
        # open_clip gives no interpolation here, and its default is bicubic
        return _keep_ratio(size, (width, height), fit=False), Image.Resampling.BICUBIC

    def _resized(self, picture: Image.Image) -> Image.Image:
        height, width = self.size
        target, resample = self.target(picture.size)
        if target[0] * target[1] > _MAX_FITTED:
            box = _centre_box(picture.size, target, (width, height))
            return picture.resize((width, height), resample, box)
        return picture if target == picture.size else picture.resize(target, resample)


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
    # The short side of a strip would be rounded to nothing.
    return max(1, round(size[0] / ratio)), max(1, round(size[1] / ratio))


def _centre_box(
    size: tuple[int, int], target: tuple[int, int], kept: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The part of a picture that would be left of it, resized to `target` and cut to its centre."""
    x, y = ((t - k) // 2 for t, k in zip(target, kept))
    across, down = (s / t for s, t in zip(size, target))
    return x * across, y * down, (x + kept[0]) * across, (y + kept[1]) * down


def _centre(image: Image.Image, size: tuple[int, int], fill: int) -> Image.Image:
    """Pad with `fill` where the image is smaller than (height, width), then crop the centre."""
    height, width = size
    missing_x, missing_y = max(0, width - image.width), max(0, height - image.height)
    if missing_x or missing_y:
        border = (missing_x // 2, missing_y // 2, (missing_x + 1) // 2, (missing_y + 1) // 2)
        image = ImageOps.expand(image, border, (fill, fill, fill))
    top = round((image.height - height) / 2.0)
    left = round((image.width - width) / 2.0)
    if (top, left) == (0, 0) and image.size == (width, height):
        return image
    return image.crop((left, top, left + width, top + height))


def thumbnail_uri(image: ImageInput, edge: int = 224) -> str:
    """A small JPEG of the image as a `data:` URI, its longer side at most `edge` pixels."""
    return "data:image/jpeg;base64," + base64.b64encode(thumbnail(image, edge)).decode()


def png_bytes(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of (height, width, 3) bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
