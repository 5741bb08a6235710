"""Photos that users gave to search with, kept by their content within a bound. Knows files; not pages.

What is kept is a JPEG that the engine itself made: upright, of a size that models see all of. Its name
is the digest of its bytes, so that an address that names it always means the same photo.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from engine.errors import BadImage, NotFound, StorageFailed
from engine.shop.photos.thumbnail_cache import ThumbnailCache

MOST_BYTES = 60_000_000  # of a photo's file
EDGE = 768  # pixels of the longer side; models look at 224 to 512
_DIGEST = re.compile(r"[0-9a-f]{32}")


class GivenPhotos:
    """Photos by their digests, those used last. Safe to use from many threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._cache = ThumbnailCache(folder)

    def keep(self, data: bytes) -> str:
        """Keep a photo; its digest, 32 hexadecimal digits.

        Args:
            data: a file of any format that is read.

        Raises:
            BadImage: no picture that can be used; says what it is. StorageFailed: it can't be kept.
        """
        if len(data) > MOST_BYTES:
            raise BadImage(
                f"The photo's file has {len(data):,} bytes; at most {MOST_BYTES:,} are taken. "
                "Save it smaller."
            )
        from engine.encode.photos.thumbnails import thumbnail  # Pillow

        small = thumbnail(data, EDGE)
        digest = hashlib.blake2b(small, digest_size=16).hexdigest()
        self._cache.get(digest, lambda: small)
        try:
            self.get(digest)  # a cache never fails; an address must lead somewhere
        except NotFound:
            raise StorageFailed(
                "The photo can't be kept in the workspace (cache/given_photos): the disk is full, or "
                "the folder can't be written. Make room, and give it again."
            ) from None
        return digest

    def get(self, digest: str) -> bytes:
        """The JPEG of a digest. Raises NotFound: none is kept (any more)."""

        def missing() -> bytes:
            raise NotFound(
                f"Photo {digest!r:.40} is not kept here: photos that nobody searched with for long make "
                "room for others. Give it again."
            )

        return self._cache.get(digest, missing) if _DIGEST.fullmatch(digest) else missing()
