"""Jackets, and the long tunics called kurtas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from . import figure
from .colours import Look, denim
from .paint import (
    COTTON,
    DENIM,
    KNIT,
    LEATHER,
    METAL,
    PLASTIC,
    SATIN,
    Canvas,
    Rgb,
    darker,
    lighter,
)  # fmt: skip
from .patterns import overlays
from .shapes import both, ellipse, mirror, part, path, rounded, tube
from .tops import Cut, Drawn, buttons, collar, draw_upper, fitted, rib


def kurta(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Knee-length tunics with a front opening, side slits and bordered hems."""
    woman = look.gender == "Women"
    with canvas.moved(dy=-8.5, scale=0.80):
        cut = fitted(Cut(neck="v", dip=14.0 if look.variant != "mandarin" else 10.0, neck_w=7.0,
                         hem=104, hem_w=25 if woman else 23, waist=20.5, wrist=(30, 78),
                         sleeve={"short-sleeve": 0.4, "three-quarter": 0.7}.get(look.variant, 0.97),
                         top=13.0), look, rng)  # fmt: skip
        person = figure.cast(look.gender, look.tint, rng)
        worn = rng.random() < 0.7
        if worn:
            figure.arms(canvas, person, figure.arm_line(cut.top, cut.shoulder, cut.wrist))
            figure.legs(canvas, person, cut.hem - 14, 121, 8, 1.9, covered=True)
            figure.head(canvas, person, cut.top)
        drawn = draw_upper(canvas, look, rng, cut, stay=person)
        if worn:
            neck = mirror((0, 3), (5, 3), (5.6, 12), (0, cut.top + cut.dip - 1))
            canvas.paint(canvas.mask(neck), person.skin, COTTON)
        _kurta_trim(canvas, drawn, cut, look, woman)


def _kurta_trim(canvas: Canvas, drawn: Drawn, cut: Cut, look: Look, woman: bool) -> None:
    trim = look.accent if woman else darker(look.tint, 0.2)
    border = tube(path((50 - cut.hem_w, cut.hem - 3), (50, cut.hem - 0.5, 50 + cut.hem_w,
                       cut.hem - 3)), 2.2)  # fmt: skip
    canvas.paint(canvas.mask(border) * drawn.body, trim)
    rib(canvas, drawn, trim, 2.4)
    low = cut.top + cut.dip
    if woman:
        spots = [ellipse(50 + dx, low + 3 + 3.2 * k, 0.9, 0.9) for k in range(6) for dx in (-3, 3)]
        canvas.flat(canvas.mask(*spots, rounded(49.2, low, 50.8, low + 20, 0.5)), trim)
    else:
        canvas.flat(canvas.line(rounded(48, low, 52, low + 18, 0.4), width=0.5), darker(trim, 0.2))
        buttons(canvas, [(50.0, low + 3 + 4.5 * k) for k in range(4)], lighter(look.tint, 0.6), 0.9)
    for side in both(path((50 + cut.hem_w * 0.97, cut.hem), (50 + cut.waist * 0.98, cut.hem - 27))):
        canvas.flat(canvas.line(side, width=0.8) * drawn.body, darker(look.tint, 0.5), 0.7)
    for side in both(drawn.arm):
        cuff = tube(part(side, cut.sleeve - 0.05, cut.sleeve), cut.sleeve_w * 0.82)
        canvas.paint(canvas.mask(cuff) * drawn.sleeves, trim)


