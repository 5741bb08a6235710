"""What each Python of a run does as it starts, Spark's workers too: it learns where `/Volumes` is.

A module of this name that would be found without this folder runs afterwards.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).resolve().parent
_ENGINE = _FOLDER.parents[3] / "__init__.py"


def _start() -> None:
    workspace = os.environ.get("VITRINE_NOTEBOOK_WORKSPACE")
    found = find_spec("engine")
    if workspace and found is not None and Path(found.origin or "").resolve() == _ENGINE:
        # By its path, as importing it by its name would load the package around it too.
        patching = spec_from_file_location("vitrine_volumes", _FOLDER.parent / "patching.py")
        _loaded(patching).patch(workspace)
    others = [path for path in sys.path if Path(path).resolve() != _FOLDER]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None:
        _loaded(spec)


def _loaded(spec: ModuleSpec | None) -> ModuleType:
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_start()
