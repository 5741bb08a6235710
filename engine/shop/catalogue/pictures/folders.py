"""A folder of pictures, and those in it, by the names that tables call them. Knows names of files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

# Endings of pictures, in order of preference where one product has several.
ENDINGS = ("jpg", "jpeg", "png", "webp", "avif", "gif", "bmp", "tif", "tiff")
_NUMBERED = re.compile(r"(.+?)[-_ .(]+0*\d{1,3}\)?")  # shirt_1, shirt-02, shirt (3)


def is_picture_name(name: str) -> bool:
    """Whether a file's name ends as those of pictures do, in any letter case."""
    return name.rpartition(".")[2].casefold() in ENDINGS and "." in name


def picture_paths(folder: Path) -> list[str]:
    """Paths of all pictures below a folder, sorted, with `/` between their parts.

    Hidden files and folders are passed over, links to folders not followed.
    """
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        below = Path(place).relative_to(folder).as_posix()
        start = "" if below == "." else f"{below}/"
        found += [
            f"{start}{name}" for name in files if is_picture_name(name) and not _is_hidden(name)
        ]
    return sorted(found, key=lambda path: (path.rpartition("/")[0], path))


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX"))


class PictureFolder:
    """The pictures of a folder; the folder is read when a plain path doesn't lead to one.

    Attributes:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def at(self, text: str) -> Path | None:
        """The picture that a path, a file's name or a name without its ending means."""
        for plain in dict.fromkeys((text, unquote(text), text.replace("\\", "/"))):
            file = self._plain(plain)
            if file is not None:
                return file
        wanted = unquote(text.replace("\\", "/")).strip("/").casefold()
        last = wanted.rpartition("/")[2]
        name = self._by_path.get(wanted) or self._by_path.get(
            f"{self.path.name.casefold()}/{wanted}"
        )
        name = (
            name or self._by_name.get(last) or self._by_stem.get(wanted) or self._by_stem.get(last)
        )
        return None if name is None else self.path / name

    def of_key(self, key: str) -> Path | None:
        """The first picture of a product: named by its key, with a number after it or not, or in a
        folder that is."""
        wanted = key.casefold()
        name = (
            self._by_stem.get(wanted) or self._by_number.get(wanted) or self._by_folder.get(wanted)
        )
        return None if name is None else self.path / name

    def matching(self, pattern: str) -> Path | None:
        """The first picture whose path below the folder matches a pattern: `*`, `**`, `?`."""
        if not any(sign in pattern for sign in "*?"):
            return self.at(pattern)
        start = re.split(r"[*?]", pattern, maxsplit=1)[0].rpartition("/")[0].casefold()
        known = self._by_start.get(start, self._names) if start else self._names
        fits = re.compile(_expression(pattern), re.IGNORECASE)
        name = next((name for name in known if fits.fullmatch(name)), None)
        return None if name is None else self.path / name

    def _plain(self, name: str) -> Path | None:
        try:
            file = Path(os.path.normpath(self.path / name))
            inside = file.is_relative_to(self.path) or Path(name).is_absolute()
            return file if inside and file.is_file() else None
        except (OSError, ValueError):  # a name that no file has
            return None

    # ------------------------------------------------------------------ what is there, read once
    @cached_property
    def _names(self) -> list[str]:
        return picture_paths(self.path)

    @cached_property
    def _by_path(self) -> dict[str, str]:
        return _first((name.casefold(), name) for name in self._names)

    @cached_property
    def _by_name(self) -> dict[str, str]:
        return _alone((name.rpartition("/")[2].casefold(), name) for name in self._names)

    @cached_property
    def _by_stem(self) -> dict[str, str]:
        """By the name without its ending, with its folders and alone; the better ending first."""
        ordered = sorted(self._names, key=_preference)
        whole = [(name.rpartition(".")[0].casefold(), name) for name in ordered]
        return {**_alone((stem.rpartition("/")[2], name) for stem, name in whole), **_first(whole)}

    @cached_property
    def _by_number(self) -> dict[str, str]:
        found = []
        for stem, name in self._by_stem.items():
            numbered = _NUMBERED.fullmatch(stem.rpartition("/")[2])
            if numbered:
                found.append((numbered[1], name))
        return _first(sorted(found, key=lambda pair: (pair[0], len(pair[1]), pair[1])))

    @cached_property
    def _by_folder(self) -> dict[str, str]:
        inside = [name for name in self._names if "/" in name]
        return _first((name.split("/")[-2].casefold(), name) for name in inside)

    @cached_property
    def _by_start(self) -> dict[str, list[str]]:
        """The pictures below each folder."""
        found: dict[str, list[str]] = {}
        for name in self._names:
            folders = name.casefold().split("/")[:-1]
            for count in range(1, len(folders) + 1):
                found.setdefault("/".join(folders[:count]), []).append(name)
        return found


def _preference(name: str) -> tuple[int, str]:
    return ENDINGS.index(name.rpartition(".")[2].casefold()), name


def _first(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, name in pairs:
        found.setdefault(key, name)
    return found


def _alone(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first of each key, without keys that are in several folders: which is meant nobody knows."""
    folders: dict[str, set[str]] = {}
    found: dict[str, str] = {}
    for key, name in pairs:
        folders.setdefault(key, set()).add(name.rpartition("/")[0])
        found.setdefault(key, name)
    return {key: name for key, name in found.items() if len(folders[key]) == 1}


def _expression(pattern: str) -> str:
    """A pattern of paths as a regular expression: `*` stays in a folder, `**` does not."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(meaning.get(part, re.escape(part)) for part in parts)
