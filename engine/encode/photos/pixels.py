"""A picture's own memory, without a copy, by way of Arrow. Knows Pillow's layout; not models.

Arrow's interface for C is read here, and not by pyarrow, whose every call gives the interpreter's lock
away: with many decoding threads each such hand-over costs more than the call.
"""

from __future__ import annotations

import ctypes

import numpy as np
import numpy.typing as npt
from PIL import Image


class _Array(ctypes.Structure):
    """The start of `ArrowArray`: arrow.apache.org/docs/format/CDataInterface.html."""


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


def pixels_in_place(picture: Image.Image) -> npt.NDArray[np.uint8] | None:
    """(height, width, 4) bytes of an RGB picture, which the array keeps alive; the last is unused.

    None from a Pillow that is too old, and of a picture whose rows lie apart.
    """
    try:
        _, capsule = picture.__arrow_c_array__()
    except (AttributeError, ValueError):
        return None
    whole = _Array.from_address(_pointer_of(capsule, b"arrow_array"))
    size = 4 * picture.height * picture.width
    if whole.n_children != 1:
        return None
    child = whole.children[0].contents
    if child.n_buffers != 2 or child.offset or whole.offset or child.length != size:
        return None
    held = (ctypes.c_uint8 * size).from_address(child.buffers[1])
    held.owner = capsule  # type: ignore[attr-defined]
    pixels: npt.NDArray[np.uint8] = np.frombuffer(memoryview(held), np.uint8)
    pixels.flags.writeable = False
    return pixels.reshape(picture.height, picture.width, 4)
