"""The photos of a folder by the product that they show. Knows names of files; not what is in them."""

from __future__ import annotations

import os
from pathlib import Path

_SUFFIXES = {"jpg": 0, "jpeg": 1, "png": 2, "webp": 3}  # in order of preference


def photo_names(folder: Path) -> dict[str, str]:
    """Stem -> file name of the images in a folder."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name in sorted(os.listdir(folder)):
        stem, dot, suffix = name.rpartition(".")
        preference = _SUFFIXES.get(suffix.lower())
        if dot and preference is not None:
            found.setdefault(stem, []).append((preference, name))
    return {stem: min(files)[1] for stem, files in found.items()}
