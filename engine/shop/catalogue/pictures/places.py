"""Where pictures lie, as paths in volumes: folders of the user are registered, not copied."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from engine.errors import BadImage
from engine.shop.catalogue.pictures.kept import KeptPictures
from engine.shop.names import IMAGE_VOLUME, TABLE_VOLUME, UNPACKED_VOLUME
from engine.store.volumes import VolumeStore, is_plain_name


class PicturePlaces:
    """Gives files their paths in volumes.

    Files in the folder of pictures are in its volume; others in another, which stands for the folder
    that they have in common. What no path of a volume can name is copied into the workspace, and so is
    everything where all that they have in common is the disk, or somebody's home folder.
    """

    def __init__(self, volumes: VolumeStore, images: Path | None, files: Sequence[Path]) -> None:
        """
        Args:
            images: the folder of pictures. files: all pictures that were found.
        """
        self._kept = KeptPictures(volumes)
        self._roots: list[tuple[Path, str]] = []
        unpacked = volumes.resolve(UNPACKED_VOLUME)
        self._roots.append((unpacked, UNPACKED_VOLUME))
        if images is not None and not images.is_relative_to(unpacked):
            volumes.register(IMAGE_VOLUME, images)
            self._roots.append((images, IMAGE_VOLUME))
        others = [file.parent for file in files if not self._is_inside(file)]
        common = Path(os.path.commonpath(others)) if others else Path("/")
        if len(common.parts) > 2 and not Path.home().is_relative_to(common):
            name = IMAGE_VOLUME if images is None else TABLE_VOLUME
            volumes.register(name, common)
            self._roots.append((common, name))

    def _is_inside(self, file: Path) -> bool:
        return any(file.is_relative_to(root) for root, _ in self._roots)

    def path_of(self, file: Path) -> tuple[str | None, str | None]:
        """The path of a file in a volume, or why it has none.

        Raises:
            StorageFailed: a copy could not be written.
        """
        for root, volume in self._roots:
            if file.is_relative_to(root):
                parts = file.relative_to(root).parts
                if all(map(is_plain_name, parts)) and not parts[-1].endswith("/"):
                    return "/".join((volume, *parts)), None
        try:
            return self._kept.copy(file), None
        except BadImage as error:
            return None, error.message
