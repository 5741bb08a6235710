"""Model serving endpoints: create, use, describe, delete, and the encoders behind them.

Knows the API's replies; not indexes, and not how texts become vectors.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Sequence
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
)
from engine.service.authorship import now_ms, user_name
from engine.service.serving.micro_batching import MicroBatching
from engine.service.serving.models import Models
from engine.service.serving.serving_files import (
    BUILT_IN,
    FLAT,
    OUTPUTS,
    OWN,
    ServingFiles,
    check_name,
)
from engine.service.serving.text_endpoints import TEXT_ENDPOINTS, TextEndpoints
from engine.service.serving.text_vectors import (
    TextEncoder,
    embed_texts,
    encode_text,
    failed_call,
)
from engine.store.layout import Layout

TASK = "llm/v1/embeddings"
_NAMESPACE = uuid.UUID("5b3f0d55-40e0-4f0b-9a36-0c5d0c6c7c1e")  # of the ids of built-in endpoints


class ServingEndpoints:
    """The model serving endpoints of a workspace. Safe to use from many threads.

    Attributes:
        batching: micro-batches of calls that come at the same time.
        texts: what is behind the endpoints that are named after the cloud's text models.
    """

    def __init__(self, layout: Layout, models: Models) -> None:
        self._layout, self._files = layout, ServingFiles(layout)
        self._models = models
        self.texts = TextEndpoints(models)
        self._given: dict[str, Encoder] = {}
        self.batching = MicroBatching()

    # ------------------------------------------------------------------ life cycle
    def create(
        self, name: str, encoder: str | None = None, output: str = "vectors"
    ) -> dict[str, Any]:
        """Create an endpoint; returns it as the API shows it.

        Args:
            encoder: a name for `load_encoder`; None for whatever is the workspace's default when
                the endpoint is used.
            output: "vectors": predictions are a list with one vector a record. "flat": the same,
                but one record alone is answered with its vector, as `clip-image-encoder` does.

        Raises:
            InvalidParameterValue: a bad name or output. ResourceConflict: the name is taken.
            ModelUnavailable, MissingExtra: the encoder can't be had here.
        """
        check_name(name)
        if output not in OUTPUTS:
            raise InvalidParameterValue(
                f"output is {output!r:.80}; expected {' or '.join(OUTPUTS)}."
            )
        if encoder is not None:
            _ = self._models.encoder(
                encoder
            ).fingerprint  # finds the model, without loading its weights
        with self._layout.writing("serving"):
            if name in BUILT_IN or self._files.exists(name):
                raise ResourceConflict(f"Serving endpoint with name {name} already exists")
            facts = {
                "name": name,
                "id": uuid.uuid4().hex,
                "creator": user_name(),
                "creation_timestamp": now_ms(),
                "encoder": encoder,
                "output": output,
            }
            self._files.write(name, facts)
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
            return _shown(name, self._facts(name))
        except (CorruptFile, StorageFailed) as error:
            return _damaged(name, error.message)

    def delete(self, name: str) -> None:
        """Delete an endpoint; indexes that name it keep what they have, and can't encode any more.

        Raises:
            NotFound: no such endpoint. InvalidState: it is built in.
        """
        with contextlib.suppress(CorruptFile, StorageFailed):
            self._facts(name)
        with self._layout.writing("serving"):
            given = self._given.pop(name, None)
            if given is None and name in BUILT_IN:
                raise InvalidState(f"Serving endpoint {name} is built in and can't be deleted.")
            self._files.remove(name)

    def _built_in_and_given(self) -> set[str]:
        return {*BUILT_IN, *self._given}

    def _facts(self, name: str) -> dict[str, Any]:
        """What is known of an endpoint, whose encoder need not be here. Raises NotFound."""
        if name in self._given:
            encoder, description = str(self._given[name].name), "An object of this process."
        elif name in TEXT_ENDPOINTS:
            encoder, description = self.texts.model, self.texts.description
        elif name in BUILT_IN:
            encoder, description = "default", OWN
        else:
            facts = self._read(name)
            described = f"Served by encoder {facts['encoder'] or 'of the workspace'}."
            if facts["output"] == "flat":
                described += " One record alone is answered with a flat vector."
            return {**facts, "encoder": facts["encoder"] or "default", "description": described}
        return {
            "id": uuid.uuid5(_NAMESPACE, name).hex,
            "creator": user_name() if name in self._given else "vitrine",
            "creation_timestamp": 0,
            "encoder": encoder,
            "description": description,
            "output": "flat" if name == FLAT else "vectors",
        }

    def _read(self, name: str) -> dict[str, Any]:
        return self._files.read(name, self._built_in_and_given())

    # ------------------------------------------------------------------ encoding
    def encoder(self, name: str) -> Encoder:
        """The encoder behind an endpoint; what was given to `use` may only encode texts.

        Raises:
            NotFound: no such endpoint. ModelUnavailable, MissingExtra: its model can't be had here.
        """
        if name in self._given:
            return self._given[name]
        if name in TEXT_ENDPOINTS:
            return self.texts.encoder()
        return self._models.encoder(None if name in BUILT_IN else self._read(name)["encoder"])

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
        for name in sorted({*self._built_in_and_given(), *self._files.names()}):
            with contextlib.suppress(NotFound):  # deleted just now
                found.append(self.get(name))
        return found


def _shown(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    """An endpoint as the API shows it."""
    return {
        "name": name,
        "id": facts["id"],
        "creator": facts["creator"],
        "creation_timestamp": facts["creation_timestamp"],
        "last_updated_timestamp": facts["creation_timestamp"],
        "description": facts["description"],
        "state": {"ready": "READY", "config_update": "NOT_UPDATING"},
        "task": TASK,
        "route_optimized": False,
        "permission_level": "CAN_MANAGE",
        "config": {
            "served_entities": [
                {
                    "name": facts["encoder"],
                    "entity_name": facts["encoder"],
                    "entity_version": "1",
                    "state": {"deployment": "DEPLOYMENT_READY"},
                }
            ],
            "output": facts["output"],
        },
    }


def _damaged(name: str, reason: str) -> dict[str, Any]:
    """An endpoint that can't be read, as the API shows one that failed."""
    failed = {"deployment": "DEPLOYMENT_FAILED", "deployment_state_message": reason}
    entity = {"name": "unknown", "entity_name": "unknown", "entity_version": "1", "state": failed}
    return {
        "name": name,
        "description": reason,
        "state": {"ready": "NOT_READY", "config_update": "UPDATE_FAILED"},
        "task": TASK,
        "config": {"served_entities": [entity], "output": "unknown"},
    }
