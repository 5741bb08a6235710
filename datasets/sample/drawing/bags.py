"""Bags, wallets and belts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .colours import Look
from .paint import (
    COTTON,
    LEATHER,
    METAL,
    PLASTIC,
    SATIN,
    Array,
    Canvas,
    Material,
    Rgb,
    contrast,
    darker,
    lighter,
)  # fmt: skip
from .patterns import overlays
from .shapes import Outline, both, ellipse, mirror, path, rounded, tube

GOLDEN: Rgb = (0.83, 0.68, 0.36)
STEEL: Rgb = (0.80, 0.81, 0.83)


def _stitch(canvas: Canvas, within: Array, colour: Rgb, *lines: Outline) -> None:
    canvas.flat(canvas.line(*lines, width=0.8) * within, darker(colour, 0.5), 0.35)
    canvas.flat(canvas.line(*lines, width=0.4, dash=0.9) * within, contrast(colour, 0.45), 0.8)


def _fittings(rng: np.random.Generator) -> Rgb:
    return GOLDEN if rng.random() < 0.6 else STEEL


def handbag(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Totes, satchels, hobos, shoulder and bucket bags."""
    metal = _fittings(rng)
    draw = {"tote": _tote, "satchel": _satchel, "hobo": _hobo}.get(look.variant, _shoulder)
    canvas.floor(ellipse(50, 87.5, 36, 3), 0.4)
    with canvas.moved(scale=float(rng.uniform(0.93, 1.02))):
        draw(canvas, look, rng, metal)


def _handles(canvas: Canvas, arcs: list[Outline], colour: Rgb, width: float, metal: Rgb) -> None:
    """Handles with rings at their ends."""
    for arc in arcs:
        canvas.paint(canvas.mask(tube(arc, width)), colour, replace(LEATHER, radius=1.0))
        for x, y in (arc[0], arc[-1]):
            ring = canvas.line(ellipse(float(x), float(y), 1.7, 1.7), width=1.0)
            canvas.paint(ring, metal, METAL)


def _skin(canvas: Canvas, look: Look, rng: np.random.Generator, outline: Outline) -> Array:
    """The bag's body with its pattern, folds and shading."""
    body = canvas.mask(outline)
    folds = 0.35 * canvas.noise(13)
    canvas.paint(body, look.tint, replace(LEATHER, radius=3.6), folds=folds,
                 overlays=overlays(canvas, look, rng))  # fmt: skip
    return body


def _tote(canvas: Canvas, look: Look, rng: np.random.Generator, metal: Rgb) -> None:
    rise = float(rng.uniform(8, 18))
    back = path((36, 42), (37, rise - 3, 50, rise - 4), (63, rise - 3, 64, 42))
    canvas.paint(canvas.mask(tube(back, 1.4)), darker(look.tint, 0.4), LEATHER)
    flare = float(rng.uniform(-3, 5))
    body = _skin(canvas, look, rng, mirror((0, 38), (30 + flare, 37),
                                           (31, 70, 32 - flare * 0.5, 84),
                 (31 - flare * 0.5, 87.5, 26, 87.5), (0, 87.5)))  # fmt: skip
    _stitch(canvas, body, look.tint, path((15, 41.5), (85, 41.5)), path((15, 80), (85, 80)))
    if rng.random() < 0.5:
        base = canvas.mask(rounded(5, 74, 95, 90, 0.5)) * body
        canvas.paint(base, darker(look.tint, 0.25), replace(LEATHER, radius=2))
    front = path((35, 48), (36, rise, 50, rise), (64, rise, 65, 48))
    _handles(canvas, [front], darker(look.tint, 0.12), 1.6, metal)
    canvas.paint(canvas.mask(rounded(46, 50, 54, 56, 1)), metal, METAL)
    if rng.random() < 0.5:
        charm = canvas.mask(path((65, 49), (63, 62), (64, 66), (67, 66), (67.5, 62)))
        canvas.shadow(charm, 0.3, 0.8, 0.6)
        canvas.paint(charm, look.accent, replace(LEATHER, radius=0.9))


