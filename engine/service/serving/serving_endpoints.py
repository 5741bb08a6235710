"""Model serving endpoints: create, update, use, delete, and the encoders behind them.

Knows names and turns of writers; not indexes, and not how texts become vectors.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from engine.core.arrays import Vector
from engine.core.schema import check_dimension
from engine.encode.encoder import Encoder
from engine.errors import (
    CorruptFile,
    InvalidInputException,
    InvalidParameterValue,
    InvalidState,
    NotFound,
    ResourceConflict,
    StorageFailed,
    UpdateInProgress,
)
from engine.service.authorship import now_ms, user_name
from engine.service.pacing.clock import Clock
from engine.service.serving.descriptions import describe, describe_damaged, open_api
from engine.service.serving.entities.deployments import Deployments
from engine.service.serving.entities.entity import (
    DEFAULT,
    Entity,
    PythonModelFacts,
    check_output,
    encoder_entity,
    read_config,
)
from engine.service.serving.entities.python_models import ServedModel
from engine.service.serving.micro_batching import MicroBatching
from engine.service.serving.models import Models
from engine.service.serving.serving_files import (
    BUILT_IN,
    FLAT,
    OWN,
    EndpointFacts,
    ServingFiles,
    check_name,
    seen_at,
)
from engine.service.serving.text_endpoints import TEXT_ENDPOINTS, TextEndpoints
from engine.service.serving.text_vectors import (
    TextEncoder,
    embed_texts,
    encode_text,
    failed_call,
)
from engine.store.layout import Layout
from engine.store.model_versions import ModelVersions

_NAMESPACE = uuid.UUID("5b3f0d55-40e0-4f0b-9a36-0c5d0c6c7c1e")  # of the ids of built-in endpoints
_WAIT_SECONDS = 20 * 60.0  # as long as the SDK waits for an endpoint


class ServingEndpoints:
    """The model serving endpoints of a workspace. Safe to use from many threads.

    Attributes:
        batching: micro-batches of calls that come at the same time.
        texts: what is behind the endpoints that are named after the cloud's text models.
    """

    def __init__(self, layout: Layout, models: Models, clock: Clock) -> None:
        self._clock = clock
        self._layout, self._files = layout, ServingFiles(layout)
        self._models = models
        self.texts = TextEndpoints(models)
        self._given: dict[str, Encoder] = {}
        self._deployments = Deployments(layout, self._files, ModelVersions(layout), models.encoder)
        self.batching = MicroBatching()

    # ------------------------------------------------------------------ life cycle
    def create(
        self,
        name: str,
        encoder: str | None = None,
        output: str = "vectors",
        *,
        config: Mapping[str, Any] | None = None,
        description: str | None = None,
        tags: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        """Create an endpoint; returns it as the API shows it.

        Under a built-in name it goes before that endpoint, until it is deleted. An encoder answers
        at once; a Python model is deployed by a thread, see `wait`.

        Args:
            encoder: a name for `load_encoder`; None for whatever is the workspace's default when
                the endpoint is used.
            output: "vectors": predictions are a list with one vector a record. "flat": the same,
                but one record alone is answered with its vector.
            config: in place of both, as the API takes it: `served_entities` with one entity, whose
                `entity_name` is an encoder, a registered model, `models:/NAME/VERSION`, `...@ALIAS`,
                `runs:/ID/NAME` or the folder of a model that MLflow logged; and `output`.
            description: None for one that is made up. tags: each a `key` and a `value`.

        Raises:
            InvalidParameterValue: a bad name, output or configuration. ResourceConflict: the name is
                taken. NotFound: no such registered model. PermissionDenied: a model's folder in a
                volume. ModelUnavailable, MissingExtra: the encoder can't be had here.
        """
        check_name(name)
        check_output(output)
        asked = config or {"served_entities": [{"entity_name": encoder or DEFAULT}]}
        entity = self._deployments.entity(read_config(asked, output), 1, user_name())
        with self._layout.writing("serving"):
            if self._files.exists(name):
                raise ResourceConflict(f"Serving endpoint with name {name} already exists")
            made = self._paced(_with(_new(name, description, tags), entity), None)
            self._files.write(made)
        return self._begun(made)

    def update_config(self, name: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """Put another entity behind an endpoint, or another output; returns it as the API shows it.

        The former entity answers until the new one is ready, and goes on where that fails. A
        built-in endpoint becomes one of the workspace's own.

        Args:
            config: as in `create`; without an entity, that of today stays.

        Raises:
            as `create`. NotFound: no such endpoint. UpdateInProgress: an update is being deployed.
            InvalidState: it is an object of this process.
        """
        before = self._own(name)
        asked = dict(config)
        if not (asked.get("served_entities") or asked.get("served_models")):
            asked["served_entities"] = _entities_of(before)
        latest = before.live or before.pending
        output = None if latest is None else latest.output
        version = before.config_version + 1
        entity = self._deployments.entity(read_config(asked, output), version, user_name())
        with self._layout.writing("serving"):
            now = self._own(name)
            if now.pending is not None and now.failure is None:
                raise UpdateInProgress(
                    f"Endpoint {name} is being updated. Wait until that is done, and try again."
                )
            made = _with(now, replace(entity, config_version=now.config_version + 1))
            made = self._paced(made, now.live)
            self._files.write(made)
            self._deployments.tidy()
        return self._begun(made)

    def update_tags(
        self,
        name: str,
        add_tags: Sequence[Mapping[str, str]] = (),
        delete_tags: Sequence[str] = (),
    ) -> list[dict[str, str]]:
        """Add and remove tags of an endpoint; returns those that it has then. Raises NotFound."""
        with self._layout.writing("serving"):
            facts = self._own(name, as_seen=False)
            gone = {*delete_tags, *(tag["key"] for tag in add_tags)}
            kept = [tag for tag in facts.tags if tag["key"] not in gone]
            made = replace(facts, tags=[*kept, *_plain(add_tags)])
            self._files.write(made)
        return made.tags

    def wait(self, name: str, timeout_seconds: float = _WAIT_SECONDS) -> dict[str, Any]:
        """Wait until an endpoint is not being updated any more; returns it as the API shows it.

        Raises:
            NotFound: no such endpoint. InvalidParameterValue: not done in time.
        """
        self._deployments.wait(name, lambda: self.facts(name), timeout_seconds)
        return self.get(name)

    def use(self, name: str, encoder: TextEncoder) -> None:
        """Put an object behind a name, in this process only: a model of your own, a fake for tests.

        It goes before an endpoint of that name.

        Args:
            encoder: an `Encoder`, or just `name`, `dimension`, `fingerprint` and `encode_texts`,
                which takes n strings and returns (n, dimension) numbers. Its vectors are cached under
                the fingerprint: change it when the numbers change.

        Raises:
            InvalidParameterValue: a bad name. InvalidInputException: something is missing.
        """
        check_name(name)
        needed = ("name", "dimension", "fingerprint", "encode_texts")
        missing = [attribute for attribute in needed if not hasattr(encoder, attribute)]
        if missing:
            raise InvalidInputException(
                f"encoder {encoder!r:.80} has no {', '.join(missing)}; expected an object with "
                f"{', '.join(needed)}."
            )
        check_dimension(encoder.dimension)
        self._given[name] = cast(Encoder, encoder)

    def get(self, name: str) -> dict[str, Any]:
        """An endpoint as the API shows it; of one that can't be read, why. Raises NotFound."""
        try:
            facts = self.facts(name)
        except (CorruptFile, StorageFailed) as error:
            return describe_damaged(name, error.message)
        self._deployments.look_after(facts)
        return describe(facts)

    def open_api(self, name: str) -> dict[str, Any]:
        """The OpenAPI description of what an endpoint takes and answers. Raises NotFound."""
        return open_api(self.facts(name))

    def delete(self, name: str) -> None:
        """Delete an endpoint; indexes that name it keep what they have, and can't encode any more.

        Raises:
            NotFound: no such endpoint. InvalidState: it is built in.
        """
        with contextlib.suppress(CorruptFile, StorageFailed):
            self.facts(name)
        with self._layout.writing("serving"):
            given = self._given.pop(name, None)
            if given is None and name in BUILT_IN and not self._files.exists(name):
                raise InvalidState(f"Serving endpoint {name} is built in and can't be deleted.")
            if given is None:
                self._files.remove(name)
            self._deployments.tidy()

    def _begun(self, facts: EndpointFacts) -> dict[str, Any]:
        """An endpoint as it is shown while its deployment begins."""
        if facts.pending is not None:
            self._deployments.start(facts.name)
        return describe(seen_at(facts, self._clock.is_over))

    def _paced(self, facts: EndpointFacts, former: Entity | None) -> EndpointFacts:
        """A changed endpoint, whose former entity answers for as long as the pace says."""
        if self._clock.pace.is_instant:
            return facts
        until = self._clock.in_seconds(self._clock.pace.serving)
        return replace(facts, former=former, until=until)

    def _own(self, name: str, as_seen: bool = True) -> EndpointFacts:
        """What is known of an endpoint that can be changed. Raises NotFound, InvalidState."""
        if name in self._given:
            raise InvalidState(
                f"Serving endpoint {name} is an object of this process, given to `use`; give another."
            )
        return self.facts(name, as_seen)

    def is_built_in(self, name: str) -> bool:
        """Whether a name stands for a built-in endpoint, with nothing of its own before that."""
        return name in BUILT_IN and name not in self._given and not self._files.exists(name)

    def facts(self, name: str, as_seen: bool = True) -> EndpointFacts:
        """What is known of an endpoint, whose encoder need not be here.

        Args:
            as_seen: as callers see it while a change takes its time; else as it is written.

        Raises:
            NotFound: no such endpoint. CorruptFile, StorageFailed: its file can't be read.
        """
        if name in self._given:
            creator, encoder = user_name(), str(self._given[name].name)
            description = "An object of this process."
        elif self.is_built_in(name) and name in TEXT_ENDPOINTS:
            creator, encoder, description = "vitrine", self.texts.model, self.texts.description
        elif self.is_built_in(name):
            creator, encoder, description = "vitrine", None, OWN
        else:
            facts = self._files.read(name, {*BUILT_IN, *self._given})
            return seen_at(facts, self._clock.is_over) if as_seen else facts
        output = "flat" if name == FLAT else "vectors"
        entity = encoder_entity(encoder, output, creator, 0)
        number = uuid.uuid5(_NAMESPACE, name).hex
        return EndpointFacts(name, number, creator, 0, 0, description, entity)

    # ------------------------------------------------------------------ encoding
    def encoder(self, name: str) -> Encoder:
        """The encoder behind an endpoint; what was given to `use` may only encode texts.

        Raises:
            NotFound: no such endpoint. ModelUnavailable, MissingExtra: its model can't be had here.
            InvalidState: its model is still being deployed, or could not be.
        """
        if name in self._given:
            return self._given[name]
        if name in TEXT_ENDPOINTS and self.is_built_in(name):
            return self.texts.encoder()
        entity = self._live(name)
        if entity.model is None:
            return self._models.encoder(entity.encoder)
        return cast(Encoder, self._served(entity, entity.model))

    def python_model(self, name: str) -> ServedModel | None:
        """The Python model behind an endpoint; None where that has an encoder.

        Raises:
            NotFound: no such endpoint. InvalidState: it is still being deployed, or could not be.
        """
        entity = self._live(name)
        return None if entity.model is None else self._served(entity, entity.model)

    def _served(self, entity: Entity, model: PythonModelFacts) -> ServedModel:
        label = f"{entity.entity_name} {entity.entity_version or ''}".strip()
        return self._deployments.models.served(label, model)

    def _live(self, name: str) -> Entity:
        facts = self.facts(name)
        if facts.live is None:
            why = "is being deployed: try again when its state is READY"
            if facts.failure is not None:
                why = f"could not be deployed: {facts.failure}"
            raise InvalidState(f"Serving endpoint {name} {why}")
        return facts.live

    def embed_texts(
        self,
        name: str,
        texts: Sequence[str],
        progress: Callable[[int], object] = lambda count: None,
    ) -> list[Vector | str]:
        """For each text its vector, or why it has none.

        A text that was encoded before, under the same model, comes from the workspace's cache. Where
        the encoder fails on a batch, halves of it are tried, so that only the bad texts fail.

        Args:
            texts: n strings, not empty. progress: called with the number of distinct texts that
                were encoded just now.

        Returns:
            n times a (dimension,) float32 vector, or a sentence.

        Raises:
            NotFound: no such endpoint. ModelUnavailable, MissingExtra: its model can't be had here.
        """
        return embed_texts(name, self.encoder(name), texts, self._layout.cache_file, progress)

    def encode_text(self, name: str, text: str) -> Vector:
        """(dimension,) float32 of one text, without the cache.

        Raises:
            NotFound: no such endpoint. InvalidParameterValue: it fails, and why.
        """
        try:
            return encode_text(self.encoder(name), text)
        except NotFound:
            raise
        except Exception as error:  # a model's own: whatever it is, it is the reason
            raise InvalidParameterValue(failed_call(name, error)) from error

    # Last, because it hides the type of this name below it.
    def list(self) -> list[dict[str, Any]]:
        """All endpoints, by name."""
        found = []
        for name in sorted({*BUILT_IN, *self._given, *self._files.names()}):
            with contextlib.suppress(NotFound):  # deleted just now
                found.append(self.get(name))
        return found


def _new(name: str, description: str | None, tags: Sequence[Mapping[str, str]]) -> EndpointFacts:
    """An endpoint that nothing stands behind yet."""
    now = now_ms()
    number = uuid.uuid4().hex
    return EndpointFacts(name, number, user_name(), now, now, description, tags=_plain(tags))


def _with(facts: EndpointFacts, entity: Entity) -> EndpointFacts:
    """An endpoint with a new entity: an encoder answers at once, a model is deployed first."""
    if entity.source is None:
        return replace(
            facts, live=entity, pending=None, failure=None, last_updated_timestamp=now_ms()
        )
    return replace(facts, pending=entity, failure=None)


def _entities_of(facts: EndpointFacts) -> list[dict[str, Any]]:
    """What was given for the entity of today."""
    entity = facts.live or facts.pending
    assert entity is not None  # an endpoint has one of them
    given = {"entity_name": entity.entity_name, "entity_version": entity.entity_version}
    return [{**given, "name": entity.served_name, **(entity.options or {})}]


def _plain(tags: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"key": tag["key"], "value": tag.get("value", "")} for tag in tags]
