"""Dresses, and how a skirt drapes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import figure
from .colours import Look
from .paint import (
    COTTON,
    SATIN,
    Array,
    Canvas,
    Crease,
    Overlay,
    contrast,
    darker,
)
from .patterns import overlays
from .shapes import (
    Outline,
    both,
    limb_outline,
    mirror,
    part,
    path,
    tube,
)


def drape(
    canvas: Canvas, count: int, waist: tuple[float, float], hem: tuple[float, float], depth: float
) -> list[Crease]:
    """Folds fanning out from a waist (half width, y) to a hem (half width, y)."""
    creases: list[Crease] = []
    for k in range(count):
        place = (k + 0.5 + float(canvas.rng.uniform(-0.35, 0.35))) / count * 2 - 1
        start = waist[1] + float(canvas.rng.uniform(0, 0.5)) * (hem[1] - waist[1])
        share = (start - waist[1]) / (hem[1] - waist[1])
        wide = waist[0] + (hem[0] - waist[0]) * share
        foot = (50 + hem[0] * place, hem[1] + 2)
        creases.append((path((50 + wide * place, start), (50 + wide * place, (start + hem[1]) / 2,
                        *foot)), depth * float(canvas.rng.uniform(0.6, 1.0))))  # fmt: skip
    return creases


DRESSES: dict[str, dict[str, float | str]] = {
    "a-line": {"waist": 8.6, "hip": 15.0, "hem_w": 19.0, "hem": 70.0, "sleeve": 0.0},
    "skater": {"waist": 8.4, "hip": 17.5, "hem_w": 23.0, "hem": 63.0, "sleeve": 0.22},
    "sheath": {"waist": 9.4, "hip": 13.0, "hem_w": 11.4, "hem": 66.0, "sleeve": 0.2},
    "maxi": {"waist": 8.6, "hip": 15.0, "hem_w": 20.0, "hem": 91.0, "sleeve": 0.0},
    "shift": {"waist": 12.4, "hip": 14.0, "hem_w": 15.0, "hem": 61.0, "sleeve": 0.36},
    "wrap": {"waist": 8.8, "hip": 14.5, "hem_w": 18.0, "hem": 68.0, "sleeve": 0.45},
    "strappy": {"waist": 8.8, "hip": 14.5, "hem_w": 18.5, "hem": 62.0, "sleeve": 0.0},
    "long-sleeve": {"waist": 9.0, "hip": 14.0, "hem_w": 16.0, "hem": 66.0, "sleeve": 0.95},
}


def _bodice(variant: str, top: float) -> list[tuple[float, ...]]:
    """The neck and armhole of a dress, from the centre to the armpit."""
    if variant == "strappy":
        return [(0, top + 10), (3, top + 10.5, 6.5, top + 7), (7.6, top + 7), (10.5, top + 14.5)]
    if variant == "wrap":
        return [(0, top + 15), (3, top + 7, 5.5, top), (12, top + 2.6), (11, top + 14)]
    if variant == "maxi":
        return [
            (0, top + 9),
            (5.5, top + 9, 6.5, top),
            (9, top + 0.8),
            (8.6, top + 8, 10.8, top + 14),
        ]
    low = 5.0 if variant in ("sheath", "shift") else 7.0
    return [
        (0, top + low),
        (4.6, top + low, 5.6, top),
        (12, top + 2.6),
        (10.6, top + 8, 11, top + 14),
    ]


def dress(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Dresses of eight cuts, on a person or an invisible stand."""
    plan = DRESSES[look.variant]
    waist, hip, hem_w, hem = (float(plan[key]) for key in ("waist", "hip", "hem_w", "hem"))
    hem, hem_w = hem + float(rng.uniform(-3, 4)), hem_w * float(rng.uniform(0.92, 1.1))
    top, sleeve, young = 14.0, float(plan["sleeve"]), look.gender == "Girls"
    person = figure.cast(look.gender, look.tint, rng)
    worn = rng.random() < 0.6
    layers = overlays(canvas, look, rng)
    line = path((50 + 9.8, top + 6), (50 + 15.5, 34, 50 + 16, 55))
    bodice = _bodice(look.variant, top)
    outline = mirror(*bodice, (waist + 1.2, 33, waist, 38), (hip, 46, hem_w, hem),
                     (hem_w * 0.5, hem + 2.2, 0, hem + 2.2))  # fmt: skip
    zoom = 0.99 if worn else min(1.35, 78 / (hem - top))
    drop = 0.0 if worn else (50 - (top + hem) / 2) * zoom
    with canvas.moved(dy=drop, scale=zoom):
        body = canvas.mask(outline)
        if worn:
            if hem < 88:
                figure.legs(canvas, person, hem - 12, 92.5, 4.6, 0.94)
            figure.arms(canvas, person, line, 0.56)
        else:
            canvas.shadow(body, 0.16)
        if look.variant != "strappy" and not worn:
            back = mirror((0, top - 1.5), (5.6, top), (5.6, top + 3), (0, bodice[0][1] + 2))
            canvas.paint(canvas.mask(back), darker(look.tint, 0.35))
        if worn:
            figure.head(canvas, person, top, 0.62)
            chest = mirror((0, top - 1), (5.5, top), (11, top + 3.4), (9, top + 14), (0, top + 16))
            canvas.paint(canvas.mask(chest), person.skin, COTTON)
        _dress_body(canvas, look, rng, body, layers, (waist, hem_w, hem), line, sleeve)
        if look.variant == "strappy":
            straps = both(path((57, top + 8), (56, top, 53.6, top - 1 if worn else top + 0.5)))
            canvas.paint(canvas.line(*straps, width=1.1), look.tint)
        _dress_details(canvas, look, rng, body, (waist, hem_w, hem), top, young)


