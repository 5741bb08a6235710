"""The person a garment is shown on: neck, arms, legs, cropped as shop photos are, no face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .colours import HAIRS, SKINS, neutral, rgb
from .paint import COTTON, LEATHER, SKIN, Canvas, Rgb, darker, lighter
from .shapes import Outline, both, ellipse, limb_outline, mirror, part, path, tube


@dataclass(frozen=True)
class Person:
    """Who wears the garment, and in what."""

    skin: Rgb
    hair: Rgb
    long_hair: bool
    below: Rgb
    above: Rgb
    shoes: Rgb


def cast(gender: str, avoid: Rgb, rng: np.random.Generator) -> Person:
    """A person for a garment of a colour, whose other clothes do not compete with it."""
    woman = gender in ("Women", "Girls")
    return Person(
        skin=rgb(str(rng.choice(SKINS))),
        hair=rgb(str(rng.choice(HAIRS))),
        long_hair=woman and rng.random() < 0.7,
        below=neutral(avoid, rng),
        above=neutral(avoid, rng),
        shoes=neutral((0.5, 0.5, 0.5), rng),
    )


def arm_line(top: float, shoulder: float, wrist: tuple[float, float]) -> Outline:
    """The centre line of the right arm, from shoulder to wrist."""
    start = (50 + shoulder - 4.0, top + 9.0)
    bend = (50 + shoulder + 5.0, (top + wrist[1]) * 0.52)
    return path(start, (*bend, 50 + wrist[0], wrist[1]))


def head(canvas: Canvas, person: Person, top: float, size: float = 1.0) -> None:
    """Neck, and the chin at the upper border of the photo; long hair on the shoulders."""
    if person.long_hair:
        for side in both(path((50 - 7 * size, top - 22), (50 - 14 * size, top - 6, 50 - 12 * size,
                              top + 11), (50 - 7 * size, top + 12),
                              (50 - 4 * size, top))):  # fmt: skip
            canvas.paint(canvas.mask(side), person.hair, SKIN)
    half = 5.2 * size
    neck = mirror((0, top - 14), (half, top - 14), (half - 0.4, top - 4, half + 3 * size, top + 1),
                  (half + 1, top + 6), (0, top + 13))  # fmt: skip
    canvas.paint(canvas.mask(neck), person.skin, SKIN)
    chin = ellipse(50, top - 15.5 * size, 9.2 * size, 11.5 * size)
    canvas.floor(ellipse(50, top - 12.5 * size, 5 * size, 9 * size), 0.28, 1.0)
    canvas.paint(canvas.mask(chin), lighter(person.skin, 0.05), SKIN)


def arms(canvas: Canvas, person: Person, line: Outline, size: float = 1.0) -> None:
    """Bare arms with closed hands along an arm line and its mirror image."""
    for side in both(line):
        limb = limb_outline(side, 5.0 * size, 4.5 * size, 3.9 * size, 3.5 * size, 2.5 * size)
        x, y = side[-1]
        hand = ellipse(float(x), float(y) + 3.6 * size, 3.0 * size, 5.4 * size)
        canvas.paint(canvas.mask(limb, hand), person.skin, SKIN)


def lower_body(canvas: Canvas, person: Person, hem: float, width: float) -> None:
    """Plain trousers running out of the photo under a top."""
    legs = mirror((0, hem - 8), (width, hem - 8), (width + 2, hem + 10, width + 1, 130), (0.6, 130),
                  (0, hem + 17))  # fmt: skip
    folds = canvas.creases(
        [(path((50, hem + 6), (50 + s * 9, hem + 9)), 0.5) for s in (-1, 1)]
        + [(path((50, hem - 4), (50, hem + 17)), 0.7)]
    )
    canvas.paint(canvas.mask(legs), person.below, COTTON, folds=folds)


def legs(
    canvas: Canvas, person: Person, top: float, ankle: float, gap: float = 5.5, size: float = 1.0,
    covered: bool = False,
) -> None:  # fmt: skip
    """Legs from under a skirt to the ground, bare or in leggings, with simple shoes."""
    line = path((50 + gap, top), (50 + gap + 0.5, (top + ankle) / 2, 50 + gap - 0.8, ankle))
    colour = person.below if covered else person.skin
    for side in both(line):
        calf = tube(side, 4.4 * size, 3.6 * size, 3.7 * size, 2.8 * size, 1.9 * size)
        canvas.paint(canvas.mask(calf), colour, COTTON if covered else SKIN)
        x = float(side[-1][0])
        foot = path((x - 2.3 * size, ankle - 2), (x - 3.8 * size, ankle + 6 * size, x, ankle
                    + 6.5 * size), (x + 3.8 * size, ankle + 6 * size, x + 2.3 * size, ankle - 2),
                    (x, ankle + 2.5 * size))  # fmt: skip
        bare = path((x - 1.9 * size, ankle - 2), (x, ankle + 5 * size), (x + 1.9 * size, ankle - 2))
        canvas.paint(canvas.mask(bare), colour, SKIN)
        canvas.paint(canvas.mask(foot), person.shoes, LEATHER)


def shirt_tail(canvas: Canvas, person: Person, waist: float, width: float) -> None:
    """The lower part of a plain top, above trousers or a skirt, with the forearms beside it."""
    trunk = mirror((0, -20), (width + 4, -20), (width + 1, waist - 6), (width + 1.5, waist + 4),
                   (0, waist + 5))  # fmt: skip
    folds = canvas.creases(
        [(path((50 - 12, waist - 10), (50 + 6, waist)), 0.4), (path((62, -5), (56, waist)), 0.4)]
    )
    canvas.paint(canvas.mask(trunk), person.above, COTTON, folds=folds)


def hanging_arms(canvas: Canvas, person: Person, waist: float, width: float) -> None:
    """Forearms and hands hanging beside the hips."""
    line = path((50 + width + 6, -20), (50 + width + 9, waist, 50 + width + 6, waist + 20))
    for side in both(line):
        sleeve = tube(part(side, 0.0, 0.45), 5, 4.6)
        x, y = side[-1]
        hand = ellipse(float(x), float(y) + 2, 2.8, 5.0)
        canvas.paint(canvas.mask(tube(side, 4.2, 3.8, 2.6), hand), person.skin, SKIN)
        canvas.paint(canvas.mask(sleeve), darker(person.above, 0.05), COTTON)
