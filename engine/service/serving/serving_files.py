"""What is known of serving endpoints: built-in ones, and the files of those that were created.

An endpoint that was created is a small file that names an encoder. Some exist without one: the
endpoints of the shop, and those named after the embedding endpoints that every cloud workspace has.
Knows descriptions; not encoders.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.core.schema import suggestion
from engine.errors import CorruptFile, InvalidParameterValue, NotFound
from engine.service.serving.text_endpoints import TEXT_ENDPOINTS
from engine.store.layout import Layout, read_json, remove, write_json

OWN = "An endpoint of this engine, served by the workspace's default encoder."
FLAT = "clip-image-encoder"  # the built-in endpoint that answers one record with a flat vector
BUILT_IN = frozenset({"clip-multimodal-encoder", FLAT, *TEXT_ENDPOINTS})
OUTPUTS = ("vectors", "flat")

# What the cloud takes as the name of an endpoint, and dots for models of Unity Catalog.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_KEYS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "id": (str,),
    "creator": (str,),
    "creation_timestamp": (int,),
    "encoder": (str, type(None)),
    "output": (str,),
}


def check_name(name: str) -> None:
    """Refuse what can't be the name of a serving endpoint. Raises InvalidParameterValue."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            f"Serving endpoint name is {name!r:.80}; expected 1 to 63 letters, digits, '_', '-' or "
            "'.', the first one a letter or digit."
        )


class ServingFiles:
    """The files of the serving endpoints that were created in a workspace."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.serving_dir

    def names(self) -> list[str]:
        return [file.stem for file in self._folder.glob("*.json") if _NAME.fullmatch(file.stem)]

    def exists(self, name: str) -> bool:
        return self._file(name).exists()

    def write(self, name: str, facts: dict[str, Any]) -> None:
        write_json(self._file(name), facts)

    def remove(self, name: str) -> None:
        remove(self._file(name))

    def read(self, name: str, others: Iterable[str]) -> dict[str, Any]:
        """What an endpoint's file says.

        Args:
            others: names of endpoints that exist without a file, for the message.

        Raises:
            NotFound: no such endpoint. CorruptFile, StorageFailed: it can't be read.
        """
        with contextlib.suppress(FileNotFoundError):
            if isinstance(name, str) and _NAME.fullmatch(name):
                return self._checked(name)
        known = sorted({*others, *self.names()})
        raise NotFound(
            "The given endpoint does not exist, please retry after checking the specified model and "
            f"version deployment exists. Serving endpoint {name!r:.80} is not one of this workspace: "
            f"{', '.join(known)}.{suggestion(str(name), known)} Make it with "
            f"workspace.create_serving_endpoint({str(name)!r:.80}, encoder=...)."
        )

    def _checked(self, name: str) -> dict[str, Any]:
        """Raises FileNotFoundError, CorruptFile, StorageFailed."""
        file = self._file(name)
        advice = f"Delete that endpoint, vitrine serving delete {name}, and create it again."
        facts = {"output": "vectors", **read_json(file, advice)}
        wrong = [
            f"its {key} is {facts.get(key)!r:.80}"
            for key, kinds in _KEYS.items()
            if not isinstance(facts.get(key), kinds)
        ]
        if not wrong and (facts["name"] != name or facts["output"] not in OUTPUTS):
            wrong = [f"it describes endpoint {facts['name']!r} with output {facts['output']!r}"]
        if wrong:
            raise CorruptFile(f"{file} is damaged: {'; '.join(wrong)}. {advice}")
        return facts

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"