def _dress_body(
    canvas: Canvas, look: Look, rng: np.random.Generator, body: Array, layers: list[Overlay],
    sizes: tuple[float, float, float], line: Outline, sleeve: float,
) -> None:  # fmt: skip
    waist, hem_w, hem = sizes
    material = SATIN if rng.random() < 0.3 else COTTON
    count = 4 if look.variant in ("sheath", "shift") else 8
    folds = canvas.creases(drape(canvas, count, (waist, 39), (hem_w, hem), 0.55), 1.6)
    folds = folds + 0.15 * canvas.noise(12)
    if sleeve > 0:
        wide = 4.0 if look.variant != "skater" else 4.6
        for side in both(part(line, 0, sleeve)):
            arm = canvas.mask(limb_outline(side, wide * 0.8, wide, wide * 0.95, wide * 0.85))
            canvas.paint(arm, look.tint, material, overlays=layers, folds=folds)
        canvas.shadow(body, 0.12, 0.8, 0.3)
    canvas.paint(body, look.tint, material, overlays=layers, folds=folds)


def _dress_details(
    canvas: Canvas, look: Look, rng: np.random.Generator, body: Array,
    sizes: tuple[float, float, float], top: float, young: bool,
) -> None:  # fmt: skip
    """Belts, waist seams, wrap edges, frills."""
    waist, hem_w, hem = sizes
    seam = path((30, 38), (50, 39.4, 70, 38))
    if look.variant in ("skater", "a-line", "maxi") and (young or rng.random() < 0.5):
        tone = contrast(look.tint, 0.5) if rng.random() < 0.5 else look.accent
        canvas.paint(canvas.mask(tube(seam, 1.5)) * body, tone, replace(COTTON, radius=0.9))
        if young:
            for side in both(path((50, 39), (55, 34, 57, 38), (57, 43, 50, 39.5))):
                canvas.paint(canvas.mask(side), tone, replace(SATIN, radius=0.9))
    elif look.variant != "shift":
        canvas.flat(canvas.line(seam, width=0.5) * body, darker(look.tint, 0.45), 0.7)
    if look.variant == "wrap":
        edge = path((55.4, top), (50, top + 14), (44, 34, 41.5, 38))
        skirt = path((44, 38), (52, 52, 50, hem + 3))
        canvas.flat(canvas.line(edge, skirt, width=0.6) * body, darker(look.tint, 0.5), 0.8)
        knot = path((42, 37), (38, 47), (41, 48), (43.5, 39), (46, 46), (48, 45), (44.5, 37))
        canvas.paint(canvas.mask(knot), darker(look.tint, 0.15), replace(COTTON, radius=0.8))
    if look.variant == "sheath":
        canvas.flat(canvas.line(*both(path((56, 24), (54.5, 36))), width=0.4),
                    darker(look.tint, 0.5),
                    0.6)  # fmt: skip
    if look.variant in ("strappy", "maxi") and rng.random() < 0.6:
        for level in (hem - 7, hem - 2.5) if look.variant == "strappy" else (hem - 16,):
            frill = path((20, level), (50, level + 2, 80, level))
            canvas.flat(canvas.line(frill, width=0.9) * body, darker(look.tint, 0.45), 0.6)
