"""Skirts and trousers of every length."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import figure
from .colours import Look, denim
from .dresses import drape
from .paint import (
    COTTON,
    DENIM,
    KNIT,
    METAL,
    SATIN,
    Array,
    Canvas,
    Crease,
    Material,
    Overlay,
    Rgb,
    contrast,
    darker,
    lighter,
)  # fmt: skip
from .patterns import overlays
from .shapes import Outline, both, ellipse, mirror, path, rounded, tube

THREAD: Rgb = (0.84, 0.60, 0.28)


SKIRTS: dict[str, tuple[float, float, float]] = {
    "mini": (17.0, 25.0, 64.0), "pleated": (14.5, 29.0, 72.0), "pencil": (15.0, 16.5, 80.0),
    "maxi": (12.0, 25.0, 94.0), "denim": (17.5, 22.5, 66.0), "tiered": (14.5, 27.0, 74.0),
}  # fmt: skip


def skirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Mini, pleated, pencil, maxi, denim and tiered skirts."""
    look = denim(look) if look.variant == "denim" else look
    waist, hem_w, hem = SKIRTS[look.variant]
    hem, top = hem + float(rng.uniform(-4, 3)), 24.0
    hem_w *= float(rng.uniform(0.92, 1.08))
    material = DENIM if look.variant == "denim" else SATIN if rng.random() < 0.25 else COTTON
    hip = (waist + 5.5, top + 16) if look.variant == "pencil" else (waist + 3, top + 14)
    sag = 1.2 if look.variant in ("pencil", "denim") else 3.6
    outline = mirror((0, top), (waist, top - 0.6), (*hip, hem_w, hem),
                     (hem_w * 0.5, hem + sag, 0, hem + sag))  # fmt: skip
    body = canvas.mask(outline)
    if rng.random() < 0.45:
        person = figure.cast(look.gender, look.tint, rng)
        figure.legs(canvas, person, hem - 14, 122, 8.5, 1.9)
        figure.hanging_arms(canvas, person, top + 10, waist)
        figure.shirt_tail(canvas, person, top, waist - 1)
    else:
        canvas.shadow(body, 0.16)
    count = {"pleated": 13, "pencil": 3, "denim": 3}.get(look.variant, 8)
    depth = 0.9 if look.variant == "pleated" else 0.5
    folds = canvas.creases(drape(canvas, count, (waist, top), (hem_w, hem), depth), 1.6)
    canvas.paint(body, look.tint, material, overlays=overlays(canvas, look, rng),
                 folds=folds + 0.15 * canvas.noise(14))  # fmt: skip
    band = canvas.mask(mirror((0, top), (waist, top - 0.6), (waist + 0.6, top + 4), (0, top + 5)))
    canvas.paint(band, darker(look.tint, 0.14), replace(material, radius=1.2))
    if look.variant == "tiered":
        for level in (top + (hem - top) * 0.36, top + (hem - top) * 0.7):
            tier = path((15, level), (50, level + 4, 85, level))
            canvas.flat(canvas.line(tier, width=1.0) * body, darker(look.tint, 0.5), 0.6)
    if look.variant == "denim":
        _fly(canvas, look, body, top, waist)
        seams = [
            path((50, top + 12), (50, hem + 3)),
            path((15, hem - 1), (50, hem + 2, 85, hem - 1)),
        ]
        canvas.flat(canvas.line(*seams, width=0.5, dash=0.9) * body, THREAD)


