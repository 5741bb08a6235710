"""Which optional package comes with which extra. Knows names; imports nothing until asked."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

from engine.errors import MissingExtra

EXTRA_OF = {
    "torch": "clip",
    "open_clip": "clip",
    "pandas": "pandas",
}


def is_installed(package: str) -> bool:
    """Whether `package` can be imported, found out without importing it."""
    return importlib.util.find_spec(package) is not None


def require(package: str, purpose: str) -> ModuleType:
    """Import an optional package, or say which command installs it.

    Raises:
        MissingExtra: names the purpose, the package and the install command.
    """
    if not is_installed(package):
        raise MissingExtra(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Install it with: pip install 'vitrine-search[{EXTRA_OF[package]}]'"
        )
    return importlib.import_module(package)
