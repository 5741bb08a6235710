"""A map as bytes, for whoever draws it: the safetensors format, which many languages read.

Eight bytes with the length of a JSON header, the header (name -> dtype, shape, offsets), then the
numbers: `x`, `y` (int16), `key` (int64, where keys are integers; else they are in the metadata) and
`attribute:COLUMN` (uint8). Under `__metadata__` the word `map` has the facts and legends as JSON.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.projection.product_map import ProductMap

_ATTRIBUTE = "attribute:"
_KINDS = {"int16": "I16", "uint8": "U8", "int64": "I64"}


def tensor_names(of: ProductMap) -> list[str]:
    """What a map's bytes can hold."""
    return ["x", "y", "key", *(f"{_ATTRIBUTE}{column}" for column in of.attributes)]


def packed(of: ProductMap, names: Sequence[str] | None = None) -> bytes:
    """A map as bytes.

    Args:
        names: of the tensors; None for all, in the order of `tensor_names`.

    Raises:
        InvalidParameterValue: one that there isn't.
    """
    known = tensor_names(of)
    strange = next((name for name in names or () if name not in known), None)
    if strange is not None:
        raise InvalidParameterValue(
            f"tensors names {shown(strange)}; expected some of {', '.join(known)}."
        )
    chosen = known if names is None else list(dict.fromkeys(names))
    metadata = {"map": json.dumps(of.to_dict(), ensure_ascii=False)}
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name in chosen:
        found = _tensor(of, name)
        if isinstance(found, list):
            metadata["keys"] = json.dumps(found, ensure_ascii=False)
        else:
            arrays[name] = found
    return _written(arrays, metadata)


def _tensor(of: ProductMap, name: str) -> Any:
    if name in ("x", "y"):
        return of.places[:, "xy".index(name)]
    if name != "key":
        return of.attributes[name.removeprefix(_ATTRIBUTE)].codes
    keys = of.keys(np.arange(len(of)))
    whole = all(type(key) is int and -(2**63) <= key < 2**63 for key in keys)
    return np.array(keys, dtype=np.int64) if whole else keys


def _written(arrays: dict[str, np.ndarray[Any, Any]], metadata: dict[str, str]) -> bytes:
    # Widest numbers first: each tensor then begins where its numbers may.
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)
    header: dict[str, Any] = {"__metadata__": metadata}
    offset = 0
    for name in order:
        array = arrays[name]
        end = offset + array.nbytes
        kind = _KINDS[array.dtype.name]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    bodies = [_little_endian(arrays[name]).tobytes() for name in order]
    return b"".join([struct.pack("<Q", len(text)), text, *bodies])


def _little_endian(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(array.dtype.newbyteorder("<"))
