"""Tiles of vectors in a device's memory, within one budget that all indexes share. Knows no device."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tile:
    """Some consecutive rows of a file of vectors, as a device holds them.

    Attributes:
        start: the first one's row. rows: how many.
        vectors: (rows, dimension) scaled, in the device's precision. lengths: (rows,) of -|x|²/2 scaled
            as the rows are, where the file has them.
        residual: the most that rounding moved a scaled row by (L2).
    """

    start: int
    rows: int
    vectors: Any
    lengths: Any
    residual: float
    nbytes: int


class TileMemory:
    """Tiles that were used last, as many as a budget of bytes holds. Its user holds a lock."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.used = 0
        self._tiles: OrderedDict[tuple[int, int], Tile] = OrderedDict()

    def get(self, file: int, start: int, nbytes: int, make: Callable[[], Tile]) -> Tile:
        """A tile of a file; made where it is not held, after those used longest ago have made room.

        Args:
            file: number of the file. nbytes: what the tile will take.
        """
        tile = self._tiles.get((file, start))
        if tile is not None:
            self._tiles.move_to_end((file, start))
            return tile
        while self._tiles and self.used + nbytes > self.budget:
            self._remove(next(iter(self._tiles)))
        tile = make()
        self._tiles[file, start] = tile
        self.used += tile.nbytes
        return tile

    def forget(self, file: int) -> None:
        """Drop the tiles of a file that is used no more."""
        for key in [key for key in self._tiles if key[0] == file]:
            self._remove(key)

    def clear(self) -> None:
        """Drop all tiles."""
        for key in list(self._tiles):
            self._remove(key)

    def __len__(self) -> int:
        return len(self._tiles)

    def _remove(self, key: tuple[int, int]) -> None:
        self.used -= self._tiles.pop(key).nbytes
