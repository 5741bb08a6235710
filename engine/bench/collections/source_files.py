"""The text files of a set: JSON, JSON lines and plain lines, with the place of what is wrong in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.core.values import shown
from engine.errors import BadSourceFile


@dataclass(frozen=True)
class Entry:
    """An object of a JSON file; what is not as expected is an error that names the place."""

    values: Mapping[str, Any]
    file: str
    line: int | None = None
    within: str = ""  # where in the file, behind its line

    def has(self, name: str) -> bool:
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """A text by its name."""
        value = self.values.get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a text")
        return value

    def key(self, name: str) -> str:
        """What tells the entry apart: a text or a whole number, as a text."""
        value = self.values.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise self._wrong(name, "a text or a whole number")
        return str(value)

    def texts(self, name: str) -> list[str]:
        """A list of texts by its name."""
        value = self.values.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._wrong(name, "a list of texts")
        return value

    def entry(self, name: str) -> Entry:
        """An object by its name."""
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Entry(value, self.file, self.line, f"{self.within}{name}: ")

    def entries(self, name: str) -> Iterator[Entry]:
        """A list of objects by its name."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise self._wrong(name, "a list of objects")
        return _entries(value, self.file, f"{self.within}{name}, ")

    def _wrong(self, name: str, expected: str) -> BadSourceFile:
        value = self.values.get(name)
        given = f"is {shown(value)}" if name in self.values else "is missing"
        return BadSourceFile(
            f"{self.within}{name!r} {given}; expected {expected}", file=self.file, line=self.line
        )


def read_object(file: Path) -> Entry:
    """The object that a JSON file holds."""
    value = _read_json(file)
    if not isinstance(value, dict):
        raise BadSourceFile(f"holds a {type(value).__name__}; expected one object", file=str(file))
    return Entry(value, str(file))


def read_entries(file: Path) -> list[Entry]:
    """The objects of the list that a JSON file holds."""
    return list(_entries(_read_list(file), str(file)))


def read_names(file: Path) -> list[str]:
    """The texts of the list that a JSON file holds."""
    names = _read_list(file)
    for number, name in enumerate(names):
        if not isinstance(name, str):
            raise BadSourceFile(f"entry {number}: {shown(name)}; expected a text", file=str(file))
    return names


def read_json_lines(file: Path) -> Iterator[Entry]:
    """The object of each line that isn't empty."""
    for number, line in enumerate(read_lines(file), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise BadSourceFile(f"not JSON: {error}", file=str(file), line=number) from error
        if not isinstance(value, dict):
            raise BadSourceFile(
                f"{shown(value)}; expected a JSON object", file=str(file), line=number
            )
        yield Entry(value, str(file), number)


def read_lines(file: Path) -> Iterator[str]:
    """The lines of a text in UTF-8, without their ends."""
    try:
        with file.open(encoding="utf-8-sig", newline=None) as opened:
            for line in opened:
                yield line.removesuffix("\n")
    except FileNotFoundError as error:
        raise BadSourceFile(
            "there is no such file; the set is not whole: download it again", file=str(file)
        ) from error
    except UnicodeDecodeError as error:
        raise BadSourceFile(
            f"no text in UTF-8 ({error.reason}); save it as UTF-8", file=str(file)
        ) from error
    except OSError as error:
        raise BadSourceFile(f"can't be read ({error.strerror or error})", file=str(file)) from error


def one_token(text: str) -> str:
    """An id without white space, which TREC's files of runs and judgements can't hold."""
    return re.sub(r"\s", lambda found: f"%{ord(found[0]):02X}", text)


def split_file(folder: Path, pattern: str, split: str) -> Path:
    """The file of a split, by a pattern with `*` in the split's place.

    Raises BadSourceFile: there is none; names the splits that are there.
    """
    file = folder / pattern.replace("*", split)
    if file.is_file():
        return file
    before, _, after = pattern.partition("*")
    there = sorted(one.name[len(before) : -len(after)] for one in folder.glob(pattern))
    known = f"there are: {', '.join(there)}" if there else f"expected files like {pattern}"
    raise BadSourceFile(f"no split {split!r}: {known}", file=str(folder))


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise BadSourceFile(
            "there is no such file; the set is not whole: download it again", file=str(file)
        ) from error
    except OSError as error:
        raise BadSourceFile(f"can't be read ({error.strerror or error})", file=str(file)) from error
    except ValueError as error:
        raise BadSourceFile(f"not JSON: {error}; download it again", file=str(file)) from error


def _read_list(file: Path) -> list[Any]:
    value = _read_json(file)
    if not isinstance(value, list):
        raise BadSourceFile(f"holds a {type(value).__name__}; expected a list", file=str(file))
    return value


def _entries(values: list[Any], file: str, within: str = "") -> Iterator[Entry]:
    for number, value in enumerate(values):
        if not isinstance(value, dict):
            raise BadSourceFile(
                f"{within}entry {number}: {shown(value)}; expected an object", file=file
            )
        yield Entry(value, file, within=f"{within}entry {number}: ")
