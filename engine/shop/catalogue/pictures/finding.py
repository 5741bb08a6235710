"""The picture of each product: what its column or pattern says, to a place. Knows paths; not tables."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from engine.core.names import is_volume_path
from engine.errors import BadImage
from engine.photo_files import path_forms
from engine.photo_texts import UNKNOWN, ending_of, is_written, read_written
from engine.shop.catalogue.pictures.folders import PictureFolder, is_picture_name
from engine.shop.catalogue.pictures.kept import KeptPictures
from engine.shop.catalogue.pictures.links import is_link
from engine.shop.catalogue.sources.nested import is_picture
from engine.store.volumes import VolumeStore

_HOLE = re.compile(r"\{([^{}]+)\}")
_SEVERAL = re.compile(r"\s*[|;,]\s*")


@dataclass
class Found:
    """Where a product's picture is: a file on this machine, a volume's path, or behind a link; or none.

    Attributes:
        reason: why there is none, where the product names one.
    """

    file: Path | None = None
    path: str | None = None
    link: str | None = None
    reason: str | None = None

    @property
    def is_there(self) -> bool:
        return bool(self.file or self.path or self.link)


@dataclass(frozen=True)
class PictureFinder:
    """Finds the pictures of one source.

    Attributes:
        image: the column that says where they are, or a pattern over columns; None for neither.
        is_pattern: which of both.
        folders: where paths start, the likeliest first.
    """

    image: str | None
    is_pattern: bool
    folders: tuple[PictureFolder, ...]
    volumes: VolumeStore
    kept: KeptPictures
    by_id: Mapping[str, str] = field(default_factory=dict)

    def of(self, values: Mapping[str, Any], key: object) -> Found:
        """The picture of a product with these values.

        Raises:
            StorageFailed: a picture that came as bytes could not be written.
        """
        if self.image is None:
            return self._of_key(key)
        if self.is_pattern:
            return self._matching(values)
        value = values.get(self.image)
        return self._of_key(key) if value in (None, "") else self._of_value(value)

    def _of_key(self, key: object) -> Found:
        files = (folder.of_key(str(key)) for folder in self.folders)
        return Found(file=next((file for file in files if file), None))

    def _matching(self, values: Mapping[str, Any]) -> Found:
        assert self.image is not None
        holes = _HOLE.findall(self.image)
        if any(values.get(name) in (None, "") for name in holes):
            return Found(reason=f"{self.image!r} needs a value that the product lacks")
        pattern = _HOLE.sub(lambda hole: str(values[hole[1]]), self.image)
        if is_link(pattern):
            return Found(link=pattern)
        for folder in self.folders:
            file = folder.matching(pattern)
            if file is not None:
                return Found(file=file)
        return Found(reason=f"no picture {pattern!r:.200} in {self.folders[0].path}")

    def _of_value(self, value: Any) -> Found:
        """What one value of the column says; of several pictures the first that is there counts."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._of_bytes(bytes(value))
        if is_picture(value):
            if value.get("bytes"):
                return self._of_bytes(value["bytes"])
            return self._of_value(value["path"]) if value.get("path") else Found()
        if isinstance(value, (list, tuple)):
            return self._first([one for one in value if one not in (None, "")])
        return self._of_text(str(value).strip())

    def _first(self, values: list[Any]) -> Found:
        found = Found()
        for value in values:
            found = self._of_value(value)
            if found.is_there:
                break
        return found

    def _of_bytes(self, data: bytes) -> Found:
        return Found(path=self.kept.keep(data)) if data else Found(reason="the picture is empty")

    def _of_text(self, text: str) -> Found:
        text = self.by_id.get(text, text)
        if not text:
            return Found()
        if is_link(text) and not re.search(r"[|;,\s]\s*https?://", text):
            return Found(link=text)
        if is_written(text):
            return self._of_written(text)
        found = self._of_path(text)
        if found.is_there:
            return found
        several = several_pictures(text)
        return self._first(several) if several else found

    def _of_written(self, text: str) -> Found:
        try:
            return self._of_bytes(read_written(text))
        except ValueError as error:
            return Found(reason=f"its picture is written in no base64 ({error})")

    def _of_path(self, text: str) -> Found:
        forms = list(path_forms(text))
        if any(map(is_volume_path, forms)):
            return self._in_volume(text)
        for form in forms:
            if Path(form).is_absolute() and _is_file(Path(form)):
                return self._of_file(Path(form))
        for folder, form in itertools.product(self.folders, forms):
            file = folder.at(form)
            if file is not None:
                return self._of_file(file)
        return Found(reason=f"no picture {text!r:.200} in {self.folders[0].path}")

    def _of_file(self, file: Path) -> Found:
        """A file that a table names: a picture anywhere, which may be copied and shown to others, but no
        key, password or whatever else a stranger's table asks for."""
        file = Path(os.path.normpath(file))
        inside = any(file.is_relative_to(folder.path) for folder in self.folders)
        if inside or is_picture_name(file.name) or _starts_as_picture(file):
            return Found(file=file)
        return Found(reason=f"{str(file)!r:.200} is no picture by its name or its content")

    def _in_volume(self, text: str) -> Found:
        try:
            if self.volumes.photo(text).is_file():
                return Found(path=text)
        except (BadImage, OSError) as error:
            return Found(reason=str(error)[:300])
        if _is_file(Path(text)):
            return self._of_file(Path(text))
        return Found(reason=f"no file at {text:.200}")


def several_pictures(text: str) -> list[str]:
    """The pictures that one text names: a JSON list, or paths and links with signs between them."""
    if text.startswith("["):
        try:
            listed = orjson.loads(text.replace("'", '"'))
            return [str(one) for one in listed if one] if isinstance(listed, list) else []
        except ValueError:
            return []
    parts = [part for part in _SEVERAL.split(text) if part]
    if len(parts) < 2:
        parts = text.split()
    fits = len(parts) > 1 and all(is_link(part) or is_picture_name(part) for part in parts)
    return parts if fits else []


def _starts_as_picture(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return ending_of(opened.read(16)) != UNKNOWN
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
