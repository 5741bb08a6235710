"""The files of vector search endpoints. Knows their form; not what an endpoint does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from engine.core.names import is_endpoint_name
from engine.core.schema import EndpointType
from engine.core.values import check_texts
from engine.errors import CorruptFile, VitrineError
from engine.store.layout import (
    Layout,
    copy_of,
    made_by_newer_release,
    read_kept_twice,
    storage_failed,
    write_twice,
)

ENDPOINT_TYPES: tuple[EndpointType, ...] = get_args(EndpointType)
FORMAT = 1  # counts up when an older release would misread the file
_NONE = type(None)
_KEYS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "id": (str,),
    "endpoint_type": (str,),
    "creator": (str,),
    "state": (str, _NONE),
    "passing": (str, _NONE),
    "until": (int, _NONE),
    "target_qps": (int, _NONE),
    "budget_policy_id": (str, _NONE),
    "effective_budget_policy_id": (str, _NONE),
    "creation_timestamp": (int, _NONE),
    "last_updated_timestamp": (int, _NONE),
    "last_updated_user": (str, _NONE),
    "custom_tags": (list, _NONE),
    "access_control_list": (list, _NONE),
}


def endpoint_file(layout: Layout, name: str) -> Path:
    """Where an endpoint is kept."""
    return layout.endpoints_dir / f"{name}.json"


def endpoint_names(layout: Layout) -> list[str]:
    """Names of endpoints, sorted; files whose name no endpoint can have are none.

    Raises:
        StorageFailed: the folder can't be read.
    """
    try:
        files = os.listdir(layout.endpoints_dir)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_failed("the folder of endpoints was not read", error) from error
    endings = (".json", copy_of(Path(".json")).name)
    stems = {file.removesuffix(e) for e in endings for file in files if file.endswith(e)}
    return sorted(filter(is_endpoint_name, stems))


def write_endpoint(layout: Layout, facts: Mapping[str, Any]) -> None:
    """Make or change an endpoint's file."""
    check_texts(facts)
    write_twice(endpoint_file(layout, facts["name"]), {**facts, "format": FORMAT})


def copied_endpoint(layout: Layout, name: str) -> dict[str, Any] | None:
    """What the copy of an endpoint's file says; None where there is no whole one."""
    with contextlib.suppress(VitrineError, OSError):
        return _read(copy_of(endpoint_file(layout, name)), name)
    return None


def read_endpoint(layout: Layout, name: str) -> dict[str, Any]:
    """What is known of an endpoint.

    Raises:
        FileNotFoundError: there is none. CorruptFile: it is damaged. NewerRelease: it is not for this
            release. StorageFailed: the system refused to read it.
    """
    advice = (
        f"Only this file of endpoint {name} is: its indexes go on. Create it again: vitrine endpoint "
        f"create {name}"
    )
    return _read(endpoint_file(layout, name), name, advice)


def _read(file: Path, name: str, advice: str = "") -> dict[str, Any]:
    facts = read_kept_twice(file, advice)
    made_by = facts.pop("format", FORMAT)
    if type(made_by) is int and made_by > FORMAT:
        raise made_by_newer_release(file, f"format {made_by}; this release reads {FORMAT}")
    wrong = [
        f"its {key} is {facts.get(key)!r:.80}"
        for key, kinds in _KEYS.items()
        if not isinstance(facts.get(key), kinds)
    ]
    if type(made_by) is not int or made_by < 1:
        wrong.append(f"its format is {made_by!r:.80}")
    if not wrong and (facts["name"] != name or facts["endpoint_type"] not in ENDPOINT_TYPES):
        wrong = [f"it describes a {facts['endpoint_type']} endpoint {facts['name']!r}"]
    if wrong:
        raise CorruptFile(f"{file} is damaged: {'; '.join(wrong)}. {advice}")
    unknown = sorted(set(facts) - set(_KEYS))
    if unknown:
        raise made_by_newer_release(file, f"it has {', '.join(unknown)}")
    return facts
