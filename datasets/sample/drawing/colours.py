"""The named colours of the catalogue, their natural variation, and colours that go with them."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace

import numpy as np

from .paint import Rgb, luma, mix

COLOURS: dict[str, str] = {
    "Black": "1c1c1f", "White": "f1f1ef", "Red": "c9151f", "Blue": "2358b8",
    "Navy Blue": "1a2346", "Green": "2b8a3e", "Yellow": "f5cf1d", "Pink": "f08fb4",
    "Purple": "6b3290", "Orange": "f07a1a", "Brown": "6b4028", "Grey": "8b8d91",
    "Beige": "d9c3a0", "Silver": "c3c6cb", "Gold": "cfa546", "Maroon": "6e1526",
    "Olive": "6a6b33", "Cream": "f3e9cf", "Teal": "14807f", "Turquoise Blue": "35b7c9",
}  # fmt: skip

LIKE: dict[str, tuple[str, ...]] = {
    "Black": ("White", "Grey", "Red", "Gold"), "White": ("Navy Blue", "Red", "Grey", "Blue"),
    "Red": ("White", "Black", "Cream", "Navy Blue"), "Blue": ("White", "Navy Blue", "Grey"),
    "Navy Blue": ("White", "Red", "Grey"), "Green": ("White", "Yellow", "Black"),
    "Yellow": ("White", "Black", "Grey"), "Pink": ("White", "Purple", "Grey"),
    "Purple": ("White", "Pink", "Grey"), "Orange": ("White", "Navy Blue", "Brown"),
    "Brown": ("Beige", "Cream", "Orange"), "Grey": ("White", "Black", "Blue"),
    "Beige": ("Brown", "White", "Maroon"), "Silver": ("Grey", "Black", "White"),
    "Gold": ("Brown", "Cream", "Black"), "Maroon": ("Cream", "Grey", "Gold"),
    "Olive": ("Cream", "Black", "Brown"), "Cream": ("Brown", "Maroon", "Olive"),
    "Teal": ("White", "Cream", "Grey"), "Turquoise Blue": ("White", "Navy Blue", "Yellow"),
}  # fmt: skip

SKINS: tuple[str, ...] = ("f1c9a5", "e3b48c", "d19a6e", "b77a4d", "8d5733", "5f3a24")
HAIRS: tuple[str, ...] = ("1b1412", "2c1c14", "4a2d1b", "7a5230")


@dataclass(frozen=True)
class Look:
    """What one product looks like, whatever the photo."""

    kind: str
    gender: str
    colour: str
    pattern: str
    variant: str
    tint: Rgb
    accent: Rgb
    second: Rgb


def rgb(code: str) -> Rgb:
    """A colour from its hexadecimal code."""
    red, green, blue = (int(code[k : k + 2], 16) / 255 for k in (0, 2, 4))
    return red, green, blue


def tinted(name: str, rng: np.random.Generator, amount: float = 1.0) -> Rgb:
    """A named colour with the variation two real dyes of that name would show."""
    hue, saturation, value = colorsys.rgb_to_hsv(*rgb(COLOURS[name]))
    grey = saturation < 0.1
    hue += float(rng.normal(0, 0.009)) * amount
    saturation *= 1 + float(rng.uniform(-0.14, 0.08)) * amount * (not grey)
    spread = 0.02 if name in ("White", "Black") else 0.07
    value += float(rng.uniform(-spread, spread)) * amount
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(1, saturation), min(0.98, max(0.06, value)))
    return red, green, blue


def denim(look: Look) -> Look:
    """The look with blue turned into the quieter blue of washed denim."""
    if look.colour != "Blue":
        return look
    return replace(look, tint=mix(look.tint, (0.29, 0.40, 0.58), 0.6))


def partner(name: str, rng: np.random.Generator) -> Rgb:
    """A second colour that goes with a named one."""
    return tinted(str(rng.choice(LIKE[name])), rng)


def neutral(avoid: Rgb, rng: np.random.Generator) -> Rgb:
    """A quiet colour for the rest of an outfit, away from the product's own brightness."""
    names = ["Black", "Navy Blue", "Grey", "Beige", "White", "Brown"]
    tones = [tinted(name, rng) for name in names]
    clear = [tone for tone in tones if abs(luma(tone) - luma(avoid)) > 0.22]
    return clear[int(rng.integers(len(clear)))]
