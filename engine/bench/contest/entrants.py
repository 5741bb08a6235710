"""Who takes part: contestants by name, or by a file of one's own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from engine.bench.contest.contestant import Contestant
from engine.errors import InvalidParameterValue

PACKAGE = "engine.bench.contestants"
BUNDLED = (
    "vitrine",
    "vitrine_exact",
    "numpy_scan",
    "faiss_flat",
    "faiss_hnsw",
    "faiss_ivf",
    "faiss_pq",
)
REFERENCE = "matvec"  # not a contestant: what reading all vectors once costs


@dataclass(frozen=True)
class Entrant:
    """A contestant's name, and its file where it isn't one of the bundled ones.

    Raises (`load`): ImportError, where its library is not installed.
    """

    name: str
    file: Path | None = None

    def load(self) -> type[Contestant]:
        """Import its class `Contestant`; where libraries are loaded that it names."""
        if self.file is None:
            module = importlib.import_module(f"{PACKAGE}.{self.name}")
        else:
            module = _loaded(self.name, self.file)
        found = getattr(module, "Contestant", None)
        if not (isinstance(found, type) and issubclass(found, Contestant)):
            raise InvalidParameterValue(
                f"{self.file or self.name}: expected a class `Contestant` that extends "
                "engine.bench.contest.contestant.Contestant"
            )
        return found


def entrants(names: Sequence[str]) -> list[Entrant]:
    """Those asked for: a bundled name, a file `NAME.py`, or a folder of such files.

    Raises InvalidParameterValue: a name that is neither.
    """
    out: list[Entrant] = []
    for name in names:
        path = Path(name)
        if name in BUNDLED or name == REFERENCE:
            out.append(Entrant(name))
        elif path.is_dir():
            out += [Entrant(file.stem, file) for file in sorted(path.glob("[!_]*.py"))]
        elif path.suffix == ".py" and path.is_file():
            out.append(Entrant(path.stem, path))
        else:
            raise InvalidParameterValue(
                f"contestant {name!r}: expected one of {', '.join(BUNDLED)}, or a file FILE.py"
            )
    return list({one.name: one for one in out}.values())


def _loaded(name: str, file: Path) -> ModuleType:
    """A module of a file, under a name that hides no library of the same name."""
    own = f"contestant_{name}"
    spec = importlib.util.spec_from_file_location(own, file)
    if spec is None or spec.loader is None:
        raise InvalidParameterValue(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[own] = module
    spec.loader.exec_module(module)
    return module
