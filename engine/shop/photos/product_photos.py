"""The photo of a product as pages show it: as it is, or small. Knows places of photos; not transport."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.core.values import shown
from engine.errors import BadImage, InvalidParameterValue, NotFound
from engine.photo_files import read_photo
from engine.photo_texts import is_written
from engine.shop.browsing.products import Products
from engine.shop.names import IMAGE_PATH
from engine.shop.photos.thumbnail_cache import ThumbnailCache
from engine.store.volumes import VolumeStore

MIN_SIZE, MAX_SIZE = 16, 2048
_VERSION = b"2"  # changes when the same photo gives another thumbnail


@dataclass(frozen=True)
class ProductPhoto:
    """A product's photo.

    Attributes:
        tag: equal for equal bytes; known without reading them.
    """

    tag: str
    _make: Callable[[], tuple[bytes, str]]

    @cached_property
    def _made(self) -> tuple[bytes, str]:
        return self._make()

    @property
    def data(self) -> bytes:
        """Its bytes. Raises NotFound: no picture that can be shown; says why."""
        return self._made[0]

    @property
    def media_type(self) -> str:
        """Such as "image/jpeg"; see `data`."""
        return self._made[1]


class ProductPhotos:
    """The photos of a workspace's products. Safe to use from many threads."""

    def __init__(self, products: Products, volumes: VolumeStore, folder: Path) -> None:
        """
        Args:
            folder: where thumbnails are kept.
        """
        self._products, self._volumes = products, volumes
        self._cache = ThumbnailCache(folder)

    def of(self, key: object, size: int | None = None) -> ProductPhoto:
        """The photo of a product, as its file is, or as a JPEG whose longer side is at most `size`.

        Raises:
            NotFound: no such product, it has no photo, or its file is gone.
            InvalidParameterValue: a size that isn't from 16 to 2048.
        """
        if size is not None and (
            isinstance(size, bool) or not isinstance(size, int) or not MIN_SIZE <= size <= MAX_SIZE
        ):
            raise InvalidParameterValue(
                f"size is {shown(size)}; expected the longer side in pixels, {MIN_SIZE} to {MAX_SIZE}."
            )
        product = self._products.now().product(key)
        path = self._products.table.photo_path(product.get(IMAGE_PATH))
        if not path:
            raise NotFound(f"Product {key!r:.80} has no photo.")
        if not isinstance(path, str) or is_written(path):
            return self._of_value(key, path, size)
        try:
            file = self._volumes.photo(path)
            status = file.stat()
        except (BadImage, OSError, ValueError) as error:
            raise _gone(key, getattr(error, "message", f"no file at {path:.300}")) from None
        facts = f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0{size}"
        tag = hashlib.blake2b(facts.encode(errors="replace"), digest_size=16, key=_VERSION)
        name = tag.hexdigest()
        return ProductPhoto(
            name, lambda: self._made(key, lambda: read_photo(file, path), size, name)
        )

    def _of_value(self, key: object, value: object, size: int | None) -> ProductPhoto:
        """Of a photo that the table itself holds."""
        try:
            data = self._volumes.read(value)
        except BadImage as error:
            raise _gone(key, error.message) from None
        tag = hashlib.blake2b(data, digest_size=16, key=_VERSION, salt=str(size or 0).encode())
        name = tag.hexdigest()
        return ProductPhoto(name, lambda: self._made(key, lambda: data, size, name))

    def _made(
        self, key: object, read: Callable[[], bytes], size: int | None, name: str
    ) -> tuple[bytes, str]:
        # Pillow, which browsing alone does not need.
        from engine.encode.photos.thumbnails import MEDIA_TYPES, format_of, thumbnail

        try:
            if size is not None:
                small = self._cache.get(name, lambda: thumbnail(read(), size))
                return small, "image/jpeg"
            data = read()
            media_type = MEDIA_TYPES.get(format_of(data))
            if media_type is None:  # what browsers don't show
                return self._cache.get(name, lambda: thumbnail(data, MAX_SIZE)), "image/jpeg"
            return data, media_type
        except BadImage as error:
            raise _gone(key, error.message) from None


def _gone(key: object, why: str) -> NotFound:
    return NotFound(f"The photo of product {key!r:.80} can't be shown: {why}.")
