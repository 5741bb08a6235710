"""A file that is read in place, watched for being cut short. Knows files; not what is in them."""

from __future__ import annotations

import os
import weakref
from pathlib import Path

from engine.errors import CorruptFile


class MappedFile:
    """Held open beside its mapping, so that its size can be asked for also where it was removed."""

    def __init__(self, file: Path, size: int | None = None) -> None:
        """
        Args:
            size: bytes that it must have; None for those that it has now.

        Raises:
            CorruptFile: it has another size.
        """
        self.file = file
        self._handle = os.open(file, os.O_RDONLY)
        weakref.finalize(self, os.close, self._handle)
        self._size = os.fstat(self._handle).st_size if size is None else size
        self.check_size()

    def check_size(self) -> None:
        """Make sure that the file is still whole: reading a mapping beyond its end ends the process.

        Raises:
            CorruptFile: it was cut short.
        """
        size = os.fstat(self._handle).st_size
        if size != self._size:
            raise CorruptFile(
                f"{self.file} has {size} bytes, expected {self._size}. Sync the index again."
            )
