"""Reads the photos of products ahead of the model, in bounded memory. Knows files; not vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from engine.encode.cache.embeddings import digest
from engine.encode.photos.preprocessing import conversion
from engine.errors import BadImage

_READERS = 4  # threads that read image files
_BATCH_BYTES = 64 * 1024 * 1024  # of image files in one batch; Arrow takes 2 GB


@dataclass
class PhotoBuffer:
    """Photos in memory, by digest. A batch is so many of them, or fewer that are large."""

    images: dict[bytes, bytes] = field(default_factory=dict)
    size: int = 0  # bytes

    def add(self, name: bytes, data: bytes) -> None:
        self.images[name] = data
        self.size += len(data)

    def is_full(self, count: int) -> bool:
        return len(self.images) >= count or self.size >= _BATCH_BYTES

    def take(self, count: int | None = None) -> list[tuple[bytes, bytes]]:
        """Remove and return the first ones: all, or those that make a batch."""
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


class ProductPhotos:
    """The photos of a chunk of products; read once, by `distinct`.

    Attributes:
        digests: of each row's photo, None where it has none or was not read.
        unread: why a row's photo can't be read.
    """

    def __init__(
        self, read: Callable[[Any], bytes], paths: Sequence[Any], rows: Iterable[int]
    ) -> None:
        """
        Args:
            read: the bytes of a photo by its path, or what else stands for it, or a BadImage; called
                from many threads.
            paths: of every row's photo. rows: whose photos are read.
        """
        self._read_bytes, self._paths = read, paths
        self._rows = [int(row) for row in rows]
        self.digests: list[bytes | None] = [None] * len(paths)
        self.unread: dict[int, str] = {}

    def distinct(self) -> Iterator[tuple[bytes, bytes]]:
        """Digest and bytes of each photo, equal ones once, in the order of the rows."""
        seen: set[bytes] = set()
        for row, outcome in self._read():
            if isinstance(outcome, str):
                self.unread[row] = outcome
                continue
            name, _ = outcome
            self.digests[row] = name
            if name not in seen:
                seen.add(name)
                yield outcome

    def _read(self) -> Iterator[tuple[int, tuple[bytes, bytes] | str]]:
        """Rows in order, each with digest and bytes of its photo, or why it can't be read."""
        with ThreadPoolExecutor(_READERS, thread_name_prefix="read") as pool:
            for start in range(
                0, len(self._rows), _READERS
            ):  # no more at a time: files may be large
                some = self._rows[start : start + _READERS]
                yield from zip(some, pool.map(self._read_one, some))

    def _read_one(self, row: int) -> tuple[bytes, bytes] | str:
        try:
            data = self._read_bytes(self._paths[row] or "")
        except BadImage as error:
            return error.message
        return digest(data, conversion(data)), data