def _fly(canvas: Canvas, look: Look, body: Array, top: float, waist: float) -> None:
    """Front pockets, fly, button and belt loops in contrast stitching."""
    dark = darker(look.tint, 0.55)
    for side in both(path((50 + waist * 0.45, top + 4.5), (50 + waist * 0.55, top + 13,
                          50 + waist + 3, top + 12))):  # fmt: skip
        canvas.flat(canvas.line(side, width=0.8) * body, dark, 0.8)
        canvas.flat(canvas.line(side + [0, 1.0], width=0.45, dash=0.8) * body, THREAD)
    fly = path((50, top + 4), (50, top + 17))
    canvas.flat(canvas.line(fly, width=0.6), dark, 0.8)
    stitched = path((53.6, top + 4.5), (53.6, top + 13), (53, top + 16, 50, top + 17))
    canvas.flat(canvas.line(stitched, width=0.45, dash=0.8), THREAD)
    for x in (-0.8, -0.36, 0.36, 0.8):
        loop = rounded(50 + waist * x - 0.8, top - 0.6, 50 + waist * x + 0.8, top + 5.0, 0.3)
        canvas.paint(canvas.mask(loop), darker(look.tint, 0.06), replace(DENIM, radius=0.7))
    canvas.paint(canvas.mask(ellipse(50, top + 2.2, 1.3, 1.3)), (0.76, 0.62, 0.40), METAL)


LEGS: dict[str, tuple[float, float, float]] = {
    "skinny": (8.2, 5.6, 4.6), "slim": (9.2, 6.8, 5.8), "straight": (9.6, 8.0, 7.6),
    "bootcut": (9.0, 6.8, 8.8), "wide": (10.0, 10.0, 11.0), "cuffed": (9.8, 7.8, 5.0),
}  # fmt: skip


def _leg_pair(
    waist: float, top: float, crotch: float, hem: float, widths: tuple[float, float, float]
) -> list[Outline]:
    """Two legs from waist to hem; widths are half widths at thigh, knee and hem."""
    thigh, knee, foot = widths
    apart = 2.6 + max(0.0, foot - 6) * 0.6
    inner_knee, inner_foot = apart + 0.3, apart + 1.0
    mid = crotch + (hem - crotch) * 0.45
    if hem < 60:
        edge = waist + 8.0
        return both(path((50, top), (50 + waist, top - 0.5), (50 + waist + 4.4, top + 12, 50 + edge,
                    hem - 0.5), (50 + edge * 0.5, hem + 1.2, 52.4, hem),
                    (50.2, crotch)))  # fmt: skip
    outer_hip = max(waist + 3.2, 2 * thigh + 1.0)
    right = path(
        (50, top), (50 + waist, top - 0.5), (50 + outer_hip, top + 9, 50 + outer_hip, crotch),
        (50 + inner_knee + 2 * knee + 0.6, mid - 3, 50 + inner_knee + 2 * knee, mid),
        (50 + inner_foot + 2 * foot, hem),
        (50 + inner_foot + foot, hem + 1.2, 50 + inner_foot, hem),
        (50 + inner_knee, mid), (50.2, crotch + 1.5),
    )  # fmt: skip
    return both(right)


def _leg_folds(canvas: Canvas, crotch: float, hem: float, waist: float) -> list[Crease]:
    """Creases at the crotch, behind the knees and above the feet."""
    rng = canvas.rng
    creases: list[Crease] = []
    for side in (-1, 1):
        for k in range(3):
            end = (
                50 + side * float(rng.uniform(7, 15)),
                crotch + float(rng.uniform(-3, 5)) - 2 * k,
            )
            creases.append((path((50 + side, crotch - k), end), 0.6))
        for level, depth in ((0.45, 0.45), (0.52, 0.35), (0.93, 0.6), (0.87, 0.4)):
            y = crotch + (hem - crotch) * level + float(rng.uniform(-2, 2))
            x = 50 + side * float(rng.uniform(5, 9))
            creases.append(
                (path((x - 4, y), (x, y + 1.6, x + 5, y - float(rng.uniform(0, 3)))), depth)
            )
    return creases


