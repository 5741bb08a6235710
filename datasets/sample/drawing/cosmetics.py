"""Perfume bottles and lipsticks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .colours import Look
from .paint import (
    METAL,
    PLASTIC,
    RUBBER,
    Canvas,
    Rgb,
    contrast,
    lighter,
    mix,
)
from .shapes import (
    Outline,
    ellipse,
    mirror,
    path,
    rounded,
)

GOLDEN: Rgb = (0.85, 0.68, 0.34)
STEEL: Rgb = (0.78, 0.79, 0.82)


def perfume(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Glass bottles with coloured scent and a cap."""
    metal = GOLDEN if rng.random() < 0.5 else STEEL
    shapes: dict[str, Outline] = {
        "square": rounded(28, 40, 72, 88, 3), "round": ellipse(50, 65, 25, 23.5),
        "tall": rounded(35, 30, 65, 88, 3),
        "tapered": mirror((0, 38), (12, 38), (16, 40, 24, 84), (24, 88, 20, 88), (0, 88)),
    }  # fmt: skip
    outline = shapes[look.variant]
    top = float(outline[:, 1].min())
    canvas.floor(ellipse(50, 88.5, 28, 2.6), 0.4)
    cap_height = float(rng.uniform(13, 18))
    cap_tone = metal if rng.random() < 0.5 else contrast(look.tint, 0.6)
    canvas.paint(canvas.mask(rounded(44, top - 6, 56, top + 2, 0.8)), metal, METAL)
    head = rounded(41, top - 4 - cap_height, 59, top - 4, 1.6)
    if rng.random() < 0.35:
        head = ellipse(50, top - 3 - cap_height * 0.5, 8.5, cap_height * 0.55)
    canvas.paint(canvas.mask(head), cap_tone, replace(METAL, radius=2.2))
    bottle = canvas.mask(outline)
    glass = mix(lighter(look.tint, 0.55), (0.95, 0.96, 0.97), 0.45)
    canvas.paint(bottle, glass, replace(PLASTIC, edge=0.5, radius=2.4, gloss=0.5))
    middle = [50, (top + 88) / 2]
    liquid_line = (outline - middle) * [0.84, 0.88] + middle
    _, y = canvas.coords()
    fill = np.clip(y - (top + (88 - top) * float(rng.uniform(0.14, 0.3))), 0, 1)
    liquid = canvas.mask(liquid_line) * fill.astype(np.float32)
    canvas.paint(liquid, look.tint, replace(PLASTIC, radius=2.4, gloss=0.35))
    canvas.flat(
        np.clip((y - 60) / 60, 0, 1).astype(np.float32) * liquid, lighter(look.tint, 0.7), 0.5
    )
    canvas.flat(canvas.line(path((50, top), (50, 82)), width=0.7) * bottle, (1, 1, 1), 0.5)
    plate = rounded(41.5, 58, 58.5, 70, 0.8)
    canvas.flat(canvas.mask(plate), lighter(look.tint, 0.8), 0.75)
    canvas.flat(canvas.line(plate, width=0.5), metal, 0.9)
    gleam = path((34, top + 6), (38, top + 4), (37, 82), (33, 80)) - [0, 0]
    canvas.flat(canvas.mask(gleam) * bottle, (1, 1, 1), 0.35)


def lipstick(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """An open lipstick, with its cap or a swatch of the shade beside it."""
    metal = GOLDEN if rng.random() < 0.5 else STEEL
    tube_tone = (0.09, 0.09, 0.10) if rng.random() < 0.6 else metal
    wax = replace(PLASTIC, radius=2.0, gloss=0.35)
    dx = -14.0 if look.variant != "alone" else 0.0
    canvas.floor(ellipse(50 + dx, 90.5, 13, 2.2), 0.4)
    if look.variant == "swatch":
        smear = path((58, 82), (54, 66, 66, 58), (64, 46, 78, 42), (86, 40, 84, 52),
                     (94, 62, 82, 72),
                     (84, 86, 70, 84), (62, 92, 58, 82))  # fmt: skip
        canvas.paint(canvas.mask(smear), look.tint, replace(wax, radius=1.4), folds=canvas.noise(4))
    elif look.variant == "capped":
        canvas.floor(ellipse(69, 90.5, 12, 2.2), 0.4)
        canvas.paint(
            canvas.mask(rounded(59.5, 52, 78.5, 91, 1.6)), tube_tone, replace(METAL, radius=2.6)
        )
    bullet = path((43 + dx, 50), (43 + dx, 26), (44 + dx, 14, 56 + dx, 12.5),
                  (57.4 + dx, 20, 57 + dx, 26),
                  (57 + dx, 50))  # fmt: skip
    canvas.paint(canvas.mask(bullet), look.tint, wax)
    slant = ellipse(50.4 + dx, 19.5, 4.6, 6.6)
    canvas.flat(canvas.mask(slant) * canvas.mask(bullet), lighter(look.tint, 0.35), 0.45)
    canvas.paint(
        canvas.mask(rounded(41.6 + dx, 42, 58.4 + dx, 62, 0.8)), metal, replace(METAL, radius=2.4)
    )
    canvas.paint(canvas.mask(rounded(39.5 + dx, 60, 60.5 + dx, 91, 1.4)), tube_tone,
                 replace(METAL, radius=2.8))  # fmt: skip
    ring = canvas.mask(rounded(39.5 + dx, 62, 60.5 + dx, 64, 0.2))
    canvas.paint(ring, metal if tube_tone != metal else (0.1, 0.1, 0.1), replace(RUBBER, gloss=0.3))
