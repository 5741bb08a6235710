"""Arrays in files that training works on. Knows files; not what the numbers are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import StorageFailed


def stored_array(
    file: Path, shape: tuple[int, ...], dtype: Any, *, is_new: bool
) -> np.memmap[Any, Any]:
    """An array in a `.npy` file, mapped to memory; a new one has all its room before it is used.

    Without the room, writing to a map of a full disk would end the process, and say nothing.

    Raises:
        StorageFailed: the disk has no room for it, or the file can't be made.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    try:
        mode = "w+" if is_new else "r+"
        found = np.lib.format.open_memmap(file, mode=mode, dtype=dtype, shape=shape)
        if is_new and size and hasattr(os, "posix_fallocate"):
            with file.open("r+b") as opened:
                os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)
    except OSError as error:
        file.unlink(missing_ok=True)
        raise StorageFailed(
            f"{file} needs {size / 1e6:,.0f} MB and can't be made ({error.strerror}): make room on the "
            "disk, or choose another folder."
        ) from error
    return found
