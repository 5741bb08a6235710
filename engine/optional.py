"""Which optional package comes with which extra. Knows names; imports nothing until asked."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from engine.errors import MissingExtra

EXTRA_OF = {
    "torch": "clip",
    "open_clip": "clip",
    "huggingface_hub": "clip",
    "pandas": "pandas",
    "deltalake": "delta",
    "databricks.sdk": "sdk",
}


def is_installed(package: str) -> bool:
    """Whether `package` can be imported, found out without importing more than its parents."""
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:  # a parent of a dotted name
        return False


def check(package: str, purpose: str) -> None:
    """Make sure that an optional package is there, without importing it.

    Raises:
        MissingExtra: names the purpose, the package and the install command.
    """
    if not is_installed(package):
        raise MissingExtra(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'vitrine-search[{EXTRA_OF[package]}]'"
        )


def require(package: str, purpose: str) -> ModuleType:
    """Import an optional package. Raises MissingExtra where it is not there; see `check`."""
    check(package, purpose)
    return importlib.import_module(package)
