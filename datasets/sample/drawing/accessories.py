"""Sunglasses, caps, ties and scarves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .colours import Look
from .paint import (
    COTTON,
    KNIT,
    METAL,
    PLASTIC,
    SATIN,
    Canvas,
    contrast,
    darker,
    lighter,
    luma,
)  # fmt: skip
from .patterns import overlays
from .shapes import Outline, both, ellipse, mirror, path, rounded, tube

LENSES: dict[str, Outline] = {
    "wayfarer": path((54.5, 42), (72, 38, 90, 41), (90, 60, 74, 61), (58, 61, 54.5, 42)),
    "aviator": path((54, 42), (70, 39, 88, 42), (91, 60, 76, 65), (58, 66, 54, 42)),
    "round": ellipse(71, 50, 15.0, 14.5),
    "oversized": path((53.5, 40), (74, 34, 92, 40), (94, 66, 74, 67), (54, 66, 53.5, 40)),
    "sport": path((52, 46), (74, 39, 95, 45), (90, 59, 72, 59), (58, 58, 52, 46)),
}  # fmt: skip


def sunglasses(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Sunglasses from the front, the temples folded out behind."""
    lens = LENSES[look.variant]
    wire = look.variant in ("aviator", "round")
    glass = darker(look.accent, 0.45) if rng.random() < 0.4 else (0.16, 0.14, 0.14)
    canvas.floor(ellipse(50, 67, 40, 2.4), 0.28)
    with canvas.moved(
        scale=0.98, stretch=float(rng.uniform(0.92, 1.12)), shear=float(rng.uniform(-0.1, 0.1))
    ):
        for side in both(path((90, 44), (96, 40, 95, 36), (90, 31, 84, 31))):
            canvas.paint(canvas.mask(tube(side, 1.6, 1.0, 0.8)), darker(look.tint, 0.15), PLASTIC)
        for side in both(lens):
            pane = canvas.mask(side)
            canvas.flat(pane, glass, 0.92)
            _, y = canvas.coords()
            fade = np.clip((y - 42) / 26, 0, 1).astype(np.float32)
            canvas.flat(fade * pane, lighter(glass, 0.55), 0.6)
            x0 = float(side[:, 0].min())
            gleam = path((x0 + 5, 60), (x0 + 13, 40), (x0 + 17, 40), (x0 + 8, 61))
            canvas.flat(canvas.mask(gleam) * pane, (1, 1, 1), 0.18)
            rim = canvas.line(np.concatenate([side, side[:2]]), width=1.5 if wire else 3.6)
            canvas.paint(rim, look.tint, METAL if wire else replace(PLASTIC, radius=1.0))
        bridge = (
            path((44.5, 46), (50, 41.5, 55.5, 46)) if not wire else path((45, 46), (50, 43, 55, 46))
        )
        canvas.paint(canvas.mask(tube(bridge, 1.0 if wire else 1.8)), look.tint,
                     METAL if wire else replace(PLASTIC, radius=1.0))  # fmt: skip
        if look.variant == "aviator":
            canvas.paint(canvas.line(path((42, 41), (58, 41)), width=1.5), look.tint, METAL)


