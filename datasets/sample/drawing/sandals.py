"""Sandals in profile, flip flops from above, and socks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .colours import Look
from .footwear import GROUND, ground, pair
from .paint import (
    COTTON,
    LEATHER,
    METAL,
    PLASTIC,
    RUBBER,
    Canvas,
    contrast,
    darker,
)
from .patterns import overlays
from .shapes import (
    Outline,
    ellipse,
    part,
    path,
    rounded,
    tube,
)


def _straps(variant: str, y: float) -> list[Outline]:
    """Centre lines of a sandal's straps, starting from the foot bed at ``y``."""
    if variant == "slide":
        return [path((24, y), (30, 50, 46, 47), (58, 48, 62, y))]
    if variant == "gladiator":
        arches = [
            path(
                (12 + 19 * k, y),
                (18 + 19 * k, 50 - 8 * k, 27 + 19 * k, 52 - 8 * k),
                (36 + 18 * k, 52 - 6 * k, 35 + 19 * k, y),
            )
            for k in range(3)
        ]
        return [*arches, path((68, 36), (78, 30, 88, 40), (90, 54, 88, y))]
    return [
        path((17, y), (20, 52, 33, 49), (42, 50, 46, y)),
        path((33, 50), (50, 42, 62, 36)),
        path((88, y), (90, 46, 86, 38)),
        path((58, 38), (72, 30, 87, 37)),
        path((66, y), (74, 56, 87, 44)),
    ]


