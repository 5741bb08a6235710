"""Whether an array lies in a file."""

from __future__ import annotations

import numpy as np


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array's numbers are those of a file, not a copy in memory."""
    base: object = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False
