"""Pictures that are copied into the workspace: they came as bytes, or from where no volume leads.

They lie in volumes of the workspace, by what they are made of, so that the same picture is kept once and
a second run finds what the first one wrote.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

from engine.photo_files import read_photo
from engine.photo_texts import ending_of
from engine.shop.names import KEPT_VOLUME
from engine.store.layout import TEMPORARY_PREFIX, storage_failed
from engine.store.volumes import VolumeStore


class KeptPictures:
    """The pictures of one workspace that it keeps itself."""

    def __init__(self, volumes: VolumeStore) -> None:
        self._volumes = volumes

    def keep(self, data: bytes) -> str:
        """Write a picture, unless it lies there already; its path in the volume.

        Raises:
            StorageFailed: a full disk.
        """
        name = hashlib.sha256(data).hexdigest()[:40]
        return self.write(f"{KEPT_VOLUME}/{name[:2]}/{name}.{ending_of(data)}", data)

    def write(self, path: str, data: bytes) -> str:
        """The same, under a path of the caller's in a volume of the workspace."""
        file = self._volumes.resolve(path)
        try:
            if not (file.is_file() and file.stat().st_size == len(data)):
                file.parent.mkdir(parents=True, exist_ok=True)
                # Not forced to the disk one by one: a cut one has another size, and is written again.
                part = file.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{threading.get_ident()}")
                part.write_bytes(data)
                part.replace(file)
        except OSError as error:
            raise storage_failed(f"{file} was not written", error) from error
        return path

    def copy(self, file: Path) -> str:
        """Keep a copy of a file. Raises BadImage: it can't be read."""
        return self.keep(read_photo(file))
