"""Models that were registered in a workspace, and copies of served ones. Knows folders; not models.

model_versions/<name>/<number>/      a version's files, never changed
model_versions/<name>/aliases.json   which version an alias stands for
served_models/<update>/              a copy of a model that is served from elsewhere
"""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Callable, Collection
from pathlib import Path

from engine.core.schema import suggestion
from engine.digests import sha256
from engine.errors import InvalidParameterValue, NotFound
from engine.store.layout import (
    TEMPORARY_PREFIX,
    Layout,
    make_folder,
    read_json,
    remove_others,
    sync_folder,
    write_json,
)

_NAME = re.compile(r"\w[\w-]*(\.\w[\w-]*){0,2}", re.ASCII)
_ALIAS = re.compile(r"[A-Za-z][\w-]{0,254}", re.ASCII)
_FACTS = "aliases.json"


class ModelVersions:
    """The registered models of a workspace. Safe to use from many threads and processes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._root = layout.root / "model_versions"
        self._served = layout.root / "served_models"

    def register(self, name: str, copy: Callable[[Path], None], alias: str | None = None) -> int:
        """Add a version to a model, which is made with its first one; returns the number.

        Args:
            copy: writes the model's files into a folder that it makes.
            alias: stands for this version from now on.

        Raises:
            InvalidParameterValue: a bad name or alias; and what `copy` raises.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidParameterValue(
                f"Model name is {name!r:.80}; expected one to three parts of letters, digits, '_' and "
                "'-', such as main.fashion_demo.clip_multimodal_encoder."
            )
        if alias is not None and not _ALIAS.fullmatch(alias):
            raise InvalidParameterValue(
                f"alias is {alias!r:.80}; expected letters, digits, '_' and '-', the first a letter."
            )
        with self._layout.writing("models"):
            folder = self._root / name
            number = max(self.numbers(name), default=0) + 1
            self._publish(copy, folder / str(number))
            if alias is not None:
                write_json(folder / _FACTS, {**self.aliases(name), alias: number})
        return number

    def keep(self, update: str, copy: Callable[[Path], None]) -> Path:
        """A folder with the copy of a model that an update of an endpoint serves; made once."""
        kept = self._served / update
        if not kept.is_dir():
            self._publish(copy, kept)
        return kept

    def forget_copies(self, kept: Collection[str]) -> None:
        """Remove the copies of served models but those of these updates."""
        remove_others(self._served, kept)

    def names(self) -> list[str]:
        """The registered models, sorted."""
        return sorted(folder.name for folder in self._root.glob("*") if self.numbers(folder.name))

    def numbers(self, name: str) -> list[int]:
        """The versions of a model, in order; none for a model that is not registered."""
        if not _NAME.fullmatch(name):
            return []
        found = (self._root / name).glob("*")
        return sorted(int(entry.name) for entry in found if entry.name.isdecimal())

    def aliases(self, name: str) -> dict[str, int]:
        """Which version each alias of a model stands for."""
        try:
            found = read_json(self._root / name / _FACTS)
        except FileNotFoundError:
            return {}
        return {alias: number for alias, number in found.items() if isinstance(number, int)}

    def find(self, name: str, version: str | None, alias: str | None) -> tuple[Path, int]:
        """A version's folder and number; by its number, its alias, or the last one.

        Raises:
            NotFound: no such model, version or alias.
        """
        numbers = self.numbers(name)
        if not numbers:
            known = self.names()
            raise NotFound(
                f"Registered model {name!r:.200} does not exist.{suggestion(name, known)} Register it: "
                f"workspace.register_model({name!r:.200}, folder)."
            )
        if alias is not None:
            number = self.aliases(name).get(alias)
        elif version is not None:
            number = int(version) if version.isdecimal() else None
        else:
            number = numbers[-1]
        if number not in numbers:
            shown = f"alias {alias!r:.80}" if alias is not None else f"version {version!r:.80}"
            raise NotFound(
                f"Registered model {name} has no {shown}. Its versions: "
                f"{', '.join(map(str, numbers))}; its aliases: "
                f"{', '.join(self.aliases(name)) or 'none'}."
            )
        return self._root / name / str(number), number

    def _publish(self, copy: Callable[[Path], None], folder: Path) -> None:
        self._copied(copy, folder.parent).rename(folder)
        sync_folder(folder.parent)

    def _copied(self, copy: Callable[[Path], None], beside: Path) -> Path:
        make_folder(beside)
        made = beside / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
        try:
            copy(made)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        return made


def fingerprint_of(folder: Path) -> str:
    """Identity of a folder's files: their names and bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(folder).as_posix()} {sha256(file)}\n".encode())
    return digest.hexdigest()
