"""Photos of a search: the one to search with, and those of its results. Knows paths and volumes."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.core.names import is_volume_path, table_name
from engine.errors import BadImage, VitrineError
from engine.photo_files import path_forms
from engine.photo_texts import is_written
from engine.store.tables.table_store import TableStore
from engine.store.volumes import VolumeStore

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput


@dataclass(frozen=True)
class SearchPhotos:
    """The photos that searches read."""

    tables: TableStore
    volumes: VolumeStore

    def given(self, image: ImageInput | None) -> ImageInput | None:
        """A photo to search with; of a text, its file or bytes, as of one in a table.

        Raises:
            BadImage: there is none.
        """
        if not isinstance(image, (str, Path)):
            return image
        text = str(image)
        try:
            file = self.volumes.photo(text)
            is_named_so = not is_written(text) and not any(map(is_volume_path, path_forms(text)))
            return file if is_named_so and os.path.lexists(file) else self.volumes.read(text)
        except BadImage:
            if (
                is_volume_path(text) and Path(text).is_file()
            ):  # some systems mount disks at that path
                return image
            raise

    def found(self, source_table: str | None, path: str) -> bytes:
        """The bytes of a result's photo; a relative path starts in the folder of the index's table.

        Raises:
            BadImage: it can't be read.
        """
        return self.volumes.read(self._whole(source_table, path))

    def file(self, source_table: str | None, path: str) -> Path:
        """The file of a result's photo, which need not be there; see `found`.

        Raises:
            BadImage: a path that names none.
        """
        return self.volumes.photo(self._whole(source_table, path))

    def _whole(self, source_table: str | None, path: str) -> str:
        if source_table is not None:
            with contextlib.suppress(VitrineError):  # the table may be gone; the photo need not be
                return self.tables.get(table_name(source_table)).photo_path(path) or path
        return path
