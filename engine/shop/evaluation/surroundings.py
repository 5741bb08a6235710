"""A shop's photo in other surroundings: wider margins, other backgrounds, a snapshot at home.

What people's own photos are like, drawn from the shop's: each function takes a picture and gives a new
one. Chance is drawn from the pixels, so the same picture always gives the same one. Knows pictures;
not models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from engine.encode.images import decode

Colour = tuple[int, int, int]
_Floats = npt.NDArray[np.floating[Any]]
_Background = npt.NDArray[np.bool_]

WHITE: Colour = (255, 255, 255)
BEIGE: Colour = (222, 203, 173)
GREY: Colour = (176, 178, 181)
# White linen, cream, pale blue and pale rose.
_SHEETS: tuple[Colour, ...] = ((236, 234, 230), (230, 220, 200), (203, 214, 226), (226, 208, 208))
_NEAR_WHITE = 249  # least channel of what counts as a shop's background,
_FRINGE = 225  # and of what JPEG makes of it next to the product
_LONGEST = 4096  # pixels of a side; models look at a tenth of them
_TILT = 12.0  # degrees that a snapshot is turned at most
_SHARE = (0.55, 0.75)  # of the snapshot's sides that the product's photo takes
_SHADOW = 0.35  # how much light a shadow takes


def bounded(picture: Image.Image) -> Image.Image:
    """The picture, smaller where a surrounding twice as wide could not be decoded."""
    if max(picture.size) > _LONGEST:
        picture = picture.copy()
        picture.thumbnail((_LONGEST, _LONGEST))
    return picture


def widened(picture: Image.Image, factor: float, colour: Colour) -> Image.Image:
    """The picture in the middle of a canvas of one colour, `factor` times as wide and high."""
    inner = decode(picture)
    size = round(inner.width * factor), round(inner.height * factor)
    canvas = Image.new("RGB", size, colour)
    canvas.paste(inner, ((size[0] - inner.width) // 2, (size[1] - inner.height) // 2))
    return canvas


def on_colour(picture: Image.Image, colour: Colour) -> Image.Image:
    """The picture with its white background in another colour, edges blended."""
    inner = decode(picture)
    sheet = Image.new("RGB", inner.size, colour)
    sheet.paste(inner, None, _product_mask(inner))
    return sheet


def cut_out(picture: Image.Image) -> Image.Image:
    """An RGBA picture whose white background is transparent, and black under it, as editors save it."""
    inner = decode(picture)
    pixels = np.dstack([np.asarray(inner), np.full(inner.size[::-1], 255, dtype=np.uint8)])
    pixels[_background(inner)] = 0
    return Image.fromarray(pixels, "RGBA")


def as_cmyk(picture: Image.Image) -> Image.Image:
    """The picture as printers keep it: CMYK, without a colour profile."""
    return decode(picture).convert("CMYK")


def snapshot(picture: Image.Image, seed: int = 0) -> Image.Image:
    """A phone's photo of the product on a bed sheet: creased, turned a little, in the room's light."""
    inner = decode(picture)
    chance = _chance(inner, seed)
    share = chance.uniform(*_SHARE)
    size = round(inner.width / share), round(inner.height / share)
    sheet = _sheet(size, chance)
    product, mask = _turned(inner, size, chance.uniform(-_TILT, _TILT))
    scene = sheet * (1 - _shadow(mask, chance))[..., None]
    weight = np.asarray(mask, dtype=np.float32)[..., None] / 255
    scene = scene * (1 - weight) + np.asarray(product, dtype=np.float32) * weight
    lit = scene * _light(size, chance)
    noisy = lit + chance.normal(0, 3, lit.shape)
    made = Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))
    return made.filter(ImageFilter.GaussianBlur(0.002 * min(size)))


SURROUNDINGS: Mapping[str, Callable[[Image.Image], Image.Image]] = MappingProxyType(
    {
        "white canvas x 1.5": partial(widened, factor=1.5, colour=WHITE),
        "white canvas x 2": partial(widened, factor=2.0, colour=WHITE),
        "beige border": partial(widened, factor=1.5, colour=BEIGE),
        "grey background": partial(on_colour, colour=GREY),
        "phone photo on a bed": snapshot,
        "transparent cut-out": cut_out,
        "CMYK": as_cmyk,
    }
)


# ------------------------------------------------------------------ what is product, what is not
def _background(picture: Image.Image) -> _Background:
    """(height, width): near-white pixels that touch the border through others of their kind, and the
    fringe of those that JPEG has greyed.
    """
    least = np.asarray(picture).min(axis=2)
    near_white: _Background = least >= _NEAR_WHITE
    found: _Background = near_white.copy()
    found[1:-1, 1:-1] = False
    before = -1
    while before != (before := int(found.sum())):
        for view, allowed in ((found, near_white), (found.T, near_white.T)):
            _spread(view, allowed)
            _spread(view[::-1], allowed[::-1])
    near = Image.fromarray(found.astype(np.uint8)).filter(ImageFilter.MaxFilter(5))
    fringe: _Background = (np.asarray(near) > 0) & (least >= _FRINGE)
    return found | fringe


def _spread(found: _Background, allowed: _Background) -> None:
    """From each row to the next, in place."""
    for row in range(1, len(found)):
        found[row] |= found[row - 1] & allowed[row]


def _product_mask(picture: Image.Image) -> Image.Image:
    """255 where the product is, with a soft edge of about a pixel."""
    product = np.where(_background(picture), 0, 255).astype(np.uint8)
    return Image.fromarray(product).filter(ImageFilter.GaussianBlur(0.7))


# ------------------------------------------------------------------ a room
def _chance(picture: Image.Image, seed: int) -> np.random.Generator:
    digest = hashlib.blake2b(picture.tobytes(), digest_size=8, salt=seed.to_bytes(8, "little"))
    return np.random.default_rng(int.from_bytes(digest.digest(), "little"))


def _grid(size: tuple[int, int]) -> tuple[_Floats, _Floats]:
    """Coordinates across and down, from 0 to 1."""
    across = np.linspace(0, 1, size[0], dtype=np.float32)[None, :]
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    return across, down


def _sheet(size: tuple[int, int], chance: np.random.Generator) -> _Floats:
    """A bed sheet: one colour, creases in several directions, a weave."""
    across, down = _grid(size)
    height = np.zeros(size[::-1], dtype=np.float32)
    for _ in range(6):
        angle, waves = chance.uniform(0, np.pi), chance.uniform(1, 6)
        along = np.cos(angle) * across + np.sin(angle) * down
        bent = 0.15 * np.sin(2 * np.pi * (across - down) * chance.uniform(0.3, 1.2))
        phase = chance.uniform(0, 2 * np.pi)
        height += np.sin(2 * np.pi * waves * (along + bent) + phase) / waves
    weave = chance.normal(0, 0.012, size[::-1]).astype(np.float32)
    colour = np.asarray(_SHEETS[int(chance.integers(len(_SHEETS)))], dtype=np.float32)
    shade = 0.9 + 0.08 * height / max(1e-6, float(np.abs(height).max())) + weave
    sheet: _Floats = shade[..., None] * colour
    return sheet


def _turned(
    picture: Image.Image, size: tuple[int, int], degrees: float
) -> tuple[Image.Image, Image.Image]:
    """The product in the middle of a canvas, turned, and its mask."""
    place = (size[0] - picture.width) // 2, (size[1] - picture.height) // 2
    canvas, mask = Image.new("RGB", size, WHITE), Image.new("L", size)
    canvas.paste(picture, place)
    mask.paste(_product_mask(picture), place)
    resample = Image.Resampling.BICUBIC
    turned = canvas.rotate(degrees, resample, fillcolor=WHITE)
    return turned, mask.rotate(degrees, resample, fillcolor=0)


def _shadow(mask: Image.Image, chance: np.random.Generator) -> _Floats:
    """(height, width): the share of light that the product keeps from the sheet beside it."""
    reach = max(1, round(0.02 * min(mask.size)))
    soft = mask.filter(ImageFilter.GaussianBlur(1.5 * reach))
    right, down = (int(chance.integers(-reach, reach + 1)) for _ in range(2))
    moved = np.roll(np.asarray(soft, dtype=np.float32), (down + reach, right), axis=(0, 1))
    shadow: _Floats = _SHADOW * moved / 255
    return shadow


def _light(size: tuple[int, int], chance: np.random.Generator) -> _Floats:
    """(height, width, 3): light that falls from one side, warm or cold."""
    across, down = _grid(size)
    angle = chance.uniform(0, 2 * np.pi)
    fall = np.cos(angle) * (across - 0.5) + np.sin(angle) * (down - 0.5)
    warmth = chance.uniform(-0.05, 0.07)
    tint = np.array([1 + warmth, 1.0, 1 - warmth], dtype=np.float32)
    light: _Floats = (chance.uniform(0.85, 1.02) + 0.22 * fall)[..., None] * tint
    return light
