"""The packages that training needs beside the light install. Imports none of them until asked."""

from __future__ import annotations

from engine.optional import check, require

_NEEDED = ("torch", "timm", "onnx", "safetensors")
_PURPOSE = "training a model"


def load_packages() -> None:
    """Import them, with the environment left as it was.

    Raises:
        MissingExtra: names the one that is missing, and the extra that brings it.
    """
    for package in _NEEDED:
        check(package, _PURPOSE, "clip")
    for package in _NEEDED:
        require(package, _PURPOSE)
