"""Closed shoes and heels in profile, toe to the left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .colours import Look
from .paint import (
    COTTON,
    LEATHER,
    METAL,
    PLASTIC,
    RUBBER,
    SATIN,
    Array,
    Canvas,
    Rgb,
    contrast,
    darker,
    luma,
)  # fmt: skip
from .patterns import overlays
from .shapes import Outline, at, both, ellipse, path, rounded, tube

WHITE: Rgb = (0.94, 0.94, 0.93)
GROUND = 74.0
Draw = Callable[[Canvas, Look, np.random.Generator], None]


def pair(canvas: Canvas, look: Look, rng: np.random.Generator, draw: Draw) -> None:
    """Draw one shoe, or two with the far one a little behind."""
    style = int(rng.integers(2**31))
    if rng.random() < 0.45:
        with canvas.moved(dx=7, dy=-9, scale=0.86):
            draw(canvas, look, np.random.default_rng(style))
        with canvas.moved(dx=-4, dy=7, scale=0.90):
            draw(canvas, look, np.random.default_rng(style))
    else:
        draw(canvas, look, np.random.default_rng(style))


def ground(canvas: Canvas, x0: float = 6, x1: float = 95, y: float = GROUND) -> None:
    """The shadow under a sole."""
    canvas.floor(ellipse((x0 + x1) / 2, y + 0.6, (x1 - x0) / 2, 2.6), 0.42, 1.7)


def laces(canvas: Canvas, ridge: Outline, count: int, colour: Rgb, reach: float = 7.0) -> None:
    """Crossing laces from the tongue to the eyelets, and a bow."""
    eyelets = []
    for k in range(count):
        x, y = at(ridge, 0.06 + 0.84 * k / max(1, count - 1))
        end = (x + reach * 0.55, y + reach)
        eyelets.append(ellipse(end[0], end[1], 0.9, 0.9))
        lace = canvas.line(path((x - 1.0, y - 0.2), (x + 1.4, y + 1.0, *end)), width=1.9)
        canvas.shadow(lace, 0.3, 0.5, 0.4)
        canvas.paint(lace, colour, replace(COTTON, radius=0.7))
    canvas.flat(canvas.mask(*eyelets), darker(colour, 0.55))
    x, y = at(ridge, 0.96)
    bow = [path((x, y), (x + 7, y - 2, x + 6, y + 6)), path((x, y), (x - 1, y + 6, x + 3, y + 9))]
    canvas.paint(canvas.line(*bow, width=1.3), colour, replace(COTTON, radius=0.6))


def _seams(canvas: Canvas, upper: Array, colour: Rgb, *lines: Outline, dash: float = 0.9) -> None:
    canvas.flat(canvas.line(*lines, width=0.9) * upper, darker(colour, 0.45), 0.35)
    canvas.flat(canvas.line(*lines, width=0.4, dash=dash) * upper, contrast(colour, 0.4), 0.8)


def _lining(canvas: Canvas, opening: Outline, colour: Rgb) -> None:
    canvas.paint(canvas.mask(opening), darker(colour, 0.45), COTTON)


def _runner(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """A running shoe with mesh, overlays and a thick two-part sole."""
    lift = float(rng.uniform(-2, 3))
    ground(canvas)
    _lining(canvas, path((51, 33), (66, 25, 88, 33), (88, 41), (74, 47), (58, 42)), look.tint)
    upper_line = path(
        (6, 67), (3.5, 58, 14, 54), (27, 51, 38, 43.5 - lift), (45, 37, 50, 32 - lift),
        (53.5, 29 - lift, 57, 32.5), (62, 44, 73, 43), (82, 42, 85, 34), (88, 30, 91, 34),
        (90, 46, 95, 66),
    )  # fmt: skip
    upper = canvas.mask(upper_line)
    canvas.paint(upper, look.tint, replace(COTTON, radius=3.4, grain=0.02))
    x, y = canvas.coords()
    mesh = ((np.sin(x * 3.6) * np.sin(y * 3.6)) > 0.2).astype(np.float32)
    canvas.flat(mesh * upper * (x < 48), contrast(look.tint, 0.35), 0.35)
    cap = path((4, 69), (3, 57, 14, 55), (19, 57, 20, 69))
    heel = path((97, 69), (77, 69), (74, 57, 84, 44), (86, 36, 94, 34))
    stay = path((36, 45 - lift), (52, 31 - lift), (57, 35), (54, 46), (46, 58, 38, 66), (30, 67),
                (38, 56))  # fmt: skip
    tone = look.accent if rng.random() < 0.5 else darker(look.tint, 0.12)
    for piece in (cap, heel, stay):
        cover = canvas.mask(piece) * upper
        canvas.shadow(cover, 0.22, 0.6, 0.3)
        canvas.paint(cover, tone, replace(LEATHER, gloss=0.12, folds=0, radius=1.4))
    _side_mark(canvas, look, upper, tone, int(rng.integers(3)))
    ridge = path((32, 47.5 - lift), (51, 31.5 - lift))
    laces(canvas, ridge, 5, WHITE if luma(tone) < 0.6 else look.second)
    sole = path((4, 64), (2, 72, 9, GROUND), (60, GROUND + 1, 90, GROUND), (98, 73, 97, 63),
                (85, 60, 72, 65), (40, 69, 20, 66), (10, 65, 4, 64))  # fmt: skip
    base = WHITE if rng.random() < 0.7 else look.accent
    canvas.paint(canvas.mask(sole), base, RUBBER)
    tread = path((3, 71), (5, GROUND + 1, 12, GROUND + 1), (90, GROUND + 1), (96, 73.5, 97, 70),
                 (60, 73.4, 3, 71))  # fmt: skip
    canvas.paint(canvas.mask(tread), look.accent if base == WHITE else (0.15, 0.15, 0.16), RUBBER)
    grooves = [path((k, GROUND - 1.4), (k + 0.8, GROUND + 1)) for k in range(9, 94, 4)]
    canvas.flat(canvas.line(*grooves, width=0.7), (0.2, 0.2, 0.2), 0.5)
    canvas.flat(canvas.line(path((74, 67.6), (86, 64.5, 95, 66.5)), width=1.0), look.accent, 0.8)


def _side_mark(canvas: Canvas, look: Look, upper: Array, tone: Rgb, kind: int) -> None:
    """Slanting bars, a wave or a chevron on the side; no real maker's mark."""
    tint = look.second if abs(luma(look.second) - luma(look.tint)) > 0.15 else contrast(look.tint)
    marks = {
        0: [tube(path((x, 48), (x - 6, 66)), 1.3) for x in (60, 66)],
        1: [tube(path((50, 60), (62, 52, 68, 60), (74, 66, 80, 54)), 1.5)],
        2: [tube(path((58, 50), (68, 58), (58, 66)), 1.4)],
    }  # fmt: skip
    canvas.paint(canvas.mask(*marks[kind]) * upper, tint, replace(PLASTIC, radius=0.8))


