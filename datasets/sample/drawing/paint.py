"""The canvas: shapes become masks at four times the picture's size, and are shaded and composed.

Masks are rasterised at 4x, light and colour are worked out at 2x, and the finished picture is
brought down with a LANCZOS filter, so every edge is smooth.  Light comes from the upper left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from .shapes import Outline

Array = NDArray[np.float32]
Rgb = tuple[float, float, float]
Overlay = tuple[Array, Rgb]
Crease = tuple[Outline, float]

WORK = 2
FINE = 2


def _coverage(sheet: Image.Image) -> Array:
    """An 8-bit picture as values between 0 and 1."""
    values: Array = np.asarray(sheet, dtype=np.float32) / np.float32(255)
    return values


@dataclass(frozen=True)
class Material:
    """How a surface answers to light."""

    edge: float = 0.30
    relief: float = 0.34
    folds: float = 0.20
    gloss: float = 0.0
    grain: float = 0.012
    radius: float = 3.0


COTTON = Material()
DENIM = Material(edge=0.34, folds=0.24, grain=0.025)
KNIT = Material(edge=0.36, folds=0.14, grain=0.02, radius=3.6)
SATIN = Material(edge=0.28, folds=0.34, gloss=0.16, grain=0.004)
LEATHER = Material(edge=0.40, relief=0.50, folds=0.26, gloss=0.34, grain=0.012, radius=2.6)
RUBBER = Material(edge=0.26, relief=0.30, folds=0.0, gloss=0.06, grain=0.008, radius=1.6)
METAL = Material(edge=0.36, relief=0.80, folds=0.0, gloss=0.75, grain=0.004, radius=1.0)
PLASTIC = Material(edge=0.30, relief=0.45, folds=0.0, gloss=0.45, grain=0.003, radius=1.6)
SKIN = Material(edge=0.30, relief=0.26, folds=0.0, gloss=0.02, grain=0.006, radius=2.6)


@dataclass(frozen=True)
class View:
    """How one photo is taken: placement of the product and what is behind it."""

    seed: tuple[int, ...] = (0,)
    angle: float = 0.0
    scale: float = 1.0
    dx: float = 0.0
    dy: float = 0.0
    flip: bool = False
    backdrop: str = "white"


def mix(a: Rgb, b: Rgb, t: float) -> Rgb:
    """The colour a fraction ``t`` of the way from ``a`` to ``b``."""
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def darker(colour: Rgb, by: float = 0.3) -> Rgb:
    """The colour mixed with black."""
    return mix(colour, (0.0, 0.0, 0.0), by)


def lighter(colour: Rgb, by: float = 0.3) -> Rgb:
    """The colour mixed with white."""
    return mix(colour, (1.0, 1.0, 1.0), by)


def luma(colour: Rgb) -> float:
    """Perceived brightness, 0 to 1."""
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def contrast(colour: Rgb, by: float = 0.3) -> Rgb:
    """A darker tone of a light colour, a lighter tone of a dark one."""
    return darker(colour, by) if luma(colour) > 0.32 else lighter(colour, by)


def blur(values: Array, radius: float) -> Array:
    """Gaussian blur of values between 0 and 1."""
    picture = Image.fromarray((np.clip(values, 0, 1) * 255).astype(np.uint8))
    blurred = picture.filter(ImageFilter.GaussianBlur(radius))
    return _coverage(blurred)


def _shifted(values: Array, step: int) -> Array:
    """Values moved down and right, the border repeated."""
    return np.pad(values, ((step, 0), (step, 0)), mode="edge")[: values.shape[0], : values.shape[1]]


def _backdrop(kind: str, height: int, width: int, rng: np.random.Generator) -> Array:
    """The empty scene behind a product."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j].astype(np.float32)
    tone = {"grey": 0.90, "cream": 0.955, "gradient": 0.985}.get(kind, 1.0)
    if kind == "near-white":
        tone = 0.965 + 0.025 * float(rng.random())
    base = np.full((height, width), tone, dtype=np.float32)
    if kind == "gradient":
        base -= 0.12 * y
    elif kind == "grey":
        base -= 0.10 * ((x - 0.5) ** 2 + (y - 0.45) ** 2)
    tint = np.array((1.0, 0.985, 0.945) if kind == "cream" else (1.0, 1.0, 1.0), dtype=np.float32)
    return base[..., None] * tint


