"""Garments for the upper body, from T-shirts to jackets and kurtas."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from . import figure
from .colours import Look
from .paint import (
    COTTON,
    KNIT,
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
from .shapes import Outline, both, ellipse, limb_outline, mirror, part, path, rounded, tube


@dataclass(frozen=True)
class Cut:
    """The measures of an upper garment, in units from the centre line or from the top."""

    neck: str = "crew"
    neck_w: float = 8.0
    dip: float = 6.0
    shoulder: float = 21.0
    chest: float = 21.0
    waist: float = 20.0
    hem_w: float = 21.5
    hem: float = 84.0
    top: float = 15.0
    sleeve: float = 0.36
    sleeve_w: float = 6.6
    flare: float = 1.0
    puff: float = 1.0
    wrist: tuple[float, float] = (31.0, 82.0)
    tail: float = 2.0


@dataclass(frozen=True)
class Drawn:
    """What was drawn, for details to be added on top."""

    body: Array
    sleeves: Array
    neckline: Outline
    arm: Outline
    worn: bool


def fitted(cut: Cut, look: Look, rng: np.random.Generator) -> Cut:
    """The cut for a gender, a little different for every product."""
    woman = look.gender in ("Women", "Girls")
    child = look.gender in ("Boys", "Girls")
    trim = 0.87 if woman else 0.94 if child else 1.0
    wide = trim * float(rng.uniform(0.94, 1.06))
    return replace(
        cut, shoulder=cut.shoulder * wide, chest=cut.chest * wide,
        waist=cut.waist * wide * (0.9 if woman else 1.0), hem_w=cut.hem_w * wide,
        hem=cut.hem + float(rng.uniform(-3, 2)) - (3 if child else 0),
        sleeve_w=cut.sleeve_w * (0.88 if woman else 1.0),
        wrist=(cut.wrist[0] * wide + float(rng.uniform(-1, 3)), cut.wrist[1]),
    )  # fmt: skip


def _neckline(cut: Cut) -> list[tuple[float, ...]]:
    """The front neck opening, from the centre to the side of the neck."""
    low = cut.top + cut.dip
    if cut.neck == "v":
        return [(0, low), (cut.neck_w * 0.75, cut.top + cut.dip * 0.45, cut.neck_w, cut.top)]
    if cut.neck == "square":
        return [(0, low), (cut.neck_w - 0.6, low), (cut.neck_w, cut.top)]
    return [(0, low), (cut.neck_w * 0.85, low, cut.neck_w, cut.top)]


def body_outline(cut: Cut) -> Outline:
    """The front panel."""
    pit = cut.top + 22.0
    return mirror(
        *_neckline(cut),
        (cut.neck_w + (cut.shoulder - cut.neck_w) * 0.6, cut.top + 1.6, cut.shoulder, cut.top + 5),
        (cut.shoulder - 2.2, cut.top + 13, cut.chest, pit),
        (cut.waist, (pit + cut.hem) / 2, cut.hem_w, cut.hem),
        (cut.hem_w * 0.5, cut.hem + cut.tail, 0, cut.hem + cut.tail),
    )


def _sleeves(cut: Cut, arm: Outline) -> list[Outline]:
    if cut.sleeve <= 0:
        return []
    line = part(arm, 0.0, min(1.0, cut.sleeve))
    w = cut.sleeve_w
    end = w * (1.0 - 0.34 * cut.sleeve) * cut.flare
    return both(limb_outline(line, w * 0.8, w * cut.puff, (w * cut.puff + end) / 2, end))


def torso_folds(canvas: Canvas, cut: Cut, soft: float = 0.45) -> list[Crease]:
    """Creases where cloth hangs from the shoulders and gathers at the waist."""
    rng, pit = canvas.rng, cut.top + 22
    creases: list[Crease] = []
    for side in (-1, 1):
        for _ in range(int(rng.integers(2, 4))):
            y0 = pit + float(rng.uniform(-6, 4))
            x0, x1 = (
                50 + side * cut.chest * 0.95,
                50 + side * cut.chest * float(rng.uniform(0, 0.5)),
            )
            y1 = y0 + float(rng.uniform(3, 16))
            creases.append((path((x0, y0), ((x0 + x1) / 2, y0, x1, y1)), soft))
        for _ in range(int(rng.integers(1, 4))):
            y0 = float(rng.uniform(pit + 14, cut.hem - 4))
            x0, x1 = 50 + side * cut.waist, 50 + side * cut.waist * float(rng.uniform(0.2, 0.6))
            creases.append((path((x0, y0), (x1, y0 + float(rng.uniform(-5, 6)))), soft * 0.8))
    for _ in range(3):
        x = 50 + cut.hem_w * float(rng.uniform(-0.8, 0.8))
        bend = x + float(rng.uniform(-3, 3))
        creases.append((path((x, cut.hem), (bend, cut.hem - 12)), soft * 0.7))
    return creases


def draw_upper(
    canvas: Canvas, look: Look, rng: np.random.Generator, cut: Cut, material: Material = COTTON,
    *, layers: list[Overlay] | None = None, sleeve_tint: Rgb | None = None, worn: bool = False,
    stay: figure.Person | None = None,
) -> Drawn:  # fmt: skip
    """Sleeves, back of the neck and front panel, on a person or on an invisible stand."""
    layers = overlays(canvas, look, rng) if layers is None else layers
    arm = figure.arm_line(cut.top, cut.shoulder, cut.wrist)
    person = stay or figure.cast(look.gender, look.tint, rng)
    body, sleeves = canvas.mask(body_outline(cut)), canvas.mask(*_sleeves(cut, arm))
    if worn:
        figure.lower_body(canvas, person, cut.hem, cut.hem_w - 2.5)
        figure.arms(canvas, person, arm)
    else:
        canvas.shadow(np.maximum(body, sleeves), 0.16)
    back = mirror((0, cut.top - 2.2), (cut.neck_w * 0.7, cut.top - 2, cut.neck_w, cut.top),
                  (cut.neck_w, cut.top + 4), (cut.neck_w * 0.96, cut.top + cut.dip * 0.8),
                  (0, cut.top + cut.dip + 3))  # fmt: skip
    canvas.paint(canvas.mask(back), darker(look.tint, 0.34), material)
    if worn:
        figure.head(canvas, person, cut.top)
    folds = canvas.creases(torso_folds(canvas, cut)) + 0.18 * canvas.noise(16)
    tint = sleeve_tint or look.tint
    for side in _sleeves(cut, arm):
        canvas.paint(canvas.mask(side), tint, material, folds=folds + _arm_folds(canvas, arm, cut),
                     overlays=layers if sleeve_tint is None else ())  # fmt: skip
    if cut.sleeve > 0:
        canvas.shadow(body, 0.14, 0.9, 0.3)
    canvas.paint(body, look.tint, material, overlays=layers, folds=folds)
    return Drawn(body, sleeves, _front(cut), arm, worn)


def _front(cut: Cut) -> Outline:
    """The neck opening as one line from left to right."""
    half = path(*_neckline(cut))
    left = half[::-1] * np.array([-1.0, 1.0]) + np.array([50.0, 0.0])
    return np.concatenate([left, half + np.array([50.0, 0.0])])


def _arm_folds(canvas: Canvas, arm: Outline, cut: Cut) -> Array:
    """Creases across the sleeves."""
    creases: list[Crease] = []
    for side in both(arm):
        for _ in range(2 + int(cut.sleeve * 4)):
            spot = part(side, *sorted(canvas.rng.uniform(0.1, max(0.2, cut.sleeve), 2)))
            x, y = spot[len(spot) // 2]
            tilt = float(canvas.rng.uniform(-3, 3))
            creases.append((path((x - 4, y - tilt), (x + 4, y + tilt)), 0.4))
    return canvas.creases(creases, 1.4)


def rib(canvas: Canvas, drawn: Drawn, colour: Rgb, width: float = 2.0) -> None:
    """The band around the neck."""
    band = canvas.line(drawn.neckline, width=width)
    canvas.paint(band, colour, replace(KNIT, radius=0.8))


def hems(canvas: Canvas, drawn: Drawn, cut: Cut, look: Look) -> None:
    """Stitching along the hem and the sleeve ends."""
    y = cut.hem + cut.tail - 2.6
    seam = path((50 - cut.hem_w, cut.hem - 2.4), (50, y + 1.4, 50 + cut.hem_w, cut.hem - 2.4))
    canvas.flat(canvas.line(seam, width=0.4) * drawn.body, darker(look.tint, 0.3), 0.6)
    for side in both(drawn.arm) if cut.sleeve > 0 else []:
        spot = part(side, max(0.0, cut.sleeve - 0.06), cut.sleeve - 0.03)
        across = tube(spot[:2], cut.sleeve_w)
        canvas.flat(canvas.line(across, width=0.4) * drawn.sleeves, darker(look.tint, 0.3), 0.5)


def buttons(canvas: Canvas, places: list[tuple[float, float]], colour: Rgb, r: float = 0.8) -> None:
    """Round buttons with a dark rim."""
    canvas.flat(canvas.mask(*(ellipse(x, y, r + 0.25, r + 0.25) for x, y in places)),
                darker(colour, 0.5), 0.6)  # fmt: skip
    canvas.flat(canvas.mask(*(ellipse(x, y, r, r) for x, y in places)), colour)


def collar(canvas: Canvas, drawn: Drawn, cut: Cut, layers: list[Overlay], tint: Rgb) -> None:
    """Two collar flaps meeting at the throat, and the stand behind them."""
    w, top = cut.neck_w, cut.top
    stand = mirror((0, top - 4.0), (w * 0.8, top - 4.2, w * 0.9, top - 1), (w, top + 1.5),
                   (w * 0.6, top + 0.5, 0, top + 1.0))  # fmt: skip
    if not drawn.worn:
        canvas.paint(canvas.mask(stand), darker(tint, 0.22), replace(COTTON, radius=1.2))
    flap = path((50 + w * 0.86, top - 3.6), (50 + w + 2.6, top + 1.5), (50 + w * 0.92, top + 8.5),
                (50 + 0.6, top + cut.dip), (50 + w * 0.55, top + 1.5))  # fmt: skip
    for side in both(flap):
        piece = canvas.mask(side)
        canvas.shadow(piece, 0.25, 0.7, 0.5)
        canvas.paint(piece, tint, replace(COTTON, radius=1.4), overlays=layers)


def placket(canvas: Canvas, drawn: Drawn, cut: Cut, look: Look, stop: float, count: int) -> None:
    """The buttoned strip down the front."""
    strip = rounded(48.2, cut.top + cut.dip - 1, 51.8, stop, 0.4)
    edge = canvas.line(strip, width=0.35) * drawn.body
    canvas.flat(edge, darker(look.tint, 0.35), 0.6)
    ys = np.linspace(cut.top + cut.dip + 2.5, stop - 3, count)
    button = lighter(look.tint, 0.65) if look.colour != "White" else (0.78, 0.78, 0.8)
    buttons(canvas, [(50.0, float(y)) for y in ys], button)


def tshirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Crew, V-neck, polo, raglan, long-sleeved and sleeveless T-shirts."""
    cut = fitted(Cut(), look, rng)
    changes: dict[str, dict[str, object]] = {
        "v-neck": {"neck": "v", "dip": 13.0}, "polo": {"neck": "v", "dip": 9.0, "neck_w": 7.5},
        "sleeveless": {"sleeve": 0.0, "shoulder": cut.shoulder * 0.8, "neck_w": 7.0, "dip": 9.0},
        "long-sleeve": {"sleeve": 0.97}, "scoop": {"neck_w": 9.5, "dip": 10.0},
    }  # fmt: skip
    cut = replace(cut, **changes.get(look.variant, {}))  # type: ignore[arg-type]
    contrast_sleeve = look.accent if look.variant == "raglan" else None
    layers = overlays(canvas, look, rng)
    drawn = draw_upper(canvas, look, rng, cut, layers=layers, sleeve_tint=contrast_sleeve,
                       worn=rng.random() < 0.6)  # fmt: skip
    hems(canvas, drawn, cut, look)
    if look.variant == "polo":
        placket(canvas, drawn, cut, look, cut.top + 24, 3)
        collar(canvas, drawn, cut, [], look.accent if rng.random() < 0.3 else look.tint)
    else:
        trim = look.accent if look.variant == "raglan" or rng.random() < 0.2 else look.tint
        rib(canvas, drawn, darker(trim, 0.08))


