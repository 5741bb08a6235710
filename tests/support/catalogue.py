"""Builders that several tests share."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

HEADER = [
    "id",
    "gender",
    "masterCategory",
    "subCategory",
    "articleType",
    "baseColour",
    "season",
    "year",
    "usage",
    "productDisplayName",
]


@dataclass(frozen=True)
class Catalogue:
    """A styles file and its images."""

    styles: Path
    images: Path


def write_catalogue(folder: Path, products: int, seed: int = 0) -> Catalogue:
    """Products 1..n with a random photo each, in the public fashion layout."""
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True)
    types, colors = ("Tshirts", "Jeans", "Dresses", "Watches"), ("Red", "Blue", "White", "Black")
    with (folder / "styles.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for key in range(1, products + 1):
            kind, color = types[key % 4], colors[key // 4 % 4]
            gender = ("Men", "Women")[key % 2]
            name = f"Brand {gender} {color} {kind} {'Long Name ' * (key % 5)}No {key}"
            writer.writerow(
                [key, gender, "Apparel", "Topwear", kind, color, "Summer", 2012, "Casual", name]
            )
            size = (int(rng.integers(24, 90)), int(rng.integers(24, 90)))
            pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            Image.fromarray(pixels).save(images / f"{key}.jpg", quality=90)
    return Catalogue(folder / "styles.csv", images)
