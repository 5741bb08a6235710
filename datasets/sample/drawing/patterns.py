"""Fabric patterns: each gives overlays, a coverage map and a colour, to lay on a garment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .colours import Look
from .paint import Array, Canvas, Overlay, Rgb, contrast, darker, lighter, mix
from .shapes import Outline, ellipse, part, path, rounded, tube


def _band(phase: Array, share: float) -> Array:
    """Bands covering a share of each period of ``phase``, with soft edges."""
    wave = np.cos(2 * np.pi * phase) - np.cos(np.pi * share)
    bands: Array = np.clip(0.5 + wave * 4 / np.sin(np.pi * share), 0, 1).astype(np.float32)
    return bands


def _cloth(canvas: Canvas) -> tuple[Array, Array]:
    """Pixel coordinates bent a little, as cloth is."""
    x, y = canvas.coords()
    return x + 0.5 * canvas.noise(18), y + 0.5 * canvas.noise(18)


def stripes(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Bands across the body."""
    _, y = _cloth(canvas)
    period = float(rng.uniform(5.0, 12.0))
    bands = _band(y / period + float(rng.random()), float(rng.uniform(0.3, 0.45)))
    if rng.random() < 0.35:
        thin = _band(y / period + 0.5, 0.08)
        return [(bands, look.accent), (thin, look.second)]
    return [(bands, look.accent)]


