"""What is known of serving endpoints: built-in ones, and the files of those that were created.

An endpoint that was created is a small file that names an encoder. Some exist without one: the
endpoints of the shop, and those named after the embedding endpoints that every cloud workspace has.
Knows descriptions; not encoders.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from engine.core.schema import suggestion
from engine.core.values import check_texts
from engine.errors import CorruptFile, InvalidParameterValue, NotFound
from engine.service.serving.entities.entity import OUTPUTS, Entity, encoder_entity
from engine.service.serving.text_endpoints import TEXT_ENDPOINTS
from engine.store.layout import Layout, read_json, remove, write_json

OWN = "An endpoint of this engine, served by the workspace's default encoder."
FLAT = "clip-image-encoder"  # the built-in endpoint that answers one record with a flat vector
BUILT_IN = frozenset({"clip-multimodal-encoder", FLAT, *TEXT_ENDPOINTS})

# What the cloud takes as the name of an endpoint, and dots for models of Unity Catalog.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_KEYS: Mapping[str, tuple[type, ...]] = {
    "name": (str,),
    "id": (str,),
    "creator": (str,),
    "creation_timestamp": (int,),
    "last_updated_timestamp": (int,),
    "live": (dict, type(None)),
    "pending": (dict, type(None)),
}


@dataclass(frozen=True)
class EndpointFacts:
    """What is known of an endpoint.

    Attributes:
        description: a caller's own; None for one that is made up.
        live: what answers; None before the first deployment is done.
        pending: what is being deployed, or could not be, and then `failure` says why.
        until: by the workspace's clock, the time until which all that is kept back, and `former` is
            what answers; 0 for none.
    """

    name: str
    id: str
    creator: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None = None
    live: Entity | None = None
    pending: Entity | None = None
    failure: str | None = None
    tags: list[dict[str, str]] = field(default_factory=list)
    former: Entity | None = None
    until: int = 0

    @property
    def config_version(self) -> int:
        """The number of its last configuration."""
        return max(entity.config_version for entity in (self.live, self.pending) if entity)


def seen_at(facts: EndpointFacts, is_over: Callable[[int], bool]) -> EndpointFacts:
    """An endpoint as callers see it: while its change takes its time, the former entity answers."""
    if not facts.until:
        return facts
    if is_over(facts.until):
        return replace(facts, former=None, until=0)
    coming = facts.pending or facts.live
    return replace(facts, live=facts.former, pending=coming, failure=None)


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

    def write(self, facts: EndpointFacts) -> None:
        document = asdict(facts)
        if not facts.until:
            del document["former"], document["until"]  # which earlier releases don't know
        check_texts(document)
        write_json(self._file(facts.name), document)

    def updates(self) -> set[str]:
        """The updates whose entities the endpoints have, as far as their files can be read."""
        found: set[str] = set()
        for name in self.names():
            with contextlib.suppress(NotFound, FileNotFoundError):
                facts = self._checked(name)
                entities = (facts.live, facts.pending, facts.former)
                found |= {e.update for e in entities if e is not None}
        return found

    def remove(self, name: str) -> None:
        remove(self._file(name))

    def read(self, name: str, others: Iterable[str]) -> EndpointFacts:
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

    def _checked(self, name: str) -> EndpointFacts:
        """Raises FileNotFoundError, CorruptFile, StorageFailed."""
        file = self._file(name)
        advice = f"Delete that endpoint, vitrine serving delete {name}, and create it again."
        facts = _of_today(read_json(file, advice))
        wrong = [
            f"its {key} is {facts.get(key)!r:.80}"
            for key, kinds in _KEYS.items()
            if not isinstance(facts.get(key), kinds)
        ]
        if not wrong and facts["name"] != name:
            wrong = [f"it describes endpoint {facts['name']!r:.80}"]
        try:
            if not wrong:
                return _facts_of(facts)
        except (TypeError, ValueError) as error:
            wrong = [str(error)]
        raise CorruptFile(f"{file} is damaged: {'; '.join(wrong)}. {advice}")

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _of_today(facts: dict[str, Any]) -> dict[str, Any]:
    """A file's facts; of one of an older release, which named an encoder, in the form of today."""
    if "encoder" not in facts:
        return facts
    encoder, output = facts.pop("encoder"), facts.pop("output", OUTPUTS[0])
    since, creator = facts.get("creation_timestamp", 0), facts.get("creator", "")
    entity = encoder_entity(encoder, output, creator, since)
    return {
        **facts,
        "last_updated_timestamp": since,
        "live": entity.to_json(),
        "pending": None,
    }


def _facts_of(facts: dict[str, Any]) -> EndpointFacts:
    """Raises TypeError, ValueError for what is no endpoint."""
    entities = {
        key: None if facts.get(key) is None else Entity.from_json(facts[key])
        for key in ("live", "pending", "former")
    }
    found = [entity for entity in entities.values() if entity is not None]
    if not found:
        raise ValueError("it has neither a live nor a pending entity")
    if type(facts.get("until", 0)) is not int:
        raise ValueError(f"its until is {facts['until']!r:.80}")
    for entity in found:
        if entity.output not in OUTPUTS or not isinstance(entity.encoder, (str, type(None))):
            raise ValueError(
                f"its entity has output {entity.output!r:.80} and encoder {entity.encoder!r:.80}"
            )
    return EndpointFacts(**{**facts, **entities})