def _sandal(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Open sandals: sporty with padded straps, or slim with leather bands."""
    sporty = look.variant == "sport"
    thick = 8.0 if sporty else float(rng.uniform(3.5, 6))
    ground(canvas, 7, 93)
    far = [path((20, 66), (30, 52, 42, 64)), path((60, 64), (66, 40, 78, 62))]
    for band in far if look.variant != "slide" else []:
        canvas.paint(canvas.mask(tube(band, 1.8)), darker(look.tint, 0.4), COTTON)
    bed = path((6, GROUND - thick - 1), (30, GROUND - thick - 4, 60, GROUND - thick - 2),
               (90, GROUND - thick - 5, 93, GROUND - thick), (93, GROUND - thick + 2),
               (6, GROUND - thick + 2))  # fmt: skip
    canvas.paint(canvas.mask(bed), (0.70, 0.54, 0.38) if not sporty else (0.3, 0.3, 0.32), LEATHER)
    w = 6.5 if look.variant == "slide" else 3.6 if sporty else 2.2
    for band in _straps(look.variant, GROUND - thick + 1):
        cover = canvas.mask(tube(band, w, w * 1.1, w))
        canvas.shadow(cover, 0.3, 0.8, 0.5)
        canvas.paint(cover, look.tint, replace(LEATHER, radius=1.5, gloss=0.12 if sporty else 0.25))
        edge = [tube(band, w - 0.7)]
        canvas.flat(canvas.line(*edge, width=0.35, dash=0.8) * cover, contrast(look.tint, 0.4), 0.7)
    if look.variant != "slide":
        ring = canvas.line(rounded(70, 31, 75.5, 36.5, 0.8), width=1.2)
        canvas.paint(ring, (0.78, 0.78, 0.78), METAL)
    sole = path((5, GROUND - thick), (3, GROUND, 12, GROUND), (90, GROUND), (97, GROUND, 95, GROUND
                - thick), (50, GROUND - thick + 2.5, 5, GROUND - thick))  # fmt: skip
    tone = (0.16, 0.15, 0.15) if sporty else (0.42, 0.29, 0.19)
    canvas.paint(canvas.mask(sole), tone, RUBBER)
    if sporty:
        line = path((5, GROUND - 4), (50, GROUND - 2, 95, GROUND - 4))
        canvas.flat(canvas.line(line, width=1.3), look.accent)


def _thong(canvas: Canvas, look: Look, rng: np.random.Generator, left: bool) -> None:
    """One flip flop from above, toe up."""
    outline = path(
        (50, 8), (63, 8, 64, 26), (64.5, 38, 60, 52), (58, 66, 61, 78), (62, 93, 50, 93),
        (38, 93, 39, 78), (41, 64, 37, 50), (34, 36, 35.5, 26), (38, 8, 50, 8),
    )  # fmt: skip
    outline = outline if not left else outline * [-1, 1] + [100, 0]
    cover = canvas.mask(outline)
    canvas.shadow(cover, 0.45, 1.8, 2.2)
    canvas.paint(canvas.mask(outline + [1.0, 1.8]), darker(look.accent, 0.25), RUBBER)
    canvas.paint(cover, look.tint, replace(RUBBER, edge=0.18), overlays=overlays(canvas, look, rng))
    inner = (outline - [50, 50]) * [0.90, 0.94] + [50, 50]
    canvas.flat(canvas.line(inner, width=0.5), contrast(look.tint, 0.4), 0.6)
    strap = look.accent if rng.random() < 0.65 else contrast(look.tint, 0.35)
    toe = (48.5, 24.0) if left else (51.5, 24.0)
    for x in (36.5, 63):
        band = tube(
            part(path(toe, ((toe[0] + x) / 2 + (x - 50) * 0.45, 33, x, 56)), 0, 1), 1.5, 2.6, 3
        )
        piece = canvas.mask(band)
        canvas.shadow(piece, 0.4, 0.9, 0.9)
        canvas.paint(piece, strap, replace(PLASTIC, radius=1.3, gloss=0.25))
    canvas.paint(canvas.mask(ellipse(*toe, 2.2, 2.2)), strap, replace(PLASTIC, radius=0.9))


def flip_flops(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """A pair from above, straight, crossed or seen at a slant."""
    lean = {"straight": 0.0, "crossed": 16.0, "slanted": 8.0}[look.variant]
    slant = look.variant == "slanted"
    style = int(rng.integers(2**31))
    placed = {"scale": 0.82, "stretch": 0.66, "shear": -0.45} if slant else {}
    with canvas.moved(**placed):
        for left, dx, angle in ((True, -19, -lean), (False, 19, lean)):
            with canvas.moved(dx=dx, dy=-4 if left else 2, scale=0.94, angle=angle):
                _thong(canvas, look, np.random.default_rng(style), left)


def sandal(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Open sandals."""
    pair(canvas, look, rng, _sandal)


def socks(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """A pair of socks laid flat, with ribbed cuffs, heels and toes."""
    length = {"crew": 14.0, "ankle": 34.0, "knee": 4.0}[look.variant]
    layers = overlays(canvas, look, rng)
    tone = look.accent if rng.random() < 0.6 else darker(look.tint, 0.2)
    for dx, dy in ((-11, -3), (11, 3)):
        with canvas.moved(dx=dx, dy=dy, scale=0.92):
            line = path((52, length), (68, length), (68.5, 40, 67, 60), (66, 74, 56, 80),
                        (44, 88, 33, 92),
                        (22, 95, 21, 86), (22, 79, 34, 74), (50, 67, 51.5, 56),
                        (52, length))  # fmt: skip
            sock = canvas.mask(line)
            canvas.shadow(sock, 0.22)
            folds = canvas.creases(
                [(path((52, 62), (60, 66)), 0.4), (path((50, 68), (58, 72)), 0.4)]
            )
            material = replace(COTTON, grain=0.02)
            canvas.paint(sock, look.tint, material, overlays=layers, folds=folds)
            heel = canvas.mask(ellipse(68, 73, 10, 9)) * sock
            toe = canvas.mask(ellipse(21, 90, 12, 10)) * sock
            cuff = canvas.mask(rounded(40, length - 1, 75, length + 8, 0.5)) * sock
            for piece in (heel, toe, cuff):
                canvas.paint(piece, tone, replace(material, radius=1.2))
            ribs = [path((x, length), (x, length + 8)) for x in np.arange(53, 69, 1.5)]
            canvas.flat(canvas.line(*ribs, width=0.5) * cuff, darker(tone, 0.5), 0.5)