def pinstripes(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Fine lines down the body."""
    x, _ = _cloth(canvas)
    period = float(rng.uniform(2.6, 5.0))
    return [(_band(x / period, 0.24) * 0.75, contrast(look.accent, 0.05))]


def checks(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Crossing bands, with a thin line of a third colour."""
    x, y = _cloth(canvas)
    period = float(rng.uniform(6.0, 12.0))
    across, down = _band(y / period, 0.42), _band(x / period, 0.42)
    tone = mix(look.tint, look.accent, 0.85)
    fine = np.maximum(_band(x / period + 0.5, 0.08), _band(y / period + 0.5, 0.08))
    return [(across * 0.5, tone), (down * 0.5, tone), (fine * 0.8, look.second)]


def dots(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Dots on a staggered grid."""
    x, y = _cloth(canvas)
    step = float(rng.uniform(4.5, 8.0))
    size = step * float(rng.uniform(0.2, 0.3))
    row = np.floor(y / step)
    gap_x = (x / step + 0.5 * (row % 2)) % 1 - 0.5
    gap_y = (y / step) % 1 - 0.5
    reach = np.hypot(gap_x, gap_y) * step
    return [(np.clip((size - reach) * 3 + 0.5, 0, 1).astype(np.float32), look.accent)]


def _flower(cx: float, cy: float, r: float, turn: float, petals: int) -> list[Outline]:
    shapes = []
    for k in range(petals):
        angle = turn + 2 * np.pi * k / petals
        shapes.append(
            ellipse(cx + r * 0.62 * np.cos(angle), cy + r * 0.62 * np.sin(angle), r * 0.5, r * 0.5)
        )
    return shapes


def floral(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Scattered flowers with leaves."""
    step = float(rng.uniform(8.0, 14.0))
    petals: list[Outline] = []
    hearts: list[Outline] = []
    leaves: list[Outline] = []
    count = int(rng.integers(4, 7))
    for row in range(int(110 / step)):
        for col in range(int(110 / step)):
            cx = (col + 0.5 * (row % 2)) * step + float(rng.uniform(-0.25, 0.25)) * step
            cy = row * step + float(rng.uniform(-0.25, 0.25)) * step
            size = step * float(rng.uniform(0.22, 0.34))
            turn = float(rng.uniform(0, 6.28))
            petals += _flower(cx, cy, size, turn, count)
            hearts.append(ellipse(cx, cy, size * 0.34, size * 0.34))
            tip = (cx + 2.1 * size * np.cos(turn), cy + 2.1 * size * np.sin(turn))
            leaves.append(tube(part(path((cx, cy), tip), 0, 1), 0.1, 0.1, 0.45 * size, 0.05))
    leaf: Rgb = (0.24, 0.45, 0.24) if look.colour not in ("Green", "Olive") else look.second
    return [
        (canvas.mask(*leaves) * 0.8, leaf),
        (canvas.mask(*petals), lighter(look.accent, 0.1)),
        (canvas.mask(*hearts), (0.93, 0.72, 0.2)),
    ]


def blocks(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Large panels of a second colour."""
    x, y = canvas.coords()
    kind = int(rng.integers(3))
    edge = float(rng.uniform(30, 36))
    if kind == 0:
        return [(np.clip(edge - y + 0.5, 0, 1), look.accent)]
    if kind == 1:
        band = np.clip(6 - np.abs(y - edge - 10) + 0.5, 0, 1)
        line = np.clip(1 - np.abs(y - edge - 18) + 0.5, 0, 1)
        return [(band, look.accent), (line, look.second)]
    return [(np.clip(np.abs(x - 50) - 13.5, 0, 1), look.accent)]


def camouflage(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Blotches in tones of the base colour."""
    tones = (darker(look.tint, 0.35), lighter(look.tint, 0.25), darker(look.tint, 0.6))
    cuts = (0.45, 0.6, 0.95)
    return [
        (np.clip((canvas.noise(5.5, rng) - cut) * 7, 0, 1).astype(np.float32), tone)
        for cut, tone in zip(cuts, tones, strict=True)
    ]


def melange(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """Flecked yarn."""
    _, y = canvas.coords()
    flecks = np.clip(canvas.noise(0.9, rng) * 0.3 + 0.12 * np.sin(y * 5), 0, 0.5)
    return [(flecks.astype(np.float32), contrast(look.tint, 0.35))]


def _sun(canvas: Canvas, look: Look) -> list[Overlay]:
    bars = [rounded(36, 44 + 3.2 * k, 64, 45.2 + 0.3 * k + 3.2 * k, 0.2) for k in range(4)]
    disc = canvas.mask(ellipse(50, 43, 11.5, 11.5)) * (1 - canvas.mask(*bars))
    return [(disc, look.accent)]


def _peaks(canvas: Canvas, look: Look) -> list[Overlay]:
    hill = canvas.mask(path((34, 54), (44, 36), (50, 46), (55, 39), (66, 54)))
    snow = canvas.mask(path((41, 41.5), (44, 36), (47, 41), (44.5, 43)))
    return [(hill, look.accent), (snow, look.second), (canvas.mask(ellipse(60, 34, 3, 3)),
            look.second)]  # fmt: skip


def _rings(canvas: Canvas, look: Look) -> list[Overlay]:
    rings = [ellipse(cx, cy, 7, 7) for cx, cy in ((44, 40), (56, 40), (50, 49))]
    return [(canvas.line(*rings, width=1.8), look.accent),
            (canvas.mask(ellipse(50, 43, 2.4, 2.4)), look.second)]  # fmt: skip


def _star(canvas: Canvas, look: Look) -> list[Overlay]:
    angles = np.radians(np.arange(10) * 36 - 90)
    reach = np.where(np.arange(10) % 2 == 0, 12.0, 5.0)
    star = np.stack([50 + reach * np.cos(angles), 44 + reach * np.sin(angles)], axis=1)
    return [(canvas.mask(star), look.accent), (canvas.mask(star * 0.5 + [25, 22]), look.second)]


def _heart(canvas: Canvas, look: Look) -> list[Overlay]:
    heart = path((50, 55), (36, 45, 35, 32, 46, 33), (49, 34, 50, 38), (51, 34, 54, 33),
                 (65, 32, 64, 45, 50, 55))  # fmt: skip
    return [(canvas.mask(heart), look.accent)]


def _waves(canvas: Canvas, look: Look) -> list[Overlay]:
    x = np.linspace(33, 67, 60)
    lines = [np.stack([x, 36 + 4.2 * k + 1.7 * np.sin(x * 0.55 + k)], axis=1) for k in range(5)]
    return [(canvas.line(*lines[::2], width=2.0), look.accent),
            (canvas.line(*lines[1::2], width=1.4), look.second)]  # fmt: skip


GRAPHICS: dict[str, Callable[[Canvas, Look], list[Overlay]]] = {
    "sun": _sun, "peaks": _peaks, "rings": _rings, "star": _star, "heart": _heart, "waves": _waves,
}  # fmt: skip


def graphic(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """One large print on the chest."""
    choice = sorted(GRAPHICS)[int(rng.integers(len(GRAPHICS)))]
    with canvas.moved(dy=float(rng.uniform(-2, 4)), scale=float(rng.uniform(0.85, 1.15))):
        return GRAPHICS[choice](canvas, look)


PATTERNS: dict[str, Callable[[Canvas, Look, np.random.Generator], list[Overlay]]] = {
    "stripes": stripes, "pinstripes": pinstripes, "checks": checks, "dots": dots,
    "floral": floral, "blocks": blocks, "camouflage": camouflage, "melange": melange,
    "graphic": graphic,
}  # fmt: skip


def overlays(canvas: Canvas, look: Look, rng: np.random.Generator) -> list[Overlay]:
    """The overlays of a product's pattern; none for a plain one."""
    draw = PATTERNS.get(look.pattern)
    return draw(canvas, look, rng) if draw else []
