"""The file that makes a folder an index, `index.json`. Knows its form; not indexes.

It is restored from its copy where it is damaged or lost.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from engine.core.schema import EndpointType, IndexSpec, PipelineType, Subtype
from engine.core.values import check_texts
from engine.errors import CorruptFile, VitrineError
from engine.store.layout import (
    Layout,
    copy_of,
    made_by_newer_release,
    read_kept_twice,
    write_json,
    write_twice,
)

# Of index.json; counts up when an older release would misread the index. 2: manifests may hold rows.
FORMAT = 2
_FORMAT_SAID = f'"format": {FORMAT},'.encode()
_TEXTS = {"name", "id", "endpoint_name", "primary_key", "vector_column", "creator"}
_NUMBERS = {"dimension", "created_at"}
_WORDS: Mapping[str, tuple[Any, ...]] = {
    "pipeline_type": (None, *get_args(PipelineType)),
    "index_subtype": get_args(Subtype),
    "endpoint_type": get_args(EndpointType),
    "payload_logging_enabled": (None, True, False),
}
_NEEDED = {*_TEXTS, *_NUMBERS, "source_table", "pipeline_type", "columns"}


def spec_file(layout: Layout, name: str) -> Path:
    """The file that makes a folder an index."""
    return layout.index_dir(name) / "index.json"


def write_spec(layout: Layout, spec: IndexSpec) -> None:
    """Make or change an index's files. Raises InvalidParameterValue: a text holds half a character."""
    check_texts(spec.to_dict())
    write_twice(spec_file(layout, spec.name), _document(spec))


def keep_current(layout: Layout, spec: IndexSpec) -> None:
    """Before a write to an index of an older release: that must not read it any more as it did.

    Also writes the copy of its description, which old releases had not.
    """
    file = spec_file(layout, spec.name)
    if _FORMAT_SAID not in file.read_bytes():
        with layout.writing(f"spec-{spec.name}"):
            write_spec(layout, read_spec(layout, spec.name))
    elif not copy_of(file).exists():
        write_json(copy_of(file), _document(spec))


def _document(spec: IndexSpec) -> dict[str, Any]:
    return {"format": FORMAT, **spec.to_dict()}


def read_spec(layout: Layout, name: str) -> IndexSpec:
    """The specification of an index.

    Raises:
        FileNotFoundError: no such index. CorruptFile: it is damaged. NewerRelease: not for this
            release. StorageFailed: the system refused to read it.
    """
    advice = (
        f"Only this file of index {name} is: its rows are untouched. Run: vitrine index restore {name}. "
        f"Or delete the index, vitrine index delete {name}, and create it again."
    )
    return _read(spec_file(layout, name), name, advice)


def copied_spec(layout: Layout, name: str) -> IndexSpec | None:
    """What the copy says; None where there is no whole one."""
    file = copy_of(spec_file(layout, name))
    with contextlib.suppress(VitrineError, OSError):
        return _read(file, name)
    return None


def endpoint_of_damaged(layout: Layout, name: str) -> str | None:
    """The endpoint of an index whose file can't be read: by its copy, else by what is legible."""
    spec = copied_spec(layout, name)
    if spec is not None:
        return spec.endpoint_name
    with contextlib.suppress(OSError, ValueError):
        text = spec_file(layout, name).read_text("utf-8", errors="replace")
        value, _ = json.JSONDecoder().raw_decode(text.split('"endpoint_name":', 1)[-1].lstrip())
        return value if isinstance(value, str) else None
    return None


def _read(file: Path, name: str, advice: str = "") -> IndexSpec:
    values = read_kept_twice(file, advice)
    made_by = values.pop("format", FORMAT)
    if type(made_by) is int and made_by > FORMAT:
        raise made_by_newer_release(file, f"format {made_by}; this release reads {FORMAT}")
    wrong = [f"it lacks {key}" for key in sorted(_NEEDED - set(values))]
    wrong += [f"its {key} is {values[key]!r:.80}" for key in values if not _fits(key, values[key])]
    if type(made_by) is not int or made_by < 1:
        wrong.append(f"its format is {made_by!r:.80}")
    if not wrong:
        unknown = sorted(set(values) - {field.name for field in fields(IndexSpec)})
        if unknown:
            raise made_by_newer_release(file, f"it has {', '.join(unknown)}")
        if values["name"] == name:
            return IndexSpec.from_dict(values)
        if values["name"].lower() == name.lower():  # a disk that ignores letter case
            raise FileNotFoundError(file)
        wrong = [f"it describes index {values['name']:.200}"]
    raise CorruptFile(f"{file} is damaged: {'; '.join(wrong)}. {advice}")


def _fits(key: str, value: Any) -> bool:
    """Whether a value is of its key's type; an unknown key's always is."""
    if key in _TEXTS:
        return isinstance(value, str)
    if key == "orphan_of":
        return value is None or isinstance(value, str)
    if key in _NUMBERS:
        return type(value) is int and value >= 0
    if key in _WORDS:
        return any(value is word or (value == word and type(value) is str) for word in _WORDS[key])
    if key == "columns":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if key == "columns_to_sync":
        return value is None or _fits("columns", value)
    if key == "schema":
        return value is None or (
            isinstance(value, dict) and _fits("columns", [*value, *value.values()])
        )
    return True