def _satchel(canvas: Canvas, look: Look, rng: np.random.Generator, metal: Rgb) -> None:
    arc = path((39, 43), (39, 22, 50, 21.5), (61, 22, 61, 43))
    canvas.paint(canvas.mask(tube(arc - [0, 3], 1.6)), darker(look.tint, 0.4), LEATHER)
    body = _skin(canvas, look, rng, mirror((0, 40), (24, 40), (30, 40, 33, 50), (38, 70, 37, 82),
                 (36.5, 87.5, 30, 87.5), (0, 88)))  # fmt: skip
    _stitch(
        canvas, body, look.tint, path((26, 40), (24, 60, 22, 88)), path((74, 40), (76, 60, 78, 88))
    )
    canvas.flat(canvas.line(path((27, 44), (73, 44)), width=1.6), darker(look.tint, 0.6), 0.8)
    canvas.flat(canvas.line(path((27, 44), (73, 44)), width=0.8, dash=0.5), metal)
    pocket = path((32, 58), (68, 58), (70, 82), (30, 82), (32, 58))
    _stitch(canvas, body, look.tint, pocket)
    for x in (38, 62):
        strap = canvas.mask(rounded(x - 2, 41, x + 2, 66, 0.8))
        canvas.shadow(strap, 0.3, 0.8, 0.5)
        canvas.paint(strap, darker(look.tint, 0.1), replace(LEATHER, radius=1))
        canvas.paint(canvas.line(rounded(x - 2.6, 59, x + 2.6, 64, 0.6), width=1.1), metal, METAL)
    _handles(canvas, [arc], darker(look.tint, 0.1), 1.9, metal)


def _hobo(canvas: Canvas, look: Look, rng: np.random.Generator, metal: Rgb) -> None:
    strap = path((18, 52), (24, 10, 50, 9), (76, 10, 82, 52))
    body_line = mirror((0, 56), (16, 54, 30, 42), (34, 39, 36, 44), (40, 66, 32, 80),
                       (26, 88, 12, 88), (0, 88))  # fmt: skip
    _handles(canvas, [strap], darker(look.tint, 0.1), 2.3, metal)
    body = _skin(canvas, look, rng, body_line)
    gathers = canvas.creases(
        [(path((50 + s * k, 55 - k * 0.3), (50 + s * (k + 3), 66)), 0.8) for k in (3, 9, 15, 21)
         for s in (-1, 1)], 1.4)  # fmt: skip
    canvas.flat(np.clip(-gathers, 0, 1) * body, darker(look.tint, 0.7), 0.5)
    rim = path((18, 46), (34, 55, 50, 57), (66, 55, 82, 46))
    canvas.paint(canvas.mask(tube(rim, 1.8)) * body, darker(look.tint, 0.15), LEATHER)
    canvas.paint(canvas.mask(ellipse(50, 62, 2.6, 2.6)), metal, METAL)
    _stitch(canvas, body, look.tint, path((14, 76), (50, 84, 86, 76)))


def _shoulder(canvas: Canvas, look: Look, rng: np.random.Generator, metal: Rgb) -> None:
    strap = path((23, 54), (27, 6, 50, 5.5), (73, 6, 77, 54))
    if rng.random() < 0.5:
        canvas.paint(canvas.line(strap, width=1.9), metal, replace(METAL, radius=0.7))
        canvas.flat(canvas.line(strap, width=1.9, dash=0.9), darker(metal, 0.55), 0.6)
    else:
        canvas.paint(canvas.mask(tube(strap, 1.3)), darker(look.tint, 0.1), LEATHER)
    _skin(canvas, look, rng, rounded(18, 46, 82, 88, 7))
    low = float(rng.uniform(66, 74))
    flap_line = mirror(
        (0, 45), (28, 45), (32.5, 45, 32.5, 51), (32, low - 4, 22, low - 2), (0, low + 2)
    )
    flap = canvas.mask(flap_line)
    canvas.shadow(flap, 0.4, 1.2, 1.0)
    canvas.paint(flap, look.tint, LEATHER, overlays=overlays(canvas, look, rng),
                 folds=0.2 * canvas.noise(12))  # fmt: skip
    inner = (flap_line - [50, 45]) * [0.93, 0.93] + [50, 46]
    _stitch(canvas, flap, look.tint, inner)
    if rng.random() < 0.4 and look.pattern == "plain":
        quilt = [path((x, 40), (x + s * 40, 90)) for x in range(-20, 121, 8) for s in (1, -1)]
        _stitch(canvas, flap, look.tint, *quilt)
    canvas.paint(canvas.mask(rounded(46, low - 4, 54, low + 3, 1.6)), metal, METAL)
    canvas.flat(canvas.mask(ellipse(50, low - 0.5, 1, 1)), darker(metal, 0.6))


