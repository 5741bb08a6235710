"""Watches, earrings and necklaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .colours import Look
from .paint import (
    LEATHER,
    METAL,
    PLASTIC,
    Array,
    Canvas,
    Material,
    Rgb,
    contrast,
    darker,
    luma,
    mix,
)
from .shapes import (
    Outline,
    at,
    ellipse,
    mirror,
    path,
    rounded,
    tube,
)

GOLDEN: Rgb = (0.85, 0.68, 0.34)
STEEL: Rgb = (0.78, 0.79, 0.82)
BEAD = Material(edge=0.5, relief=0.9, folds=0.0, gloss=0.8, grain=0.0, radius=1.0)


def watch(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Leather-strap, bracelet, chronograph, square and slim watches from the front."""
    metallic = look.variant == "bracelet" or look.colour in ("Silver", "Gold")
    case = (
        look.tint if look.colour in ("Silver", "Gold") else GOLDEN if rng.random() < 0.3 else STEEL
    )
    r = {"slim": 13.0, "chronograph": 20.0}.get(look.variant, 17.0) * float(rng.uniform(0.94, 1.06))
    wide = r * (0.42 if look.variant == "slim" else 0.56)
    canvas.shadow(canvas.mask(rounded(50 - wide, 4, 50 + wide, 96, 2)), 0.25, 2, 1.5)
    for sign in (-1, 1):
        strap_line = path((50 - wide, 50 + sign * r * 0.7), (50 + wide, 50 + sign * r * 0.7),
                          (50 + wide * 0.72, 50 + sign * 45), (50, 50 + sign * 49, 50 - wide * 0.72,
                          50 + sign * 45))  # fmt: skip
        _strap(canvas, look, strap_line, metallic, sign, r)
    square = look.variant == "square"
    outer = rounded(50 - r, 50 - r, 50 + r, 50 + r, 4) if square else ellipse(50, 50, r, r)
    crown = rounded(50 + r - 0.6, 47.6, 50 + r + 3, 52.4, 0.8)
    lugs = [
        rounded(50 + s * wide - 1.8, 50 - r - 2, 50 + s * wide + 1.8, 50 + r + 2, 1)
        for s in (-1, 1)
    ]
    canvas.paint(canvas.mask(crown, *lugs), case, METAL)
    canvas.shadow(canvas.mask(outer), 0.35, 1.2, 0.8)
    canvas.paint(canvas.mask(outer), case, METAL)
    inside = (outer - [50, 50]) * 0.84 + [50, 50]
    face = (0.95, 0.95, 0.94) if rng.random() < 0.5 else darker(look.tint, 0.5)
    if look.variant == "chronograph" and rng.random() < 0.6:
        face = (0.10, 0.11, 0.14)
    canvas.paint(canvas.mask(inside), face, replace(PLASTIC, gloss=0.12, radius=1.2))
    _dial(canvas, look, rng, face, r * 0.84)


def _strap(
    canvas: Canvas, look: Look, outline: Outline, metallic: bool, sign: int, r: float
) -> None:
    cover = canvas.mask(outline)
    if not metallic:
        canvas.paint(cover, look.tint, replace(LEATHER, radius=1.8, folds=0.2),
                     folds=0.3 * canvas.noise(7))  # fmt: skip
        inner = (outline - [50, 50 + sign * 30]) * [0.78, 0.94] + [50, 50 + sign * 30]
        canvas.flat(canvas.line(inner, width=0.4, dash=0.9) * cover, contrast(look.tint, 0.5), 0.8)
        return
    tint = look.tint if look.colour not in ("White",) else (0.9, 0.9, 0.9)
    canvas.paint(cover, tint, replace(METAL, radius=1.6))
    rows = np.arange(r, 48, 3.4)
    links = [path((20, 50 + sign * y), (80, 50 + sign * y)) for y in rows]
    rails = [path((x, 0), (x, 100)) for x in (46.6, 53.4)]
    canvas.flat(canvas.line(*links, *rails, width=0.6) * cover, darker(tint, 0.7), 0.7)


def _dial(canvas: Canvas, look: Look, rng: np.random.Generator, face: Rgb, r: float) -> None:
    """Hour marks, hands and sub-dials; no numerals."""
    ink: Rgb = (0.12, 0.12, 0.13) if luma(face) > 0.5 else (0.93, 0.92, 0.88)
    marks = []
    for hour in range(12):
        angle = np.pi * hour / 6
        far, near = r * 0.9, r * (0.74 if hour % 3 else 0.66)
        sin, cos = float(np.sin(angle)), -float(np.cos(angle))
        marks.append(path((50 + far * sin, 50 + far * cos), (50 + near * sin, 50 + near * cos)))
    canvas.flat(canvas.line(*marks, width=0.9), ink)
    if look.variant == "chronograph":
        for x, y in ((-0.42, 0.0), (0.42, 0.0), (0.0, 0.42)):
            small = ellipse(50 + x * r, 50 + y * r, r * 0.22, r * 0.22)
            canvas.flat(canvas.mask(small), mix(face, ink, 0.15))
            canvas.flat(canvas.line(small, width=0.6), ink, 0.8)
            canvas.flat(canvas.line(path((50 + x * r, 50 + y * r),
                                         (50 + x * r, 50 + (y - 0.17) * r)),
                                    width=0.6), ink)  # fmt: skip
    for length, width, angle in (
        (0.48, 1.5, rng.uniform(0, 6.28)),
        (0.74, 1.0, rng.uniform(0, 6.28)),
    ):
        tip = (50 + length * r * float(np.sin(angle)), 50 - length * r * float(np.cos(angle)))
        canvas.flat(canvas.line(path((50, 50), tip), width=width), ink)
    canvas.flat(canvas.mask(ellipse(50, 50, 1.2, 1.2)), ink)
    shine = path((50 - r * 0.7, 50 - r * 0.5), (50, 50 - r * 0.95), (50 + r * 0.2, 50 - r * 0.8),
                 (50 - r * 0.75, 50 + r * 0.1))  # fmt: skip
    canvas.flat(canvas.mask(shine), (1, 1, 1), 0.10)