def draw_trousers(
    canvas: Canvas, look: Look, rng: np.random.Generator, material: Material, hem: float,
    widths: tuple[float, float, float], layers: list[Overlay], worn: bool,
) -> tuple[Array, float, float]:  # fmt: skip
    """Two legs with waistband; gives the mask, the waist's half width and its y."""
    woman = look.gender in ("Women", "Girls")
    waist = (12.0 if woman else 13.4) * float(rng.uniform(0.95, 1.06))
    top, crotch = (14.0 if worn else 8.0), (38.0 if worn else 33.0)
    shapes = _leg_pair(waist, top, crotch, hem, widths)
    body = canvas.mask(*shapes)
    if worn:
        person = figure.cast(look.gender, look.tint, rng)
        for side in both(path((50 + 7.6 + widths[2] * 0.4, hem - 30), (59, hem + 3))):
            x = float(side[-1][0])
            canvas.paint(canvas.mask(tube(side, 4.6, 3.0)), person.skin)
            shoe = ellipse(x + (x - 50) * 0.12, hem + 4.5, 4.2, 4.4)
            canvas.paint(canvas.mask(shoe), person.shoes, COTTON)
        figure.hanging_arms(canvas, person, top + 12, waist + 1)
        figure.shirt_tail(canvas, person, top, waist)
    else:
        canvas.shadow(body, 0.16)
    folds = canvas.creases(_leg_folds(canvas, crotch, hem, waist)) + 0.16 * canvas.noise(12)
    for shape in shapes:
        canvas.paint(canvas.mask(shape), look.tint, material, overlays=layers, folds=folds)
    join = canvas.mask(rounded(48.2, top, 51.8, crotch - 2, 0.2)) * body
    canvas.paint(join, look.tint, replace(material, edge=0, relief=0), overlays=layers, folds=folds)
    band = mirror((0, top), (waist, top - 0.6), (waist + 0.9, top + 3.8), (0, top + 4.8))
    canvas.paint(canvas.mask(band), darker(look.tint, 0.10), replace(material, radius=1.2))
    return body, waist, top