def jacket(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Leather biker, denim, bomber, puffer, track and hooded jackets."""
    look = denim(look) if look.variant == "denim" else look
    material = {"leather": LEATHER, "denim": DENIM, "puffer": SATIN}.get(look.variant, COTTON)
    cut = fitted(Cut(neck="v", dip=10.0, neck_w=8.5, sleeve=1.0, sleeve_w=7.9, hem=80,
                     shoulder=22.5,
                     chest=22.5, waist=21.5, hem_w=21.5, wrist=(32, 81)), look, rng)  # fmt: skip
    layers = overlays(canvas, look, rng)
    if look.variant == "puffer":
        _, y = canvas.coords()
        quilt = np.clip(1 - np.abs((y / 8.5) % 1 - 0.5) * 9, 0, 1).astype(np.float32)
        layers.append((quilt * 0.55, darker(look.tint, 0.65)))
        lit = np.clip(0.5 - np.abs((y / 8.5 + 0.25) % 1 - 0.5), 0, 1).astype(np.float32)
        layers.append((lit * 0.4, lighter(look.tint, 0.5)))
    drawn = draw_upper(canvas, look, rng, cut, material, layers=layers, worn=rng.random() < 0.5)
    _under(canvas, cut, look)
    if look.variant == "leather":
        _biker(canvas, drawn, cut, look)
    else:
        _zipped(canvas, drawn, cut, look)
    if look.variant == "denim":
        _denim_details(canvas, drawn, cut)
    if look.variant == "track":
        bars = [part(tube(s, 0.01), 0, 0.5) + np.array([d, 0]) for s in both(drawn.arm)
                for d in (-1.5, 1.5)]  # fmt: skip
        canvas.flat(canvas.line(*bars, width=1.1) * drawn.sleeves, look.accent)


def _under(canvas: Canvas, cut: Cut, look: Look) -> None:
    """The T-shirt seen in the neck opening."""
    inside = mirror((0, cut.top + 3), (cut.neck_w * 0.85, cut.top + 2, cut.neck_w - 0.5,
                                       cut.top + 1),
                    (0, cut.top + cut.dip))  # fmt: skip
    canvas.paint(canvas.mask(inside), lighter(look.second, 0.3), COTTON)


def _biker(canvas: Canvas, drawn: Drawn, cut: Cut, look: Look) -> None:
    """Wide lapels, a slanting zip, zipped pockets and a belted hem."""
    low = cut.hem + 1
    zip_line = path((50, cut.top + cut.dip), (52, 40, 44, 50), (43, low))
    canvas.flat(canvas.line(zip_line, width=1.5), (0.1, 0.1, 0.1), 0.8)
    canvas.flat(canvas.line(zip_line, width=0.8, dash=0.5), (0.82, 0.82, 0.84))
    for side in both(path((59, cut.top - 3), (63, cut.top + 4), (66, 33), (50.5, 47), (53, 30))):
        piece = canvas.mask(side)
        canvas.shadow(piece, 0.4, 0.8, 0.5)
        canvas.paint(piece, lighter(look.tint, 0.05), replace(LEATHER, radius=1.6))
    canvas.flat(canvas.mask(*(ellipse(x, 31, 0.7, 0.7) for x in (36, 64))), (0.8, 0.8, 0.82))
    for side in both(path((66, 58), (59, 66))):
        canvas.flat(canvas.line(side, width=1.6), (0.06, 0.06, 0.06))
        canvas.flat(canvas.line(side, width=0.7, dash=0.5), (0.82, 0.82, 0.84))
    belt = tube(path((50 - cut.hem_w, low - 4), (50, low - 2, 50 + cut.hem_w, low - 4)), 2.2)
    canvas.paint(canvas.mask(belt) * drawn.body, look.tint, replace(LEATHER, radius=1.0))
    canvas.paint(canvas.line(rounded(45, low - 5.5, 50, low - 0.5, 0.6), width=0.9),
                 (0.75, 0.75, 0.78), METAL)  # fmt: skip


def _neck_piece(canvas: Canvas, drawn: Drawn, cut: Cut, look: Look, tone: Rgb) -> None:
    """A hood with cords, a shirt collar, or a stand collar."""
    if look.variant == "hooded":
        for side in both(
            path(
                (50, cut.top + cut.dip),
                (60, cut.top + 9, 62, cut.top + 1),
                (60, cut.top - 7, 50, cut.top - 6.5),
                (58, cut.top, 50, 24),
            )
        ):
            canvas.paint(canvas.mask(side), darker(look.tint, 0.08), COTTON)
        canvas.flat(canvas.line(path((45, 27), (44.5, 42)), path((55, 27), (55.5, 41)), width=0.7),
                    lighter(look.accent, 0.3))  # fmt: skip
    elif look.variant == "denim":
        collar(canvas, drawn, replace(cut, neck_w=9.0), [], look.tint)
    else:
        for side in both(
            path(
                (50.4, cut.top + cut.dip),
                (56, cut.top + 6, 59.5, cut.top + 2),
                (58.5, cut.top - 5),
                (55, cut.top - 3.5, 51, cut.top + 4),
            )
        ):
            canvas.paint(canvas.mask(side), tone, replace(COTTON, radius=1.4))


def _zipped(canvas: Canvas, drawn: Drawn, cut: Cut, look: Look) -> None:
    """A straight zip or buttons, a stand collar or a hood, and knitted bands."""
    tone = look.accent if look.variant == "bomber" else darker(look.tint, 0.18)
    low = cut.hem + 2
    _neck_piece(canvas, drawn, cut, look, tone)
    middle = path((50, cut.top + cut.dip), (50, low))
    canvas.flat(canvas.line(middle, width=1.8) * drawn.body, darker(look.tint, 0.5), 0.7)
    if look.variant == "denim":
        buttons(canvas, [(50.0, 30.0 + 10 * k) for k in range(6)], (0.75, 0.6, 0.36), 1.0)
    else:
        canvas.flat(canvas.line(middle, width=0.8, dash=0.45) * drawn.body, (0.8, 0.8, 0.82))
    if look.variant in ("bomber", "track"):
        _, y = canvas.coords()
        canvas.paint(np.clip(y - cut.hem + 3.5, 0, 1) * drawn.body, tone, replace(KNIT, radius=1))
        for side in both(drawn.arm):
            cuff = tube(part(side, 0.92, 1.0), cut.sleeve_w * 0.68)
            canvas.paint(canvas.mask(cuff), tone, replace(KNIT, radius=1))
    for side in both(path((66, 62), (61, 71))):
        canvas.flat(canvas.line(side, width=0.9) * drawn.body, darker(look.tint, 0.6), 0.8)


def _denim_details(canvas: Canvas, drawn: Drawn, cut: Cut) -> None:
    """Yoke seams and flap pockets in contrast stitching."""
    thread = (0.86, 0.62, 0.28)
    yoke = path((50 - cut.chest, 35), (50, 37, 50 + cut.chest, 35))
    seams = [yoke, *both(path((56, 37), (53.5, 82))), *both(path((64, 37), (60, 82)))]
    canvas.flat(canvas.line(*seams, width=0.45, dash=0.8) * drawn.body, thread, 0.9)
    for side in both(path((55.5, 38), (66, 38), (66, 42), (60.8, 44), (55.5, 42))):
        canvas.shadow(canvas.mask(side), 0.2, 0.6, 0.4)
        canvas.flat(canvas.line(side, width=0.45, dash=0.8), thread, 0.9)
    canvas.paint(canvas.mask(*(ellipse(x, 42, 0.9, 0.9) for x in (39.2, 60.8))), (0.75, 0.6, 0.36),
                 PLASTIC)  # fmt: skip
