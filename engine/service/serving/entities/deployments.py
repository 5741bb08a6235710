"""What an entity stands for, and how its Python model comes to answer. Knows threads; not replies.

An encoder answers at once. A Python model is copied into the workspace, opened and asked for a vector by
a thread; until then the endpoint's former entity answers. A deployment that a crash cut short goes on
where the endpoint is looked at next.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.encode.encoder import Encoder
from engine.encode.models.pyfunc import (
    MODEL_FILE,
    REGISTRY,
    RUNS,
    check_installed,
    copy_model,
    has_registry,
    local_folder,
)
from engine.errors import (
    CorruptFile,
    InvalidParameterValue,
    NotFound,
    PermissionDenied,
    VitrineError,
)
from engine.service.authorship import now_ms
from engine.service.serving.entities.entity import DEFAULT, Entity, GivenConfig, PythonModelFacts
from engine.service.serving.entities.python_models import PythonModels
from engine.service.serving.serving_files import EndpointFacts, ServingFiles
from engine.store.layout import Layout
from engine.store.model_versions import ModelVersions
from engine.store.volumes import VolumeStore

_OWN = "model:"  # a version that is registered in the workspace: the rest is its folder
_LOOK_SECONDS = 0.05  # between two looks at what another process deploys


class Deployments:
    """The deployments of a workspace. Safe to use from many threads and processes."""

    def __init__(
        self,
        layout: Layout,
        files: ServingFiles,
        versions: ModelVersions,
        load: Callable[[str | None], Encoder],
    ) -> None:
        self._layout, self._files, self._versions = layout, files, versions
        self._load = load
        self._running: dict[str, threading.Thread] = {}
        self._starting = threading.Lock()
        self.models = PythonModels(layout.root)

    # ------------------------------------------------------------------ what a name stands for
    def entity(self, given: GivenConfig, config_version: int, creator: str) -> Entity:
        """The entity of a configuration; models are found, not yet deployed.

        Raises:
            NotFound: a registered model, or a version of it, that is not there. PermissionDenied: a
                folder that callers of the server can write to. ModelUnavailable, MissingExtra: an
                encoder that can't be had here.
        """
        make = functools.partial(given.entity, config_version, creator)
        name, version = given.entity_name, given.entity_version
        own = self._own_version(name, version)
        if own is not None:
            check_installed()
            folder, number = own
            where = folder.relative_to(self._layout.root)
            return make(source=f"{_OWN}{where}", entity_version=str(number))
        if name.startswith((REGISTRY, RUNS)):
            check_installed()
            return make(source=name)
        folder_of = local_folder(name)
        if folder_of is not None and (folder_of / MODEL_FILE).is_file():
            self._check_place(folder_of)
            check_installed()
            return make(source=str(folder_of.resolve()))
        if version is not None and name.count(".") == 2:
            if not has_registry():
                self._versions.find(name, version, None)  # raises NotFound, with what to do
            check_installed()
            return make(source=f"{REGISTRY}{name}/{version}")
        if name.count(".") == 2 and not name.startswith(("hf-hub:", "local-dir:")):
            self._versions.find(name, version, None)
        encoder = None if name == DEFAULT else name
        if encoder is not None:
            _ = self._load(encoder).fingerprint  # finds the model, without loading its weights
        return make(encoder=encoder)

    def _own_version(self, name: str, version: str | None) -> tuple[Path, int] | None:
        """A version that is registered in the workspace; None where the name is none of its models."""
        alias = None
        if name.startswith(REGISTRY):
            rest = name.removeprefix(REGISTRY)
            name, at, alias_given = rest.partition("@")
            if at:
                alias = alias_given
            else:
                name, _, version = rest.rpartition("/")
        if not self._versions.numbers(name):
            return None
        return self._versions.find(name, version, alias)

    def _check_place(self, folder: Path) -> None:
        """Refuse a folder of a volume: callers of the server write there, and a model is a program."""
        real = folder.resolve()
        volumes = VolumeStore(self._layout).registered().values()
        for taken in (self._layout.root.resolve(), *map(Path, volumes)):
            if real.is_relative_to(taken):
                raise PermissionDenied(
                    f"Model folder {folder} lies in {taken}, where callers of the server can write. A "
                    "Python model is a program: register it first, on this machine, with "
                    "workspace.register_model(name, folder)."
                )

    # ------------------------------------------------------------------ deploying
    def start(self, name: str) -> None:
        """Deploy an endpoint's pending entity in a thread, unless one does it already."""
        with self._starting:
            running = self._running.get(name)
            if running is not None and running.is_alive():
                return
            thread = threading.Thread(
                target=self._deploy, args=(name,), name=f"deploy {name}", daemon=True
            )
            self._running[name] = thread
            thread.start()

    def look_after(self, facts: EndpointFacts) -> None:
        """Go on with a deployment that nobody carries out any more."""
        if facts.pending is None or facts.failure is not None or facts.pending.is_deployed:
            return
        if not self._layout.is_being_written(_lock_of(facts.name)):
            self.start(facts.name)

    def wait(self, name: str, read: Callable[[], EndpointFacts], timeout_seconds: float) -> None:
        """Return when nothing is being deployed for an endpoint any more.

        Raises:
            InvalidParameterValue: not done in time.
        """
        until = time.monotonic() + timeout_seconds
        while True:
            facts = read()
            if facts.pending is None or facts.failure is not None:
                return
            self.look_after(facts)
            left = until - time.monotonic()
            if left <= 0:
                raise InvalidParameterValue(
                    f"Serving endpoint {name} is still being deployed after {timeout_seconds:g} s."
                )
            with self._starting:
                running = self._running.get(name)
            if running is not None and running.is_alive():
                running.join(left)
            else:
                time.sleep(min(left, _LOOK_SECONDS))

    def _deploy(self, name: str) -> None:
        with self._layout.writing(_lock_of(name)):
            facts = self._pending_of(name)
            while facts is not None and facts.pending is not None:
                entity = facts.pending
                try:
                    outcome = _deployed(replace(entity, model=self._examined(entity)))
                except (
                    Exception
                ) as error:  # of a model's own code: whatever it is, it is the reason
                    reason = error.message if isinstance(error, VitrineError) else repr(error)
                    outcome = {"failure": reason}
                self._finish(name, entity, outcome)
                facts = self._pending_of(name)  # created anew meanwhile

    def _examined(self, entity: Entity) -> PythonModelFacts:
        assert entity.source is not None  # an encoder is never pending
        if entity.source.startswith(_OWN):
            return self.models.examine(self._layout.root / entity.source.removeprefix(_OWN))
        source = entity.source
        return self.models.examine(
            self._versions.keep(entity.update, lambda into: copy_model(source, into))
        )

    def _pending_of(self, name: str) -> EndpointFacts | None:
        try:
            facts = self._files.read(name, ())
        except (NotFound, CorruptFile):  # deleted, or damaged, meanwhile
            return None
        return facts if facts.failure is None else None

    def _finish(self, name: str, entity: Entity, outcome: dict[str, Any]) -> None:
        """Write what became of a deployment, if the endpoint still wants it."""
        with self._layout.writing("serving"):
            facts = self._pending_of(name)
            pending = facts.pending if facts is not None else None
            if facts is not None and pending is not None and pending.update == entity.update:
                self._files.write(replace(facts, **outcome))
            self.tidy()

    def tidy(self) -> None:
        """Remove the copies of models that no endpoint has; the lock for endpoints is held."""
        self._versions.forget_copies(self._files.updates())
        self.models.forget_gone()


def _deployed(entity: Entity) -> dict[str, Any]:
    """What changes of an endpoint when an entity answers."""
    now = now_ms()
    return {"live": entity, "pending": None, "failure": None, "last_updated_timestamp": now}


def _lock_of(name: str) -> str:
    return f"deploying-{name}"
