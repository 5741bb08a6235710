"""A picture's own memory, without a copy, by way of Arrow. Knows Pillow's layout; not models."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image


def pixels_in_place(picture: Image.Image) -> npt.NDArray[np.uint8] | None:
    """(height, width, 4) bytes of an RGB picture, which the array keeps alive; the last is unused.

    None from a Pillow that is too old, and of a picture whose rows lie apart.
    """
    try:
        given = pa.array(picture).flatten().to_numpy()
    except (AttributeError, TypeError, ValueError, pa.ArrowException):
        return None
    pixels: npt.NDArray[np.uint8] = given.reshape(picture.height, picture.width, 4)
    return pixels
