"""Reads the photos of products ahead of the model, in bounded memory. Knows files; not vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from engine.encode.cache.embeddings import digest
from engine.encode.photos.fitting import conversion
from engine.errors import BadImage
from engine.store.volumes import VolumeStore

_READERS = 4  # threads that read image files
_BATCH_BYTES = 64 * 1024 * 1024  # of image files in one batch; Arrow takes 2 GB


@dataclass
class Held:
    """Photos in memory, by digest. A batch is so many of them, or fewer that are large."""

    images: dict[bytes, bytes] = field(default_factory=dict)
    size: int = 0  # bytes

    def add(self, name: bytes, data: bytes) -> None:
        self.images[name] = data
        self.size += len(data)

    def is_full(self, count: int) -> bool:
        return len(self.images) >= count or self.size >= _BATCH_BYTES

    def take(self, count: int | None = None) -> list[tuple[bytes, bytes]]:
        """The first ones, which are held no longer: all, or those that make a batch."""
        taken: list[tuple[bytes, bytes]] = []
        size = 0
        for name in list(self.images):
            if count is not None and (len(taken) == count or size >= _BATCH_BYTES):
                break
            data = self.images.pop(name)
            size += len(data)
            taken.append((name, data))
        self.size -= size
        return taken


def photos_of(
    volumes: VolumeStore, paths: Sequence[str | None], rows: Iterable[int]
) -> Iterator[tuple[int, tuple[bytes, bytes] | str]]:
    """Rows in order, each with digest and bytes of the photo at its path, or why there are none."""

    def read(row: int) -> tuple[bytes, bytes] | str:
        try:
            data = volumes.read(paths[row] or "")
        except BadImage as error:
            return error.message
        return digest(data, conversion(data)), data

    todo = [int(row) for row in rows]
    with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
        for start in range(0, len(todo), _READERS):  # no more at a time: files may be large
            some = todo[start : start + _READERS]
            yield from zip(some, pool.map(read, some))