def cap(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Baseball caps seen from the front and side."""
    canvas.floor(ellipse(48, 74, 40, 3), 0.4)
    layers = overlays(canvas, look, rng) if look.pattern != "graphic" else []
    dome_line = path(
        (24, 66), (22, 26, 56, 25), (88, 26, 90, 62), (88, 70, 80, 71), (50, 64, 24, 66)
    )
    dome = canvas.mask(dome_line)
    canvas.paint(dome, look.tint, replace(COTTON, radius=5.0, relief=0.45), overlays=layers,
                 folds=0.4 * canvas.noise(13))  # fmt: skip
    if look.variant == "two-tone":
        panel = canvas.mask(path((23, 68), (23, 30, 52, 25.5), (58, 40, 56, 66))) * dome
        canvas.paint(panel, lighter(look.accent, 0.1), replace(COTTON, radius=3))
    seams = [path((55, 25.5), (57, 44, 55, 66)), path((55, 25.5), (80, 34, 84, 68)),
             path((55, 25.5), (34, 32, 30, 64))]  # fmt: skip
    canvas.flat(canvas.line(*seams, width=0.5) * dome, darker(look.tint, 0.55), 0.6)
    canvas.flat(canvas.line(*(s + [1.1, 0] for s in seams), width=0.4, dash=0.8) * dome,
                contrast(look.tint, 0.4), 0.6)  # fmt: skip
    eyelets = [ellipse(66, 38, 1, 1), ellipse(42, 38, 1, 1), ellipse(78, 47, 1, 1)]
    canvas.flat(canvas.mask(*eyelets), darker(look.tint, 0.6))
    canvas.paint(canvas.mask(ellipse(55, 25.2, 2.6, 1.6)), look.tint, PLASTIC)
    badge = (
        look.second if abs(luma(look.second) - luma(look.tint)) > 0.2 else contrast(look.tint, 0.7)
    )
    marks: dict[int, Outline] = {
        0: ellipse(43, 48, 6.5, 6.5), 1: path((36, 54), (43, 40), (50, 54)),
        2: path((43, 41), (50, 48), (43, 55), (36, 48)),
    }  # fmt: skip
    if look.pattern in ("plain", "graphic"):
        mark = marks[int(rng.integers(3))]
        canvas.paint(canvas.mask(mark) * dome, badge, replace(COTTON, radius=0.9))
        canvas.flat(
            canvas.mask((mark - mark.mean(0)) * 0.5 + mark.mean(0)), darker(badge, 0.4), 0.8
        )
    visor_line = path((56, 65), (40, 61, 25, 64), (6, 66, 3, 73), (4, 79, 18, 77), (44, 72, 62, 71),
                      (62, 67, 56, 65))  # fmt: skip
    visor = canvas.mask(visor_line)
    canvas.shadow(visor, 0.3, 0.9, 0.6)
    tone = look.accent if look.variant in ("two-tone", "contrast") else darker(look.tint, 0.06)
    canvas.paint(visor, tone, replace(COTTON, radius=2.0))
    rows = [(visor_line - [30, 70]) * k + [30, 70] for k in (0.88, 0.76, 0.64)]
    canvas.flat(canvas.line(*rows, width=0.4, dash=0.8) * visor, contrast(tone, 0.4), 0.5)


def tie(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Neckties hanging from a knot, wide or slim, and bow ties."""
    layers = overlays(canvas, look, rng)
    if look.pattern == "stripes":
        x, y = canvas.coords()
        slant = np.clip(np.sin((x * 0.8 + y) * 2 * np.pi / rng.uniform(6, 11)) * 5, 0, 1)
        layers = [(slant.astype(np.float32), look.accent)]
    silk = replace(SATIN, radius=2.0, gloss=0.12, folds=0.12)
    if look.variant == "bow":
        wing = path((51, 48), (66, 34, 88, 33), (92, 50, 88, 67), (66, 66, 51, 52))
        for side in both(wing):
            cover = canvas.mask(side)
            canvas.shadow(cover, 0.25)
            pleats = [(path((s, 50), (s + d, 42)), 0.6) for s in (60, 40) for d in (9, -9)]
            canvas.paint(cover, look.tint, silk, overlays=layers, folds=canvas.creases(pleats))
        canvas.paint(canvas.mask(rounded(45, 44, 55, 56, 2.5)), look.tint, silk, overlays=layers)
        return
    wide = 6.0 if look.variant == "slim" else 9.0
    with canvas.moved(angle=float(rng.uniform(-3, 3))):
        tail = canvas.mask(mirror((0, 18), (3, 18), (wide * 0.55, 80), (0, 86), centre=55))
        canvas.shadow(tail, 0.3)
        canvas.paint(tail, darker(look.tint, 0.12), silk, overlays=layers)
        loop = canvas.mask(path((42, 12), (50, 3, 58, 12), (56, 17), (50, 9, 44, 17)))
        canvas.paint(loop, darker(look.tint, 0.25), silk, overlays=layers)
        blade = canvas.mask(mirror((0, 20), (3.4, 20), (wide * 0.7, 50, wide, 86), (0, 97)))
        canvas.shadow(blade, 0.35, 1.2, 0.8)
        canvas.paint(blade, look.tint, silk, overlays=layers, folds=0.4 * canvas.noise(20))
        knot = canvas.mask(path((43.5, 10), (56.5, 10), (57, 13), (53.6, 22), (46.4, 22), (43, 13)))
        canvas.shadow(knot, 0.4, 0.9, 0.5)
        canvas.paint(knot, look.tint, silk, overlays=layers)


def scarf(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Scarves looped at the neck or folded, with fringed ends."""
    layers = overlays(canvas, look, rng)
    material = KNIT if look.variant == "knit" else replace(COTTON, folds=0.3)
    if look.variant == "knit":
        x, _ = canvas.coords()
        layers = [
            *layers,
            (((np.sin(x * 3.4) + 1) * 0.09).astype(np.float32), darker(look.tint, 0.8)),
        ]
    ends = [path((44, 30), (38, 60, 36, 84)), path((57, 30), (61, 55, 60, 76))]
    for line, width in zip(ends, (9.5, 8.5), strict=True):
        foot = line[-1]
        threads = [path((foot[0] + dx, foot[1] - 1), (foot[0] + dx * 1.08 + 0.4, foot[1] + 8))
                   for dx in np.linspace(-width + 1, width - 1, 10)]  # fmt: skip
        fringe = canvas.line(*threads, width=1.0)
        canvas.shadow(fringe, 0.2)
        canvas.paint(fringe, darker(look.tint, 0.06), replace(COTTON, radius=0.6))
        cover = canvas.mask(tube(line, width * 0.8, width, width))
        canvas.shadow(cover, 0.3)
        runs = [(line + [dx, 0], 0.6) for dx in (-width * 0.5, 0.2, width * 0.5)]
        canvas.paint(cover, look.tint, material, overlays=layers, folds=canvas.creases(runs))
    for band, width in (
        (path((34, 22), (50, 6, 66, 22)), 5.0),
        (path((33, 20), (50, 48, 67, 20)), 7.5),
    ):
        cover = canvas.mask(tube(band, width * 0.8, width, width * 0.8))
        canvas.shadow(cover, 0.35, 1.4, 0.9)
        runs = [(band + [0, d], 0.7) for d in (-width * 0.5, 0.0, width * 0.45)]
        canvas.paint(cover, look.tint, material, overlays=layers, folds=canvas.creases(runs))
