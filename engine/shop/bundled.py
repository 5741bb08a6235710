"""Data that the package brings beside its code. Knows where a checkout and an installation have it."""

from __future__ import annotations

from pathlib import Path

from engine.errors import NotFound
from engine.optional import DISTRIBUTION, restore_line

_CHECKED_OUT = Path(__file__).parents[2] / "datasets"


def bundled_file(name: str) -> Path:
    """A file of `datasets/`, such as `personas/personas.json`.

    Raises:
        NotFound: the package was installed without it.
    """
    from importlib.metadata import files as files_of  # opening a workspace doesn't need it

    files = files_of(DISTRIBUTION) or []
    installed = [Path(str(f.locate())).resolve() for f in files if f.as_posix().endswith(name)]
    candidates = [_CHECKED_OUT / name, *installed]
    for file in candidates:
        if file.is_file():
            return file
    folder = Path("datasets") / Path(name).parent
    raise NotFound(
        f"{name} is not at {', '.join(map(str, candidates))}. {restore_line(folder.as_posix())}"
    )
