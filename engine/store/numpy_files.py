"""NumPy's files, which one thread reads at a time. Knows numpy; not what arrays mean.

numpy has Python parse the head of each array. In CPython 3.11 two threads that parse share a counter,
and one of them gets a SystemError ("AST constructor recursion depth mismatch").
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from engine.threads import ThreadLock

_parsing = ThreadLock()


def read_array(file: Path, mapped: bool = False) -> np.ndarray[Any, Any]:
    """The array of an .npy file, in memory or mapped read-only.

    Raises:
        OSError, ValueError, EOFError: it can't be read.
    """
    with _parsing:
        loaded: np.ndarray[Any, Any] = np.load(file, mmap_mode="r" if mapped else None)
    return loaded


def read_arrays(file: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of an .npz file by their names.

    Raises:
        OSError, ValueError, EOFError: it can't be read.
    """
    try:
        with _parsing, file.open("rb") as opened, np.load(opened) as held:
            return dict(held)
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(error) from None