class Canvas:
    """One photo being drawn."""

    def __init__(self, size: tuple[int, int], view: View) -> None:
        """Prepare an empty scene of ``size`` (width, height) pixels."""
        self.size = size
        self.view = view
        self.rng = np.random.default_rng([*view.seed, 77])
        self.width, self.height = size[0] * WORK, size[1] * WORK
        self.unit = self.width / 100.0
        self.rgb = _backdrop(view.backdrop, self.height, self.width, self.rng)
        turn = np.radians(view.angle)
        zoom = self.unit * view.scale
        cos, sin = float(np.cos(turn) * zoom), float(np.sin(turn) * zoom)
        tx = self.width / 2 + view.dx * self.unit
        ty = self.height / 2 + view.dy * self.unit
        to_centre = np.array([[1, 0, -50], [0, 1, -50], [0, 0, 1]], dtype=np.float64)
        self._matrix = np.array([[cos, -sin, tx], [sin, cos, ty], [0, 0, 1]]) @ to_centre

    @contextmanager
    def moved(
        self, dx: float = 0.0, dy: float = 0.0, scale: float = 1.0, angle: float = 0.0,
        stretch: float = 1.0, shear: float = 0.0,
    ) -> Iterator[None]:  # fmt: skip
        """Draw a part moved, scaled, turned, stretched in y and sheared about the centre."""
        before = self._matrix
        turn = np.radians(angle)
        cos, sin = float(np.cos(turn)), float(np.sin(turn))
        squash = np.array([[scale, shear * scale, 0], [0, scale * stretch, 0], [0, 0, 1]])
        spin = squash @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        back = np.array([[1, 0, 50 + dx], [0, 1, 50 + dy], [0, 0, 1]])
        there = np.array([[1, 0, -50], [0, 1, -50], [0, 0, 1]])
        self._matrix = before @ back @ spin @ there
        try:
            yield
        finally:
            self._matrix = before

    def coords(self) -> tuple[Array, Array]:
        """Drawing-unit x and y of every working pixel."""
        inverse = np.linalg.inv(self._matrix)
        y, x = np.mgrid[0 : self.height, 0 : self.width].astype(np.float32)
        units = [inverse[row, 0] * x + inverse[row, 1] * y + inverse[row, 2] for row in (0, 1)]
        return units[0].astype(np.float32), units[1].astype(np.float32)

    def _pixels(self, outline: Outline, scale: float) -> list[tuple[float, float]]:
        points = outline @ self._matrix[:2, :2].T + self._matrix[:2, 2]
        return [(float(x), float(y)) for x, y in points * scale]

    def mask(self, *outlines: Outline) -> Array:
        """Coverage of filled outlines, 0 to 1."""
        sheet = Image.new("L", (self.width * FINE, self.height * FINE))
        pen = ImageDraw.Draw(sheet)
        for outline in outlines:
            pen.polygon(self._pixels(outline, FINE), fill=255)
        return _coverage(sheet.reduce(FINE))

    def line(self, *lines: Outline, width: float = 0.6, dash: float = 0.0) -> Array:
        """Coverage of strokes of a width in units; ``dash`` > 0 gives stitches of that length."""
        sheet = Image.new("L", (self.width * FINE, self.height * FINE))
        pen = ImageDraw.Draw(sheet)
        zoom = float(np.sqrt(abs(np.linalg.det(self._matrix[:2, :2]))))
        thick = max(1, round(width * zoom * FINE))
        for stroke in lines:
            points = self._pixels(stroke, FINE)
            if dash <= 0:
                pen.line(points, fill=255, width=thick, joint="curve")
                continue
            steps = np.linalg.norm(np.diff(np.asarray(points), axis=0), axis=1)
            gone = np.concatenate([[0.0], np.cumsum(steps)])
            for start in np.arange(0.0, gone[-1], 2 * dash * zoom * FINE):
                ends = np.array([start, start + dash * zoom * FINE])
                xs, ys = (np.interp(ends, gone, np.asarray(points)[:, k]) for k in (0, 1))
                pen.line([(xs[0], ys[0]), (xs[1], ys[1])], fill=255, width=thick)
        return _coverage(sheet.reduce(FINE))

    def noise(self, cell: float, rng: np.random.Generator | None = None) -> Array:
        """Smooth noise around 0 with bumps of about ``cell`` units."""
        rows = max(2, round(self.height / (cell * self.unit)) + 2)
        cols = max(2, round(self.width / (cell * self.unit)) + 2)
        coarse = (rng or self.rng).normal(0.0, 1.0, (rows, cols)).astype(np.float32)
        sheet = Image.fromarray(coarse).resize((self.width, self.height), Image.Resampling.BICUBIC)
        return np.asarray(sheet, dtype=np.float32)

    def creases(self, creases: Sequence[Crease], width: float = 1.8) -> Array:
        """A fold map, -1 to 1: each crease a dark line with a lit ridge beside it."""
        sheet = Image.new("L", (self.width // 2, self.height // 2), 128)
        pen = ImageDraw.Draw(sheet)
        thick = max(2, round(width * self.unit / 2))
        for stroke, depth in creases:
            lit = self._pixels(stroke - np.array([width * 0.9, width * 0.5]), 0.5)
            pen.line(lit, fill=int(128 + 110 * depth), width=thick, joint="curve")
            pen.line(self._pixels(stroke, 0.5), fill=int(128 - 127 * depth), width=thick)
        soft = sheet.filter(ImageFilter.GaussianBlur(thick * 0.55))
        full = soft.resize((self.width, self.height), Image.Resampling.BILINEAR)
        heights: Array = _coverage(full) * np.float32(2) - np.float32(256 / 255)
        return heights

    def _box(self, mask: Array, pad: int = 0) -> tuple[slice, slice] | None:
        rows = np.flatnonzero(mask.max(axis=1) > 0)
        cols = np.flatnonzero(mask.max(axis=0) > 0)
        if not len(rows):
            return None
        return (
            slice(max(0, int(rows[0]) - pad), int(rows[-1]) + 1 + pad),
            slice(max(0, int(cols[0]) - pad), int(cols[-1]) + 1 + pad),
        )

    def paint(
        self, mask: Array, colour: Rgb, material: Material = COTTON, *,
        overlays: Iterable[Overlay] = (), folds: Array | None = None,
    ) -> None:  # fmt: skip
        """Lay a shaded surface of one colour, with overlays of other colours, over the scene."""
        radius = material.radius * self.unit
        box = self._box(mask, int(radius * 2))
        if box is None:
            return
        cover = mask[box]
        albedo = np.empty((*cover.shape, 3), dtype=np.float32)
        albedo[:] = colour
        for alpha, tint in overlays:
            albedo += alpha[box][..., None] * (np.asarray(tint, dtype=np.float32) - albedo)
        soft = blur(cover, radius)
        slope = soft - _shifted(soft, max(1, int(radius * 0.8)))
        light = 1 + material.relief * slope + material.edge * np.minimum(soft - 0.92, 0)
        if folds is not None:
            light += material.folds * folds[box]
        if material.grain:
            light += self.rng.normal(0.0, material.grain, cover.shape).astype(np.float32)
        shaded = albedo * light[..., None] + 0.10 * (light - 1)[..., None]
        if material.gloss:
            shine = np.clip(slope * 2.2 + (folds[box] * 0.4 if folds is not None else 0), 0, 1)
            shaded += (material.gloss * shine**2)[..., None]
        self.rgb[box] += cover[..., None] * (np.clip(shaded, 0, 1) - self.rgb[box])

    def flat(self, mask: Array, colour: Rgb, opacity: float = 1.0) -> None:
        """Lay an unshaded colour over the scene."""
        box = self._box(mask)
        if box is not None:
            tint = np.asarray(colour, dtype=np.float32)
            self.rgb[box] += (mask[box] * np.float32(opacity))[..., None] * (tint - self.rgb[box])

    def shadow(
        self, mask: Array, strength: float = 0.2, radius: float = 1.6, drop: float = 1.2
    ) -> None:
        """The soft shadow a shape throws on what is already drawn."""
        soft = blur(_shifted(mask, max(1, int(drop * self.unit))), radius * self.unit)
        self.rgb *= 1 - np.float32(strength) * soft[..., None]

    def floor(self, outline: Outline, strength: float = 0.35, radius: float = 2.0) -> None:
        """A contact shadow on the ground, given by its outline."""
        self.rgb *= (
            1 - np.float32(strength) * blur(self.mask(outline), radius * self.unit)[..., None]
        )

    def picture(self) -> Image.Image:
        """The finished photo."""
        pixels = (np.clip(self.rgb, 0, 1) * 255 + 0.5).astype(np.uint8)
        image = Image.fromarray(pixels).resize(self.size, Image.Resampling.LANCZOS)
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.view.flip else image
