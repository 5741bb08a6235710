"""Products table, held-out split, label encoding and the memory-mapped photo cache."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

FIELDS = ("articleType", "baseColour", "gender", "usage", "season", "subCategory", "masterCategory")


@dataclass(frozen=True)
class Product:
    """One row of ``styles.csv``; a field that is empty or ``NA`` is ``None``."""

    id: str
    name: str | None
    articleType: str | None
    baseColour: str | None
    gender: str | None
    usage: str | None
    season: str | None
    subCategory: str | None
    masterCategory: str | None


def read_products(table: Path) -> list[Product]:
    """Read a products table; commas inside an unquoted last column are put back."""
    products = []
    with table.open(encoding="utf-8", errors="replace", newline="") as handle:
        for row in csv.DictReader(handle):
            name = ",".join([row["productDisplayName"] or "", *(row.get(None) or [])]).strip()
            values = {f: _clean(row.get(f)) for f in FIELDS}
            products.append(Product(id=row["id"], name=_clean(name), **values))
    return products


def _clean(value: str | None) -> str | None:
    value = (value or "").strip()
    return None if value in ("", "NA") else value


class Labels:
    """Class lists of every attribute field, and their codes (-1 where unknown)."""

    def __init__(self, classes: dict[str, list[str]]) -> None:
        self.classes = classes
        self.code = {f: {v: i for i, v in enumerate(vs)} for f, vs in classes.items()}

    @classmethod
    def fit(cls, products: Iterable[Product]) -> Labels:
        products = list(products)
        return cls({f: sorted({v for p in products if (v := getattr(p, f))}) for f in FIELDS})

    def encode(self, products: Sequence[Product]) -> dict[str, torch.Tensor]:
        return {
            f: torch.tensor([self.code[f].get(getattr(p, f), -1) for p in products]) for f in FIELDS
        }


def letterbox(photo: Image.Image, size: int, fill: int = 255) -> Image.Image:
    """The model's geometry: longest side to ``size`` (bicubic), centred on a ``fill`` square.

    The same as open_clip's ``resize_mode="longest"`` with ``fill_color=255``.
    """
    width, height = photo.size
    ratio = max(width / size, height / size)
    target = (max(1, round(width / ratio)), max(1, round(height / ratio)))
    photo = photo.resize(target, Image.Resampling.BICUBIC)
    if target == (size, size):
        return photo
    square = Image.new("RGB", (size, size), (fill, fill, fill))
    square.paste(photo, ((size - target[0]) // 2, (size - target[1]) // 2))
    return square


def open_photo(path: Path) -> Image.Image:
    """Open a photo as RGB; transparency is laid on white."""
    photo = Image.open(path)
    if photo.mode in ("RGBA", "LA", "PA") or "transparency" in photo.info:
        photo = photo.convert("RGBA")
        white = Image.new("RGBA", photo.size, (255, 255, 255, 255))
        photo = Image.alpha_composite(white, photo)
    return photo.convert("RGB")


def background_mask(photos: torch.Tensor, threshold: int = 236, rounds: int = 96) -> torch.Tensor:
    """Near-white pixels connected to the border of ``(n, s, s, 3)`` uint8 photos, as bool."""
    size = photos.shape[1]
    half = size // 2
    dark = F.max_pool2d(255.0 - photos.amin(-1)[:, None].float(), size // half)
    near_white = (dark <= 255 - threshold).float()
    reached = torch.zeros_like(near_white)
    for edge in (np.s_[..., 0, :], np.s_[..., -1, :], np.s_[..., :, 0], np.s_[..., :, -1]):
        reached[edge] = near_white[edge]
    for _ in range(rounds):
        grown = F.max_pool2d(reached, 3, 1, 1) * near_white
        if torch.equal(grown, reached):
            break
        reached = grown
    return F.interpolate(reached, size=(size, size), mode="nearest")[:, 0] > 0.5


def build_cache(photos: Sequence[Path], cache: Path, size: int) -> None:
    """Decode photos once into ``(n, size, size, 4)`` uint8: RGB, and 255 where not background."""
    cache.parent.mkdir(parents=True, exist_ok=True)
    shape = (len(photos), size, size, 4)
    out = np.lib.format.open_memmap(cache, mode="w+", dtype=np.uint8, shape=shape)
    for start in range(0, len(photos), 256):
        block = [np.asarray(letterbox(open_photo(p), size)) for p in photos[start : start + 256]]
        rgb = torch.from_numpy(np.stack(block))
        alpha = torch.where(background_mask(rgb), 0, 255).to(torch.uint8)
        out[start : start + len(block)] = torch.cat([rgb, alpha[..., None]], -1).numpy()
    out.flush()
    names = [p.stem for p in photos]
    cache.with_suffix(".json").write_text(json.dumps(names))


@dataclass
class PhotoSet:
    """Products that have a photo, with the cached pixels in the same order."""

    products: list[Product]
    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.products)


def load_photo_set(table: Path, images: Path, cache: Path, size: int) -> PhotoSet:
    """Photos of a products table; the cache file is made when it is missing."""
    by_id = {p.id: p for p in read_products(table)}
    if not cache.exists():
        build_cache(sorted(f for f in images.glob("*.jpg") if f.stem in by_id), cache, size)
    names = json.loads(cache.with_suffix(".json").read_text())
    return PhotoSet([by_id[n] for n in names], np.load(cache, mmap_mode="r"))
