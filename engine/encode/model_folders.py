"""Folders of models, by name: the embedded model's editions, local directories. Loads no model.

A folder in `embedded/` is one edition, and its name is the model's: `vitrine-clip-1`. `embedded` stands
for the newest, whichever that is; what is written down of a model names the edition.
"""

from __future__ import annotations

from pathlib import Path

from engine.errors import CorruptFile
from engine.optional import restore_line
from engine.settings import DEFAULT_ENCODER

EMBEDDED = Path(__file__).parent / "embedded"
LOCAL = "local-dir:"
FACTS = "model.json"  # in a folder of the embedded model's form
IN_CHECKOUT = "engine/encode/embedded"
_PATHS = ("/", "./", "../", "~")


def editions() -> dict[str, Path]:
    """Folders of the embedded model's editions by name, newest first."""
    folders = [folder for folder in EMBEDDED.glob("*-*") if folder.is_dir()]
    folders.sort(key=lambda folder: -int(folder.name.rpartition("-")[2]))
    return {folder.name: folder for folder in folders}


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


def is_onnx_form(folder: Path) -> bool:
    """Whether a directory holds a model in the embedded model's form; of an edition, always."""
    return folder.parent == EMBEDDED or (folder / FACTS).is_file()