def backpack(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """School, hiking and leather backpacks from the front."""
    canvas.floor(ellipse(50, 91.5, 30, 3), 0.4)
    material = LEATHER if look.variant == "leather" else COTTON
    dark = darker(look.tint, 0.35)
    trim = (
        look.accent if look.variant != "leather" and rng.random() < 0.6 else darker(look.tint, 0.18)
    )
    for side in both(path((66, 24), (82, 34, 80, 66), (78, 76))):
        canvas.paint(canvas.mask(tube(side, 2.6, 1.8)), dark, COTTON)
    loop = path((44, 14), (44, 5, 50, 5), (56, 5, 56, 14))
    canvas.paint(canvas.mask(tube(loop, 1.4)), dark, COTTON)
    outline = mirror((0, 10), (22, 10, 25, 30), (29, 55, 28, 84), (27, 91.5, 19, 91.5), (0, 91.5))
    body = canvas.mask(outline)
    folds = 0.3 * canvas.noise(12)
    canvas.paint(body, look.tint, replace(material, radius=4.5), folds=folds,
                 overlays=overlays(canvas, look, rng))  # fmt: skip
    for side in both(path((74, 60), (83, 66, 80, 86), (74, 88))):
        canvas.paint(canvas.mask(side), dark, COTTON)
    arch = path((27, 48), (28, 18, 50, 17.5), (72, 18, 73, 48))
    canvas.flat(canvas.line(arch, width=2.0) * body, dark, 0.9)
    canvas.flat(canvas.line(arch, width=0.7, dash=0.5) * body, (0.75, 0.75, 0.75))
    canvas.paint(canvas.mask(rounded(70.6, 46, 74, 53, 0.8)), trim, PLASTIC)
    if look.variant in ("flap", "leather"):
        _flap_front(canvas, look, material, trim)
    else:
        _pocket_front(canvas, look, material, trim, look.variant == "hiking")


def _pocket_front(canvas: Canvas, look: Look, material: Material, trim: Rgb, hiking: bool) -> None:
    pocket_line = mirror((0, 52), (20, 52, 21.5, 60), (23, 74, 21.5, 84), (20, 87, 15, 87), (0, 87))
    pocket = canvas.mask(pocket_line)
    canvas.shadow(pocket, 0.4, 1.3, 0.9)
    canvas.paint(pocket, trim, replace(material, radius=3.4), folds=0.25 * canvas.noise(10))
    zipper = path((30, 62), (32, 56, 50, 56), (68, 56, 70, 62))
    canvas.flat(canvas.line(zipper, width=1.8) * pocket, darker(trim, 0.6), 0.9)
    canvas.flat(canvas.line(zipper, width=0.6, dash=0.5) * pocket, (0.78, 0.78, 0.78))
    if hiking:
        for side in both(path((58, 20), (63, 36, 60, 52))):
            canvas.paint(canvas.mask(tube(side, 1.2)), look.accent, COTTON)
        cords = [path((42, 30), (58, 36)), path((58, 30), (42, 36)), path((42, 36), (58, 42)),
                 path((58, 36), (42, 42))]  # fmt: skip
        canvas.flat(canvas.line(*cords, width=0.9), look.second)
    else:
        patch = canvas.mask(rounded(42, 34, 58, 41, 1.0))
        canvas.paint(patch, darker(trim, 0.2), replace(LEATHER, radius=0.9))


def _flap_front(canvas: Canvas, look: Look, material: Material, trim: Rgb) -> None:
    pocket = canvas.mask(rounded(31, 64, 69, 87, 3))
    canvas.shadow(pocket, 0.4, 1.2, 0.8)
    canvas.paint(pocket, darker(look.tint, 0.06), material)
    flap = canvas.mask(mirror((0, 11), (22, 11, 26, 30), (29, 52, 24, 57), (0, 60)))
    canvas.shadow(flap, 0.45, 1.4, 1.2)
    canvas.paint(flap, look.tint, replace(material, radius=4), folds=0.3 * canvas.noise(12))
    for x in (39, 61):
        strap = canvas.mask(rounded(x - 2, 34, x + 2, 75, 0.7))
        canvas.shadow(strap, 0.3, 0.8, 0.5)
        canvas.paint(strap, trim, replace(LEATHER, radius=1.0))
        canvas.paint(canvas.line(rounded(x - 2.8, 63, x + 2.8, 69, 0.7), width=1.2), STEEL, METAL)


def clutch(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Evening clutches: envelope, frame, fold-over and with a wrist strap."""
    metal = _fittings(rng)
    canvas.floor(ellipse(50, 70, 42, 2.6), 0.42)
    material = SATIN if rng.random() < 0.4 else LEATHER
    layers = overlays(canvas, look, rng)
    top = 34.0 + float(rng.uniform(-3, 3))
    if look.variant == "wristlet":
        loop = path((88, 44), (99, 40, 97, 62), (94, 76, 88, 48))
        canvas.paint(canvas.mask(tube(loop, 1.0)), darker(look.tint, 0.15), LEATHER)
    outline = rounded(9, top, 91, 70, 3)
    if look.variant == "frame":
        outline = mirror((0, top), (32, top), (37, top + 1, 39, 52), (42, 69, 34, 70), (0, 71))
    body = canvas.mask(outline)
    canvas.paint(body, look.tint, replace(material, radius=3.2), overlays=layers,
                 folds=0.3 * canvas.noise(12))  # fmt: skip
    if look.variant == "frame":
        rim = tube(path((17, top + 1), (83, top + 1)), 1.6)
        canvas.paint(canvas.mask(rim), metal, METAL)
        canvas.paint(
            canvas.mask(ellipse(48.6, top - 2, 2, 2), ellipse(51.8, top - 2, 2, 2)), metal, METAL
        )
        pleats = [(path((50 + k * 5, top + 4), (50 + k * 6.4, 70)), 0.5) for k in range(-5, 6)]
        canvas.flat(np.clip(-canvas.creases(pleats, 1.2), 0, 1) * body, darker(look.tint, 0.7), 0.5)
        return
    tip = {"envelope": 60.0, "fold-over": 52.0}.get(look.variant, 48.0)
    flap_line = path((9, top), (91, top), (91, top + 4), (50, tip + 3), (9, top + 4))
    if look.variant != "envelope":
        flap_line = rounded(9, top - 0.5, 91, tip + 3, 2)
    flap = canvas.mask(flap_line)
    canvas.shadow(flap, 0.45, 1.0, 0.8)
    canvas.paint(flap, look.tint, replace(material, radius=2.4), overlays=layers,
                 folds=0.25 * canvas.noise(12))  # fmt: skip
    inner = (flap_line - [50, top]) * [0.96, 0.92] + [50, top + 1]
    _stitch(canvas, flap, look.tint, inner)
    clasp = (
        ellipse(50, tip, 2.8, 2.8) if rng.random() < 0.5 else rounded(45, tip - 2, 55, tip + 3, 1)
    )
    canvas.paint(canvas.mask(clasp), metal, METAL)


def wallet(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Bifold wallets closed or open, long wallets with a zip or a flap."""
    canvas.floor(ellipse(50, 68 if look.variant in ("long", "zip") else 74, 36, 2.6), 0.4)
    layers = overlays(canvas, look, rng)
    if look.variant == "open":
        _open_wallet(canvas, look)
        return
    x0, y0, x1, y1 = (10, 34, 90, 68) if look.variant in ("long", "zip") else (20, 30, 80, 74)
    canvas.paint(canvas.mask(rounded(x0 + 1.5, y0 - 1.6, x1 + 1.2, y1, 2.5)),
                 darker(look.tint, 0.35),
                 LEATHER)  # fmt: skip
    face_line = rounded(x0, y0, x1, y1, 2.5)
    face = canvas.mask(face_line)
    canvas.shadow(face, 0.3, 0.8, 0.4)
    canvas.paint(face, look.tint, replace(LEATHER, radius=2.8, grain=0.03), overlays=layers,
                 folds=0.25 * canvas.noise(14))  # fmt: skip
    inner = rounded(x0 + 2, y0 + 2, x1 - 2, y1 - 2, 1.5)
    _stitch(canvas, face, look.tint, inner)
    if look.variant == "bifold":
        canvas.flat(canvas.line(path((x0 + 3.6, y0), (x0 + 3.6, y1)), width=0.9) * face,
                    darker(look.tint, 0.5), 0.6)  # fmt: skip
        canvas.paint(canvas.mask(rounded(66, 62, 75, 67, 0.8)), darker(look.tint, 0.18),
                     replace(LEATHER, radius=0.8))  # fmt: skip
    elif look.variant == "zip":
        canvas.flat(
            canvas.line(path((x0, y0 + 0.8), (x1, y0 + 0.8)), width=2.2), darker(look.tint, 0.5)
        )
        canvas.flat(canvas.line(path((x0, y0 + 0.8), (x1, y0 + 0.8)), width=1.1, dash=0.6), GOLDEN)
        canvas.paint(canvas.mask(rounded(x1 - 3, y0, x1, y0 + 9, 1)), GOLDEN, METAL)
    else:
        flap = canvas.mask(path((x0, y0), (x1, y0), (x1, 50), (50, 56, x0, 50)))
        canvas.shadow(flap, 0.4, 0.9, 0.7)
        canvas.paint(flap, look.tint, LEATHER, overlays=layers)
        canvas.paint(canvas.mask(ellipse(50, 50, 2.4, 2.4)), _fittings(rng), METAL)


def _open_wallet(canvas: Canvas, look: Look) -> None:
    shell = canvas.mask(path((12, 36), (50, 33, 88, 36), (88, 73), (50, 75.5, 12, 73)))
    canvas.paint(shell, look.tint, LEATHER)
    lining = canvas.mask(path((14, 40), (50, 37.5, 86, 40), (86, 71), (50, 73.5, 14, 71)))
    canvas.paint(lining, lighter(look.tint, 0.12), LEATHER)
    cards: list[Rgb] = [(0.86, 0.86, 0.88), (0.35, 0.5, 0.7), (0.75, 0.6, 0.3)]
    for k in range(3):
        for x0, x1 in ((16, 47.5), (52.5, 84)):
            y = 44 + 7 * k
            if x0 > 50:
                card = canvas.mask(rounded(x0 + 2, y - 3, x1 - 2, y + 6, 0.8))
                canvas.paint(card, cards[k], replace(PLASTIC, radius=0.8, gloss=0.1))
            slot = canvas.mask(rounded(x0, y, x1, 70, 0.8))
            canvas.shadow(slot, 0.4, 0.7, 0.2)
            canvas.paint(slot, lighter(look.tint, 0.06), replace(LEATHER, radius=1.2))
    canvas.flat(canvas.line(path((50, 34.5), (50, 75)), width=1.4), darker(look.tint, 0.6), 0.7)
    _stitch(canvas, shell, look.tint, path((13.4, 37.8), (50, 35, 86.6, 37.8)))


def belt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Belts coiled with the buckle in front, or laid out as a strip."""
    metal = _fittings(rng) if look.gender == "Women" else STEEL
    wide = 8.5 if look.variant == "wide" else 6.2 if look.variant != "slim" else 3.8
    with canvas.moved(
        scale=0.94, angle=float(rng.uniform(-4, 4)), stretch=float(rng.uniform(0.9, 1.15))
    ):
        canvas.floor(ellipse(50, 57 + wide, 42, 4), 0.35)
        back = path((6, 48), (8, 38, 50, 37), (92, 38, 94, 48))
        canvas.paint(canvas.mask(tube(back, wide * 0.72)), darker(look.tint, 0.45), LEATHER)
        front = path((5.2, 47), (6, 58, 50, 59.5), (94, 58, 94.8, 47))
        strap = canvas.mask(tube(front, wide * 0.8, wide, wide * 0.8))
        canvas.shadow(strap, 0.3, 1.2, 0.6)
        canvas.paint(
            strap, look.tint, replace(LEATHER, radius=2.0), overlays=overlays(canvas, look, rng)
        )
        if look.variant == "braided":
            x, y = canvas.coords()
            weave = (np.sin((x + y) * 1.5) * np.sin((x - y) * 1.5)).clip(0, 1).astype(np.float32)
            canvas.flat(weave * strap, darker(look.tint, 0.6), 0.6)
        else:
            edges = tube(front, wide * 0.62, wide * 0.78, wide * 0.62)
            _stitch(canvas, strap, look.tint, edges)
        holes = [ellipse(63 + 5.2 * k, 57.2 - 0.45 * k, 0.8, 0.9) for k in range(4)]
        canvas.flat(canvas.mask(*holes), darker(look.tint, 0.8))
        loop = canvas.mask(rounded(57, 57.5 - wide * 1.12, 60, 57.8 + wide * 1.1, 0.6))
        canvas.paint(loop, darker(look.tint, 0.1), replace(LEATHER, radius=0.8))
        frame = rounded(38, 57.6 - wide * 1.2, 51, 58.4 + wide * 1.2, 1.6)
        if look.variant == "plate":
            canvas.paint(canvas.mask(frame), metal, METAL)
            canvas.paint(
                canvas.line(rounded(40, 58 - wide, 49, 58 + wide, 1), width=0.7), metal, METAL
            )
        else:
            canvas.paint(canvas.line(frame, width=2.2), metal, replace(METAL, radius=0.8))
            canvas.paint(canvas.line(path((39, 58), (53, 57.4)), width=1.5), metal, METAL)