def shirt(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Buttoned shirts with long, rolled or short sleeves."""
    lengths = {"short-sleeve": 0.38, "rolled": 0.66}
    formal = look.variant == "formal"
    cut = fitted(Cut(neck="v", dip=8.0, neck_w=7.2, sleeve=lengths.get(look.variant, 1.0), tail=4.5,
                     hem_w=21.0), look, rng)  # fmt: skip
    layers = overlays(canvas, look, rng)
    drawn = draw_upper(canvas, look, rng, cut, layers=layers, worn=rng.random() < 0.55)
    hems(canvas, drawn, cut, look)
    placket(canvas, drawn, cut, look, cut.hem + cut.tail, 7)
    if not formal or rng.random() < 0.5:
        pocket = path((55.5, 40), (64, 40), (64, 49), (59.8, 51.5), (55.5, 49), (55.5, 40))
        canvas.flat(canvas.line(pocket, width=0.5), darker(look.tint, 0.35), 0.6)
    for side in both(drawn.arm) if cut.sleeve > 0.5 else []:
        cuff = tube(part(side, cut.sleeve - 0.09, cut.sleeve), cut.sleeve_w * 0.74)
        canvas.paint(canvas.mask(cuff), darker(look.tint, 0.05), replace(COTTON, radius=1.2),
                     overlays=layers)  # fmt: skip
    collar(canvas, drawn, cut, layers, look.tint)


def top(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Women's tops: tank, flutter, puff and bell sleeves, peplum, off-shoulder."""
    cut = fitted(Cut(neck="scoop", neck_w=10.5, dip=9.0, hem=76.0, sleeve=0.3), look, rng)
    changes: dict[str, dict[str, object]] = {
        "tank": {"sleeve": 0.0, "shoulder": 13.5, "neck_w": 9.5, "dip": 13.0},
        "flutter": {"sleeve": 0.3, "flare": 1.9, "hem_w": cut.hem_w * 1.2},
        "puff": {"sleeve": 0.36, "puff": 1.35, "flare": 0.9, "neck": "square", "neck_w": 10.0},
        "bell": {"sleeve": 0.82, "flare": 2.1, "neck": "v", "dip": 14.0},
        "peplum": {"hem_w": cut.hem_w * 1.3, "waist": cut.waist * 0.8, "sleeve": 0.24},
        "wrap": {"neck": "v", "dip": 19.0, "sleeve": 0.6},
    }  # fmt: skip
    cut = replace(cut, **changes.get(look.variant, {}))  # type: ignore[arg-type]
    drawn = draw_upper(canvas, look, rng, cut, SATIN if rng.random() < 0.3 else COTTON,
                       worn=rng.random() < 0.6)  # fmt: skip
    hems(canvas, drawn, cut, look)
    rib(canvas, drawn, darker(look.tint, 0.12), 1.2)
    if look.variant in ("peplum", "wrap"):
        y = (cut.top + 22 + cut.hem) / 2 + 2
        sash = tube(path((15, y), (50, y + 1.5, 85, y)), 1.4)
        canvas.paint(canvas.mask(sash) * drawn.body, darker(look.tint, 0.18))
    if look.variant == "wrap":
        edge = path((50, cut.top + cut.dip), (46, 44, 36, 54))
        canvas.flat(canvas.line(edge, width=0.6) * drawn.body, darker(look.tint, 0.4), 0.8)


def sweater(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """Knitted jumpers: crew, V-neck, turtleneck and cardigan, with ribbed bands."""
    neck = {"v-neck": ("v", 15.0), "cardigan": ("v", 22.0)}.get(look.variant, ("crew", 5.0))
    cut = fitted(Cut(neck=neck[0], dip=neck[1], sleeve=1.0, sleeve_w=7.2, hem=80, hem_w=20.5),
                 look, rng)  # fmt: skip
    x, y = canvas.coords()
    wide = 0.9 if look.variant != "cable" else 2.6
    ribs = (0.5 + 0.5 * np.cos(x * 2 * np.pi / wide / 1.6)).astype(np.float32)
    layers = [*overlays(canvas, look, rng), (ribs * 0.16, darker(look.tint, 0.8))]
    if look.variant == "cable":
        twist = np.abs(np.sin(y * 0.7 + 2 * np.sign(np.sin(x * 0.76)))).astype(np.float32)
        layers.append((twist * ribs * 0.22, darker(look.tint, 0.8)))
    drawn = draw_upper(canvas, look, rng, cut, KNIT, layers=layers, worn=rng.random() < 0.55)
    band = np.clip(y - cut.hem + 4.0, 0, 1) * drawn.body
    tone = darker(look.tint, 0.12)
    canvas.paint(band, tone, replace(KNIT, radius=1.0), overlays=[(ribs * 0.35, darker(tone))])
    for side in both(drawn.arm):
        cuff = tube(part(side, 0.91, 1.0), cut.sleeve_w * 0.66)
        canvas.paint(canvas.mask(cuff), tone, replace(KNIT, radius=1.0))
    if look.variant == "turtleneck":
        roll = mirror((0, cut.top - 7), (7.2, cut.top - 7, 7.6, cut.top - 5), (8.4, cut.top + 3),
                      (4, cut.top + 6, 0, cut.top + 6))  # fmt: skip
        canvas.paint(canvas.mask(roll), look.tint, KNIT, overlays=[(ribs * 0.3, darker(look.tint))])
    else:
        rib(canvas, drawn, tone, 2.8)
    if look.variant == "cardigan":
        canvas.flat(
            canvas.line(path((50, 37), (50, 86)), width=0.6) * drawn.body, darker(tone, 0.4)
        )
        buttons(canvas, [(51.4, 40.0 + 9.5 * k) for k in range(5)], contrast(look.tint, 0.6), 1.1)