def jeans(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Five-pocket jeans, washed lighter along the thighs."""
    look = denim(look)
    x, y = canvas.coords()
    wash = float(rng.uniform(0.1, 0.5)) if look.colour in ("Blue", "Grey") else 0.12
    glow = np.exp(-(((np.abs(x - 50) - 10) / 4.5) ** 2) - ((y - 46) / 17) ** 2)
    twill = 0.5 + 0.5 * np.sin((x + y) * 5.2)
    layers: list[Overlay] = [
        (twill.astype(np.float32) * 0.10, darker(look.tint, 0.6)),
        ((glow * wash * (1 + 0.25 * canvas.noise(2.4))).clip(0, 1), lighter(look.tint, 0.75)),
    ]
    hem = 92.0 + float(rng.uniform(-2, 1))
    body, waist, top = draw_trousers(canvas, look, rng, DENIM, hem, LEGS[look.variant], layers,
                                     rng.random() < 0.45)  # fmt: skip
    _fly(canvas, look, body, top, waist)
    hem_line = path((15, hem - 2), (50, hem - 1.4, 85, hem - 2))
    canvas.flat(canvas.line(hem_line, width=0.5, dash=0.8) * body, THREAD)
    sides = both(path((50 + waist + 2.0, top + 8), (50 + waist + 3.0, top + 24)))
    canvas.flat(canvas.line(*sides, width=0.45, dash=0.8) * body, THREAD, 0.7)


def trousers(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Pressed formal trousers and casual chinos."""
    hem = 92.0 + float(rng.uniform(-2, 1))
    widths = LEGS[look.variant if look.variant in LEGS else "straight"]
    body, waist, top = draw_trousers(canvas, look, rng, COTTON, hem, widths,
                                     overlays(canvas, look, rng), rng.random() < 0.45)  # fmt: skip
    dark = darker(look.tint, 0.5)
    fly = path((50, top + 4), (50, top + 18))
    pockets = both(path((50 + waist * 0.6, top + 4.6), (50 + waist + 1.8, top + 15)))
    canvas.flat(canvas.line(fly, *pockets, width=0.6) * body, dark, 0.8)
    press = both(path((50 + waist * 0.55, top + 6), (50 + 10.5, 50), (50 + 3.4 + widths[2], hem)))
    canvas.flat(canvas.line(*press, width=0.7) * body, lighter(look.tint, 0.35), 0.55)
    canvas.flat(canvas.line(*(p + [0.8, 0] for p in press), width=0.7) * body, dark, 0.35)
    for x in (-0.7, -0.34, 0.34, 0.7):
        loop = rounded(50 + waist * x - 0.6, top - 0.5, 50 + waist * x + 0.6, top + 4.8, 0.3)
        canvas.flat(canvas.mask(loop), darker(look.tint, 0.25))
    canvas.paint(canvas.mask(ellipse(50, top + 2.4, 0.9, 0.9)), contrast(look.tint, 0.5), COTTON)


def shorts(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Casual, denim and running shorts, drawn larger than long trousers."""
    look = denim(look) if look.variant == "denim" else look
    runner = look.variant == "running"
    with canvas.moved(dy=28 if runner else 23, scale=1.6):
        hem = 44.0 + (0 if runner else 7) + float(rng.uniform(-2, 3))
        material = DENIM if look.variant == "denim" else COTTON
        layers = overlays(canvas, look, rng)
        body, waist, top = draw_trousers(canvas, look, rng, material, hem, (8.6, 8.6, 8.6), layers,
                                         False)  # fmt: skip
        if look.variant == "denim":
            _fly(canvas, look, body, top, waist)
        elif runner:
            stripes = both(path((50 + waist, top), (50 + waist + 4.4, top + 12, 50 + waist + 7.4,
                           hem + 2)))  # fmt: skip
            canvas.flat(canvas.line(*stripes, width=2.4) * body, look.accent)
            _drawstring(canvas, look, top)
        else:
            pockets = both(path((50 + waist * 0.6, top + 4.6), (50 + waist + 2.6, top + 14)))
            fly = path((50, top + 4), (50, top + 16))
            canvas.flat(canvas.line(fly, *pockets, width=0.6) * body, darker(look.tint, 0.5), 0.8)
            cargo = [rounded(cx - 4.4, 33, cx + 4.4, 42, 0.6) for cx in (34, 66)]
            if look.variant == "cargo":
                canvas.flat(canvas.line(*cargo, width=0.6) * body, darker(look.tint, 0.5), 0.8)
        seam = path((10, hem - 1.6), (50, hem - 0.6, 90, hem - 1.6))
        canvas.flat(canvas.line(seam, width=0.4) * body, darker(look.tint, 0.4), 0.7)


def _drawstring(canvas: Canvas, look: Look, top: float) -> None:
    """An elastic waist with a tied cord."""
    gathers = [path((x, top + 0.4), (x + 0.3, top + 4)) for x in np.linspace(38, 62, 15)]
    canvas.flat(canvas.line(*gathers, width=0.5), darker(look.tint, 0.4), 0.5)
    cords = [path((50, top + 3), (47.5, top + 9, 48.4, top + 14)),
             path((50, top + 3), (52.6, top + 8, 51.6, top + 12))]  # fmt: skip
    canvas.flat(canvas.line(*cords, width=0.9), contrast(look.tint, 0.65))


def track_pants(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Sports trousers with an elastic waist, side bars and open or knitted hems."""
    hem = 92.0 + float(rng.uniform(-2, 1))
    widths = LEGS["cuffed" if look.variant == "cuffed" else "straight"]
    body, waist, top = draw_trousers(canvas, look, rng, COTTON, hem, widths,
                                     overlays(canvas, look, rng), rng.random() < 0.45)  # fmt: skip
    _drawstring(canvas, look, top)
    edge = 50 + 3.4 + 2 * widths[2]
    knee = 50 + 2.9 + 2 * widths[1]
    bars = path((50 + waist, top + 4), (50 + waist + 3.6, top + 9, 50 + waist + 3.4, 36),
                (knee, 60), (edge, hem))  # fmt: skip
    for shift in (1.3, 3.6) if look.variant != "piped" else (1.6,):
        lines = [side + [np.sign(50 - side[0, 0]) * shift, 0] for side in both(bars)]
        canvas.flat(canvas.line(*lines, width=1.2) * body, look.accent)
    if look.variant == "cuffed":
        _, y = canvas.coords()
        canvas.paint(np.clip(y - hem + 4.5, 0, 1) * body, darker(look.tint, 0.2), KNIT)