def _metal_of(look: Look) -> Rgb:
    return look.tint if look.colour in ("Silver", "Gold") else GOLDEN


def earrings(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """A pair of drops, hoops, studs, bells or chandeliers."""
    metal = _metal_of(look)
    gem = look.tint if look.colour not in ("Silver", "Gold") else look.accent
    scale = float(rng.uniform(0.85, 1.1))
    for dx, dy in ((-20, -2), (20, 3)):
        with canvas.moved(dx=dx, dy=dy, scale=scale):
            _earring(canvas, look.variant, metal, gem)


def _earring(canvas: Canvas, kind: str, metal: Rgb, gem: Rgb) -> None:
    parts: list[tuple[Array, Rgb, Material]] = []
    if kind != "stud":
        hook = path((50, 32), (50, 20, 53, 17), (58, 14, 58, 24))
        parts.append((canvas.line(hook, width=1.1), metal, METAL))
    if kind == "hoop":
        ring = canvas.line(ellipse(50, 50, 15, 18), width=2.6)
        balls = canvas.mask(*(ellipse(*at(ellipse(50, 50, 15, 18, 20, 160), f), 2.6, 2.6)
                              for f in np.linspace(0.1, 0.9, 5)))  # fmt: skip
        parts += [(ring, metal, METAL), (balls, gem, BEAD)]
    elif kind == "stud":
        petals = [
            ellipse(50 + 7 * np.cos(a), 50 + 7 * np.sin(a), 5, 5) for a in np.arange(6) * 1.047
        ]
        parts += [
            (canvas.mask(*petals), metal, METAL),
            (canvas.mask(ellipse(50, 50, 6.5, 6.5)), gem, BEAD),
        ]
    elif kind == "bell":
        dome = mirror((0, 36), (10, 38, 13, 54), (0, 58))
        beads = [ellipse(50 + x, 59.5, 1.9, 2.6) for x in np.linspace(-11, 11, 6)]
        band = canvas.mask(tube(path((37.6, 52), (50, 56, 62.4, 52)), 1.6))
        parts += [(canvas.mask(ellipse(50, 34, 3.4, 3.4)), gem, BEAD),
                  (canvas.mask(dome), metal, METAL),
                  (band, gem, BEAD), (canvas.mask(*beads), gem, BEAD)]  # fmt: skip
    elif kind == "chandelier":
        fan = path((50, 32), (68, 62), (50, 67, 32, 62))
        beads = [ellipse(50 + x, 68 - abs(x) * 0.12, 2, 3.4) for x in np.linspace(-16, 16, 7)]
        inner = [ellipse(50, 54, 5, 5), ellipse(41, 57, 2.6, 2.6), ellipse(59, 57, 2.6, 2.6)]
        parts += [(canvas.mask(fan), metal, METAL), (canvas.mask(*inner, *beads), gem, BEAD)]
    else:
        drop = mirror((0, 34), (4, 44, 8.5, 54), (10, 66, 0, 67))
        parts += [(canvas.mask((drop - [50, 52]) * 1.22 + [50, 52]), metal, METAL),
                  (canvas.mask(drop), gem, BEAD)]  # fmt: skip
    for cover, tone, material in parts:
        canvas.shadow(cover, 0.22, 1.2, 0.9)
        canvas.paint(cover, tone, material)


def necklace(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Chains, bead strings, layered strands and pendants hanging in a curve."""
    metal = _metal_of(look)
    gem = look.tint if look.colour not in ("Silver", "Gold") else look.accent
    deep = float(rng.uniform(0.85, 1.05))
    strands = 2 if look.variant == "layered" else 1
    low = 0.0
    for k in range(strands):
        low = (84.0 - 20 * k) * deep
        x = 20.0 + 5 * k
        line = path((x + 6, 8), (x - 8, low * 0.75, 50, low), (108 - x, low * 0.75, 94 - x, 8))
        spacing = 2.9 if look.variant == "chain" else 4.4
        count = int(np.linalg.norm(np.diff(line, axis=0), axis=1).sum() / spacing)
        spots = [at(line, f) for f in np.linspace(0, 1, count)]
        if look.variant in ("chain", "pendant"):
            cover = canvas.line(*(ellipse(px, py, 1.5, 1.1) for px, py in spots), width=0.8)
            tone = metal
        else:
            sizes = 1.5 + 1.1 * np.sin(np.linspace(0, np.pi, count))
            cover = canvas.mask(*(ellipse(*p, s, s) for p, s in zip(spots, sizes, strict=True)))
            tone = gem if look.colour not in ("Silver", "Gold") or k else metal
        canvas.shadow(cover, 0.25, 1.2, 1.0)
        canvas.paint(cover, tone, replace(BEAD, radius=0.8))
    if look.variant in ("pendant", "layered"):
        drop = mirror((0, low + 1), (6, low + 5, 5, low + 9), (4, low + 13, 0, low + 13))
        rim = canvas.mask((drop - [50, low + 8]) * 1.35 + [50, low + 8.5])
        canvas.shadow(rim, 0.25)
        canvas.paint(rim, metal, METAL)
        canvas.paint(canvas.mask(drop), gem, BEAD)
