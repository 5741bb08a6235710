"""A limit of photos: whose photos are read and whose texts are encoded. Knows files; not vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.arrays import Mask
from engine.errors import BadImage
from engine.photo_texts import is_written
from engine.store.volumes import VolumeStore


class PhotoLimit:
    """The first so many products that have a photo, over all chunks of a run.

    Attributes:
        skipped: products with a photo that were left out so far.
    """

    def __init__(self, volumes: VolumeStore, limit: int | None) -> None:
        self._volumes, self._left = volumes, limit
        self.skipped = 0

    def choose(self, paths: Sequence[object]) -> tuple[Mask, Mask]:
        """Whose photos to read and whose texts to encode.

        Without a limit, everyone's. With one, those of the next products that have a photo; photos
        that are missing are still read, so that they are reported.
        """
        everyone = np.ones(len(paths), dtype=np.bool_)
        if self._left is None:
            return everyone, everyone
        has_photo = np.array([self._has_photo(path) for path in paths], dtype=np.bool_)
        chosen = has_photo & (np.cumsum(has_photo) <= self._left)
        self._left -= int(chosen.sum())
        self.skipped += int((has_photo & ~chosen).sum())
        return chosen | ~has_photo, chosen

    def _has_photo(self, path: object) -> bool:
        if not isinstance(path, str) or is_written(path):
            return bool(path)
        try:
            return self._volumes.photo(path).is_file()
        except (BadImage, OSError, ValueError):  # reading it will give the reason
            return False
