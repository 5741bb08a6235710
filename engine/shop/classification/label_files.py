"""Files of labels: YAML, JSON, or one label a line.

formal: formal elegant business wear
casual: [casual everyday relaxed wear, clothes for the weekend]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from engine.core.yaml_text import NotYaml, read_yaml
from engine.errors import BadSourceFile, InvalidInputException
from engine.shop.classification.labels import Label, labels_of

_MOST_BYTES = 4 << 20


def read_labels(path: str | Path) -> tuple[Label, ...]:
    """The labels of a file, in its order: `.yaml`, `.yml`, `.json`, else a label a line.

    Raises:
        BadSourceFile: no such file, not readable, no labels in it; says where.
    """
    file = Path(path).expanduser()
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise BadSourceFile("it is larger than 4 MB, too large for labels", file=str(file))
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadSourceFile(f"it can't be read ({error.strerror})", file=str(file)) from None
    except UnicodeDecodeError as error:
        raise BadSourceFile(f"it is no text in UTF-8 ({error.reason})", file=str(file)) from None
    try:
        return labels_of(_parsed(file, text))
    except InvalidInputException as error:
        raise BadSourceFile(error.message, file=str(file)) from None


def _parsed(file: Path, text: str) -> Any:
    ending = file.suffix.lower()
    if ending in (".yaml", ".yml"):
        return _of_yaml(file, text)
    if ending != ".json":
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadSourceFile(f"it is not JSON ({error})", file=str(file)) from None


def _of_yaml(file: Path, text: str) -> Any:
    try:
        # Every value stays a text: the labels `no`, `on` and `2012` are words here.
        values, lines, problems = read_yaml(text, as_texts=True)
    except NotYaml as error:
        raise BadSourceFile(f"{error.reason}.", file=str(file), line=error.line) from None
    for each in problems:
        raise BadSourceFile(each.reason, file=str(file), line=lines.get(each.place))
    return values
