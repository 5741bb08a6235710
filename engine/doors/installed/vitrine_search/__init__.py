"""Where an installed `engine` is found, whatever else has that name. Knows this installation.

A project may have a package of its own called `engine`. The command and pytest's plugin are therefore
looked up under the distribution's name, which nobody else has. In an editable install a `.pth` file
loads this module in every interpreter, so it stays small, and pytest comes too late to rewrite it
(PYTEST_DONT_REWRITE, as it otherwise warns).
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from typing import Any

_NAME = "engine"


def own_folder() -> str:
    """The folder of this distribution's `engine`: beside this package, or around it in a checkout."""
    holder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if os.path.basename(holder) == "installed":
        return os.path.dirname(os.path.dirname(holder))
    return os.path.join(holder, _NAME)


def hidden_by() -> str | None:
    """The folder or file of another `engine` that an import would give; None where it gives ours."""
    try:
        spec = getattr(sys.modules.get(_NAME), "__spec__", None) or find_spec(_NAME)
    except ValueError:  # a module without a specification stands in its place
        return _NAME
    if spec is None:
        return None  # nothing hides it, it is missing: the import will say so
    places = [*(spec.submodule_search_locations or ()), spec.origin or _NAME]
    own = os.path.realpath(own_folder())
    return None if os.path.realpath(places[0]) == own else places[0]


def use_own() -> None:
    """Make this distribution's package `engine` in this process: for processes that are ours alone."""
    if hidden_by() is None:
        return
    spec = _own_spec()
    module = sys.modules[_NAME] = module_from_spec(spec)
    if spec.loader is not None:
        spec.loader.exec_module(module)


def main() -> None:
    """The command `vitrine`."""
    try:
        use_own()
        from engine.doors.cli.command import main as command
    except KeyboardInterrupt:  # before the command could say anything itself
        sys.exit(130)
    command()


def app() -> Any:
    """The server's FastAPI app in one of its worker processes."""
    use_own()
    from engine.doors.http.server import app_from_environment

    return app_from_environment()


# ------------------------------------------------------------------ an editable install
class _Checkout:
    """Finds `engine` in the checkout; asked after everything on the path, it hides nothing."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: Any = None) -> ModuleSpec | None:
        return _own_spec() if name == _NAME and path is None else None


def show_checkout() -> None:
    """Let `import engine` find the checkout; called by an editable install's `.pth` file."""
    if _Checkout not in sys.meta_path:
        sys.meta_path.append(_Checkout)


def _own_spec() -> ModuleSpec:
    spec = spec_from_file_location(_NAME, os.path.join(own_folder(), "__init__.py"))
    assert spec is not None
    return spec
