"""A file of resources as a document: YAML or JSON. Knows formats; not resources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.core.yaml_text import NotYaml, Problem, read_yaml
from engine.doors.seeding.file.document import Document, SeedRefused
from engine.errors import BadSourceFile, InvalidInputException
from engine.service.table_files.csv_rows import decoded

ENDINGS = (".yaml", ".yml", ".json", ".py")
_LARGEST = 64 << 20  # bytes


def read_document(file: Path) -> Document:
    """What a file holds, with the place of each value.

    Raises:
        InvalidInputException: another ending. BadSourceFile: no such file, not in UTF-8 (or UTF-16
            with a byte order mark), no YAML or JSON; names the line.
        SeedRefused: a name stands twice.
    """
    if file.suffix.lower() not in ENDINGS:
        raise InvalidInputException(f"{file} ends with none of {', '.join(ENDINGS)}.")
    _check_size(file)
    text = decoded(file)
    folder = file.resolve().parent
    if file.suffix.lower() == ".json":
        return Document(file, folder, _json(file, text))
    try:
        values, lines, problems = read_yaml(text)
    except NotYaml as error:
        raise BadSourceFile(f"{error.reason}.", file=str(file), line=error.line) from None
    document = Document(file, folder, values, lines)
    if problems:
        raise SeedRefused(document, problems)
    return document


def _check_size(file: Path) -> None:
    try:
        size = file.stat().st_size
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    if size > _LARGEST:
        raise BadSourceFile(
            f"it has {size:,} bytes; expected at most {_LARGEST:,}. Put rows into files of their "
            "own, and name them with from:",
            file=str(file),
        )


def _json(file: Path, text: str) -> Any:
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice.extend(name for place, name in enumerate(names) if name in names[:place])
        return dict(pairs)

    try:
        values = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise BadSourceFile(
            f"this is not JSON: {error.msg}.", file=str(file), line=error.lineno
        ) from None
    except RecursionError:
        raise BadSourceFile("it nests too deep.", file=str(file)) from None
    if twice:
        names = ", ".join(repr(name)[:80] for name in dict.fromkeys(twice))
        problem = Problem((), f"{names} stands twice in one object.")
        raise SeedRefused(Document(file, file.parent, values), [problem])
    return values
