"""Folders of models, by name: the embedded model's editions, local directories. Loads no model.

A folder in `embedded/` is one edition, and its name is the model's: `vitrine-clip-1`. `embedded` stands
for the newest, whichever that is; what is written down of a model names the edition.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from engine.errors import CorruptFile
from engine.optional import restore_line
from engine.settings import DEFAULT_ENCODER

EMBEDDED = Path(__file__).parent / "embedded"
LOCAL = "local-dir:"
FACTS = "model.json"  # in a folder of the embedded model's form
IN_CHECKOUT = "engine/encode/embedded"
_PATHS = ("/", "./", "../", "~")


@functools.cache
def editions() -> Mapping[str, Path]:
    """Folders of the embedded model's editions by name, newest first."""
    folders = [folder for folder in EMBEDDED.glob("*-*") if folder.is_dir()]
    folders.sort(key=lambda folder: -int(folder.name.rpartition("-")[2]))
    return MappingProxyType({folder.name: folder for folder in folders})


def own_name(name: str) -> str:
    """The name of its own that a model has: of `embedded` the newest edition's; else as given.

    Raises:
        CorruptFile: no edition is there.
    """
    if name != DEFAULT_ENCODER:
        return name
    for newest in editions():
        return newest
    raise CorruptFile(f"{EMBEDDED}: no model is there. {restore_line(IN_CHECKOUT)}")


def local_folder(name: str) -> Path | None:
    """The directory that a model's name names; None for any other name."""
    if not name.startswith((LOCAL, *_PATHS)):
        return None
    return Path(name.removeprefix(LOCAL)).expanduser()


def is_edition(folder: Path) -> bool:
    """Whether a directory is one that the package brings."""
    return folder in editions().values()


def is_onnx_form(folder: Path) -> bool:
    """Whether a directory holds a model in the embedded model's form; an edition's is never another."""
    return is_edition(folder) or (folder / FACTS).is_file()


def later_edition(name: str, today: str) -> str | None:
    """The edition that `today` names, if `name` names an earlier one."""
    order, used = list(editions()), own_name(today)
    if name not in order or used not in order:
        return None
    return used if order.index(used) < order.index(name) else None
