"""Whether a directory's training is the one that is asked for: its settings are written down once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.errors import CorruptFile, InvalidState
from engine.shop.training.request import TrainRequest

_FILE = "settings.json"
# A training goes on with others of these: how long, how fast, and where on the machine.
_MAY_CHANGE = ("minutes", "passes", "threads", "bfloat16", "checkpoint_minutes", "out", "name")
_READ = ("table", "words", "queries")


def take_up(request: TrainRequest, photos: Sequence[Path]) -> None:
    """Begin a training in its directory, or go on with the one that is there.

    Raises:
        InvalidState: another one is there; says in what it differs.
        CorruptFile: what it is can't be read.
    """
    settings = _settings(request, photos)
    file = request.work / _FILE
    if not file.is_file():
        request.work.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings, indent=1) + "\n")
        return
    try:
        there = json.loads(file.read_bytes())
    except ValueError:
        there = None
    if not isinstance(there, dict):
        raise CorruptFile(f"{file}: it is damaged. Remove {request.work} to begin anew.")
    other = [name for name, value in settings.items() if there.get(name) != value]
    if other:
        raise InvalidState(
            f"{request.work} holds a training of another kind: its {', '.join(other)} was another. "
            "Choose another out, or remove that directory to begin anew."
        )


def _settings(request: TrainRequest, photos: Sequence[Path]) -> dict[str, Any]:
    """What a training depends on; files by their contents, photos by their names."""
    named = {
        name: value for name, value in vars(request).items() if name not in (*_MAY_CHANGE, *_READ)
    }
    found = (str(photo.resolve()) for photo in photos)  # however a folder is written
    named["photos"] = _digest("\n".join(found).encode())
    settings = {
        name: json.loads(json.dumps(value, default=_plain)) for name, value in named.items()
    }
    return settings | {name: _contents(getattr(request, name)) for name in _READ}


def _plain(value: Any) -> Any:
    return dict(value) if hasattr(value, "keys") else str(value)


def _contents(given: Any) -> list[str]:
    paths = [given] if isinstance(given, (str, Path)) else list(given)
    found = []
    for path in (Path(one).expanduser() for one in paths):
        files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        found += [_digest(file.read_bytes()) for file in files]
    return found


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