def _sneaker(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """A flat-soled sneaker: low or high top, canvas or leather, laced or slip-on."""
    high = look.variant == "high-top"
    slip = look.variant == "slip-on"
    top = 20.0 if high else 39.0
    ground(canvas, 8, 93)
    _lining(canvas, path((50, top + 2), (66, top - 6, 87, top), (87, top + 8), (72, top + 11),
                         (56, top + 6)), look.tint)  # fmt: skip
    throat = (56, top - 1) if not slip else (54, top + 4)
    upper_line = path(
        (9, 68), (7, 59, 17, 56), (28, 54, 38, 48), (46, 42 if not high else 36, *throat),
        (59, top + 3), (66, top + 7, 74, top + 6), (83, top + 5, 86, top - 1),
        (89, top - 2, 90.5, top),
        (89, 54, 92, 68),
    )  # fmt: skip
    upper = canvas.mask(upper_line)
    material = replace(LEATHER, gloss=0.08) if rng.random() < 0.5 else replace(COTTON, grain=0.02)
    canvas.paint(upper, look.tint, material, overlays=overlays(canvas, look, rng))
    quarter = path((40, 67), (46, 56, 53, 52), (58, top + 5))
    heel = path((80, 67), (79, 56, 82, top + 6))
    _seams(canvas, upper, look.tint, quarter, quarter + [1.2, 0.4], heel, heel + [1.2, 0])
    if rng.random() < 0.55 and not slip:
        patch = canvas.mask(path((78, 68), (78, 50, 84, 46), (93, 44), (94, 68))) * upper
        canvas.paint(patch, look.accent, replace(LEATHER, gloss=0.1, folds=0, radius=1.3))
    if slip:
        gore = canvas.mask(path((50, top + 9), (58, top + 4), (63, top + 9), (58, top + 18)))
        canvas.paint(gore * upper, darker(look.tint, 0.35), COTTON)
    else:
        ridge = path((33, 51), (44, 45, 55, top + 1))
        laces(canvas, ridge, 7 if high else 5, WHITE, 6.0)
    if high:
        disc = ellipse(72, 34, 5, 5)
        canvas.flat(canvas.line(disc, width=0.9), contrast(look.tint, 0.5), 0.8)
    _rubber_sole(canvas, look, rng)


def _rubber_sole(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """The flat sole of a sneaker, with a coloured line and a toe cap on some."""
    thick = float(rng.uniform(6.0, 8.0))
    sole = path((8, GROUND - thick), (5, 73, 11, GROUND), (90, GROUND),
                (95, 73, 93.5, GROUND - thick),
                (50, GROUND - thick + 2, 8, GROUND - thick))  # fmt: skip
    base = (0.80, 0.62, 0.42) if rng.random() < 0.15 else WHITE
    canvas.paint(canvas.mask(sole), base, RUBBER)
    if look.variant in ("canvas", "high-top"):
        toe = path((7, GROUND - 5), (6, 58, 17, 56), (24, 59, 25, GROUND - 5))
        canvas.paint(canvas.mask(toe), base, RUBBER)
    lines = [path((7, GROUND - thick * f), (50, GROUND - thick * f + 1, 94, GROUND - thick * f))
             for f in (0.3, 0.75)]  # fmt: skip
    canvas.flat(
        canvas.line(lines[0], width=0.8), look.accent if rng.random() < 0.5 else (0.7, 0.7, 0.7)
    )
    canvas.flat(canvas.line(lines[1], width=0.35), (0.5, 0.5, 0.5), 0.5)


def _formal(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Oxfords, derbies, brogues, loafers and monk straps in polished leather."""
    tip = float(rng.uniform(-3, 3))
    ground(canvas, 5, 92)
    throat = 47 if look.variant == "loafer" else 43
    _lining(
        canvas, path((48, 44), (66, 33, 87, 39), (87, 46), (70, 52), (54, 48)), (0.5, 0.36, 0.22)
    )
    upper_line = path(
        (5 + tip, 69), (6 + tip, 62, 16, 60), (30, 57, 40, 50), (45, 45, 50, throat), (55, 44),
        (62, 49, 72, 48), (82, 46, 86, 40), (89, 39),
        (88, 54, 91, 68),
    )  # fmt: skip
    upper = canvas.mask(upper_line)
    polish = replace(LEATHER, gloss=0.5, radius=3.0)
    creases = canvas.creases([(path((30, 58), (33, 66)), 0.5), (path((34, 56), (38, 65)), 0.4)])
    canvas.paint(upper, look.tint, polish, folds=creases + 0.15 * canvas.noise(14))
    gleam = canvas.mask(ellipse(17, 63.2, 7, 1.3), tube(path((78, 54), (84, 56, 86, 62)), 0.8))
    canvas.flat(gleam * upper, (1, 1, 1), 0.20)
    _formal_details(canvas, look, upper)
    welt = path((3 + tip, 68), (3 + tip, 71.5, 9 + tip, 71.8), (52, 72, 66, 69.5), (93, 69.5),
                (93, 67),
                (60, 66.5), (30, 69.5, 3 + tip, 68))  # fmt: skip
    canvas.paint(canvas.mask(welt), darker(look.tint, 0.5), RUBBER)
    sole = path(
        (4 + tip, 71), (6 + tip, 73.5, 14, 73.4), (52, 73.4), (66, 71), (92, 70), (92, 69), (60, 69)
    )
    block = path((70, 69.5), (92.5, 69.5), (91.5, GROUND + 1), (72, GROUND + 1))
    canvas.paint(canvas.mask(sole), (0.14, 0.10, 0.08), RUBBER)
    canvas.paint(canvas.mask(block), (0.16, 0.11, 0.09), RUBBER)


def _formal_details(canvas: Canvas, look: Look, upper: Array) -> None:
    quarter = path((46, 68), (44, 58, 52, 52), (57, 47))
    counter = path((78, 68), (77, 58, 83, 50), (87, 46))
    cap = path((21, 59), (25, 64, 23, 70))
    if look.variant == "loafer":
        apron = path((12, 61), (28, 63, 42, 55), (48, 50))
        _seams(canvas, upper, look.tint, apron, apron + [0, 1.2], counter)
        saddle = canvas.mask(path((38, 52), (47, 45.5), (54, 51), (50, 68), (42, 68))) * upper
        canvas.shadow(saddle, 0.3, 0.6, 0.3)
        canvas.paint(saddle, look.tint, replace(LEATHER, gloss=0.4, radius=1.5))
        canvas.paint(canvas.line(path((40, 54), (47, 57.5)), width=1.6), (0.78, 0.68, 0.42), METAL)
        return
    _seams(canvas, upper, look.tint, quarter, quarter + [1.2, 0.2], counter, counter + [1.2, 0])
    if look.variant in ("oxford", "brogue", "monk"):
        _seams(canvas, upper, look.tint, cap, cap + [1.2, 0])
    if look.variant == "brogue":
        holes = [ellipse(*at(cap + [2.6, 0], f), 0.5, 0.5) for f in np.linspace(0.05, 0.95, 8)]
        holes += [ellipse(*at(quarter + [2.8, 0.5], f), 0.5, 0.5) for f in np.linspace(0, 0.95, 12)]
        canvas.flat(canvas.mask(*holes) * upper, darker(look.tint, 0.75))
    if look.variant == "monk":
        strap = canvas.mask(tube(path((41, 50.5), (50, 56, 61, 60)), 2.6)) * upper
        canvas.shadow(strap, 0.35, 0.6, 0.4)
        canvas.paint(strap, look.tint, replace(LEATHER, gloss=0.4, radius=1.2))
        canvas.paint(
            canvas.line(rounded(55.5, 55, 60.5, 61.5, 0.8), width=1.1), (0.8, 0.8, 0.8), METAL
        )
    else:
        laces(canvas, path((38, 52), (49, 44)), 4, darker(look.tint, 0.45), 5.0)


def _heel(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Pumps, peep-toes, block heels, wedges and strappy heels."""
    lift = float(rng.uniform(0, 7)) if look.variant in ("pump", "strappy", "peep-toe") else 2.0
    back = 48.0 - lift
    with canvas.moved(dy=-4):
        ground(canvas, 5, 36, 80.5)
        ground(canvas, 78, 94, 80.5)
        if look.variant == "wedge":
            cork = path((6, 79), (30, 79.5), (60, 66), (92, back + 10), (93, 81), (8, 81.5))
            canvas.paint(canvas.mask(cork), (0.74, 0.56, 0.36), replace(COTTON, grain=0.06))
        else:
            wide = 5.5 if look.variant == "block" else float(rng.uniform(0.8, 1.6))
            stem = path((78, back + 12), (93, back + 6), (91, 66, 89.5, 81), (89.5 - 2 * wide, 81),
                        (87.5 - 2 * wide, 68, 78, back + 14))  # fmt: skip
            tone = look.tint if rng.random() < 0.7 else (0.12, 0.10, 0.10)
            canvas.paint(canvas.mask(stem), darker(tone, 0.08), replace(PLASTIC, radius=1.2))
        insole = path((8, 77), (30, 78), (58, 68, 74, back + 8), (86, back + 1, 92, back + 4),
                      (90, back + 10, 80, back + 14), (60, 74, 34, 81), (8, 81))  # fmt: skip
        canvas.paint(canvas.mask(insole), (0.78, 0.62, 0.46), LEATHER)
        if look.variant in ("strappy", "block"):
            _heel_straps(canvas, look, back)
        else:
            _pump_upper(canvas, look, back, rng)
        sole = path((6, 79.5), (8, 82, 30, 81.4), (60, 74, 80, back + 14), (92, back + 9),
                    (80, back + 12), (60, 71, 32, 79.5))  # fmt: skip
        canvas.paint(canvas.mask(sole), darker(look.tint, 0.45), RUBBER)


def _pump_upper(canvas: Canvas, look: Look, back: float, rng: np.random.Generator) -> None:
    peep = look.variant == "peep-toe"
    toe = [(6, 79), (4, 71, 16, 67)] if not peep else [(17, 79), (13, 74, 18, 67)]
    upper_line = path(
        *toe, (27, 63, 36, 58), (42, 68, 52, 65), (70, 58, 80, back - 3),
        (88, back - 12, 92, back - 8),
        (95, back, 92, back + 10), (84, back + 13, 80, back + 13), (60, 73, 34, 80.5), (10, 81),
    )  # fmt: skip
    shine = replace(LEATHER, gloss=0.5) if rng.random() < 0.6 else SATIN
    upper = canvas.mask(upper_line)
    canvas.paint(upper, look.tint, shine, overlays=overlays(canvas, look, rng),
                 folds=0.1 * canvas.noise(12))  # fmt: skip
    rim = path((36, 58), (42, 68, 52, 65), (70, 58, 80, back - 3), (88, back - 12, 92, back - 8))
    canvas.flat(canvas.line(rim, width=0.9) * upper, darker(look.tint, 0.45), 0.7)
    if rng.random() < 0.35:
        bow = [
            *both(path((30, 62), (36, 56, 37, 61), (37, 67, 30, 63)), 30),
            ellipse(30, 62.4, 1.6, 1.6),
        ]
        canvas.paint(canvas.mask(*bow), darker(look.tint, 0.12), replace(SATIN, radius=0.9))


def _heel_straps(canvas: Canvas, look: Look, back: float) -> None:
    bands = [
        path((10, 78), (14, 63, 27, 77)),
        path((22, 78), (30, 57, 44, 74)),
        path((70, back + 12), (68, back - 14, 80, back - 16), (90, back - 16, 90, back + 4)),
    ]
    for band in bands:
        cover = canvas.mask(tube(band, 1.9))
        canvas.shadow(cover, 0.3, 0.6, 0.4)
        canvas.paint(cover, look.tint, replace(LEATHER, radius=1.1))
    heel_cup = path((80, back + 12), (84, back - 2), (92, back - 8), (94, back + 2, 92, back + 9))
    canvas.paint(canvas.mask(heel_cup), look.tint, LEATHER)
    ring = canvas.line(rounded(70.5, back - 10, 74.5, back - 5, 0.8), width=1.0)
    canvas.paint(ring, (0.84, 0.76, 0.5), METAL)


def sports_shoe(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Running and training shoes."""
    pair(canvas, look, rng, _runner)


def casual_shoe(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Sneakers and slip-ons."""
    pair(canvas, look, rng, _sneaker)


def formal_shoe(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Polished leather shoes."""
    pair(canvas, look, rng, _formal)


def heels(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Women's heels."""
    pair(canvas, look, rng, _heel)
